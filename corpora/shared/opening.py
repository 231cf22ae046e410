"""A place on disk in, the files there out, to be read as bytes: plain or packed (.gz .bz2 .xz), in a folder or a .zip.

Nothing is unpacked to disk, so no name inside an archive can lead anywhere; and no file may unpack without end.
"""

from __future__ import annotations

import atexit
import bz2
import contextlib
import functools
import gzip
import io
import lzma
import os
import shutil
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.data import InputError

PACKED = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
DAMAGED = (zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile, EOFError)
FREE, TIMES = 1 << 28, 200  # beyond so many bytes, nothing may unpack to more than so many times its own size
MOST = 1_000_000  # files of a folder


@dataclass(frozen=True)
class File:
    """path: on disk; inside: its name in the .zip that stands there; name: how to speak of it."""

    path: Path
    inside: str = ""
    name: str = ""

    def __str__(self) -> str:
        return self.name or (f"{self.path}/{self.inside}" if self.inside else str(self.path))

    @property
    def place(self) -> Path:
        """Where it is, without the ending of a packed file."""
        path = Path(self.inside) if self.inside else self.path
        return path.with_suffix("") if path.suffix.lower() in PACKED else path

    @property
    def kind(self) -> str:
        """The ending, which tells the format: .tsv, .csv …"""
        return self.place.suffix.lower()


def is_folder(path: Path) -> bool:
    """Many files: a folder, or a .zip."""
    return os.path.isdir(path) or path.suffix.lower() == ".zip"


def files_of(path: Path) -> list[File]:
    """The files of a folder or a .zip, by name, or the file itself. Hidden ones, and a Mac's notes, are left out."""
    if path.suffix.lower() == ".zip" and not os.path.isdir(path):
        names = [info.filename for info in _zip(path).infolist() if not info.is_dir()]
        found = [File(path, name) for name in names if not _hidden(Path(name).parts)]
    elif os.path.isdir(path):
        found = []
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not _hidden((name,)))
            found += [File(Path(folder) / name) for name in names if not _hidden((name,))]
            if len(found) > MOST:
                raise InputError(f"{path}: holds more than {MOST:,} files; put the texts into fewer")
    else:
        return [_file(path)]
    if not found:
        raise InputError(f"{path}: holds no files; a corpus needs one at least")
    return sorted(found, key=str)


@contextlib.contextmanager
def opened(file: File) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked. Raises InputError for what cannot be read, is damaged, or unpacks without end."""
    try:
        with contextlib.ExitStack() as stack:
            if file.inside:
                archive = _zip(file.path)
                info = archive.getinfo(file.inside)
                if info.flag_bits & 1:
                    raise InputError(f"{file}: is encrypted; unpack it first")
                raw, size = stack.enter_context(archive.open(info)), info.compress_size
                packed = info.compress_type != zipfile.ZIP_STORED
            else:
                raw = stack.enter_context(open(file.path, "rb"))
                size, packed = os.fstat(raw.fileno()).st_size, False
            ending = Path(file.inside or file.path).suffix.lower()
            if ending in PACKED:
                raw, packed = stack.enter_context(PACKED[ending](raw)), True
            if ".tar" in (file.kind, ending) or ending == ".tgz":
                raise InputError(f"{file}: is a tar archive; unpack it and give the folder")
            yield Bounded(raw, size, str(file)) if packed else raw
    except DAMAGED as error:
        raise InputError(f"{file}: is damaged ({str(error)[:80] or type(error).__name__})") from None
    except FileNotFoundError:
        raise InputError(f"{file}: no such file") from None
    except (NotImplementedError, RuntimeError) as error:  # a method of packing that zipfile does not know
        raise InputError(f"{file}: cannot be unpacked ({str(error)[:80]})") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror or str(error)[:80]})") from None


class Bounded(io.BufferedIOBase):
    """What unpacks to far more than text does is no corpus, but an attack on the machine."""

    def __init__(self, raw: BinaryIO, size: int, name: str) -> None:
        self._raw, self._left, self._name = raw, max(FREE, size * TIMES), name

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        data = self._raw.read(min(self._left + 1, size if size is not None and size >= 0 else self._left + 1))
        self._left -= len(data)
        if self._left < 0:
            raise InputError(f"{self._name}: unpacks to more than {TIMES} times its size; that is no text")
        return data

    read1 = read  # type: ignore[assignment]


def _zip(path: Path) -> zipfile.ZipFile:
    try:
        about = os.stat(path)
        return _archive(path, about.st_size, about.st_mtime_ns)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except zipfile.BadZipFile as error:
        raise InputError(f"{path}: is no .zip, or a damaged one ({str(error)[:80]})") from None


@functools.lru_cache(maxsize=2)  # its list of files would else be read again for each of its files
def _archive(path: Path, size: int, time: int) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


def _hidden(names: tuple[str, ...]) -> bool:
    return any((name.startswith(".") and name != "..") or name == "__MACOSX" for name in names)


def _file(path: Path) -> File:
    try:
        if str(path) == "-":
            return File(Path(_copied("-")), name="standard input")
        if path.is_char_device():
            raise InputError(f"{path}: is a device, not a file; give a file of text")
        if path.is_fifo():
            return File(Path(_copied(str(path))), name=str(path))
        if path.is_file() and path.stat().st_size and _is_tar(path):
            raise InputError(f"{path}: is a tar archive; unpack it and give the folder")
        with open(path, "rb"):
            return File(path)  # what cannot be read at all is better refused now
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def _is_tar(path: Path) -> bool:
    try:
        return tarfile.is_tarfile(path)
    except DAMAGED:  # told when it is read
        return False


@functools.cache
def _copied(pipe: str) -> str:
    """A pipe can be read once only, and a file is read several times: so it is copied to one, deleted at exit."""
    copy = tempfile.NamedTemporaryFile(prefix="n2m-")  # noqa: SIM115
    atexit.register(copy.close)
    with contextlib.nullcontext(sys.stdin.buffer) if pipe == "-" else open(pipe, "rb") as file:
        shutil.copyfileobj(file, copy)
    copy.flush()
    return copy.name
