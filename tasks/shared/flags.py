"""The command line's flags: what can be asked for, and one for each setting, with the defaults of all tasks."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import re
import textwrap
from pathlib import Path
from typing import NoReturn

import tasks
from core.data import InputError
from core.settings import CorpusSettings, RunSettings, SearchSettings, Settings

GROUPS = {"corpus": "reading and cleaning a corpus",
          "text": "text to ids (fixed when a model is trained)", "model": "model (fixed when it is trained)",
          "training": "training", "run": "how training is run (changes no result)",
          "search": "searching for an answer (free at any time)"}


class Parser(argparse.ArgumentParser):
    """Errors are one line with the nearest flag, exit code 2."""

    def error(self, message: str) -> NoReturn:
        flags = [flag for action in self._actions for flag in action.option_strings]
        for word in message.split():
            word = word.rstrip(":,")
            if word.startswith("--") and word not in flags:
                near = difflib.get_close_matches(word.split("=")[0], flags, n=1, cutoff=0.5)
                message += f"; did you mean {near[0]}?" if near else ""
                break
        raise InputError(message + " (python run.py --help lists all flags)")


def parser() -> Parser:
    p = Parser(prog="run.py", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter,
               description="Train, compare and understand RNN sequence models on your own text.",
               epilog=textwrap.dedent("""\
                   examples:
                     python run.py --task poem                        train, evaluate, show examples
                     python run.py --task poem --input 床前明月光      answer with the trained model
                     python run.py --task poem --explain 床前明月光    every step, with its real values
                     python run.py --task translate --corpus my.tsv --model-dir models/mine
                     python run.py --compare                          the four task types side by side
                     python run.py corpora                            what text there is (corpora --help: show, check)
                     python run.py corpora check my.tsv --task word   will a file of your own work?"""))
    what = p.add_argument_group("what to do")
    what.add_argument("--task", help="task type: " + ", ".join(t.name for t in tasks.all_tasks()))
    what.add_argument("--compare", action="store_true", help="train or load all default models, one table")
    what.add_argument("--list", action="store_true", help="tasks and corpora, with size, licence and origin")
    what.add_argument("--input", action="append", metavar="TEXT", help="answer this text; may be repeated; "
                      "a file's name answers each of its lines, - those of standard input")
    what.add_argument("--explain", metavar="TEXT", help="walk this text through encoding and decoding")
    what.add_argument("--lines", type=int, metavar="N", help="poem: continue --input for N lines (default 1)")
    what.add_argument("--acrostic", metavar="TEXT", help="poem: 藏头诗, one line for each character of TEXT")
    what.add_argument("--line-length", type=int, metavar="N", help="poem: characters in a line of --acrostic "
                      "(default 5)")
    where = p.add_argument_group("on what")
    where.add_argument("--corpus", nargs="+", metavar="NAME|FILE", help="a corpus of --list; or a file, two aligned "
                       "files, a folder, a .zip, - for standard input; hf:NAME of the Hugging Face hub; or module:NAME")
    add_origin(where)
    where.add_argument("--model-dir", type=Path, metavar="DIR", help="where the model is or goes (default models/TASK)")
    where.add_argument("--retrain", action="store_true", help="train anew, replacing the model there")
    add_settings(p, CorpusSettings, Settings, RunSettings, SearchSettings)
    return p


def corpora_parser() -> Parser:
    p = Parser(prog="run.py corpora", allow_abbrev=False, description="What corpora there are, and what is in them.",
               formatter_class=argparse.RawDescriptionHelpFormatter, epilog=textwrap.dedent("""\
                   examples:
                     python run.py corpora                                 all that have a name
                     python run.py corpora show tang                       what is in one of them
                     python run.py corpora show my.csv --task classify     or in a file of your own
                     python run.py corpora check my.csv --task classify    will it work, what should be changed?"""))
    p.add_argument("what", nargs="?", default="list", help="list, show or check", metavar="list|show|check")
    p.add_argument("names", nargs="*", metavar="NAME|FILE", help="as with --corpus")
    p.add_argument("--task", help="the task it is for; needed for a file of your own")
    add_origin(p)
    add_settings(p, CorpusSettings)
    return p


def add_origin(p: argparse._ActionsContainer) -> None:
    p.add_argument("--script", help="simplified (default) or traditional, where a corpus has both; your own text is "
                   "converted to it")
    p.add_argument("--reverse", action="store_true", help="target to source")
    p.add_argument("--mirror", metavar="FOLDER|ADDRESS", help="where files of a corpus are looked for before they are "
                   "downloaded: as NAME/FILE, as in the cache folder, or as FILE (default: the variable N2M_MIRROR)")
    p.add_argument("--rejects", type=Path, metavar="FILE", help="write what is left out of the corpus there, with line "
                   "and reason")


def add_settings(parser: Parser, *kinds: type) -> None:
    """A flag for each field of these kinds of settings."""
    groups: dict[str, argparse._ArgumentGroup] = {}
    for f in [f for kind in kinds for f in dataclasses.fields(kind)]:
        group = f.metadata["group"]
        if group not in groups:
            groups[group] = parser.add_argument_group(GROUPS[group])
        _add(groups[group], f)


def _add(group: argparse._ArgumentGroup, f: dataclasses.Field) -> None:
    flag, kind = "--" + f.name.replace("_", "-"), type(f.default)
    others = [f"{t.name} {value}" for t in tasks.all_tasks()
              for value in [{**t.defaults, **t.search_defaults}.get(f.name)] if value is not None]
    text = re.sub(r"`([a-z_]+)`", lambda found: "--" + found[1].replace("_", "-"), f.metadata["help"])
    text += f" (default {f.default if f.default != '' else 'none'}"
    text += "".join("; " + other for other in others) + ")"
    if kind is bool:
        group.add_argument(flag, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=text)
    else:
        choices = f.metadata["choices"]
        shown = "|".join(filter(None, choices)) if choices else {int: "N", float: "X", str: f.metadata["metavar"]}[kind]
        group.add_argument(flag, type=kind, default=argparse.SUPPRESS, metavar=shown, help=text.replace("%", "%%"))
