"""The file of rejects: line number, reason, file and text of whatever of a corpus is not used."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from core.data import InputError, Rejected
from core.files import copy as copy_file
from corpora.read.listing import REJECTS_HEADER, is_rejects
from corpora.shared.messages import printable
from corpora.shared.opening import File

REJECTS = "rejects.tsv"
SHOWN = 1000  # characters of a text


def check(path: Path) -> None:
    """Raises InputError if a file of rejects would replace anything else, or cannot be written."""
    name = f"`rejects` {printable(str(path))}"
    if not path.parent.is_dir():
        raise InputError(f"{name}: its folder does not exist; create it, or choose another path")
    if path.exists():
        if not path.is_file():
            raise InputError(f"{name}: is not a file; choose another path")
        if path.stat().st_size and not is_rejects(File(path)):
            raise InputError(f"{name}: already exists and is not a file of rejects; choose another path")


def copy(rejects: Path, path: Path) -> None:
    """Copy a file of rejects to the user's path, which has been checked."""
    try:
        copy_file(rejects, path)
    except OSError as error:
        raise InputError(f"`rejects` {printable(str(path))}: cannot be written ({error.strerror}); choose another path"
                         ) from None


class Rejects:
    """Writes a folder's file of rejects. path: where to copy it if nothing else can be built; counts: how many, by
    reason; first: the first of each reason, with where it is and why."""

    def __init__(self, folder: Path, path: Path | None = None) -> None:
        self._path, self.counts, self.first = path, Counter[str](), dict[str, str]()
        self._file = open(folder / REJECTS, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
        self._file.write(REJECTS_HEADER)

    def __enter__(self) -> Rejects:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._file.close()
        if self._path and kind and issubclass(kind, InputError):
            copy(Path(self._file.name), self._path)

    def add(self, item: Rejected, line: int) -> None:
        self.counts[item.reason] += 1
        if item.reason not in self.first:
            where = f"line {line}" + f" of {item.file}" * bool(item.file)
            self.first[item.reason] = where + f": {item.detail}" * bool(item.detail)
        reason, text = item.reason + f" ({item.detail})" * bool(item.detail), " ".join(item.text[:SHOWN].splitlines())
        self._file.write(f"{line}\t{reason}\t{item.file}\t{text}\n")
