"""Text of unknown origin, made safe for a message of one line."""

from __future__ import annotations

from collections.abc import Sequence


def single_line(what: object, length: int = 80) -> str:
    """The start of an error's message, or of a text from a file, as one line without control characters."""
    return " ".join(printable(str(what)[:length], " ").split()) or type(what).__name__


def printable(text: str, replacement: str = "?") -> str:
    """The text with each control character replaced, so that it can neither end a line nor control a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else replacement for c in text)


def listed(names: Sequence[object], most: int = 3) -> str:
    """The first few names, and how many more there are."""
    return ", ".join(map(str, names[:most])) + f" and {len(names) - most:,} more" * (len(names) > most)
