"""Opening a file, plain or packed (.gz .bz2 .xz), on disk or in a .zip.

Nothing is unpacked to disk, so a name inside an archive is never used as a path; and the unpacked size is limited.
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, NoReturn

from core.data import InputError
from corpora.shared.messages import printable, single_line

PACKED: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
DAMAGED = (zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile, EOFError)
FREE, TIMES = 1 << 28, 200  # beyond FREE bytes, nothing may unpack to more than TIMES its packed size


@dataclass(frozen=True)
class File:
    """path: on disk; member: its name in the .zip at that path; name: for messages, if another."""

    path: Path
    member: str = ""
    name: str = ""

    def __str__(self) -> str:
        name = self.name or (f"{self.path}/{self.member}" if self.member else str(self.path))
        return printable(name)

    @property
    def unpacked_path(self) -> Path:
        """Its path, or that within the .zip, without the suffix of a packed file."""
        path = Path(self.member) if self.member else self.path
        return path.with_suffix("") if path.suffix.lower() in PACKED else path

    @property
    def suffix(self) -> str:
        """The suffix that determines the format: .tsv, .csv …"""
        return self.unpacked_path.suffix.lower()


@contextlib.contextmanager
def open_file(file: File) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked. Raises InputError if it cannot be read, is damaged, or unpacks to too many bytes."""
    try:
        with contextlib.ExitStack() as stack:
            if file.member:
                raw, size = _open_member(file)
                stack.enter_context(raw)
            else:
                raw = stack.enter_context(open(file.path, "rb"))
                size = os.fstat(raw.fileno()).st_size
            ending = Path(file.member or file.path).suffix.lower()
            if ending in PACKED:
                raw = Bounded(stack.enter_context(PACKED[ending](raw)), size, str(file))
            if ".tar" in (file.suffix, ending) or ending == ".tgz":
                raise InputError(f"{file}: is a tar archive; unpack it and pass the folder")
            yield raw
    except DAMAGED as error:
        raise InputError(f"{file}: is damaged ({single_line(error)})") from None
    except FileNotFoundError:
        raise InputError(f"{file}: no such file; check its name") from None
    except (NotImplementedError, RuntimeError, MemoryError) as error:  # unknown compression, or too large
        raise InputError(f"{file}: cannot be unpacked ({single_line(error)})") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror or single_line(error)})") from None


def names_in(path: Path) -> list[str]:
    """The names of the files of a .zip."""
    infos = _zip(path)[1]
    if sum(info.file_size for info in infos.values()) > max(FREE, file_stat(path).st_size * TIMES):
        raise InputError(f"{path}: unpacks to more than {TIMES} times its size; pass the unpacked text")
    return [name for name, info in infos.items() if name and not info.is_dir()]


class Bounded(io.BufferedIOBase):
    """The unpacked bytes of a file of `size` bytes. Raises InputError once they are more than any text unpacks to."""

    def __init__(self, raw: IO[bytes], size: int, name: str) -> None:
        self._raw, self._left, self._name = raw, max(FREE, size * TIMES), name

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        data = self._raw.read(min(self._left + 1, size if size is not None and size >= 0 else self._left + 1))
        self._left -= len(data)
        if self._left < 0:
            raise InputError(f"{self._name}: unpacks to more than {TIMES} times its size; pass the unpacked text")
        return data

    read1 = read  # type: ignore[assignment]


def _open_member(file: File) -> tuple[Any, int]:
    """A member of a .zip, unpacked, and its packed size."""
    try:
        archive, infos = _zip(file.path)
        info = infos[file.member]
        if info.flag_bits & 1:
            raise InputError(f"{file}: is encrypted; unpack it first")
        raw, size = archive.open(info), min(info.compress_size, file_stat(file.path).st_size)
    except (KeyError, UnicodeDecodeError) as error:  # its name is not the one listed
        raise zipfile.BadZipFile(single_line(error)) from None
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # zipfile unpacks others all at once
        raise InputError(f"{file}: uses an unsupported .zip compression method; unpack it and pass the folder")
    return Bounded(raw, size, str(file)), size


def _zip(path: Path) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    """The archive, and its members by name; of several with one name the last, as unpacking would leave it."""
    found = file_stat(path)
    return _archive(path, found.st_size, found.st_mtime, os.getpid())


@functools.lru_cache(maxsize=1)  # its list of files may be long, and is needed for each of them
def _archive(path: Path, size: int, time: float, process: int) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    try:
        archive = zipfile.ZipFile(path)
        return archive, {_name(info): info for info in archive.infolist()}
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or single_line(error)})") from None
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise InputError(f"{path}: is not a .zip, or is damaged ({single_line(error)})") from None


def _name(info: zipfile.ZipInfo) -> str:
    """Many programs write UTF-8 without marking it; zipfile then decodes the name as code page 437."""
    with contextlib.suppress(UnicodeError):
        return info.filename if info.flag_bits & 0x800 else info.filename.encode("cp437").decode("utf-8")
    return info.filename


def file_stat(path: Path) -> os.stat_result:
    """Size, time and kind of a file. Raises InputError if there is none."""
    try:
        return os.stat(path)
    except FileNotFoundError:
        missing = "is a broken link; check its target" if os.path.islink(path) else "no such file; check its name"
        raise InputError(f"{printable(str(path))}: {missing}") from None
    except OSError as error:
        raise_unreadable(error)
    except ValueError:  # a NUL byte, for one
        raise InputError(f"{printable(str(path))}: is not a valid file name") from None


def raise_unreadable(error: OSError) -> NoReturn:
    raise InputError(f"{printable(str(error.filename))}: cannot be read ({error.strerror})") from None
