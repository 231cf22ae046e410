"""What a corpus is: a name, where it comes from, and a function that yields its examples."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from core.data import Dropped, Example, InputError
from core.settings import Settings
from corpora.shared.places import said

PARTS = ("train", "dev", "test")


class CorpusUnavailable(InputError):
    """The corpus cannot be had on this machine now: no network, or its package is not installed."""


@dataclass(frozen=True)
class Corpus:
    """
    name       for --corpus, unique within its task
    task       the task it is for
    title      what it is, in a few words
    size       how much, in words
    licence    its terms
    origin     where it comes from
    load       yields the examples, in the script asked for: "simplified" or "traditional"; and what is no example,
               as Dropped
    scripts    the scripts it comes in, the usual one first
    exclusive  which texts of a held-out example may not stand in a training example:
               any of "source", "target", "context"
    suggested  settings that suit this corpus better than the task's defaults
    version    changes whenever the examples would: a checksum or version of what is read. With it what was prepared
               is kept for later runs; without it the corpus is read anew in each
    converted  the script is not the corpus's own, but asked for: OpenCC converts to it
    notes      what the user should know of how it is read, a line each
    citation   whom to cite
    """

    name: str
    task: str
    title: str
    size: str
    licence: str
    origin: str
    load: Callable[[str], Iterable[Example | Dropped]]
    scripts: tuple[str, ...] = ("simplified",)
    exclusive: tuple[str, ...] = ("source",)
    suggested: dict[str, Any] = field(default_factory=dict)
    version: Callable[[], str] | None = None
    converted: bool = False
    notes: tuple[str, ...] = ()
    citation: str = ""

    def __post_init__(self) -> None:
        """Raises TypeError for what a corpus cannot be, where it is written down."""
        for name in ("scripts", "exclusive", "notes"):
            if not isinstance(getattr(self, name), tuple):
                raise TypeError(f"Corpus {self.name}: {name} must be a tuple, not {getattr(self, name)!r}")
        if unknown := {*self.exclusive} - {"source", "target", "context"}:
            raise TypeError(f"Corpus {self.name}: exclusive may hold source, target, context, not {unknown.pop()!r}")
        if unknown := {*self.suggested} - {f.name for f in fields(Settings)}:
            raise TypeError(f"Corpus {self.name}: suggested {unknown.pop()!r} is no setting")
        if self.version is not None and not callable(self.version):
            raise TypeError(f"Corpus {self.name}: version must be a function, not {self.version!r}")

    def current_version(self) -> str:
        with self._faults():
            return str(self.version())

    def examples(self, script: str | None = None) -> Iterable[Example | Dropped]:
        script = self.scripts[0] if script is None else script
        if script not in self.scripts:
            raise InputError(f"--script {script}: the corpus {self.name} comes in {' and '.join(self.scripts)} only")
        return self._checked(script)

    def _checked(self, script: str) -> Iterator[Example | Dropped]:
        """What load yields."""
        with self._faults():
            for item in self.load(script):
                if not isinstance(item, (Example, Dropped)):
                    raise TypeError(f"load must yield Example or Dropped, not {type(item).__name__}")
                if isinstance(item, Example) and not (type(item.source) is type(item.target) is type(item.key) is str
                                                      and type(item.line) is int and item.part in ("", *PARTS)):
                    raise TypeError(f"{item}: source, target and key must be str, line an int, and part one of "
                                    f"{', '.join(PARTS)}")
                yield item

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        """Faults of the corpus's own code are for whoever wrote it to mend: one line with the place."""
        try:
            yield
        except InputError:
            raise
        except (Exception, SystemExit) as error:
            *_, last = traceback.extract_tb(error.__traceback__)
            raise InputError(f"--corpus {self.name}: cannot be read ({type(error).__name__}: {said(error, 200)}; "
                             f"{last.filename}, line {last.lineno})") from error
