"""What is left out of a corpus in, a file of it out: its place, the reason and the text, a line each."""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from core.data import Dropped, InputError
from corpora.shared.download import whole
from corpora.shared.opening import File, opened
from corpora.shared.places import printable

if TYPE_CHECKING:
    import numpy as np

    from corpora.shared.seen import Seen
    from corpora.shared.store import Store

REJECTS = "rejects.tsv"
HEADER = "line\treason\tfile\ttext\n"
SHOWN = 1000  # characters of a text


def is_rejects(file: File) -> bool:
    with contextlib.suppress(InputError), opened(file) as raw:  # what is unreadable is told where it is read
        return raw.read(len(HEADER)) == HEADER.encode()
    return False


def check(path: Path) -> None:
    """Raises InputError where a file of rejects would replace anything else, or cannot be."""
    if not path.parent.is_dir():
        raise InputError(f"--rejects {printable(str(path))}: its folder is missing; make it, or name another place")
    if path.exists():
        if not path.is_file():
            raise InputError(f"--rejects {printable(str(path))}: is no file; name one to write")
        if path.stat().st_size and not is_rejects(File(path)):
            raise InputError(f"--rejects {printable(str(path))}: is there already, and no file of rejects; name "
                             "another")


def copied(rejects: Path, path: Path) -> None:
    """A file of rejects under a name of the user's, which has been checked."""
    try:
        with open(rejects, "rb") as there, whole(path) as out:
            shutil.copyfileobj(there, out)
    except OSError as error:
        raise InputError(f"--rejects {printable(str(path))}: cannot be written ({error.strerror}); name another place"
                         ) from None


class Rejects:
    """Adds to a folder's file of rejects. counts: how many, by reason."""

    def __init__(self, folder: Path) -> None:
        self.counts: Counter[str] = Counter()
        self._first: tuple[str, int, Dropped] | None = None
        self._file = open(folder / REJECTS, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
        self._file.write(HEADER)

    def __enter__(self) -> Rejects:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, item: Dropped, line: int) -> None:
        self.counts[item.reason] += 1
        self._first = self._first or (item.file, line, item)
        self._line(line, item.reason + f" ({item.detail})" * bool(item.detail), item.file, item.text)

    def add_all(self, reason: str, store: Store, index: np.ndarray, seen: Seen) -> None:
        """The examples of these numbers."""
        if len(index):
            self.counts[reason] += len(index)
            self.write(reason, store, index, seen)

    def write(self, reason: str, store: Store, index: np.ndarray, seen: Seen) -> None:
        for number, e in zip(index.tolist(), store.read(index)):
            self._line(int(seen.lines[number]), reason, seen.names[seen.files[number]], f"{e.source}\t{e.target}")

    def first(self) -> str:
        """Where the first of what could not be read stands, to be told with an error."""
        if self._first is None:
            return ""
        file, line, item = self._first
        return f" (the first in line {line}" + f" of {file}" * bool(file) + f": {item.detail}" * bool(item.detail) + ")"

    def _line(self, line: int, reason: str, file: str, text: str) -> None:
        self._file.write(f"{line}\t{reason}\t{file}\t" + " ".join(text[:SHOWN].splitlines()) + "\n")
