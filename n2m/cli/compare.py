"""`run.py --compare`: the four task types, models of several directories, or one task with different settings."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

import n2m
import tasks
from core.data import InputError
from core.history import INTERRUPTED
from core.settings import CorpusSettings, RunSettings, SearchSettings, Settings
from corpora.shared.messages import printable
from n2m.cli import terminal, training
from n2m.cli.flags import given
from n2m.cli.language import translated

REPORT = Path("report")


def main(args: argparse.Namespace, models: Path, words: Sequence[str]) -> int:
    """Train or load what is compared, print a table and write the report. Returns 0, or 1 if a model of a grid could
    not be trained. words: the command line, which the page shows"""
    folder = args.report_dir or REPORT
    if args.vary:
        from n2m.cli import grid
        return grid.main(args, models, folder, command(words))
    check(args)
    terminal.share_cores()  # before torch is loaded
    from n2m.report import files, write
    first = os.environ.get("RANK", "0") == "0"
    if first:
        files.check(folder)  # before anything slow begins
    n2m.keep_freed_memory()
    found = [evaluated(args, name) for name in args.compare] or [train(args, t.name, models) for t in n2m.tasks()]
    here = [pair for pair in found if pair]
    if len(here) < len(found):  # not the first process of a group
        return 0
    compared, reports = zip(*here)
    print("\n" + "\n".join(n2m.comparison(compared, reports, translated)))
    write(compared, reports, folder, command(words))
    terminal.note_report(folder)
    return 0


def check(args: argparse.Namespace) -> None:
    """Raises InputError for flags that have no effect on this comparison."""
    if args.seeds is not None:
        raise InputError("`seeds` needs `vary`; add it, or remove `seeds`")
    alone = [name for name, value in {"corpus": args.corpus, "model_dir": args.model_dir, "script": args.script,
                                      "reverse": args.reverse, **given(args, CorpusSettings)}.items() if value]
    if alone:
        raise InputError(f"`{alone[0]}` cannot be combined with `compare`, which uses all tasks with their default "
                         f"corpora and directories; remove `{alone[0]}`, or name model directories after `compare`")
    for name in args.compare:
        from core.checkpoint import is_model  # loads torch
        if not is_model(Path(name)):
            task = name in {t.name for t in tasks.all_tasks()}
            raise InputError(f"`compare` {printable(name)}: " + (
                "a task needs `vary`, for example `vary` cell=rnn,gru,lstm" if task else
                "no model there; name directories of models, or none to compare the four task types"))
    if args.compare:
        for name in [*given(args, Settings, RunSettings), *["retrain"] * args.retrain]:
            if name != "device":
                raise InputError(f"`{name}` has no effect on finished models; remove it, or the directories after "
                                 "`compare`")


def train(args: argparse.Namespace, task: str, models: Path) -> tuple[n2m.Model, n2m.Report] | None:
    found = training.train_and_show(args, task, models / task)
    if found and found[0].metadata["history"]["stopped"] == INTERRUPTED:
        raise KeyboardInterrupt  # not the next one
    return found


def evaluated(args: argparse.Namespace, name: str) -> tuple[n2m.Model, n2m.Report] | None:
    """The model of a directory, with its scores."""
    model = n2m.load(name, device=getattr(args, "device", "auto"))
    search = {key: value for key, value in given(args, SearchSettings).items()
              if key not in model.task.ignored_search}
    return model, model.evaluate(mirror=args.mirror, **search)


def command(words: Sequence[str]) -> str:
    return shlex.join(["python", "run.py", *words])

