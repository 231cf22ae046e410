"""Making and training a model, from the examples of a corpus to its directory."""

from __future__ import annotations

import contextlib
import dataclasses
import platform
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core import checkpoint, events
from core.batches import EncodedSplit
from core.data import Example
from core.distributed import ALONE, Group
from core.history import UNFINISHED, Epoch, History
from core.machine import device, memory_errors
from core.models import Classifier, Seq2Seq
from core.registry import TASK_TOKENIZERS
from core.resume import Checkpoints
from core.settings import RunSettings, Settings
from core.text import Codec, Labels
from core.training import REMEDY
from core.training import train as train_network
from tasks.shared import encoding, fine_tuning, pretrained
from tasks.shared.encoding import DEV
from tasks.shared.model import TextModel
from tasks.shared.saving import save
from tasks.shared.task import Task

STILL_TRAINING = "still training"  # of a model that was saved before its training ended

def versions() -> dict[str, str]:
    """The versions that shape a result."""
    found = {"python": platform.python_version()}
    for package in ("torch", "torchtext", "jieba", "tokenizers", "scikit-learn", "sacrebleu"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "none"
    return found


def create(task: Task, settings: Settings, train: Sequence[Example], corpus: dict | None = None,
           codecs: tuple[Codec, Codec | Labels] | None = None, cache_dir: Path | None = None,
           where: str = "auto", base: TextModel | None = None) -> TextModel:
    """An untrained model with the vocabularies of the training split; the same seed gives the same weights.

    corpus     facts about the corpus to save with the model; its "name" at least
    codecs     those of `train`, if they have been made before
    cache_dir  where pre-trained vectors are cached in a form that loads fast; None caches nothing
    where      the device
    base       the model that `fine_tune` starts from
    Raises InputError if a vocabulary is empty.
    """
    source, target = codecs or encoding.codecs_of(task, settings, train)
    torch.manual_seed(settings.seed)
    network: Any = task.build(settings, source, target)
    metadata = {"corpus": corpus or {"name": "unnamed"}, "versions": versions(), "forms": task.forms(train)}
    if settings.vectors:
        metadata["vectors"] = pretrained.load_vectors(network.encoder.embedding, source, settings, cache_dir)
    if base:
        metadata["fine_tune"] = fine_tuning.start_from(base, network, target)
    return TextModel(task, settings, source, target, network.to(device(where)).eval(), metadata)


def warnings(model: TextModel, dev: Sequence[Example]) -> list[str]:
    """Warnings about tokens outside the vocabulary, before they spoil a training; not about words that are also read as
    characters: new ones are nothing unusual."""
    dev = dev[:DEV]
    sides = {"source": (model.source, [model.task.source_text(e, model.settings) for e in dev])}
    if isinstance(model.target, Codec):
        sides["target"] = (model.target, [e.target for e in dev])
    unknown = {side: codec.unknown_fraction(texts) for side, (codec, texts) in sides.items()}
    lower = "a lower `min_count`, or " * (model.settings.min_count > 1)
    use = {side: "no `fine_tune`" if "fine_tune" in model.metadata else
           "a finer `tokenizer` (characters, subwords), " * (codec.tokenizer.kind != "characters") + lower + "more text"
           for side, (codec, _) in sides.items()}
    return [f"{fraction:.0%} of the {side} tokens in the dev split are unknown; use {use[side]}"
            for side, fraction in unknown.items()
            if fraction > 0.2 and sides[side][0].tokenizer.kind not in TASK_TOKENIZERS]


def fit_budget(task: Task, settings: Settings, train: EncodedSplit, budget: dict[str, Any],
               chosen: dict[str, Any]) -> tuple[Settings, int]:
    """The settings with as many epochs as the budget's "tokens" allow, at least one (with "usual_epochs" no more than
    the settings have), and 0; of a split that has more tokens than that, the number of examples that have so many, as
    its limit too. What was chosen stays."""
    tokens, size = budget["tokens"], int((train.sources if task.labels else train.targets).lengths.sum())
    limit = 0 if settings.limit or size <= tokens * 1.2 else round(len(train) * tokens / size)
    epochs = max(1, round(tokens / size))
    if "epochs" in chosen or (budget.get("usual_epochs") and epochs > settings.epochs):
        epochs = settings.epochs
    return dataclasses.replace(settings, limit=limit or settings.limit, epochs=epochs), limit


def identity(model: TextModel) -> dict:
    """What makes a training the one it is: only such a one is resumed."""
    corpus, vectors, base = model.metadata["corpus"], model.metadata.get("vectors", {}), model.metadata.get("fine_tune")
    return {"task": model.task.name, **dataclasses.asdict(model.settings), "vectors_checksum": vectors.get("checksum"),
            **({"fine_tune_checksum": base["checksum"]} if base else {}),
            **{name: corpus.get(name) for name in ("name", "script", "reverse", "checksum")}}


def start_from_counts(model: TextModel, data: EncodedSplit, group: Group = ALONE) -> None:
    """What counting can find is not left to gradient descent: the frequencies of the output tokens, and of labels a
    linear classifier over n-grams, whose scores for the training texts are kept with them."""
    network: Any = model.network
    if model.metadata.get("fine_tune", {}).get("all weights"):
        return  # it has learned more than counts
    if isinstance(network, Seq2Seq):
        network.decoder.output.start_from_frequencies(torch.from_numpy(data.targets.counts(len(model.target))))
    elif isinstance(network, Classifier) and network.ngrams:
        labels = data.targets.padded(np.arange(len(data)))[:, 0].numpy() - 1
        # On rank 0 only: the other processes get its weights with those of the network.
        fit_ngrams: Any = network.ngrams.fit
        data.scores = group.run_on_rank0(lambda: fit_ngrams(data.sources, labels, model.settings.seed))
        alone = (data.scores.argmax(dim=1).numpy() == labels).mean()
        events.note(f"the linear classifier over n-grams alone labels {alone:.1%} of the texts correctly that it was "
                    "not fitted to")
    elif isinstance(network, Classifier) and model.settings.ngrams:
        events.note(f"{len(model.target):,} labels are too many for a linear classifier over n-grams; training "
                    "the network alone")


def fit(model: TextModel, train: Sequence[Example] | EncodedSplit, dev: Sequence[Example] | EncodedSplit,
        directory: Path | None, *, run: RunSettings = RunSettings(),  # noqa: B008 - it never changes
        on_update: Callable[[int, int, float, float, int], None] = lambda *_: None,
        on_epoch: Callable[[Epoch], None] = lambda _: None, should_stop: Callable[[], str] = lambda: "",
        group: Group = ALONE, retrain: bool = False, cache_dir: Path | None = None) -> History:
    """Train the model, or resume its training, and save its best state in the directory whenever there is a better one.

    A finished model in the directory is only replaced when this training has finished.

    run          time limit and checkpoints
    on_update    called after every update with (update, updates, loss, learning rate, target tokens)
    on_epoch     called after every epoch
    should_stop  polled after every update; why to stop (one of core.history.UNFINISHED), or an empty text
    retrain      train from scratch; discard any unfinished run
    cache_dir    cache directory for the precision decision
    Raises InputError if another process trains in the same directory.
    """
    data = train if isinstance(train, EncodedSplit) else model.encode(train)
    held_out = dev if isinstance(dev, EncodedSplit) else model.encode(dev[:DEV])
    def train_in(directory: Path | None, checkpoints: Checkpoints | None) -> History:
        def save_best(epoch: Epoch) -> None:
            if checkpoints and group.rank == 0:
                model.metadata["history"] = {"epochs": [dataclasses.asdict(epoch)], "stopped": STILL_TRAINING}
                save(model, checkpoints.model_directory(), finished=False)

        with memory_errors(REMEDY):
            start_from_counts(model, data, group)
        history = train_network(model.network, data, held_out, model.settings, on_update, on_epoch, save_best,
                                checkpoints, run.time_limit, group, should_stop, cache_dir)
        model.metadata["history"] = history.to_json()
        finished = history.stopped not in UNFINISHED
        if directory and checkpoints and group.rank == 0:
            # Stopped before the first dev loss, these weights are better than none, but no better than another model.
            if history.updates and (history.best or not checkpoint.is_model(directory)):
                save(model, checkpoints.model_directory(), finished)
            if finished:
                checkpoints.finish()
        return history

    if directory is None:
        return train_in(None, None)
    with group_lock(directory, group):
        checkpoints = Checkpoints(directory, identity(model), run.checkpoint_seconds)
        if retrain and group.rank == 0:
            checkpoints.clear()
        return train_in(directory, checkpoints)


@contextlib.contextmanager
def group_lock(directory: Path, group: Group) -> Iterator[None]:
    """The lock of a directory, held by the first process of a group for all of them."""
    with contextlib.ExitStack() as stack:
        group.run_on_rank0(lambda: stack.enter_context(checkpoint.training_lock(directory)) and None)
        yield
