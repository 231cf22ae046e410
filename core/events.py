"""Callbacks for notes and progress, which every long piece of work reports. Loads without torch.

Nothing in the toolkit prints. Work calls `note` and `progress`; a caller that needs them wraps its calls in
`listening`. Without that they go nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, Protocol, TypeVar

Item = TypeVar("Item")


class Bar(Protocol):
    """One piece of work in progress, for example a tqdm bar."""

    def update(self, n: int, /) -> object: ...
    def close(self) -> object: ...


class Callbacks(NamedTuple):
    note: Callable[[str], object] | None = None
    progress: Callable[[str, int | None, str], Bar] | None = None


_callbacks: ContextVar[Callbacks] = ContextVar("callbacks", default=Callbacks())  # noqa: B039 - a tuple never changes


@contextmanager
def listening(note: Callable[[str], object] | None = None,
              progress: Callable[[str, int | None, str], Bar] | None = None) -> Iterator[None]:
    """Within this block, and in this thread only, call these functions.

    note      note(text): one line for the user
    progress  progress(description, total, unit): some work of `total` units starts (None: unknown). Returns an object
              whose update(n) is called after every n units, and close() at the end

    >>> with listening(note=print):
    ...     note("reading")
    reading
    """
    token = _callbacks.set(Callbacks(note, progress))
    try:
        yield
    finally:
        _callbacks.reset(token)


def note(text: str) -> None:
    """Report one line for the user."""
    if call := _callbacks.get().note:
        call(text)


@contextmanager
def progress(description: str, total: int | None = None, unit: str = " examples") -> Iterator[Callable[[int], object]]:
    """Report work of `total` units; within this block, call the result with the number of units just done.

    >>> with progress("reading", 2) as advance:
    ...     _ = advance(2)
    """
    start = _callbacks.get().progress
    bar = start(description, total, unit) if start else None
    try:
        yield lambda n: None if bar is None else bar.update(n)
    finally:
        if bar is not None:
            bar.close()


def tracked(items: Iterable[Item], description: str, total: int | None = None,
            unit: str = " examples") -> Iterator[Item]:
    """The items, each reported as progress once it has been used."""
    with progress(description, total, unit) as advance:
        for item in items:
            yield item
            advance(1)
