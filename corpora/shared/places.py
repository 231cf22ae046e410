"""A place on disk in, what stands there, and how to speak of it in one line, out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

from core.data import InputError


def said(what: object, length: int = 80) -> str:
    """What an error of a library's says, or a file, in one short line without control characters."""
    return " ".join(printable(str(what)[:length], " ").split()) or type(what).__name__


def printable(text: str, instead: str = "?") -> str:
    """The text without signs that end a line or command a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else instead for c in text)


def about(path: Path) -> os.stat_result:
    """Size and time of a file. Raises InputError where there is none."""
    try:
        return os.stat(path)
    except FileNotFoundError:
        missing = "is a link that leads nowhere" if os.path.islink(path) else "no such file"
        raise InputError(f"{printable(str(path))}: {missing}") from None
    except OSError as error:
        unreadable(error)
    except ValueError:  # it holds what no name can
        raise InputError(f"{printable(str(path))}: is no name of a file") from None


def unreadable(error: OSError) -> NoReturn:
    raise InputError(f"{printable(str(error.filename))}: cannot be read ({error.strerror})") from None
