"""`run.py --compare TASK --vary …`: train a grid, print its table and write its report."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Any

import n2m
import tasks
from core.data import InputError
from core.events import listening, note
from core.history import TERMINATED
from core.settings import CorpusSettings, RunSettings, SearchSettings, Settings
from corpora.shared.messages import printable
from n2m import grid
from n2m.cli import terminal, training
from n2m.cli.flags import given
from n2m.cli.language import say
from tasks.shared.report import number


def main(args: argparse.Namespace, models: Path, report: Path, command: str) -> int:
    """Returns 0, or 1 if a model failed. Raises InputError before anything is trained, KeyboardInterrupt after a report
    of what is there."""
    if len(args.compare) != 1:
        raise InputError("`vary` needs the name of one task after `compare`, for example `compare` translate")
    if "RANK" in os.environ:
        raise InputError("`vary` trains in one process; start it without torchrun")
    if (name := args.compare[0]) not in (known := [t.name for t in tasks.all_tasks()]):
        raise InputError(f"`vary` needs a task after `compare`, not {printable(name)}; known: {', '.join(known)}")
    task, chosen, search = tasks.find(name), given(args, Settings), given(args, SearchSettings)
    task.settings({}, chosen)
    task.search_settings(search)
    cells = grid.cells(task, args.vary, chosen, 1 if args.seeds is None else args.seeds)
    reading = given(args, CorpusSettings)
    origin: dict[str, Any] = {"script": args.script, "reverse": args.reverse}
    shared = {**{name: value for name, value in origin.items() if value}, **reading, **chosen}
    folder = args.model_dir or models / grid.folder_name(task.name, args.corpus or (), shared)
    terminal.share_cores()  # before torch is loaded
    from n2m.report import files, grid_page, summary
    files.check(report)
    n2m.keep_freed_memory()
    if args.corpus:  # one that cannot be read has one error, not one per model; the first model has its notes
        with listening(progress=terminal.bar):
            n2m.corpus(args.corpus, task.name, **origin, mirror=args.mirror, **reading, limit=chosen.get("limit", 0))
    note(say("{n} models in {folder}; Ctrl-C stops, and the same command resumes", n=len(cells),
             folder=printable(str(folder))))
    watch = Watch(args, task.name, {**chosen, **reading}, search, len(cells))
    results = grid.run(cells, folder, watch.train, watch.evaluate, search, minutes=getattr(args, "time_limit", 0.0),
                       on_result=watch.on_result)
    print("\n".join(summary.lines(results)), flush=True)
    grid_page.write(task.name, results, report, command, {"corpus": " ".join(args.corpus or ()), **shared})
    waiting = sum(bool(r.waiting) for r in results)
    if waiting:
        note(say("{done} of {total} models are done; run the same command to resume", done=len(results) - waiting,
                 total=len(results)))
    terminal.note_report(report)
    if watch.interrupted:
        raise KeyboardInterrupt
    return 1 if any(r.error for r in results) else 0


class Watch:
    """Trains each model of a grid with one bar, and says how far the grid is."""

    def __init__(self, args: argparse.Namespace, task: str, options: dict[str, Any], search: dict[str, Any],
                 total: int) -> None:
        self.args, self.task, self.options, self.search, self.total = args, task, options, search, total
        self.begun, self.done, self.interrupted = time.monotonic(), 0, False

    def listening(self) -> contextlib.AbstractContextManager[None]:
        """The notes of the first model are those of all; of the others only warnings are new."""
        return listening(terminal.note if not self.done else
                         lambda text: terminal.note(text) if text.startswith("warning") else None, terminal.bar)

    def train(self, cell: grid.Cell, folder: Path, minutes: float) -> n2m.Model:
        args = self.args
        run = {**given(args, RunSettings), "time_limit": minutes}
        if run.get("log_dir"):
            run["log_dir"] = str(Path(run["log_dir"]) / cell.name)
        with (self.listening(), training.stop_signals() as should_stop,
              terminal.TrainingBar(cell.name, hint="") as bar):
            model = n2m.train(self.task, args.corpus, folder, script=args.script, reverse=args.reverse,
                              mirror=args.mirror, retrain=args.retrain, on_update=bar.on_update,
                              should_stop=should_stop, **{**self.options, **cell.options, "seed": cell.seed}, **run)
        if model.metadata["history"]["stopped"] == TERMINATED:
            sys.exit(143)
        return model

    def evaluate(self, model: n2m.Model) -> n2m.Report:
        with self.listening():
            return model.evaluate(self.args.corpus, mirror=self.args.mirror, **self.search)

    def on_result(self, done: int, result: grid.Result) -> None:
        self.done, self.interrupted = done, result.waiting == grid.INTERRUPTED
        said = result.error or result.waiting or f"{result.main} {number(result.scores[result.main])}"
        left = (time.monotonic() - self.begun) / done * (self.total - done)
        more = f"; about {left / 60:.0f} min left" if left > 90 and not self.interrupted else ""
        note(f"{done} of {self.total}: {result.cell.name}: {said}{more}")
