"""A place on disk in, the files there out, to be read as bytes: plain or packed (.gz .bz2 .xz), in a folder or a .zip.

Nothing is unpacked to disk, so no name inside an archive can lead anywhere; and no file may unpack without end.
"""

from __future__ import annotations

import atexit
import bz2
import codecs
import contextlib
import functools
import gzip
import io
import lzma
import os
import re
import shutil
import stat
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.data import InputError
from corpora.shared.places import about, printable, said, unreadable

PACKED = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
MARKS = {".gz": b"\x1f\x8b", ".bz2": b"BZh", ".xz": b"\xfd7zXZ\0", ".zip": b"PK\3\4", ".parquet": b"PAR1"}
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


def is_folder(path: Path) -> bool:
    """Many files: a folder, or a .zip."""
    return os.path.isdir(path) or path.suffix.lower() == ".zip"


def files_of(path: Path) -> list[File]:
    """The files of a folder or a .zip, by name, or the file itself. Hidden ones, a Mac's notes, and what is no file but
    a pipe or a device are left out; links to folders are not followed, so that none leads in a circle."""
    if path.suffix.lower() == ".zip" and not os.path.isdir(path):
        # Of several with one name the last, as unpacking would leave it.
        infos = {info.filename: info for info in _zip(path).infolist()}.values()
        if sum(info.file_size for info in infos) > max(FREE, about(path).st_size * TIMES):
            raise InputError(f"{path}: unpacks to more than {TIMES} times its size; that is no text")
        names = (info.filename for info in infos if info.filename and not info.is_dir())
        found = [File(path, name) for name in names if not _hidden(Path(name).parts)]
    elif os.path.isdir(path):
        found = []
        for folder, folders, names in os.walk(path, onerror=unreadable):
            folders[:] = sorted(name for name in folders if not _hidden((name,)))
            places = (Path(folder) / name for name in names if not _hidden((name,)))
            found += [File(place) for place in places if stat.S_ISREG(about(place).st_mode)]
            if len(found) > MOST:
                break
    else:
        return [_file(path)]
    if not found:
        raise InputError(f"{path}: holds no files; a corpus needs one at least")
    if len(found) > MOST:
        raise InputError(f"{path}: holds more than {MOST:,} files; put the texts into fewer")
    return sorted(found, key=str)


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


def _hidden(names: tuple[str, ...]) -> bool:
    return any((name.startswith(".") and name != "..") or name == "__MACOSX" for name in names)


def _file(path: Path) -> File:
    if str(path) == "-":
        return File(Path(_copied("-")), name="standard input")
    mode = about(path).st_mode
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise InputError(f"{path}: is a device, not a file; give a file of text")
    try:
        if stat.S_ISFIFO(mode):
            return File(Path(_copied(str(path))), name=str(path))
        if _is_tar(path):  # what cannot be read at all is better refused now
            raise InputError(f"{path}: is a tar archive; unpack it and give the folder")
        return File(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def _is_tar(path: Path) -> bool:
    with open(path, "rb") as raw:
        return raw.read(262)[257:] == b"ustar"  # tarfile would read as much as the file says it holds


@functools.cache
def _copied(pipe: str) -> str:
    """A pipe can be read once only, and a file is read several times: so it is copied to one, deleted at exit."""
    with contextlib.nullcontext(sys.stdin.buffer) if pipe == "-" else open(pipe, "rb") as file:
        start = file.read(1 << 20)
        if (ending := _ending(start)) == ".zip":
            raise InputError("a .zip cannot come through a pipe; give its name as --corpus, or unpack it")
        copy = tempfile.NamedTemporaryFile(prefix="n2m-", suffix=ending)  # noqa: SIM115
        atexit.register(copy.close)
        copy.write(start)
        shutil.copyfileobj(file, copy)
    copy.flush()
    return copy.name


def _ending(start: bytes) -> str:
    """What a file that begins so would be called: a pipe has no name to tell its format.

    >>> _ending(b'{"text": "a"}'), _ending(gzip.compress(b"text,label")), _ending("床前明月光，疑是地上霜。".encode())
    ('.json', '.csv.gz', '')
    """
    for ending, mark in MARKS.items():
        if start.startswith(mark):
            if ending not in PACKED:
                return ending
            with contextlib.suppress(OSError, *DAMAGED), PACKED[ending](io.BytesIO(start)) as inside:
                return _ending(inside.read(1 << 10)) + ending
            return ending
    first = start.removeprefix(codecs.BOM_UTF8).lstrip().partition(b"\n")[0]
    if b"\t" in first or b" ||| " in first:
        return ""
    if first[:1] in (b"{", b"["):
        return ".json"
    return ".csv" if b"," in first and re.search(b"[A-Za-z0-9]", first) else ""  # a poem's lines may have commas too
