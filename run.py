"""The command line: flags, output, standard input and signals. Everything else is in the library n2m."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path

import n2m
from core.data import InputError, ProcessLost
from core.options import suggest
from core.os_errors import reason
from core.settings import SearchSettings
from n2m.cli import compare, corpora, export, language, serve, terminal, training
from n2m.cli.flags import as_flags, given, job_of, parser
from n2m.cli.language import say, translated

MODELS = Path("models")
# Modules with parser() and main(arguments).
SUBCOMMANDS = {"corpora": corpora, "export": export, "serve": serve}


@language.of_environment()
def main(arguments: list[str] | None = None) -> int:
    """Returns 0; 1 if some of several inputs could not be answered; 2 for anything else the user can correct; 130 after
    Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):  # Chinese is printed whatever the locale is
        getattr(stream, "reconfigure", dict)(encoding="utf-8", errors="replace")
    words = sys.argv[1:] if arguments is None else arguments
    first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun starts, only the first prints
    try:
        with contextlib.nullcontext() if first else terminal.silence(), n2m.listening(terminal.note, terminal.bar):
            if words and not words[0].startswith("-"):
                if words[0] not in SUBCOMMANDS:
                    raise InputError(f"{words[0]} is unknown; {suggest(words[0], list(SUBCOMMANDS))}, or flags such as "
                                     "`task` poem (python run.py --help explains them)")
                return SUBCOMMANDS[words[0]].main(words[1:])
            return run(parser().parse_args(words), words)
    except InputError as error:
        if first or isinstance(error, ProcessLost):
            complain(str(error))
        return 2
    except KeyboardInterrupt:
        if first:
            complain(say("stopped"))
        return 130
    except BrokenPipeError:  # whoever read our output has stopped
        sys.stderr.close()
        return 0
    except OSError as error:
        complain(f"{error.filename or 'output'}: {reason(error)}")
        return 2


def run(args: argparse.Namespace, words: list[str]) -> int:
    language.choose(args.language)
    job = job_of(args)
    if job == "list":
        return corpora.main(["list"])
    if job == "compare":
        return compare.main(args, MODELS, words)
    if job == "train":
        terminal.share_cores()  # before torch is loaded
    n2m.keep_freed_memory()
    if job == "train" and not args.ensemble:
        training.train_and_show(args, args.task, args.model_dir or MODELS / args.task)
        return 0
    return answer(args, job)


def answer(args: argparse.Namespace, job: str) -> int:
    """Answer every input, explain one, or score an ensemble. An input without an answer gives an empty line, which
    keeps the lines aligned."""
    from n2m.cli import answering, explain
    model, search = answering.load(args, MODELS), given(args, SearchSettings)
    if job == "train":  # nothing to train: an ensemble is scored
        if os.environ.get("RANK", "0") == "0":
            training.show_scores(args, model)
        return 0
    if job == "explain":
        for line in explain.lines(model, args.explain, args.html, args.beside, search):
            print(line)
        return 0
    search |= {"seed": getattr(args, "seed", None), "script": args.script}
    if job == "acrostic":
        print("\n".join(a.text for a in model.acrostic(args.acrostic, line_length=args.line_length, **search)))
        return 0
    failed, several = False, len(args.input) > 1 or answering.is_stream(args.input[0])
    found_of_each = answering.printed_answers(model, args.input, sys.stdin.buffer, args.lines, search)
    for number, found in enumerate(found_of_each, 1):
        if isinstance(found, InputError):
            failed = True
            complain(say("input {n}: {reason}", n=number, reason=translated(str(found))) if several else str(found))
            found = ""
        if found or several:
            print(found, flush=True)
    return 0 if not failed else 1 if several else 2


def complain(text: str) -> None:
    print("run.py: " + " ".join(as_flags(translated(text)).split("\n")), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
