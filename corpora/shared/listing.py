"""A place in, the files there out: of a folder, a .zip or a pipe, or the file itself."""

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
from corpora.shared.columns import SOURCE_NAMES, TARGET_NAMES
from corpora.shared.opening import DAMAGED, PACKED, File, names_in
from corpora.shared.places import about, unreadable

MARKS = {".gz": b"\x1f\x8b", ".bz2": b"BZh", ".xz": b"\xfd7zXZ\0", ".zip": b"PK\3\4", ".parquet": b"PAR1"}
ENCODINGS = ("utf-8", "gb18030", "big5hkscs")
MOST = 1_000_000  # files of a folder


def is_folder(path: Path) -> bool:
    """Many files: a folder, or a .zip."""
    return os.path.isdir(path) or path.suffix.lower() == ".zip"


def files_of(path: Path) -> list[File]:
    """The files of a folder or a .zip, by name, or the file itself. Hidden ones, a Mac's notes, and what is no file but
    a pipe or a device are left out; links to folders are not followed, so that none leads in a circle."""
    if path.suffix.lower() == ".zip" and not os.path.isdir(path):
        found = [File(path, name) for name in names_in(path) if not _hidden(Path(name).parts)]
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
        with open(path, "rb") as raw:
            start = raw.read(262)  # tarfile would read as much as the file says it holds
        if start[257:] == b"ustar":  # what cannot be read at all is better refused now
            raise InputError(f"{path}: is a tar archive; unpack it and give the folder")
        if start.startswith(MARKS[".zip"]):
            raise InputError(f"{path}: is packed, like a spreadsheet; save it as .csv, or give a .zip that ending")
        return File(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


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

    >>> import gzip
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
    names = (re.split("[,;]", first.decode(encoding, "replace").strip().lower()) for encoding in ENCODINGS)
    known = {*SOURCE_NAMES, *TARGET_NAMES} & {*itertools.chain(*names)}
    # The lines of a Chinese poem may be divided by commas, too.
    return ".csv" if re.search(b"[,;]", first) and (known or re.search(b"[A-Za-z0-9]", first)) else ""
