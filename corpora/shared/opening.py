"""A file in, its bytes out: plain or packed (.gz .bz2 .xz), on disk or in a .zip.

Nothing is unpacked to disk, so no name inside an archive can lead anywhere; and no file may unpack without end.
"""

from __future__ import annotations

import bz2
import contextlib
import functools
import gzip
import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.data import InputError
from corpora.shared.places import about, printable, said

PACKED = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
DAMAGED = (zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile, EOFError)
FREE, TIMES = 1 << 28, 200  # beyond so many bytes, nothing may unpack to more than so many times its own size


@dataclass(frozen=True)
class File:
    """path: on disk; inside: its name in the .zip that stands there; name: how to speak of it."""

    path: Path
    inside: str = ""
    name: str = ""

    def __str__(self) -> str:
        name = self.name or (f"{self.path}/{self.inside}" if self.inside else str(self.path))
        return printable(name)

    @property
    def place(self) -> Path:
        """Where it is, without the ending of a packed file."""
        path = Path(self.inside) if self.inside else self.path
        return path.with_suffix("") if path.suffix.lower() in PACKED else path

    @property
    def kind(self) -> str:
        """The ending, which tells the format: .tsv, .csv …"""
        return self.place.suffix.lower()


@contextlib.contextmanager
def opened(file: File) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked. Raises InputError for what cannot be read, is damaged, or unpacks without end."""
    try:
        with contextlib.ExitStack() as stack:
            if file.inside:
                raw, size = _inside(file)
                stack.enter_context(raw)
            else:
                raw = stack.enter_context(open(file.path, "rb"))
                size = os.fstat(raw.fileno()).st_size
            ending = Path(file.inside or file.path).suffix.lower()
            if ending in PACKED:
                raw = Bounded(stack.enter_context(PACKED[ending](raw)), size, str(file))
            if ".tar" in (file.kind, ending) or ending == ".tgz":
                raise InputError(f"{file}: is a tar archive; unpack it and give the folder")
            yield raw
    except DAMAGED as error:
        raise InputError(f"{file}: is damaged ({said(error)})") from None
    except FileNotFoundError:
        raise InputError(f"{file}: no such file") from None
    except (NotImplementedError, RuntimeError, MemoryError) as error:  # a way of packing that is unknown, or too large
        raise InputError(f"{file}: cannot be unpacked ({said(error)})") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror or said(error)})") from None


def names_in(path: Path) -> list[str]:
    """The files of a .zip; of several with one name the last, as unpacking would leave it."""
    infos = {info.filename: info for info in _zip(path).infolist()}.values()
    if sum(info.file_size for info in infos) > max(FREE, about(path).st_size * TIMES):
        raise InputError(f"{path}: unpacks to more than {TIMES} times its size; that is no text")
    return [info.filename for info in infos if info.filename and not info.is_dir()]


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


def _inside(file: File) -> tuple[BinaryIO, int]:
    """A file of a .zip, unpacked, and its packed size."""
    try:
        archive = _zip(file.path)
        info = archive.getinfo(file.inside)
        if info.flag_bits & 1:
            raise InputError(f"{file}: is encrypted; unpack it first")
        raw, size = archive.open(info), min(info.compress_size, about(file.path).st_size)
    except (KeyError, UnicodeDecodeError) as error:  # another name than the list of files has
        raise zipfile.BadZipFile(said(error)) from None
    if info.compress_type == zipfile.ZIP_STORED:
        return raw, size
    if info.compress_type == zipfile.ZIP_DEFLATED:
        return Bounded(raw, size, str(file)), size
    # zipfile unpacks these all at once, whatever they unpack to
    raise InputError(f"{file}: is packed otherwise than .zip files usually are; unpack it and give the folder")


def _zip(path: Path) -> zipfile.ZipFile:
    found = about(path)
    return _archive(path, found.st_size, found.st_mtime, os.getpid())


@functools.lru_cache(maxsize=1)  # its list of files may be long, and is needed for each of them
def _archive(path: Path, size: int, time: float, process: int) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or said(error)})") from None
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise InputError(f"{path}: is no .zip, or a damaged one ({said(error)})") from None
