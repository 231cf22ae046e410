"""What is kept of a prepared corpus: a file of examples with views of some of them, and a file of what was rejected.

A record is a line: source, target, the lines of context and the key, each followed by a tab, and the mark.
"""

from __future__ import annotations

import os
import weakref
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.cache import Folder
from core.data import Example, InputError, Rejected
from core.files import copy as copy_file
from corpora.read.listing import REJECTS_HEADER, is_rejects
from corpora.shared.messages import printable
from corpora.shared.opening import File

RECORDS, ENDS, REJECTS = "examples.tsv", "ends.npy", "rejects.tsv"
CHUNK = 4096  # records looked up together when all are read
SHOWN = 1000  # characters of a rejected text


class Writer:
    """Adds records to a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lengths = folder, array("i")
        self._file = open(folder / RECORDS, "wb", buffering=1 << 20)  # noqa: SIM115

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        np.save(self._folder / ENDS, np.cumsum(np.frombuffer(self._lengths, dtype=np.intc), dtype=np.int64))

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, example: Example) -> None:
        line = "\t".join((example.source, example.target, *example.context, example.key, example.mark + "\n"))
        data = line.encode("utf-8", "surrogatepass")
        self._lengths.append(len(data))
        self._file.write(data)


def one_line(text: str) -> str:
    """The text without the characters that separate records and fields.

    >>> one_line("a\\tb\\nc")
    'a b c'
    """
    return text.replace("\t", " ").replace("\n", " ") if "\t" in text or "\n" in text else text


class Store:
    """The records of a folder. Read with pread, so that a large file's pages do not count as this process's memory."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder  # a temporary one lives as long as its store
        self._file = os.open(folder.path / RECORDS, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        weakref.finalize(self, os.close, self._file)
        self._ends = np.load(folder.path / ENDS, mmap_mode="r")

    def __reduce__(self) -> tuple:
        return Store, (Folder(self.folder.path, self.folder.metadata),)

    def read(self, index: np.ndarray) -> Iterator[Example]:
        """The records of these numbers."""
        ends = self._ends[index].tolist()
        begins = np.where(index > 0, self._ends[index - 1], 0).tolist()
        for begin, end in zip(begins, ends):
            source, target, *context, key, mark = (
                self._bytes(begin, end - begin - 1).decode("utf-8", "surrogatepass").split("\t"))
            yield Example(source, target, tuple(context), key, mark=mark)

    def _bytes(self, begin: int, size: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._file, size, begin)
        os.lseek(self._file, begin, os.SEEK_SET)
        return os.read(self._file, size)


class Examples(Sequence[Example]):
    """Some records of a store, in the order of `numbers`; reverse exchanges source and target of each."""

    def __init__(self, store: Store, numbers: np.ndarray, reverse: bool = False) -> None:
        self.store, self.numbers, self.reverse = store, numbers, reverse

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return self.pick(i)
        return next(iter(self.pick(np.asarray([range(len(self))[i]]))))

    def __iter__(self) -> Iterator[Example]:
        for start in range(0, len(self), CHUNK):
            found = self.store.read(self.numbers[start:start + CHUNK])
            yield from (e.reversed() for e in found) if self.reverse else found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other))

    __hash__ = None  # type: ignore[assignment]

    def pick(self, which: slice | np.ndarray) -> Examples:
        """The examples at these positions."""
        return Examples(self.store, self.numbers[which], self.reverse)

    def identity(self) -> tuple[str, bytes]:
        """Which records of the store, in which order, and in which direction."""
        return str(self.reverse), self.numbers.tobytes()


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
            self.copy(Path(self._file.name), self._path)

    def add(self, item: Rejected, line: int) -> None:
        self.counts[item.reason] += 1
        if item.reason not in self.first:
            where = f"line {line}" + f" of {item.file}" * bool(item.file)
            self.first[item.reason] = where + f": {item.detail}" * bool(item.detail)
        reason, text = item.reason + f" ({item.detail})" * bool(item.detail), " ".join(item.text[:SHOWN].splitlines())
        self._file.write(f"{line}\t{reason}\t{item.file}\t{text}\n")

    @staticmethod
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

    @staticmethod
    def copy(rejects: Path, path: Path) -> None:
        """Copy a file of rejects to the user's path, which has been checked."""
        try:
            copy_file(rejects, path)
        except OSError as error:
            raise InputError(f"`rejects` {printable(str(path))}: cannot be written ({error.strerror}); choose another "
                             "path") from None
