"""Training a model from the command line: its bar, its signals, and its scores as lines."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import n2m
import tasks
from core.history import INTERRUPTED, TERMINATED
from core.settings import CorpusSettings, RunSettings, SearchSettings, Settings
from n2m.cli import terminal
from n2m.cli.flags import given
from n2m.cli.language import say, translated


def train_and_show(args: argparse.Namespace, task: str, folder: Path) -> tuple[n2m.Model, n2m.Report] | None:
    """Train or load a model, evaluate it, print its scores. Returns both on the first process, None on others."""
    with terminal.TrainingBar(with_perplexity=not tasks.find(task).labels) as bar, stop_signals() as should_stop:
        model = n2m.train(task, args.corpus, folder, script=args.script, reverse=args.reverse,
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
    report = show_scores(args, model)
    model.save_report(report)
    return model, report


def show_scores(args: argparse.Namespace, model: n2m.Model) -> n2m.Report:
    """Evaluate a model or an ensemble, and print its scores and where it is."""
    from n2m.ensembles import EnsembleModel  # loads torch
    folders = model.folders if isinstance(model, EnsembleModel) else (model.folder,)
    report = model.evaluate(args.corpus, rejects=args.rejects, mirror=args.mirror, **given(args, SearchSettings))
    print(say("{task} ({sizes}) on {corpus}: {count:,} test examples", task=model.task.name, sizes=model.task.sizes,
              corpus=model.metadata["corpus"]["name"], count=model.test_examples))
    print("\n".join([*report.lines(translated), "", say("model: {folder}", folder=", ".join(map(str, folders)))]))
    return report


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
