"""Training a model on a corpus, or resuming or loading one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import tasks as registry
from core import checkpoint, events, resume
from core.data import InputError
from core.distributed import Group, join
from core.history import INTERRUPTED, UNFINISHED, Epoch
from core.machine import device as find_device
from core.metrics import perplexity
from core.settings import CorpusSettings, RunSettings, Settings
from corpora.fetch.download import cache_folder
from n2m import data
from n2m.model import Model, load
from n2m.options import split_options
from n2m.preparing import Names, Prepared, prepare
from n2m.tensorboard import tensorboard
from tasks.shared import fine_tuning, pretrained
from tasks.shared import training as model_training
from tasks.shared.task import Task

OnUpdate = Callable[[int, int, float, float, int], None]


def train(task: str, corpus: Names | None = None, folder: str | Path | None = None, *, script: str | None = None,
          reverse: bool = False, mirror: str | None = None, rejects: str | Path | None = None, retrain: bool = False,
          budget: int | None = None, on_update: OnUpdate | None = None, on_epoch: Callable[[Epoch], None] | None = None,
          should_stop: Callable[[], bool | str] | None = None, **options: Any) -> Model:
    """Train a model. An unfinished training in the folder is resumed, and a finished model there is loaded.

    task         its name, n2m.tasks lists them
    corpus       see n2m.corpus; None: the task's default
    folder       where the model is saved whenever it is better; None: nowhere
    script, reverse, mirror, rejects   see n2m.corpus
    retrain      train from scratch; a finished model in the folder stays until the new one has finished
    budget       minutes of training on two cores, one of n2m.tasks()[…].budgets: chooses corpus, settings and epochs
    on_update    called after every update with (update, updates, loss in nats per token, learning rate, target tokens)
    on_epoch     called after every epoch with a core.history.Epoch
    should_stop  asked after every update; True stops the training, which the same call resumes
    options      the fields of Settings, CorpusSettings and RunSettings in core.settings: epochs, cell, device …
    Returns the model; model.metadata["history"]["stopped"] tells why its training ended. Raises InputError.
    """
    texts = {name: str(value) if isinstance(value, Path) else value for name, value in options.items()}
    chosen, reading, run = split_options(texts, Settings, CorpusSettings, RunSettings)
    found, directory, running = registry.find(task), Path(folder) if folder else None, RunSettings(**run)
    within = found.budget(budget)
    found.settings({}, chosen)  # refuses impossible values before anything slow begins
    find_device(running.device)  # refuses one that does not exist
    group = join(running.device)
    with data.use_mirror(mirror):
        if directory and not group.run_on_rank0(lambda: _must_train(directory, retrain)):
            asked = {**chosen, **reading, **({"script": script} if script else {}),
                     **({"reverse": True} if reverse else {}), **({"budget": budget} if budget else {})}
            return _existing(directory, found, corpus, CorpusSettings(**reading), asked, running.device)
        prepared = group.local_rank0_first(lambda: prepare(
            found, corpus, script, reverse, Path(rejects) if rejects else None, chosen, CorpusSettings(**reading),
            running.device, within, budget))
        _report(prepared, chosen, group)
        return _fit(prepared, directory, group, running, retrain, on_update, on_epoch, should_stop)


def _must_train(directory: Path, retrain: bool) -> bool:
    if checkpoint.is_model(directory) and not retrain and not resume.unfinished(directory):
        history = checkpoint.read(directory)["training"].get("history", {})
        if history.get("stopped") != model_training.STILL_TRAINING:
            return False
        events.note(f"{directory}: the training of this model was killed before its first checkpoint; starting again")
    checkpoint.check(directory)  # refuses a directory that cannot be written before anything slow begins
    return True


def _existing(directory: Path, task: Task, corpus: Names | None, reading: CorpusSettings, asked: dict[str, Any],
              device: str) -> Model:
    """The finished model of the directory. Raises InputError if another one is asked for."""
    model = load(directory, device=device)
    check_same(model, task, corpus, reading, asked)
    about = model.metadata["corpus"]
    given = " ".join(about.get("given") or [about["name"]])
    base = model.settings.fine_tune
    again = f" `fine_tune` {base} to train it again" if base else " to train from scratch"
    events.note(f"{directory}: found a model trained on {about['name']}; use `retrain` `corpus` {given}{again}")
    return model


def check_same(model: Model, task: Task, corpus: Names | None, reading: CorpusSettings, asked: dict[str, Any]) -> None:
    """Raises InputError unless the model is of this task, corpus and settings. asked: name → value"""
    if model.task.name != task.name:
        raise InputError(f"{model.folder}: found a model for `task` {model.task.name}, not {task.name}; use another "
                         "`model_dir`")
    about = model.metadata["corpus"]
    saved = {**asdict(model.settings), **about, **about.get("reading", {})}
    if corpus is not None:
        found = data.find(corpus, task, reading)  # an unknown corpus has an error of its own
        same = found.name == about["name"] or list(found.names) == about.get("given")
        asked, saved["corpus"] = {"corpus": about["name"] if same else found.name, **asked}, about["name"]
    for name, value in asked.items():
        if saved.get(name) != value:
            had = "none" if saved.get(name) in (None, "") else saved[name]
            raise InputError(f"{model.folder}: found a model trained with `{name}` {had}, not "
                             f"{value}; use another `model_dir`, or `retrain` to replace it")


def _report(prepared: Prepared, chosen: dict[str, Any], group: Group) -> None:
    """Notes on what is about to be trained. Raises InputError if the machines of a group have different data."""
    corpus, dataset, encoded, model, sized = prepared
    text_model = model.text_model
    if len(set(group.gather(dataset.identity()))) > 1:
        raise InputError(f"`corpus` {corpus.name} differs between machines; copy one to all of them")
    if len(set(group.gather(text_model.metadata.get("vectors", {}).get("checksum")))) > 1:
        raise InputError(f"`vectors` {text_model.settings.vectors} differs between machines; copy one to all of them")
    for line in (*pretrained.coverage(text_model, encoded.dev), *fine_tuning.lines(text_model, encoded.dev)):
        events.note(line)
    for line in encoded.truncated(model.task, text_model.settings, dataset.train):
        events.note(line)
    for warning in model_training.warnings(text_model, dataset.dev):
        events.note("warning: " + warning)
    for source, suggested in ((f"for {len(dataset.train):,} examples", sized),
                              (f"suggested by {corpus.name}", corpus.suggested)):
        if names := [f"`{name}` {value}" for name, value in suggested.items()
                     if name not in chosen and getattr(text_model.settings, name) == value]:
            events.note(f"settings {source}: {' '.join(names)}")
    size = sum(p.numel() for p in text_model.network.parameters() if p.requires_grad)
    events.note(f"training {size:,} parameters")
    if group.world_size > 1:
        events.note(f"{group.world_size} processes; each sends and receives {group.bytes_per_update(size) / 1e6:.1f} "
                    "MB per update")


def _fit(prepared: Prepared, directory: Path | None, group: Group, run: RunSettings, retrain: bool,
         on_update: OnUpdate | None, on_epoch: Callable[[Epoch], None] | None,
         should_stop: Callable[[], bool | str] | None) -> Model:
    encoded, model = prepared.encoded, prepared.model

    def stop() -> str:
        asked = should_stop() if should_stop else ""
        return asked if isinstance(asked, str) else INTERRUPTED * asked

    with contextlib.ExitStack() as stack:
        log = stack.enter_context(tensorboard(run.log_dir)) if run.log_dir and group.rank == 0 else None

        def update(number: int, updates: int, loss: float, learning_rate: float, tokens: int) -> None:
            if log:
                log({"train/loss": loss, "train/learning_rate": learning_rate}, number)
            if on_update:
                on_update(number, updates, loss, learning_rate, tokens)

        def epoch(found: Epoch) -> None:
            if log:
                log({"dev/loss": found.dev_loss, "dev/perplexity": perplexity(found.dev_loss),
                     "train/tokens_per_second": found.tokens_per_second}, found.epoch)
            if on_epoch:
                on_epoch(found)

        history = model_training.fit(model.text_model, encoded.train, encoded.dev, directory, run=run, on_update=update,
                                     on_epoch=epoch, should_stop=stop, group=group, retrain=retrain,
                                     cache_dir=cache_folder())
    model.folder = directory
    ended = f"trained {len(history.epochs)} epoch{'s' * (len(history.epochs) != 1)} in {history.seconds:.0f} s " \
            f"({history.stopped})"
    if directory and history.stopped in UNFINISHED:
        if group.run_on_rank0(lambda: checkpoint.is_finished(directory)):
            ended += f"; {directory} still has the finished model from before"
            model.folder = None
        ended += "; run the same command " + "without `retrain` " * retrain + "to resume"
    elif directory:
        ended += f"; saved in {directory}"
    events.note(ended)
    return model
