"""What a long piece of work tells its caller: notes, one line each, and how far it has come. Loads without torch.

Nothing in the toolkit prints. It calls `note` and `progress`, and whoever called the toolkit hears them by `listening`
with a Listener; without one they go nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Bar(Protocol):
    """One piece of work under way."""

    def update(self, n: int = 1) -> object: ...
    def close(self) -> object: ...


class Listener:
    """Hears everything and does nothing; override what is wanted."""

    def note(self, text: str) -> None:
        """One line for the user to read."""

    def progress(self, description: str, total: int | None, unit: str) -> Bar | None:
        """Work of `total` units begins (None: nobody knows how many). Returns what is to be told of it, or None."""
        return None


_listener: ContextVar[Listener] = ContextVar("listener", default=Listener())  # noqa: B039 - it holds no state


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Within this block the listener hears what is said in this thread, and in no other."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def note(text: str) -> None:
    _listener.get().note(text)


@contextmanager
def progress(description: str, total: int | None = None, unit: str = " examples") -> Iterator[Callable[[int], object]]:
    """Within this block, call what it gives with the number of units just done.

    >>> with progress("reading", 2) as advance:
    ...     _ = advance(2)
    """
    bar = _listener.get().progress(description, total, unit)
    try:
        yield bar.update if bar else lambda n: None
    finally:
        if bar:
            bar.close()


def tracked(items: Iterable[Item], description: str, total: int | None = None,
            unit: str = " examples") -> Iterator[Item]:
    """The items, each counted as progress once it has been used."""
    with progress(description, total, unit) as advance:
        for item in items:
            yield item
            advance(1)
