"""Checkpoints of a training under way: tensors and facts in, the same out again after any kind of end.

Each is a folder of its own, written aside and renamed. The last two are kept, so that if one is damaged the one
before it still stands.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import Tensor

from core import old_names
from core.data import InputError

KEEP = 2
TENSORS, FACTS = "state.safetensors", "state.json"


def folder_of(model_directory: Path) -> Path:
    """Where the checkpoints of the model of this directory are: beside it, since it is replaced as a whole."""
    real = Path(os.path.realpath(model_directory))
    return real.parent / f".{real.name}.training"


class Checkpoints:
    """The checkpoints of one training.

    identity   what makes the training what it is (settings, corpus checksum); another one is never resumed
    seconds    between two checkpoints; 0: one after every update
    on_note    is told what the user should know
    """

    def __init__(self, model_directory: Path, identity: dict, seconds: float,
                 on_note: Callable[[str], None] = lambda _: None) -> None:
        self.folder, self.identity, self.seconds = folder_of(model_directory), identity, seconds
        self.on_note, self.directory = on_note, model_directory
        self._last = time.monotonic()

    def due(self) -> bool:
        return time.monotonic() - self._last >= self.seconds

    def save(self, update: int, tensors: dict[str, Tensor], facts: dict) -> None:
        """Raises InputError where the disk refuses; what was saved before is untouched."""
        aside = self.folder / f"new-{os.getpid()}"
        try:
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir(parents=True)
            save_file({name: t.detach().cpu().contiguous() for name, t in tensors.items()}, aside / TENSORS)
            content = {"identity": self.identity, "sha256": _digest(aside / TENSORS), "facts": facts}
            text = json.dumps(content, ensure_ascii=False, indent=1)
            digest = hashlib.sha256(text.encode()).hexdigest()
            (aside / FACTS).write_text(f"{digest}\n{text}\n", encoding="utf-8")
            final = self.folder / f"update-{update:09d}"
            shutil.rmtree(final, ignore_errors=True)
            os.rename(aside, final)
            for old in self._all()[KEEP:]:
                shutil.rmtree(old, ignore_errors=True)
        except (OSError, SafetensorError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"{self.folder}: the checkpoint could not be written ({reason}); free some space, and the "
                             "same command goes on from the one before") from None
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        self._last = time.monotonic()

    def load(self) -> tuple[bytes, dict] | None:
        """The newest whole checkpoint as (tensors in the safetensors format, facts); None where there is none.

        Raises InputError where another training stands there.
        """
        for folder in self._all():
            try:
                tensors, identity, facts = _read(folder)
            except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
                self.on_note(f"{folder}: a damaged checkpoint ({error}); trying the one before it")
                continue
            if identity != self.identity:
                raise InputError(f"{self.directory}: an unfinished training with other settings stands there "
                                 f"({_difference(identity, self.identity)}); repeat its command to go on with it, "
                                 "or --retrain to start anew")
            return tensors, facts
        return None

    def clear_others(self) -> None:
        """Forget an unfinished training that is not this one."""
        try:
            self.load()
        except InputError:
            self.clear()

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _all(self) -> list[Path]:
        """The newest first."""
        return sorted(self.folder.glob("update-*"), reverse=True)


def unfinished(model_directory: Path) -> bool:
    """Does a training of this model wait to be resumed?"""
    return any(folder_of(model_directory).glob("update-*"))


def _read(folder: Path) -> tuple[bytes, dict, dict]:
    digest, text = (folder / FACTS).read_text(encoding="utf-8").split("\n", 1)
    if hashlib.sha256(text.removesuffix("\n").encode()).hexdigest() != digest:
        raise ValueError(f"{FACTS} is not what was written")
    content = json.loads(text)
    tensors = (folder / TENSORS).read_bytes()
    if hashlib.sha256(tensors).hexdigest() != content["sha256"]:
        raise ValueError(f"{TENSORS} is not what was written")
    return (tensors, old_names.with_new_names(content["identity"], old_names.FIELDS),
            old_names.with_new_names(content["facts"], old_names.FACTS))


def tensors_of(saved: bytes) -> dict[str, Tensor]:
    return old_names.with_new_parameter_names(load(saved))


def _difference(there: dict, asked: dict) -> str:
    """The first thing in which two identities differ."""
    for name in sorted({*there, *asked}):
        if there.get(name) != asked.get(name):
            return f"{name.replace('_', '-')} {there.get(name)}, not {asked.get(name)}"
    return "nothing"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(
            file.read()).hexdigest()
