"""The models that a server offers, by name: those that come with n2m, those in models/, those named at its start."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from core import checkpoint
from core.data import InputError
from core.options import suggest
from n2m.finding import PRETRAINED
from n2m.model import Model, load
from tasks import find as find_task

MOST_LOADED = 8
MOST_LISTED = 100
MOST_EXAMPLES, LONGEST_EXAMPLE = 4, 60


class Entry(NamedTuple):
    """A model that can be chosen.

    saved     when, so that one trained anew is loaded anew
    trained   on which corpus, as the model has it: of a file its path, which clients do not see
    corpus    the same without paths
    examples  texts to try
    """

    name: str
    folder: Path
    saved: int
    task: str
    trained: str
    corpus: str
    examples: list[str]

    def without_paths(self, error: InputError) -> InputError:
        """The same error in words that tell nothing of the server's directories."""
        return InputError(str(error).replace(str(self.folder), self.name).replace(self.trained, self.corpus))


class Catalogue:
    """Finds models by name and keeps those in memory that were used last. A name is never taken for a path.

    folders  model directories, offered first, under their own names
    models   the directory of the user's models, offered as models/NAME
    Raises InputError if one of the folders has no model.
    """

    def __init__(self, folders: Sequence[Path] = (), models: Path = Path("models"), device: str = "auto") -> None:
        self._folders, self._models, self._device = folders, models, device
        self._described: dict[tuple[Path, int], tuple[str, str, str, list[str]]] = {}
        self._loaded: OrderedDict[tuple[Path, int], Model] = OrderedDict()
        self._lock = threading.Lock()
        for folder in folders:
            checkpoint.read(folder)  # a damaged one is told at the start

    def entries(self) -> dict[str, Entry]:
        """All models by name, the user's own first."""
        found: dict[str, Entry] = {}
        for name, folder in self._places():
            try:
                saved = _saved(folder)
                about = self._described.get((folder, saved)) or _described(folder)
            except (InputError, OSError, ValueError, KeyError, TypeError, AttributeError):
                continue  # none, or a damaged one: choosing it would only fail
            self._described[folder, saved] = about
            found[name] = Entry(name, folder, saved, *about)
            if len(found) == MOST_LISTED:
                break
        return found

    def _places(self) -> Iterator[tuple[str, Path]]:
        taken: dict[str, int] = {}
        for folder in self._folders:
            name = folder.resolve().name
            taken[name] = taken.get(name, 0) + 1
            yield name + f"-{taken[name]}" * (taken[name] > 1), folder
        for room, parent in (("models", self._models), ("pretrained", PRETRAINED)):
            for folder in sorted(parent.iterdir()) if parent.is_dir() else []:
                if not folder.name.startswith("."):
                    yield f"{room}/{folder.name}", folder

    def find(self, name: str) -> Entry:
        """The model of this name, or the first one of the task of this name. Raises InputError if there is none."""
        entries = self.entries()
        found = entries.get(name) or next((e for e in entries.values() if e.task == name), None)
        if found is None:
            raise InputError(f"`model` {name[:60]!r} is unknown; {suggest(name[:60], list(entries))}")
        return found

    def is_loaded(self, entry: Entry) -> bool:
        return (entry.folder, entry.saved) in self._loaded

    def load(self, entry: Entry) -> Model:
        """The model itself. Raises InputError if its directory is damaged."""
        key = entry.folder, entry.saved
        with self._lock:
            if key not in self._loaded:
                try:
                    self._loaded[key] = load(entry.folder, device=self._device)
                except InputError as error:
                    raise entry.without_paths(error) from None
            self._loaded.move_to_end(key)
            while len(self._loaded) > MOST_LOADED:
                self._loaded.popitem(last=False)
            return self._loaded[key]


def _saved(folder: Path) -> int:
    return (folder / checkpoint.MANIFEST).stat().st_mtime_ns


def _described(folder: Path) -> tuple[str, str, str, list[str]]:
    """Task, corpus and examples of a model, see Entry, without reading its weights."""
    def read(name: str) -> dict:
        return json.loads((folder / name).read_text(encoding="utf-8"))

    def examples() -> list[str]:
        if (folder / "card.json").is_file():
            return list(read("card.json")["answers"])
        scored = read("metrics.json")["examples"] if (folder / "metrics.json").is_file() else []
        return [source for source, *_ in scored if len(source) <= LONGEST_EXAMPLE][:MOST_EXAMPLES]

    task = find_task(read("settings.json")["task"])
    about = read("training.json")["corpus"]
    trained = str(about["name"])
    files = [Path(name).name for name in about.get("given") or [trained] if Path(name).is_absolute() or "/" in name]
    shown = " ".join(files) if files and not trained.startswith("hf:") else trained
    return task.name, trained, shown, examples() or [task.sample_input]
