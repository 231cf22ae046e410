"""The files of a folder, a .zip or a pipe."""

from __future__ import annotations

import atexit
import codecs
import contextlib
import functools
import io
import itertools
import os
import re
import shutil
import stat
import sys
import tempfile
from pathlib import Path

from core.data import InputError
from corpora.read.columns import SOURCE_NAMES, TARGET_NAMES
from corpora.shared.opening import DAMAGED, PACKED, File, file_stat, names_in, open_file, raise_unreadable

MARKS = {".gz": b"\x1f\x8b", ".bz2": b"BZh", ".xz": b"\xfd7zXZ\0", ".zip": b"PK\3\4", ".parquet": b"PAR1"}
ENCODINGS = ("utf-8", "gb18030", "big5hkscs")
MAX_FILES = 1_000_000  # of a folder
REJECTS_HEADER = "line\treason\tfile\ttext\n"


def is_folder(path: Path) -> bool:
    """Is it a folder or a .zip?"""
    return os.path.isdir(path) or path.suffix.lower() == ".zip"


def files_of(path: Path) -> list[File]:
    """The files of a folder or a .zip, sorted by name, or the file itself. Hidden files, those of macOS, pipes and
    devices are skipped; links to folders are not followed, as they may form a circle."""
    if path.suffix.lower() == ".zip" and not os.path.isdir(path):
        found = [File(path, name) for name in names_in(path) if not _hidden(Path(name).parts)]
    elif os.path.isdir(path):
        found = []
        for folder, folders, names in os.walk(path, onerror=raise_unreadable):
            folders[:] = sorted(name for name in folders if not _hidden((name,)))
            paths = (Path(folder) / name for name in names if not _hidden((name,)))
            found += [File(path) for path in paths if stat.S_ISREG(file_stat(path).st_mode)]
            if len(found) > MAX_FILES:
                break
    else:
        return [_file(path)]
    if not found:
        raise InputError(f"{path}: contains no files; a corpus needs at least one")
    if len(found) > MAX_FILES:
        raise InputError(f"{path}: contains more than {MAX_FILES:,} files; put the texts into fewer")
    return sorted(found, key=str)


def is_rejects(file: File) -> bool:
    """Was the file written as the rejects of a corpus?"""
    with contextlib.suppress(InputError), open_file(file) as raw:  # an error is reported when the file is read
        return raw.read(len(REJECTS_HEADER)) == REJECTS_HEADER.encode()
    return False


def _hidden(names: tuple[str, ...]) -> bool:
    return any((name.startswith(".") and name != "..") or name == "__MACOSX" for name in names)


def _file(path: Path) -> File:
    if str(path) == "-":
        return File(Path(_copied("-")), name="standard input")
    mode = file_stat(path).st_mode
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise InputError(f"{path}: is a device, not a file; pass a text file")
    try:
        if stat.S_ISFIFO(mode):
            return File(Path(_copied(str(path))), name=str(path))
        with open(path, "rb") as raw:
            start = raw.read(262)  # tarfile would read as much as the file claims to contain
        if start[257:] == b"ustar":  # refused now, not once it is read
            raise InputError(f"{path}: is a tar archive; unpack it and pass the folder")
        if start.startswith(MARKS[".zip"]):
            raise InputError(f"{path}: is packed like a spreadsheet; save it as .csv, or rename a .zip to end in .zip")
        return File(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


@functools.cache
def _copied(pipe: str) -> str:
    """Copy a pipe, which can be read only once, to a file deleted at exit, since a corpus is read several times."""
    with contextlib.nullcontext(sys.stdin.buffer) if pipe == "-" else open(pipe, "rb") as file:
        start = file.read(1 << 20)
        if (ending := _ending(start)) == ".zip":
            raise InputError("a .zip cannot be read from a pipe; pass its name as `corpus`, or unpack it")
        copy = tempfile.NamedTemporaryFile(prefix="n2m-", suffix=ending)  # noqa: SIM115
        atexit.register(copy.close)
        copy.write(start)
        shutil.copyfileobj(file, copy)
    copy.flush()
    return copy.name


def _ending(start: bytes) -> str:
    """The suffix for a file that starts like this, since a pipe has no name that shows its format.

    >>> import gzip
    >>> _ending(b'{"text": "a"}'), _ending(gzip.compress(b"text,label")), _ending("床前明月光，疑是地上霜。".encode())
    ('.json', '.csv.gz', '')
    """
    for ending, mark in MARKS.items():
        if start.startswith(mark):
            if ending not in PACKED:
                return ending
            with contextlib.suppress(OSError, *DAMAGED), PACKED[ending](io.BytesIO(start)) as unpacked:
                return _ending(unpacked.read(1 << 10)) + ending
            return ending
    first = start.removeprefix(codecs.BOM_UTF8).lstrip().partition(b"\n")[0]
    if b"\t" in first or b" ||| " in first:
        return ""
    if first[:1] in (b"{", b"["):
        return ".json"
    names = (re.split("[,;]", first.decode(encoding, "replace").strip().lower()) for encoding in ENCODINGS)
    known = {*SOURCE_NAMES, *TARGET_NAMES} & {*itertools.chain(*names)}
    # Commas may also separate the lines of a Chinese poem.
    return ".csv" if re.search(b"[,;]", first) and (known or re.search(b"[A-Za-z0-9]", first)) else ""
