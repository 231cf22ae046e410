"""The plain data that corpora hand over: text in, text out. Loads without torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


class InputError(ValueError):
    """Something the user can mend; its text is the one line they read."""


class ProcessLost(InputError):
    """Of several processes that work together another one has ended."""


@dataclass(frozen=True)
class Example:
    """One item of a corpus, as raw text.

    source   what goes in
    target   what should come out: a text, or a label
    context  for lines of a longer work: the lines before `source`, oldest first
    key      what decides the split (train, dev or test); the source where empty
    part     "train", "dev" or "test" where the corpus itself says so
    line     where it stands in its file, counted from 1; 0 where it has no place
    file     that file's name, where the corpus has several
    """

    source: str
    target: str
    context: tuple[str, ...] = ()
    key: str = ""
    part: str = ""
    line: int = field(default=0, compare=False, repr=False)
    file: str = field(default="", compare=False, repr=False)

    def reversed(self) -> Example:
        """The same pair the other way round, in the same split.

        >>> Example("你好", "hello").reversed()
        Example(source='hello', target='你好', context=(), key='你好', part='')
        """
        return Example(self.target, self.source, (), self.key or self.source, self.part, self.line, self.file)


@dataclass(frozen=True)
class Dropped:
    """What of a corpus is no example: why, the text, what is particular to it, and where it stands."""

    reason: str
    text: str
    line: int = 0
    detail: str = ""
    file: str = ""


@dataclass(frozen=True)
class ExampleFormat:
    """What the examples of a task look like: all that reading, checking and describing a corpus needs of the task.

    task          the task's name; a Corpus with this `task` is for it
    labels        the target is one of a few labels, not a text: a text under two labels is rejected, and a folder for
                  each label is a corpus
    lines         an example is a line and the next line: a text without a target is a whole poem
    many_targets  a source may have many right targets, of which each is a text of its own (one word, many poems)
    check         why an example is none of this task; empty where it is one
    version       changes with `check`, since what was checked is kept for later runs
    starter       a small file of examples that comes with the task; None where it has none
    """

    task: str
    labels: bool = False
    lines: bool = False
    many_targets: bool = False
    check: Callable[[Example], str] | None = None
    version: int = 1
    starter: Path | None = None
