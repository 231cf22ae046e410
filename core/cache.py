"""A key and a way to make files in, a folder that holds them out: made once, found again by later runs.

Everything is written aside and then renamed: a folder is complete or not there. Loads without torch.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path

MANIFEST = "manifest.json"
STALE = 24 * 3600  # seconds after which what a killed run left half-written is cleared away
UNUSED = 60 * 24 * 3600  # seconds after which a folder that no run has asked for is cleared away


class Folder:
    """path: where the files are; metadata: what was remembered of them. A temporary one is deleted with this object."""

    def __init__(self, path: Path, metadata: dict, temporary: bool = False) -> None:
        self.path, self.metadata = path, metadata
        if temporary:
            weakref.finalize(self, _remove, path, os.getpid())


def digest(parts: Iterable[str | bytes]) -> str:
    """SHA-256 of the parts, in which ("ab", "c") and ("a", "bc") differ."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()


def get_or_build(cache_dir: Path | None, group: str, key: str, make: Callable[[Path], dict]) -> Folder:
    """The folder for this key, made where it is missing or damaged.

    cache_dir  where folders are kept; None, or a folder that cannot be written, gives a temporary folder
    group  what is made (a corpus, say); of each group only the folder made last is kept, and of all those that no run
           has asked for in sixty days none
    key    changes whenever the files would
    make   writes the files into an empty folder, and returns what to remember of them, as JSON
    """
    if cache_dir is None:
        return _temporary(make)
    target = cache_dir / f"{digest([group])[:16]}-{digest([key])[:16]}"
    if (metadata := _complete(target)) is not None:
        return Folder(target, metadata)
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".aside-", dir=cache_dir))
    except OSError:
        return _temporary(make)
    try:
        metadata = _fill(aside, make)
        shutil.rmtree(target, ignore_errors=True)  # it may be there, damaged
        os.rename(aside, target)
    except OSError:  # a full disk, for one; or another run was faster
        found = _complete(target)
        return Folder(target, found) if found is not None else _temporary(make)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    for old in cache_dir.glob(f"{target.name[:17]}*"):
        if old != target:
            shutil.rmtree(old, ignore_errors=True)
    for pattern, most in ((".aside-*", STALE), (f"{'[0-9a-f]' * 16}-{'[0-9a-f]' * 16}", UNUSED)):
        for old in cache_dir.glob(pattern):
            if _age(old) > most:
                shutil.rmtree(old, ignore_errors=True)
    return Folder(target, metadata)


def _fill(folder: Path, make: Callable[[Path], dict]) -> dict:
    metadata = make(folder)
    sizes = {file.name: file.stat().st_size for file in folder.iterdir()}
    (folder / MANIFEST).write_text(json.dumps({"files": sizes, "metadata": metadata}), encoding="utf-8")
    return metadata


def _complete(folder: Path) -> dict | None:
    """What is remembered of a folder that has all its files in their full sizes."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        good = all((folder / name).stat().st_size == size for name, size in manifest["files"].items())
        if good:
            with contextlib.suppress(OSError):  # of a cache that may only be read
                os.utime(folder)
        return manifest["metadata"] if good else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _temporary(make: Callable[[Path], dict]) -> Folder:
    path = Path(tempfile.mkdtemp(prefix="n2m-"))
    try:
        return Folder(path, _fill(path, make), temporary=True)
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


def _remove(path: Path, owner: int) -> None:
    if os.getpid() == owner:  # a process forked off has a copy of the object, but the folder is not its own
        shutil.rmtree(path, ignore_errors=True)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0
