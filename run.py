"""The command line: flags, output, standard input and signals. Everything else is in the library n2m."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import n2m
from core.data import InputError, ProcessLost
from core.history import INTERRUPTED, TERMINATED
from core.os_errors import reason
from core.settings import CorpusSettings, RunSettings, SearchSettings, Settings
from n2m.cli import corpora, export, terminal
from n2m.cli.flags import as_flags, given, job_of, parser

MODELS = Path("models")
SUBCOMMANDS = {"corpora": corpora, "export": export}  # modules with parser() and main(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Returns 0; 1 if some inputs could not be answered; 2 for anything the user can correct; 130 after Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):  # Chinese is printed whatever the locale is
        getattr(stream, "reconfigure", dict)(encoding="utf-8", errors="replace")
    words = sys.argv[1:] if arguments is None else arguments
    first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun starts, only the first prints
    try:
        with contextlib.nullcontext() if first else terminal.silence(), n2m.listening(terminal.note, terminal.bar):
            if words and words[0] in SUBCOMMANDS:
                return SUBCOMMANDS[words[0]].main(words[1:])
            return run(parser().parse_args(words))
    except InputError as error:
        if first or isinstance(error, ProcessLost):
            complain(str(error))
        return 2
    except KeyboardInterrupt:
        if first:
            complain("stopped")
        return 130
    except BrokenPipeError:  # whoever read our output has stopped
        sys.stderr.close()
        return 0
    except OSError as error:
        complain(f"{error.filename or 'output'}: {reason(error)}")
        return 2


def run(args: argparse.Namespace) -> int:
    job = job_of(args)
    if job == "list":
        return corpora.main(["list"])
    if job in ("train", "compare"):
        terminal.share_cores()  # before torch is loaded
    n2m.keep_freed_memory()
    if job not in ("train", "compare"):
        return answer(args, job)
    found = [train_and_show(args, name) for name in ([args.task] if args.task else [t.name for t in n2m.tasks()])]
    if job == "compare" and None not in found:
        print("\n" + "\n".join(n2m.comparison(*zip(*found))))
    return 0


def train_and_show(args: argparse.Namespace, task: str) -> tuple[n2m.Model, n2m.Report] | None:
    """Train or load a model, evaluate it, print its scores. Returns both on the first process, None on others."""
    search = given(args, SearchSettings)
    with terminal.TrainingBar() as bar, stop_signals() as should_stop:
        model = n2m.train(task, args.corpus, args.model_dir or MODELS / task, script=args.script, reverse=args.reverse,
                          mirror=args.mirror, rejects=args.rejects, retrain=args.retrain, budget=args.budget,
                          on_update=bar.on_update, on_epoch=bar.on_epoch, should_stop=should_stop,
                          **given(args, Settings, CorpusSettings, RunSettings))
    history = model.metadata["history"]
    if history["stopped"] == TERMINATED:
        sys.exit(143)
    if history["stopped"] == INTERRUPTED and (not history["epochs"] or "RANK" in os.environ):
        raise KeyboardInterrupt  # nothing to evaluate, or no time for it: torchrun ends its processes soon
    if os.environ.get("RANK", "0") != "0" or model.folder is None:  # the folder still has a finished model from before
        return None
    report = model.evaluate(args.corpus, rejects=args.rejects, mirror=args.mirror, **search)
    model.save_report(report)
    print(f"{task} ({model.task.sizes}) on {model.metadata['corpus']['name']}: {model.test_examples:,} test examples")
    print("\n".join([*report.lines(), "", f"model: {model.folder}"]))
    return model, report


def answer(args: argparse.Namespace, job: str) -> int:
    """Answer every input, or explain one. An input without an answer gives an empty line, which keeps the lines
    aligned."""
    from n2m.cli import answering, explain
    model, search = answering.load(args, MODELS), given(args, SearchSettings)
    if job == "explain":
        for line in explain.lines(model, args.explain, args.html, search):
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
            complain(f"input {number}: {found}" if several else str(found))
            found = ""
        if found or several:
            print(found, flush=True)
    return 1 if failed else 0


@contextlib.contextmanager
def stop_signals() -> Iterator:
    """A function that tells whether Ctrl-C or SIGTERM has come: the update then ends, and its state is saved. A second
    one stops at once."""
    received: list[str] = []

    def remember(number: int, frame: object) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(TERMINATED if number == signal.SIGTERM else INTERRUPTED)

    before = {n: signal.signal(n, remember) for n in (signal.SIGINT, signal.SIGTERM)
              if signal.getsignal(n) != signal.SIG_IGN}
    try:
        yield lambda: received[0] if received else ""
    finally:
        for n, handler in before.items():
            signal.signal(n, handler)


def complain(text: str) -> None:
    print("run.py: " + " ".join(as_flags(text).split("\n")), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
