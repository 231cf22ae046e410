"""The Corpus: a name, where it comes from, and a function that yields its examples."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import InitVar, dataclass, field, fields
from typing import Any

from core.data import SPLITS, Example, InputError, Rejected
from core.settings import Settings
from corpora.shared.messages import single_line

FIELDS = ("source", "target", "context")


class CorpusUnavailable(InputError):
    """The corpus is unavailable on this machine now: no network, or its package is not installed."""


@dataclass(frozen=True)
class Corpus:
    """
    name       unique within its task
    task       name of the task it is for
    title      what it is, in a few words
    size       its size, in words
    licence    its terms
    origin     where it comes from
    load       yields the examples, in the script asked for ("simplified" or "traditional"), and whatever is not usable
               as an example, as Rejected
    scripts    the scripts it is available in, the usual one first; ("as-written",) if neither side is Chinese, so that
               the input of its models is not converted either
    disjoint_fields  which texts of a held-out example no training example may share: any of "source", "target",
               "context"; None: as the format of its examples requires
    suggested  settings that suit this corpus better than the task's defaults
    version    changes whenever the examples would: a checksum or version of what is read. It identifies the prepared
               splits that are kept for later runs; without it each run reads the corpus again
    converted  its texts may be in either script; OpenCC converts them to the one asked for
    notes      what the user should know about how it is read, one line each
    citation   whom to cite
    names      the names by which corpora.find finds it again, from any working directory; empty: `name`
    exclusive  the name of disjoint_fields in version 0.1.0
    """

    name: str
    task: str
    title: str
    size: str
    licence: str
    origin: str
    load: Callable[[str], Iterable[Example | Rejected]]
    scripts: tuple[str, ...] = ("simplified",)
    disjoint_fields: tuple[str, ...] | None = ("source",)
    suggested: dict[str, Any] = field(default_factory=dict)
    version: Callable[[], str] | None = None
    converted: bool = False
    notes: tuple[str, ...] = ()
    citation: str = ""
    names: tuple[str, ...] = ()
    exclusive: InitVar[tuple[str, ...] | None] = None

    def __post_init__(self, exclusive: tuple[str, ...] | None) -> None:
        """Raises TypeError for values that no corpus can have, so that its author sees them at once."""
        if exclusive is not None:
            object.__setattr__(self, "disjoint_fields", exclusive)
        object.__setattr__(self, "names", self.names or (self.name,))
        for name in ("scripts", "disjoint_fields", "notes"):
            if not isinstance(getattr(self, name) or (), tuple):
                raise TypeError(f"Corpus {self.name}: {name} must be a tuple, not {getattr(self, name)!r}")
        if unknown := {*(self.disjoint_fields or ())} - {*FIELDS}:
            raise TypeError(f"Corpus {self.name}: disjoint_fields may hold {', '.join(FIELDS)}, not {unknown.pop()!r}")
        if unknown := {*self.suggested} - {f.name for f in fields(Settings)}:
            raise TypeError(f"Corpus {self.name}: suggested {unknown.pop()!r} is not a setting")
        if self.version is not None and not callable(self.version):
            raise TypeError(f"Corpus {self.name}: version must be a function, not {self.version!r}")

    def current_version(self) -> str:
        """What `version` returns; empty without it."""
        with self._located_errors():
            return str(self.version()) if self.version else ""

    def examples(self, script: str | None = None) -> Iterable[Example | Rejected]:
        """What `load` yields, checked. script: one of `scripts`; None takes the first."""
        script = self.scripts[0] if script is None else script
        if script not in self.scripts:
            raise InputError(f"`script` {script}: the corpus {self.name} is available in {' and '.join(self.scripts)} "
                             "only")
        return self._checked(script)

    def _checked(self, script: str) -> Iterator[Example | Rejected]:
        with self._located_errors():
            for item in self.load(script):
                if not isinstance(item, (Example, Rejected)):
                    raise TypeError(f"load must yield Example or Rejected, not {type(item).__name__}")
                if isinstance(item, Example) and not (type(item.source) is type(item.target) is type(item.key) is str
                                                      and type(item.line) is int and item.split in ("", *SPLITS)):
                    raise TypeError(f"{item}: source, target and key must be str, line an int, and split one of "
                                    f"{', '.join(SPLITS)}")
                yield item

    @contextlib.contextmanager
    def _located_errors(self) -> Iterator[None]:
        """Turn an error of the corpus's own code into one line with its location, for its author to correct."""
        try:
            yield
        except InputError:
            raise
        except (Exception, SystemExit) as error:
            *_, last = traceback.extract_tb(error.__traceback__)
            raise InputError(f"`corpus` {self.name}: cannot be read ({type(error).__name__}: {single_line(error, 200)}"
                             f"; {last.filename}, line {last.lineno})") from error
