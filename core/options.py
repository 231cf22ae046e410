"""Options as fields of dataclasses, with their limits and help texts, checked when created. Loads without torch.

Messages and help name an option in backquotes, by its field.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection
from dataclasses import field, fields
from typing import TYPE_CHECKING, Any

from core.data import InputError
from core.old_names import FIELDS, with_new_names

if TYPE_CHECKING:
    from typing_extensions import Self


def option(default: Any, group: str, help: str, *, choices: Collection[str] = (),
           at_least: float | None = None, at_most: float | None = None, metavar: str = "FILE") -> Any:
    """A field of settings. choices: the values allowed besides the default; () allows all."""
    return field(default=default, metadata={
        "group": group, "help": help, "choices": choices, "at_least": at_least, "at_most": at_most,
        "metavar": metavar})


KINDS = {int: "a whole number", float: "a number", str: "a text", bool: "True or False"}


class Checked:
    """Settings that check their values when they are created and raise InputError for impossible ones."""

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> Self:
        """Settings as a file holds them, also one of version 0.1.0. Raises TypeError for an unknown field."""
        return cls(**with_new_names(saved, FIELDS))

    def __post_init__(self) -> None:
        for f in fields(self):  # type: ignore[arg-type]
            value, name = getattr(self, f.name), f"`{f.name}`"
            choices, low, high = (f.metadata[k] for k in ("choices", "at_least", "at_most"))
            kind = type(f.default)
            if type(value) is not kind and not (kind is float and type(value) is int):
                raise InputError(f"{name} {value!r} must be {KINDS[kind]}")
            if choices and value != f.default and value not in choices:
                raise InputError(f"{name} {value} is unknown; {suggest(str(value), choices)}")
            if isinstance(value, float) and not math.isfinite(value):
                raise InputError(f"{name} {value} must be a finite number")
            if low is not None and value < low:
                raise InputError(f"{name} {value} must be at least {low}")
            if high is not None and value > high:
                raise InputError(f"{name} {value} must be at most {high}")


def suggest(name: str, known: Collection[str]) -> str:
    """The end of a message about an unknown name: the nearest known one, and all of them.

    >>> suggest("gruu", ["rnn", "gru"])
    'did you mean gru? Known: rnn, gru'
    """
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return (f"did you mean {near[0]}? Known: " if near else "known: ") + ", ".join(known)
