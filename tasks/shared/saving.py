"""Saving and loading models: this needs every task by its name, so it is above the registry."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import tasks
from core import checkpoint
from core.data import InputError
from core.machine import device
from core.settings import Settings
from core.text import Codec
from tasks.shared.model import TextModel


def save(model: TextModel, directory: Path, finished: bool = True, half: bool = False) -> None:
    """Write all that the model needs, from raw text to raw text, into a directory of its own.

    finished  whether its training is complete
    half      weights in half precision
    """
    checkpoint.save(directory, model.network, {
        "settings": {"task": model.task.name, **dataclasses.asdict(model.settings)},
        "source": model.source.to_json(), "target": model.target.to_json(), "training": model.metadata}, finished, half)


def load(directory: Path, where: str = "auto") -> TextModel:
    """The model of a directory, on the device `where`. Raises InputError for a damaged or foreign directory."""
    parts = checkpoint.read(directory)
    try:
        saved = dict(parts["settings"])
        task = tasks.find(saved.pop("task"))
        settings = Settings.from_json(saved)
        source, target = Codec.from_json(parts["source"]), task.load_target(parts["target"])
        network = task.build(settings, source, target)
        metadata = parts["training"]
    except (KeyError, TypeError) as error:
        raise InputError(f"{directory} was saved by another version of this program ({error}); "
                         "use `retrain` to train from scratch") from None
    checkpoint.load_weights(directory, network)
    return TextModel(task, settings, source, target, network.to(device(where)).eval(), metadata)
