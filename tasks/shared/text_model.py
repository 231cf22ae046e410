"""A trained model, raw text to raw text: a task, its settings, both codecs and the network, in one directory."""

from __future__ import annotations

import contextlib
import dataclasses
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

import tasks
from core import checkpoint
from core.batches import EncodedSplit
from core.data import Example, InputError
from core.distributed import ALONE, Group
from core.history import Epoch, History
from core.machine import device
from core.resume import Checkpoints
from core.settings import RunSettings, Settings
from core.text import Codec, Labels
from core.training import UNFINISHED
from core.training import train as train_network
from core.vocabulary import UNK
from tasks.shared import encoding, pretrained
from tasks.shared.encoding import DEV
from tasks.shared.task import Task


@dataclass
class TextModel:
    task: Task
    settings: Settings
    source: Codec
    target: Codec | Labels
    network: torch.nn.Module
    about: dict  # corpus, history, versions: what is saved as training.json

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    def source_ids(self, example: Example) -> list[int]:
        return encoding.source_ids(self.task, self.settings, self.source, example)

    def target_ids(self, example: Example) -> list[int]:
        return encoding.target_ids(self.task, self.settings, self.target, example)

    def encode(self, examples: Sequence[Example]) -> EncodedSplit:
        """All examples as ids, once."""
        return EncodedSplit([self.source_ids(e) for e in examples], [self.target_ids(e) for e in examples])

    def read_input(self, text: str) -> Example:
        """What a user typed, checked. Raises InputError for input this model cannot answer."""
        example = self.task.read_input(text, self.settings)
        ids = self.source.ids(self.task.source_text(example, self.settings))
        shown = text if len(text) <= 20 else text[:20] + "…"
        if len(ids) > self.settings.max_length:
            raise InputError(f"the input {shown!r} has {len(ids)} tokens, this model reads at most "
                             f"{self.settings.max_length}; shorten it, or train with a larger --max-length")
        if all(i == UNK for i in self.source.ids(example.source)):
            raise InputError(f"the model knows no part of {shown!r} (its vocabulary holds {len(self.source)} tokens "
                             f"of the corpus {self.about['corpus']['name']}); try other words")
        return example

    def save(self, directory: Path, finished: bool = True) -> None:
        checkpoint.save(directory, self.network, {
            "settings": {"task": self.task.name, **dataclasses.asdict(self.settings)},
            "source": self.source.to_json(), "target": self.target.to_json(), "training": self.about}, finished)

    @classmethod
    def load(cls, directory: Path) -> TextModel:
        """Everything from the folder alone. Raises InputError for a damaged or foreign folder."""
        parts = checkpoint.read(directory)
        try:
            saved = dict(parts["settings"])
            task = tasks.find(saved.pop("task"))
            settings = Settings.from_json(saved)
            source, target = Codec.from_json(parts["source"]), task.load_target(parts["target"])
            network = task.build(settings, source, target)
            about = parts["training"]
        except (KeyError, TypeError) as error:
            raise InputError(f"{directory}: made by another version of this program ({error}); "
                             "train again with --retrain") from None
        checkpoint.load_weights(directory, network)
        return cls(task, settings, source, target, network.to(device()).eval(), about)


def versions() -> dict[str, str]:
    """The versions that shaped a result."""
    found = {"python": platform.python_version()}
    for package in ("torch", "torchtext", "jieba", "tokenizers", "scikit-learn", "sacrebleu"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "none"
    return found


def create(task: Task, settings: Settings, train: Sequence[Example], corpus: dict | None = None,
           codecs: tuple[Codec, Codec | Labels] | None = None, place: Path | None = None) -> TextModel:
    """An untrained model whose codecs know the training split; the same seed gives the same weights.

    corpus: what to remember of the corpus; its "name" at least. codecs: those learned on `train` before. place: a
    folder where pre-trained vectors are kept once they are read, and found again; None keeps nothing.
    """
    source, target = codecs or encoding.learn(task, settings, train)
    torch.manual_seed(settings.seed)
    network = task.build(settings, source, target)
    about = {"corpus": corpus or {"name": "unnamed"}, "versions": versions()}
    if settings.vectors:
        about["vectors"] = pretrained.start(network.encoder.embedding, source, settings, place)
    return TextModel(task, settings, source, target, network.to(device()).eval(), about)


def warnings(model: TextModel, dev: Sequence[Example]) -> list[str]:
    """What will spoil the result, told before training: text that the vocabulary does not know."""
    dev = dev[:DEV]
    sides = {"source": (model.source, [model.task.source_text(e, model.settings) for e in dev])}
    if isinstance(model.target, Codec):
        sides["target"] = (model.target, [e.target for e in dev])
    shares = {side: codec.unknown_fraction(texts) for side, (codec, texts) in sides.items()}
    finer = {side: "a finer --tokenizer (characters, subwords), " * (codec.tokenizer.kind != "characters")
             for side, (codec, _) in sides.items()}
    return [f"{share:.0%} of the {side} tokens in the dev split are unknown to the vocabulary; use {finer[side]}"
            "a lower --min-count, or more text" for side, share in shares.items() if share > 0.2]


def identity(model: TextModel) -> dict:
    """What makes a training the one it is: only such a one is resumed."""
    corpus, vectors = model.about["corpus"], model.about.get("vectors", {})
    return {"task": model.task.name, **dataclasses.asdict(model.settings), "vectors_checksum": vectors.get("checksum"),
            **{name: corpus.get(name) for name in ("name", "script", "reverse", "checksum")}}


def fit(model: TextModel, train: Sequence[Example] | EncodedSplit, dev: Sequence[Example] | EncodedSplit,
        directory: Path | None, on_update: Callable[[int, int, float, float, int], None] = lambda *_: None,
        on_epoch: Callable[[Epoch], None] = lambda _: None,
        run: RunSettings = RunSettings(), group: Group = ALONE, anew: bool = False,  # noqa: B008
        should_stop: Callable[[], str] = lambda: "", cache_dir: Path | None = None) -> History:
    """Train the model, or go on with its training; keep its best state in the directory as training goes on.

    anew: an unfinished training there is forgotten.
    """
    with contextlib.ExitStack() as stack:
        checkpoints = None
        if directory:
            group.run_on_rank0(lambda: checkpoint.check(directory))  # better refused now than after the first epoch
            group.run_on_rank0(lambda: stack.enter_context(checkpoint.training_lock(directory)))
            checkpoints = Checkpoints(directory, identity(model), run.checkpoint_seconds)
            if anew and group.rank == 0:
                checkpoints.clear()
        return _fit(model, train, dev, directory, on_update, on_epoch, run, group, should_stop, cache_dir, checkpoints)


def _fit(model, train, dev, directory, on_update, on_epoch, run, group, should_stop, cache_dir, checkpoints) -> History:

    def keep(epoch: Epoch) -> None:
        if directory and group.rank == 0:
            model.about["history"] = {"epochs": [dataclasses.asdict(epoch)], "stopped": "still training"}
            model.save(checkpoints.model_directory(), finished=False)

    data = train if isinstance(train, EncodedSplit) else model.encode(train)
    held = dev if isinstance(dev, EncodedSplit) else model.encode(dev[:DEV])
    history = train_network(model.network, data, held, model.settings, on_update, on_epoch, keep, checkpoints,
                            run.time_limit, group, should_stop, cache_dir)
    model.about["history"] = history.to_json()
    # Stopped before the first dev loss: better these weights than none, but never in place of a finished model.
    finished = history.stopped not in UNFINISHED
    if directory and group.rank == 0 and history.updates and (history.best or not checkpoint.is_model(directory)):
        model.save(checkpoints.model_directory(), finished)
    if checkpoints and group.rank == 0 and finished:
        checkpoints.finish()
    return history
