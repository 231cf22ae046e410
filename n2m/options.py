"""Options given by keyword: which settings they belong to, checked by name."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from core.data import InputError
from core.options import suggest
from core.settings import SearchSettings, Settings
from tasks.shared.task import Task

MAX_LINES = 1000


def split_options(options: dict[str, Any], *kinds: type) -> list[dict[str, Any]]:
    """The options of each kind of settings. Raises InputError for one that belongs to none of them.

    >>> from core.settings import SearchSettings, Settings
    >>> split_options({"epochs": 5, "beam": 3}, Settings, SearchSettings)
    [{'epochs': 5}, {'beam': 3}]
    """
    known = [{f.name for f in fields(kind)} for kind in kinds]
    for name in options:
        if not any(name in names for names in known):
            raise InputError(f"the option {name} is unknown; {suggest(name, sorted(set().union(*known)))}")
    return [{name: value for name, value in options.items() if name in names} for names in known]


def search_options(options: dict[str, Any], task: Task, settings: Settings, strict: bool = True) -> SearchSettings:
    """These search settings before the defaults of the task and of a model with these settings. Raises InputError for
    an unknown or impossible one; strict: also for one of another `search` than theirs."""
    (chosen,) = split_options(options, SearchSettings)
    found = task.search_settings(chosen, settings)
    varied = found.search == "varied"
    for name in (("beam", "length_penalty") if varied else ("samples", "mmi_weight")) if strict else ():
        if name in chosen:
            raise InputError(f"`{name}` has no effect {'with' if varied else 'without'} `search` varied; remove it")
    return found


def check_lines(task: Task, lines: int, weights: bool = False) -> None:
    """Raises InputError unless the task can write so many lines, and with the attention weights if they are wanted."""
    if not task.writes_lines:
        raise InputError(f"`lines` and `acrostic` are for tasks that write line after line, not for {task.name}; "
                         "remove them")
    if not 1 <= lines <= MAX_LINES:
        raise InputError(f"`lines` {lines} must be from 1 to {MAX_LINES}")
    if weights:
        raise InputError("`weights` are those of one line; remove `lines`")
