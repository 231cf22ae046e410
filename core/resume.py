"""Checkpoints of an unfinished training, from which it resumes after any kind of end.

Each is a folder of its own, written next to its place and renamed. The last two are kept: if one is damaged, the one
before it is used.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from dataclasses import asdict
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import Tensor

from core import checkpoint, events
from core.data import InputError
from core.old_names import FACTS, FIELDS, with_new_names, with_new_parameter_names
from core.os_errors import reason
from core.settings import Settings
from core.training_lock import real_directory

KEEP = 2
TENSOR_FILE, FACT_FILE = "state.safetensors", "state.json"


def folder_of(model_directory: Path) -> Path:
    """The folder with the checkpoints: next to the model directory, which is replaced as a whole."""
    real = real_directory(model_directory)
    return real.parent / f".{real.name}.training"


class Checkpoints:
    """The checkpoints of one training.

    identity   what distinguishes the training (settings, corpus checksum); no other one is resumed
    seconds    between two checkpoints; 0: one after every update
    """

    def __init__(self, model_directory: Path, identity: dict, seconds: float) -> None:
        self.folder, self.identity, self.seconds = folder_of(model_directory), identity, seconds
        self.directory = model_directory
        self._last = time.monotonic()

    def due(self) -> bool:
        return time.monotonic() - self._last >= self.seconds

    def save(self, update: int, tensors: dict[str, Tensor], facts: dict) -> None:
        """Raises InputError if the disk refuses; the checkpoints saved before are unchanged."""
        aside = self.folder / f"new-{os.getpid()}"
        try:
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir(parents=True)
            save_file({name: t.detach().cpu().contiguous() for name, t in tensors.items()}, aside / TENSOR_FILE)
            content = {"identity": self.identity, "sha256": _digest((aside / TENSOR_FILE).read_bytes()), "facts": facts}
            text = json.dumps(content, ensure_ascii=False, indent=1)
            (aside / FACT_FILE).write_text(f"{_digest(text.encode())}\n{text}\n", encoding="utf-8")
            final = self.folder / f"update-{update:09d}"
            shutil.rmtree(final, ignore_errors=True)
            os.rename(aside, final)
            for old in self._all()[KEEP:]:
                shutil.rmtree(old, ignore_errors=True)
        except (OSError, SafetensorError) as error:
            raise InputError(f"the checkpoint in {self.folder} could not be written ({reason(error)}); run the same "
                             "command to resume from the one before") from None
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        self._last = time.monotonic()

    def load(self) -> tuple[bytes, dict] | None:
        """The newest undamaged checkpoint as (tensors in the safetensors format, facts); None if there is none.

        Raises InputError if it is of another training.
        """
        for folder in self._all():
            try:
                tensors, identity, facts = _read(folder)
            except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
                events.note(f"checkpoint {folder} is damaged ({error}); using the one before it")
                continue
            defaults = {name: value for name, value in asdict(Settings()).items() if name in self.identity}
            identity = defaults | identity  # of an earlier version, which had fewer settings
            if identity != self.identity:
                raise InputError(f"{self.directory}: found an unfinished run with different settings "
                                 f"({_difference(identity, self.identity)}); repeat its command to resume it, use "
                                 f"`retrain` to train from scratch, or delete {self.folder} to forget it")
            return tensors, facts
        return None

    def model_directory(self) -> Path:
        """Where to save the best model so far: in the model directory; but if there is a finished model, in a folder
        among the checkpoints, until `finish`."""
        return self.folder / "best" if checkpoint.is_finished(self.directory) else self.directory

    def finish(self) -> None:
        """The training is complete: its model replaces the finished one before it, and the checkpoints are deleted.

        Raises InputError if the disk refuses."""
        if checkpoint.is_model(self.folder / "best"):
            try:
                checkpoint.replace(self.directory, self.folder / "best")
            except OSError as error:
                raise InputError(f"{self.directory} could not be written ({reason(error)}); the model saved before is "
                                 "unchanged") from None
        self.clear()

    def clear(self) -> None:
        """Delete the checkpoints, of whatever training they are."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _all(self) -> list[Path]:
        """The newest first."""
        return sorted(self.folder.glob("update-*"), reverse=True)


def unfinished(model_directory: Path) -> bool:
    """Whether there is a training of this model to resume."""
    return any(folder_of(model_directory).glob("update-*"))


def _read(folder: Path) -> tuple[bytes, dict, dict]:
    digest, text = (folder / FACT_FILE).read_text(encoding="utf-8").split("\n", 1)
    if _digest(text.removesuffix("\n").encode()) != digest:
        raise ValueError(f"{FACT_FILE} was changed")
    content = json.loads(text)
    tensors = (folder / TENSOR_FILE).read_bytes()
    if _digest(tensors) != content["sha256"]:
        raise ValueError(f"{TENSOR_FILE} was changed")
    return tensors, with_new_names(content["identity"], FIELDS), with_new_names(content["facts"], FACTS)


def tensors_of(saved: bytes) -> dict[str, Tensor]:
    return with_new_parameter_names(load(saved))


def _difference(found: dict, asked: dict) -> str:
    """The first thing in which two identities differ; checksums last, since other settings may cause another one."""
    for name in sorted({*found, *asked}, key=lambda name: ("checksum" in name, name)):
        if found.get(name) != asked.get(name):
            shown = f"other data: {name}" if "checksum" in name else "`corpus`" if name == "name" else f"`{name}`"
            return f"{shown} {found.get(name)}, not {asked.get(name)}"
    return "nothing"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
