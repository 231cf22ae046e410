"""Task types: one file per type, discovered automatically. What they share is in tasks/shared.

A task file imports torch only when it builds or runs a model, so that --help and --list answer at once.
"""

from __future__ import annotations

import importlib
import pkgutil

from core.data import InputError
from core.options import suggest
from tasks.shared.task import Task


def all_tasks() -> list[Task]:
    """One of each Task that the modules of this folder define, from 1→N to N→M."""
    found = []
    for info in pkgutil.iter_modules(__path__):
        if not info.ispkg:
            module = importlib.import_module(f"{__name__}.{info.name}")
            found += [c() for c in vars(module).values()
                      if isinstance(c, type) and issubclass(c, Task) and c.__module__ == module.__name__]
    return sorted(found, key=lambda t: t.order)


def find(name: str) -> Task:
    known = {t.name: t for t in all_tasks()}
    if name not in known:
        raise InputError(f"`task` {name} is unknown; {suggest(name, list(known))}")
    return known[name]
