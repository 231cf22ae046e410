"""The files of a corpus in the cache folder, fetched once: from a mirror or the web.

A file gets its name only when it is complete and its checksum is right.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from pathlib import Path

from filelock import FileLock, Timeout

from core.data import InputError
from core.events import note, progress
from core.files import copy, write_aside
from corpora.fetch.download import RemoteFileMissing, cache_folder, checksum_of, fetch, is_right
from corpora.shared.corpus import CorpusUnavailable
from corpora.shared.messages import listed

FETCHED = ".fetched.json"  # in a folder of the cache
Source = Callable[[Path, list[str]], None]  # puts the named files into a folder; CorpusUnavailable says which it lacks

_mirror: ContextVar[str | None] = ContextVar("mirror", default=None)


def mirror() -> str:
    """The folder or URL that is asked first: the one of `use_mirror`, or the environment variable N2M_MIRROR."""
    found = _mirror.get()
    return os.environ.get("N2M_MIRROR", "") if found is None else found


@contextlib.contextmanager
def use_mirror(location: str | None) -> Iterator[None]:
    """Within this block, ask this mirror first for files. location: a folder or URL; None changes nothing, and an empty
    one uses no mirror. Raises InputError if it is neither."""
    token = _mirror.set(mirror() if location is None else location)
    try:
        if location:
            _check_mirror("`mirror`")
        yield
    finally:
        _mirror.reset(token)


def folder(name: str, sums: dict[str, str], sources: Sequence[Source]) -> Path:
    """The cache folder `name` with these files in it, each from the first source that has it: the mirror, if there is
    one, then these. A file that has changed since it was fetched is fetched again.

    sums: file name → checksum, empty if the file may change at its source
    Raises CorpusUnavailable with the answer of each source.
    """
    target, mirrors = cache_folder() / name, [from_mirror(name)] * bool(mirror())

    def missing() -> list[str]:
        known = sums | {file: sums[file] or checksum for file, checksum in _fetched(target).items() if file in sums}
        return [file for file in sums if not ((target / file).is_file() and is_right(target / file, known[file]))]

    if not (missing_files := missing()):
        return target
    if damaged := [file for file in missing_files if (target / file).is_file()]:
        note(f"{target}: damaged, fetching again: {listed(damaged)}")
    aside, reasons = target.with_name(f".{name}.partial"), []
    try:
        aside.mkdir(parents=True, exist_ok=True)
        with _alone(target.with_name(f".{name}.lock"), name):
            try:
                for source in [*mirrors, *sources]:
                    if not (missing_files := missing()):  # another run may have fetched them meanwhile
                        break
                    try:
                        source(aside, missing_files)
                    except CorpusUnavailable as error:
                        reasons.append(str(error))
                    origin = " (from the mirror)" if source in mirrors else ""
                    reasons += _take(aside, target, {file: sums[file] for file in missing_files}, origin)
                missing_files = missing()
            finally:  # files, or parts of them, are left to the next run
                if not any(aside.glob("*.mark")) and not any((aside / file).exists() for file in sums):
                    shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror}); set N2M_CACHE to another folder") from None
    if missing_files:
        raise CorpusUnavailable(f"could not be fetched: {'; '.join(reasons)}; `mirror` may name a folder or URL with "
                                + listed([f"{name}/{file}" for file in missing_files]))
    return target


def _alone(path: Path, name: str) -> contextlib.AbstractContextManager:
    """A lock that the system releases when its process ends, however it ends."""
    lock = FileLock(path)
    try:
        return lock.acquire(timeout=1)
    except Timeout:
        note(f"another run is fetching {name}; waiting for it")
        return lock.acquire()


def _take(aside: Path, target: Path, sums: dict[str, str], origin: str) -> list[str]:
    """Move the files that are right to the target. Returns what was wrong with the others."""
    wrong = []
    for file, checksum in sums.items():
        if not (aside / file).is_file():
            continue
        if not is_right(aside / file, checksum):
            wrong.append(f"{file}{origin}: wrong checksum; it is not the file this version expects")
        elif not checksum and _is_web_page(aside / file):
            wrong.append(f"{file}{origin}: is a web page, not the file")
        else:
            target.mkdir(exist_ok=True)
            if not checksum:
                found = _fetched(target) | {file: checksum_of(aside / file)}
                with write_aside(target / FETCHED) as out:
                    out.write(json.dumps(found, indent=1).encode())
            os.replace(aside / file, target / file)
        (aside / file).unlink(missing_ok=True)
    return wrong


def _fetched(target: Path) -> dict[str, str]:
    """The checksums that files of unknown checksum had when they were fetched; they reveal damage on disk."""
    try:
        found = json.loads((target / FETCHED).read_text(encoding="utf-8"))
        return {file: checksum for file, checksum in found.items() if re.fullmatch("[0-9a-f]{64}", str(checksum))}
    except (OSError, ValueError, AttributeError):
        return {}


def _is_web_page(path: Path) -> bool:
    """Some servers, and networks that ask for a login, send one in place of the file."""
    with open(path, "rb") as file:
        return file.read(100).lstrip().lower().startswith((b"<!doctype html", b"<html"))


def from_web(url: str, paths: dict[str, str] | None = None) -> Source:
    """Each file from url/NAME, or from url/PATH if `paths` has another one for it."""
    def get(folder: Path, names: list[str]) -> None:
        with progress(urllib.parse.urlsplit(url).netloc, len(names), " files") as advance:
            for name in names:
                if not (folder / name).is_file():  # an earlier run may have fetched it before it was interrupted
                    fetch(f"{url}/{(paths or {}).get(name, name)}", folder / name)
                advance(1)
    return get


def from_github(repository: str, commit: str, path: str, paths: dict[str, str] | None = None) -> list[Source]:
    """Files of a repository's folder `path` at a commit, from GitHub or from a copy of it."""
    return [from_web(f"https://raw.githubusercontent.com/{repository}/{commit}/{path}", paths),
            from_web(f"https://cdn.jsdelivr.net/gh/{repository}@{commit}/{path}", paths)]


def from_mirror(name: str) -> Source:
    """Each file from NAME/FILE on the mirror, or from FILE. A cache folder has the first layout, so it is a mirror."""
    def get(folder: Path, names: list[str]) -> None:
        _check_mirror("N2M_MIRROR")
        location, missing_files = mirror().rstrip("/"), []
        for file in names:
            for path in (f"{name}/{file}", file):
                if _is_url(location):
                    with contextlib.suppress(RemoteFileMissing):
                        fetch(f"{location}/{path}", folder / file)
                        break
                elif os.path.isfile(f"{location}/{path}"):
                    copy(Path(location, path), folder / file)
                    break
            else:
                missing_files.append(f"{name}/{file}")
        if missing_files:
            raise CorpusUnavailable(f"the mirror {location} has no {listed(missing_files)}")
    return get


def _check_mirror(name: str) -> None:
    """Raises InputError if the mirror is neither a URL nor a folder. name: of the setting or variable"""
    location = mirror()
    if location and not _is_url(location) and not os.path.isdir(location):
        raise InputError(f"{name} {location}: no such folder; give a folder, or a URL with http:// or https://, with "
                         "files as in the cache folder (NAME/FILE), or by their names alone")


def _is_url(location: str) -> bool:
    return location.startswith(("http://", "https://"))
