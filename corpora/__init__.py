"""Where text comes from. Every .py file of this folder is a corpus family, found by itself.

A corpus loads without torch: ids and special symbols are the model's business.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from pathlib import Path

from core.data import InputError
from core.settings import suggest
from corpora.shared.corpus import Corpus
from corpora.shared.files import ENDINGS, file_corpus


def all_corpora() -> list[Corpus]:
    """Every Corpus that the modules of this folder define, by task and then in the order of the files."""
    found = []
    for info in pkgutil.iter_modules(__path__):
        if not info.ispkg:
            module = importlib.import_module(f"{__name__}.{info.name}")
            found += [c for c in vars(module).values() if isinstance(c, Corpus)]
    return sorted(found, key=lambda c: c.task)


def find(name: str, task: str) -> Corpus:
    """The corpus of this name for this task, or the user's own file of this path."""
    known = {c.name: c for c in all_corpora() if c.task == task}
    if name in known:
        return known[name]
    if Path(name).suffix.lower() in ENDINGS or os.path.exists(name):
        return file_corpus(Path(name), task)
    other = [c.task for c in all_corpora() if c.name == name]
    if other:
        raise InputError(f"--corpus {name}: is a corpus of --task {other[0]}; for {task}: {', '.join(known)}, "
                         "or a file of your own")
    raise InputError(f"--corpus {name}: no such corpus or file; {suggest(name, list(known))}, "
                     f"or a file ending in {', '.join(ENDINGS)}")
