"""The command line: flags in, printed results out. Everything else is in the library n2m."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import n2m
from core.data import InputError, ProcessLost
from core.settings import CorpusSettings, RunSettings, SearchSettings, Settings
from n2m.cli import bars
from n2m.cli.flags import as_flags, corpora_parser, given, job_of, parser

MODELS = Path("models")


def main(arguments: list[str] | None = None) -> int:
    """Returns 0; 1 if some inputs could not be answered; 2 for anything the user can correct; 130 after Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # Chinese is printed whatever the locale is
            stream.reconfigure(encoding="utf-8", errors="replace")
    words = sys.argv[1:] if arguments is None else arguments
    first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun starts, only the first prints
    try:
        with contextlib.nullcontext() if first else silence(), n2m.listening(note, bars.bar):
            if words[:1] == ["corpora"]:
                return corpora(corpora_parser().parse_args(words[1:]))
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
        advice = "; free some disk space" if error.errno == errno.ENOSPC else ""
        complain(f"{error.filename or 'output'}: {error.strerror or error}{advice}")
        return 2


def run(args: argparse.Namespace) -> int:
    job = job_of(args)
    if job == "list":
        from n2m.cli.corpora import listing
        print("\n".join(listing()))
        return 0
    n2m.keep_freed_memory()
    if job == "compare":
        found = list(filter(None, [train_and_show(args, task.name) for task in n2m.tasks()]))
        if found:
            print("\n" + "\n".join(n2m.comparison([m for m, _ in found], [r for _, r in found])))
        return 0
    if job == "train":
        train_and_show(args, args.task)
        return 0
    return answer(args, job)


def corpora(args: argparse.Namespace) -> int:
    from n2m.cli.corpora import report
    for line in report(args):
        print(line, flush=True)
    return 0


def train_and_show(args: argparse.Namespace, task: str) -> tuple[n2m.Model, n2m.Report] | None:
    """Train or load the model of a task, evaluate it, print scores and examples. Returns both, on the first process."""
    from core.training import INTERRUPTED, TERMINATED
    search = given(args, SearchSettings)
    with bars.TrainingBar() as bar, stop_signals() as should_stop:
        model = n2m.train(task, args.corpus, args.model_dir or MODELS / task, script=args.script, reverse=args.reverse,
                          mirror=args.mirror, rejects=args.rejects, retrain=args.retrain, on_update=bar.on_update,
                          on_epoch=bar.on_epoch, should_stop=should_stop,
                          **given(args, Settings, CorpusSettings, RunSettings))
    stopped = model.metadata["history"]["stopped"]
    if stopped == TERMINATED:
        sys.exit(143)
    if stopped == INTERRUPTED and (not model.metadata["history"]["epochs"] or "WORLD_SIZE" in os.environ):
        raise KeyboardInterrupt  # nothing to evaluate yet, or no time: torchrun ends its processes soon
    if os.environ.get("RANK", "0") != "0":
        return None
    report = model.evaluate(args.corpus, rejects=args.rejects, mirror=args.mirror, **search)
    model.save_report(report)
    print(f"{task} ({model.task.sizes}) on {model.metadata['corpus']['name']}: {model.test_examples:,} test examples")
    print("\n".join(report.lines()))
    print("\nexamples from the test split:")
    for source, answered, reference in report.examples:
        print(f"  {source}\n    → {answered}\n    = {reference}")
    print(f"\nmodel: {model.folder}")
    return model, report


def answer(args: argparse.Namespace, job: str) -> int:
    """Answer every input, or explain one; an input without an answer gives an empty line, so that the others keep
    their line numbers."""
    from n2m.cli import answering, explain
    model, group = answering.load(args)
    options = {**given(args, SearchSettings), "seed": getattr(args, "seed", None)}
    if job == "explain":
        print("\n".join(explain.explanation(model.walk(args.explain, **given(args, SearchSettings)))))
        return 0
    if job == "acrostic":
        poem = model.acrostic(args.acrostic, line_length=args.line_length or 5, script=args.script, **options)
        print("\n".join(line.text for line in poem))
        return 0
    failed, several = False, len(args.input) > 1 or answering.is_stream(args.input[0])
    options |= {"n_best": options.get("n_best", 1), "lines": args.lines or 1, "script": args.script}
    for number, found in enumerate(answering.printed_answers(model, args.input, sys.stdin.buffer, group, options), 1):
        if isinstance(found, InputError):
            failed = True
            complain(f"input {number}: {found}" if several else str(found))
            found = ""
        if found or several:
            print(found, flush=True)
    return 1 if failed else 0


@contextlib.contextmanager
def stop_signals() -> Iterator:
    """What to poll for the first Ctrl-C or SIGTERM, which lets an update end, so that a whole state is saved. The
    second one stops at once."""
    from core.training import INTERRUPTED, TERMINATED
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


@contextlib.contextmanager
def silence() -> Iterator[None]:
    with (open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere),
          contextlib.redirect_stderr(nowhere)):
        yield


def note(text: str) -> None:
    bars.note(as_flags(text))


def complain(text: str) -> None:
    print("run.py: " + " ".join(as_flags(text).split("\n")), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
