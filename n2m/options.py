"""Options given by keyword: which settings they belong to, checked by name."""

from __future__ import annotations

from collections.abc import Iterable
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
    an unknown or impossible one; strict: also for one of another search, or a rhyme or tune that the task has not."""
    (chosen,) = split_options(options, SearchSettings)
    found = task.search_settings(chosen, settings)
    varied = found.search == "varied"
    if not strict:
        return found
    check_used(task, [name for name in ("rhyme", "tune") if chosen.get(name)])  # who asks expects to see them
    for name in ("beam", "length_penalty") if varied else ("samples", "mmi_weight"):
        if name in chosen:
            raise InputError(f"`{name}` has no effect {'with' if varied else 'without'} `search` varied; remove it")
    if found.temperature and not varied and chosen.get("beam", 1) > 1:
        raise InputError("`beam` has no effect with `temperature`, which draws samples; remove it")
    if varied and found.mmi_weight and not settings.source_dropout:
        raise InputError("`search` varied compares with answers to an empty source, which this model has not learned; "
                         "add `mmi_weight` 0, or train with `source_dropout` 0.1")
    return found


def check_used(task: Task, search: Iterable[str]) -> None:
    """Raises InputError for a search setting without effect on the answers of this task."""
    for name in search:
        if name in task.ignored_search:
            raise InputError(f"`{name}` has no effect on the answers of `task` {task.name}; remove it")


def check_lines(task: Task, lines: int, weights: bool = False) -> None:
    """Raises InputError unless the task can write so many lines, and with the attention weights if they are wanted."""
    if not task.writes_lines:
        raise InputError(f"`lines` and `acrostic` are for tasks that write line after line, not for {task.name}; "
                         "remove them")
    if not isinstance(lines, int) or not 1 <= lines <= MAX_LINES:
        raise InputError(f"`lines` {lines} must be from 1 to {MAX_LINES}")
    if weights:
        raise InputError("`weights` are those of one line; remove `lines`")
