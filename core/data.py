"""Examples as raw text, the format that a task gives them, and errors for the user. Loads without torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


class InputError(ValueError):
    """Something the user can correct; its text is the one line they read."""


class ProcessLost(InputError):
    """Another one of several processes that work together has ended."""


SPLITS = ("train", "dev", "test")


@dataclass(frozen=True, init=False)
class Example:
    """One item of a corpus, as raw text.

    source   the input
    target   the expected output: a text, or a label
    context  for lines of a longer work: the lines before `source`, oldest first
    key      decides the split (train, dev or test); the source where empty
    split    "train", "dev" or "test" where the corpus itself assigns one
    mark     a word about the text that a model may read with it: its period, its author
    line     line number in its file, from 1; 0 where there is none
    file     that file's name, where the corpus has several
    """

    source: str
    target: str
    context: tuple[str, ...] = ()
    key: str = ""
    split: str = ""
    mark: str = field(default="", repr=False)
    line: int = field(default=0, compare=False, repr=False)
    file: str = field(default="", compare=False, repr=False)

    def __init__(self, source: str, target: str, context: tuple[str, ...] = (), key: str = "", split: str = "",
                 line: int = 0, file: str = "", mark: str = "", *, part: str = "") -> None:
        """part: the name of `split` in version 0.1.0"""
        values = self.__dict__  # as the class is frozen; there are millions of these
        values["source"], values["target"], values["context"], values["key"] = source, target, context, key
        values["split"], values["line"], values["file"], values["mark"] = split or part, line, file, mark

    @property
    def part(self) -> str:
        """The name of `split` in version 0.1.0."""
        return self.split

    def reversed(self) -> Example:
        """The same pair with source and target exchanged, in the same split.

        >>> Example("你好", "hello").reversed()
        Example(source='hello', target='你好', context=(), key='你好', split='')
        """
        return Example(self.target, self.source, (), self.key or self.source, self.split, self.line, self.file)


@dataclass(frozen=True)
class Rejected:
    """What is not usable as an example: the reason, the text, a detail of this case, and where it is."""

    reason: str
    text: str
    line: int = 0
    detail: str = ""
    file: str = ""


Dropped = Rejected  # its name in version 0.1.0


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
