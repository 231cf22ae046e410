"""Names and checksums of files in, the files in the cache folder out, never fetched twice: from a mirror or the web.

A file appears under its name only when it is complete and checked.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from filelock import FileLock, Timeout
from tqdm import tqdm

from core.data import InputError
from corpora.shared.corpus import CorpusUnavailable
from corpora.shared.download import NotThere, cache_folder, fetch, is_right, sha256, whole

MIRROR = "N2M_MIRROR"
FETCHED = ".fetched.json"  # in a folder of the cache
Source = Callable[[Path, list[str]], None]  # puts the named files into a folder; CorpusUnavailable says what it lacks


def folder(name: str, sums: dict[str, str], sources: Sequence[Source]) -> Path:
    """The cache folder `name` with these files in it, each from the first source that has it: the mirror, if there is
    one, then these. A file there that is not what it was is fetched anew.

    sums: file name → checksum, empty where the file may change at its source
    Raises CorpusUnavailable with what each source answered.
    """
    target, mirrors = cache_folder() / name, [from_mirror(name)] * bool(os.environ.get(MIRROR))

    def missing() -> list[str]:
        known = sums | {file: sums[file] or checksum for file, checksum in _fetched(target).items() if file in sums}
        return [file for file in sums if not ((target / file).is_file() and is_right(target / file, known[file]))]

    if not (lacking := missing()):
        return target
    if damaged := [file for file in lacking if (target / file).is_file()]:
        tqdm.write(f"{target}: damaged, to be fetched again: {listed(damaged)}", file=sys.stderr)
    aside, reasons = target.with_name(f".{name}.partial"), []
    try:
        aside.mkdir(parents=True, exist_ok=True)
        with _alone(target.with_name(f".{name}.lock"), name), _kept_if_any(aside, sums):
            lacking = missing()  # another run may have been faster
            for source in [*mirrors, *sources]:
                if not lacking:
                    break
                try:
                    source(aside, lacking)
                except CorpusUnavailable as error:
                    reasons.append(str(error))
                origin = " (from the mirror)" if source in mirrors else ""
                reasons += _taken(aside, target, {file: sums[file] for file in lacking}, origin)
                lacking = missing()
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror}); set N2M_CACHE to another folder") from None
    if lacking:
        raise CorpusUnavailable(f"could not be fetched: {'; '.join(reasons)}; --mirror takes a folder, or an address, "
                                f"that has {listed([f'{name}/{file}' for file in lacking])}")
    return target


def listed(names: Sequence[str]) -> str:
    """
    >>> listed(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    return ", ".join(names[:3]) + f" and {len(names) - 3} more" * (len(names) > 3)


@contextlib.contextmanager
def _kept_if_any(aside: Path, names: Iterable[str]) -> Iterator[None]:
    """Leave the folder to the next run where it holds files, or the first half of one."""
    try:
        yield
    finally:
        if not any(aside.glob("*.mark")) and not any((aside / name).exists() for name in names):
            shutil.rmtree(aside, ignore_errors=True)


def _alone(path: Path, name: str) -> contextlib.AbstractContextManager:
    """A lock that the system gives back when its owner ends, however it ends."""
    lock = FileLock(path)
    try:
        return lock.acquire(timeout=1)
    except Timeout:
        tqdm.write(f"another run is fetching {name}; waiting for it", file=sys.stderr)
        return lock.acquire()


def _taken(aside: Path, target: Path, sums: dict[str, str], origin: str) -> list[str]:
    """Put what is right in its place; says what was wrong."""
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
                with whole(target / FETCHED) as out:
                    found = _fetched(target) | {file: sha256(aside / file)}
                    out.write(json.dumps(found, indent=1).encode())
            os.replace(aside / file, target / file)
        (aside / file).unlink(missing_ok=True)
    return wrong


def _fetched(target: Path) -> dict[str, str]:
    """The checksums that files without one of ours had when they came, by which a disk's faults show."""
    try:
        found = json.loads((target / FETCHED).read_text(encoding="utf-8"))
        return {file: checksum for file, checksum in found.items() if re.fullmatch("[0-9a-f]{64}", str(checksum))}
    except (OSError, ValueError, AttributeError):
        return {}


def _is_web_page(path: Path) -> bool:
    """What a server or a network's login page sends in place of a file."""
    with open(path, "rb") as file:
        return file.read(100).lstrip().lower().startswith((b"<!doctype html", b"<html"))


# the sources


def from_web(address: str, paths: dict[str, str] | None = None) -> Source:
    """Each file from address/NAME, or from address/PATH where it goes by another name there."""
    def get(folder: Path, names: list[str]) -> None:
        for name in tqdm(names, desc=urllib.parse.urlsplit(address).netloc, unit="file", disable=len(names) == 1):
            if not (folder / name).is_file():  # an earlier run may have got it before it was interrupted
                fetch(f"{address}/{(paths or {}).get(name, name)}", folder / name)
    return get


def from_github(repository: str, commit: str, inside: str, paths: dict[str, str] | None = None) -> list[Source]:
    """Files of the folder `inside` of a repository, as they were at a commit; also from a mirror of GitHub."""
    return [from_web(f"https://raw.githubusercontent.com/{repository}/{commit}/{inside}", paths),
            from_web(f"https://cdn.jsdelivr.net/gh/{repository}@{commit}/{inside}", paths)]


def from_mirror(name: str) -> Source:
    """Each file from the folder or the address that N2M_MIRROR (or --mirror) names: from NAME/FILE, as it stands in the
    cache folder, which so is a mirror itself, or else from FILE."""
    def get(folder: Path, names: list[str]) -> None:
        check_mirror(MIRROR)
        place, lacking = os.environ[MIRROR].rstrip("/"), []
        copy = fetch if is_address(place) else _copy
        for file in names:
            for inside in (f"{name}/{file}", file):
                with contextlib.suppress(NotThere):
                    copy(f"{place}/{inside}", folder / file)
                    break
            else:
                lacking.append(f"{name}/{file}")
        if lacking:
            raise CorpusUnavailable(f"the mirror {place} has no {listed(lacking)}")
    return get


def _copy(place: str, path: Path) -> None:
    if not os.path.isfile(place):
        raise NotThere(f"{place}: no such file")
    with open(place, "rb") as there, whole(path) as out:
        shutil.copyfileobj(there, out)


def check_mirror(what: str) -> None:
    """Raises InputError where N2M_MIRROR names nothing that could be one. what: the flag or variable to speak of"""
    place = os.environ.get(MIRROR, "")
    if place and not is_address(place) and not os.path.isdir(place):
        raise InputError(f"{what} {place}: no such folder; give a folder, or an address with http:// or https://, "
                         f"in which files are found as in the cache folder (NAME/FILE), or by their names alone")


def is_address(place: str) -> bool:
    return place.startswith(("http://", "https://"))
