"""Options given by keyword: which settings they belong to, checked by name."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from core.data import InputError
from core.settings import CorpusSettings, RunSettings, SearchSettings, Settings, suggest

KINDS = (Settings, CorpusSettings, RunSettings, SearchSettings)


def split_options(options: dict[str, Any], *kinds: type) -> list[dict[str, Any]]:
    """The options of each kind of settings. Raises InputError for one that belongs to none of them.

    >>> split_options({"epochs": 5, "beam": 3}, Settings, SearchSettings)
    [{'epochs': 5}, {'beam': 3}]
    """
    known = [{f.name for f in fields(kind)} for kind in kinds]
    for name in options:
        if not any(name in names for names in known):
            raise InputError(f"the option {name} is unknown here; {suggest(name, sorted(set().union(*known)))}")
    return [{name: value for name, value in options.items() if name in names} for names in known]
