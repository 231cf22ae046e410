"""A cache of folders: built once for a key, found again by later runs. Loads without torch.

A folder is filled under another name and then renamed: it is complete or not there.
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
STALE = 24 * 3600  # seconds after which the incomplete folder of a killed run is deleted
UNUSED = 60 * 24 * 3600  # seconds after which a folder that no run has used is deleted


class Folder:
    """path: where the files are; metadata: what was saved with them. A temporary one is deleted with this object."""

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


def get_or_build(cache_dir: Path | None, group: str, key: str, build: Callable[[Path], dict]) -> Folder:
    """Return the folder for this key; build it if it is missing or damaged.

    cache_dir  where folders are kept; None, or a directory that cannot be written, gives a temporary folder
    group      what is built (a corpus, say): only the newest folder of each group is kept, and none that no run has
               used for sixty days
    key        changes whenever the files would
    build      writes the files into an empty folder, and returns metadata to save with them, as JSON
    """
    if cache_dir is None:
        return _temporary(build)
    target = cache_dir / f"{digest([group])[:16]}-{digest([key])[:16]}"
    if (metadata := _complete(target)) is not None:
        return Folder(target, metadata)
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".aside-", dir=cache_dir))
    except OSError:
        return _temporary(build)
    try:
        metadata = _fill(aside, build)
        shutil.rmtree(target, ignore_errors=True)  # there may be a damaged one
        os.rename(aside, target)
    except OSError:  # a full disk, for one; or another run was faster
        found = _complete(target)
        return Folder(target, found) if found is not None else _temporary(build)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    for old in cache_dir.glob(f"{target.name[:17]}*"):
        if old != target:
            shutil.rmtree(old, ignore_errors=True)
    for pattern, limit in ((".aside-*", STALE), (f"{'[0-9a-f]' * 16}-{'[0-9a-f]' * 16}", UNUSED)):
        for old in cache_dir.glob(pattern):
            if _age(old) > limit:
                shutil.rmtree(old, ignore_errors=True)
    return Folder(target, metadata)


def _fill(folder: Path, build: Callable[[Path], dict]) -> dict:
    metadata = build(folder)
    sizes = {file.name: file.stat().st_size for file in folder.iterdir()}
    (folder / MANIFEST).write_text(json.dumps({"files": sizes, "metadata": metadata}), encoding="utf-8")
    return metadata


def _complete(folder: Path) -> dict | None:
    """The metadata of a folder that has all its files in their full sizes, else None."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        good = all((folder / name).stat().st_size == size for name, size in manifest["files"].items())
        if good:
            with contextlib.suppress(OSError):  # a cache may be read-only
                os.utime(folder)
        return manifest["metadata"] if good else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _temporary(build: Callable[[Path], dict]) -> Folder:
    path = Path(tempfile.mkdtemp(prefix="n2m-"))
    try:
        return Folder(path, _fill(path, build), temporary=True)
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


def _remove(path: Path, owner: int) -> None:
    if os.getpid() == owner:  # a forked process has a copy of the object, but must not delete the folder
        shutil.rmtree(path, ignore_errors=True)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0
