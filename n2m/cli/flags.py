"""The flags of the command line: one per job, and one per setting, with the defaults of all tasks."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import re
import textwrap
from pathlib import Path
from typing import Any, NoReturn

import tasks
from core.data import InputError
from core.old_names import FIELDS
from core.settings import CorpusSettings, RunSettings, SearchSettings, Settings
from n2m.options import check_used

GROUPS = {"corpus": "reading and cleaning a corpus",
          "text": "text to ids (fixed when a model is trained)", "model": "model (fixed when it is trained)",
          "training": "training", "run": "running a training (no effect on the result)",
          "search": "searching for an answer (free at any time)"}
ANSWERING = ("input", "explain", "acrostic")
JOBS = ("list", "compare", *ANSWERING)
# Which jobs a setting is for: all of a kind alike, but for some.
KINDS: dict[type, tuple[str, ...]] = {
    Settings: ("train", "compare", *ANSWERING), CorpusSettings: ("train", "compare", *ANSWERING),
    RunSettings: ("train", "compare"), SearchSettings: ("train", "compare", *ANSWERING)}
ONLY = {"device": ("train", "compare", *ANSWERING), "html": ("explain",), "beside": ("explain",),
        "ensemble": ("train", "input", "acrostic"), "lines": ("input",),
        "line_length": ("acrostic",), "vary": ("compare",), "seeds": ("compare",), "report_dir": ("compare",),
        "n_best": ("input",), "rejects": ("train",), "retrain": ("train", "compare"), "mirror": ("train", "compare"),
        "script": ("train", "compare", "input", "acrostic"), "seed": ("train", "compare", "input", "acrostic"),
        "reverse": ("train", "compare", *ANSWERING), "budget": ("train",)}


def as_flags(text: str) -> str:
    """A message of the library in the words of the command line.

    >>> as_flags("`hidden_size` 0 must be at least 1")
    '--hidden-size 0 must be at least 1'
    """
    return re.sub(r"`([a-z]\w*)`", lambda found: "--" + found[1].replace("_", "-"), text)


def given(args: argparse.Namespace, *kinds: type) -> dict[str, Any]:
    """The fields of these kinds of settings that were given as flags."""
    return {f.name: getattr(args, f.name) for kind in kinds for f in dataclasses.fields(kind) if hasattr(args, f.name)}


def command_of(settings: dict[str, Any]) -> list[str]:
    """Settings as a command line has them.

    >>> command_of({"hidden_size": 300, "layer_norm": True, "bidirectional": False})
    ['--hidden-size', '300', '--layer-norm', '--no-bidirectional']
    """
    found: list[str] = []
    for name, value in settings.items():
        flag = name.replace("_", "-")
        found += [f"--{'no-' * (value is False)}{flag}"] if isinstance(value, bool) else [f"--{flag}", str(value)]
    return found


def allowed_jobs() -> dict[str, tuple[str, ...]]:
    """The jobs that each flag has an effect on."""
    of_kinds = {f.name: jobs for kind, jobs in KINDS.items() for f in dataclasses.fields(kind)}
    return {**of_kinds, **ONLY}


def job_of(args: argparse.Namespace) -> str:
    """What to do: "list", "compare", "input", "explain", "acrostic" or "train". Raises InputError for flags that
    contradict one another."""
    jobs = [job for job in JOBS if getattr(args, job) not in (None, False)] or ["train"]
    if len(jobs) > 1:
        raise InputError(f"`{jobs[0]}` cannot be combined with `{jobs[1]}`; use one at a time")
    job = jobs[0]
    for name, jobs_of_it in allowed_jobs().items():
        if getattr(args, name, None) not in (None, False) and job not in jobs_of_it:
            raise InputError(f"`{name}` needs `{jobs_of_it[0]}`; add it, or remove `{name}`"
                             if job == "train" and jobs_of_it[0] in JOBS else
                             f"`{name}` cannot be combined with `{job}`; remove it")
    if args.ensemble and (args.retrain or args.budget):
        raise InputError(f"`ensemble` takes trained models only; remove `{'retrain' if args.retrain else 'budget'}`")
    if args.beside is not None and args.html is None:
        raise InputError("`beside` needs `html`; add it, or remove `beside`")
    if job == "compare" and args.task:
        raise InputError(f"`task` cannot be combined with `compare`; to vary settings of one task, use `compare` "
                         f"{args.task} `vary` cell=rnn,gru,lstm, otherwise remove `task`")
    if job not in ("list", "compare") and not args.task:
        raise InputError("no `task` given; use `task` " + "|".join(t.name for t in tasks.all_tasks())
                         + ", `compare` or `list` (python run.py --help explains them)")
    for task in [tasks.find(args.task)] if args.task else []:  # refuses impossible values before anything slow begins
        task.settings({}, given(args, Settings))
        task.budget(args.budget)
        search = given(args, SearchSettings)
        # What these allow depends on the search, and that on the model, if it is not named.
        later = () if {"search", "temperature"} & {*search} else ("n_best", "top_k", "top_p")
        task.search_settings({name: value for name, value in search.items() if name not in later})
        if job in ANSWERING:
            check_used(task, search)
    return job


class Parser(argparse.ArgumentParser):
    """A parser whose errors are InputErrors of one line, with the nearest flag."""

    def error(self, message: str) -> NoReturn:
        flags = [flag for action in self._actions for flag in action.option_strings]
        for word in message.split():
            word = word.rstrip(":,")
            if word.startswith("--") and word not in flags:
                word = word.split("=")[0]
                near = [flag for flag in flags if flag.startswith(word)] or \
                    difflib.get_close_matches(word, flags, n=1, cutoff=0.5)
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
                     python run.py --task poem --explain 床前明月光 --html walk.html
                     python run.py --task translate --corpus my.tsv --model-dir models/mine
                     python run.py --compare                          the four task types side by side
                     python run.py --compare translate --vary attention=none,dot --seeds 3
                     python run.py corpora                            corpora (corpora --help: show, check)
                     python run.py corpora check my.tsv --task word   whether your own file works
                     python run.py serve                              a playground in the browser, and a JSON API
                     python run.py export --task poem --html poem.html    a page that answers without Python"""))
    what = p.add_argument_group("what to do")
    what.add_argument("--task", help="task type: " + ", ".join(t.name for t in tasks.all_tasks()))
    what.add_argument("--compare", nargs="*", metavar="DIR|TASK", help="the four task types side by side, trained if "
                      "missing; these model directories; or with --vary one task with different settings")
    what.add_argument("--vary", action="append", metavar="NAME=V,V", help="setting to vary and its values, for example "
                      "cell=rnn,gru,lstm; may be repeated: every combination is trained")
    what.add_argument("--seeds", type=int, metavar="N", help="with --vary: models per combination, with seeds from "
                      "--seed on (default 1)")
    what.add_argument("--report-dir", type=Path, metavar="DIR", help="directory for page, CSV and JSON of --compare "
                      "(default report)")
    what.add_argument("--list", action="store_true", help="list of tasks and corpora with size, licence and origin")
    what.add_argument("--input", action="append", metavar="TEXT", help="text to answer, may be repeated; a file, or - "
                      "for standard input, for one answer per line")
    what.add_argument("--explain", metavar="TEXT", help="text to follow through encoding and decoding")
    what.add_argument("--html", metavar="FILE", help="page to write --explain to, in place of the output; "
                      "it is interactive and opens without a network")
    what.add_argument("--beside", type=Path, metavar="DIR", help="second model, whose attention the page of --html "
                      "shows next to that of the first one")
    what.add_argument("--lines", type=int, metavar="N", help="poem: lines to continue --input with (default 1)")
    what.add_argument("--acrostic", metavar="TEXT", help="poem: 藏头诗, one line per character of TEXT")
    what.add_argument("--line-length", type=int, metavar="N", help="poem: characters per line of --acrostic "
                      "(default 5)")
    what.add_argument("--language", metavar="zh|en", help="language of the output (default: the variable N2M_LANGUAGE, "
                      "else zh in a Chinese locale, and en in all others)")
    where = p.add_argument_group("on what")
    where.add_argument("--corpus", nargs="+", metavar="NAME|FILE", help="corpus of --list, file, two aligned files, "
                       "directory, .zip, - for standard input, hf:NAME of the Hugging Face hub, or module:NAME")
    add_origin(where)
    where.add_argument("--model-dir", type=Path, metavar="DIR", help="directory of the model (default models/TASK)")
    where.add_argument("--ensemble", nargs="+", action="extend", type=Path, metavar="DIR", help="trained models of the "
                       "same corpus, for example from other seeds, besides that of --model-dir: answers and scores "
                       "are those of the mean of all models' probabilities")
    where.add_argument("--budget", type=int, metavar="MINUTES", help="minutes of training on two cores: chooses "
                       "corpus, settings and epochs; " + budgets())
    where.add_argument("--retrain", action="store_true", help="train from scratch; a finished model is kept until the "
                       "new one has finished")
    add_settings(p, CorpusSettings, Settings, RunSettings, SearchSettings)
    return p


def budgets() -> str:
    return ", ".join(f"{t.name}: {'|'.join(map(str, t.budgets))}" for t in tasks.all_tasks() if t.budgets)


def add_origin(p: argparse._ActionsContainer) -> None:
    p.add_argument("--script", help="simplified or traditional: script of the corpus, where it has both, and of the "
                   "answers; your own text is converted")
    p.add_argument("--reverse", action="store_true", help="source and target swapped")
    p.add_argument("--mirror", metavar="DIR|URL", help="directory or URL to try before downloading, with files as "
                   "NAME/FILE as in the cache directory, or as FILE (default: the variable N2M_MIRROR)")
    p.add_argument("--rejects", type=Path, metavar="FILE", help="file for rejected examples, with line and reason")


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
    others = []
    for task in tasks.all_tasks():
        default = {**task.defaults, **task.search_defaults}.get(f.name)
        sized = dict.fromkeys(chosen[f.name] for chosen in task.by_examples.values() if f.name in chosen)
        if sized:
            others.append(f"{task.name} {', '.join(map(str, sized))} by number of examples")
        elif default is not None:
            others.append(f"{task.name} {default}")
    text = f"{as_flags(f.metadata['help'])} (default {f.default if f.default != '' else 'none'}"
    text += "".join("; " + other for other in others) + ")"
    if kind is bool:
        group.add_argument(flag, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=text)
    else:
        choices = f.metadata["choices"]
        shown = "|".join(filter(None, choices)) if choices else {int: "N", float: "X", str: f.metadata["metavar"]}[kind]
        group.add_argument(flag, type=kind, default=argparse.SUPPRESS, metavar=shown, help=text.replace("%", "%%"))
    for old, new in FIELDS.items():  # flags of version 0.1.0
        if new == f.name:
            group.add_argument("--" + old.replace("_", "-"), dest=new, type=kind, default=argparse.SUPPRESS,
                               help=argparse.SUPPRESS)
