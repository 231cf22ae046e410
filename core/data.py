"""The plain data that corpora hand over: text in, text out. Loads without torch."""

from __future__ import annotations

from dataclasses import dataclass


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
    """

    source: str
    target: str
    context: tuple[str, ...] = ()
    key: str = ""

    def reversed(self) -> Example:
        """The same pair the other way round, in the same split.

        >>> Example("你好", "hello").reversed()
        Example(source='hello', target='你好', context=(), key='你好')
        """
        return Example(self.target, self.source, (), self.key or self.source)
