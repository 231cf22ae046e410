"""The files of a data set of the Hugging Face hub, or of a folder with the same layout. Its programs are never run."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.cache import digest
from core.data import InputError
from core.events import note
from core.files import write_aside
from corpora.fetch.download import cache_folder
from corpora.shared.corpus import CorpusUnavailable
from corpora.shared.messages import single_line

PREFIX = "hf:"
FORM = "hf:NAME or hf:OWNER/NAME, optionally with :CONFIGURATION and @REVISION; or a folder, hf:./FOLDER"
PAGE = "https://huggingface.co/datasets/"
EXPORT = "refs/convert/parquet"  # the branch to which the hub converts data sets: CONFIGURATION/SPLIT/0000.parquet


@dataclass(frozen=True)
class HubDataset:
    """given: as the user wrote it; path: its name on the hub, or the folder"""

    given: str
    path: str
    config: str = ""
    revision: str = ""
    is_folder: bool = False

    @property
    def page(self) -> str:
        return self.path if self.is_folder else PAGE + self.path

    @classmethod
    def parse(cls, given: str) -> HubDataset:
        """Raises InputError for a name that cannot be one."""
        text = given.removeprefix(PREFIX)
        if text.startswith((".", "/", "~")):
            text = os.path.expanduser(text)
            path, config = (text, "") if os.path.isdir(text) or ":" not in text else text.rsplit(":", 1)
            if not os.path.isdir(path):
                raise InputError(f"{given}: no such folder; give {FORM}")
            return cls(given, os.path.abspath(path), config, is_folder=True)
        found = re.fullmatch(r"([\w.-]+(?:/[\w.-]+)?)(?::([^:@]+))?(?:@([^:@]+))?", text)
        if not found:
            raise InputError(f"{given}: is not the name of a data set; give {FORM}")
        return cls(given, found[1], found[2] or "", found[3] or "")


@dataclass(frozen=True)
class Listing:
    """The files of a data set at one commit, with their sizes in bytes; is_export: of the hub's Parquet export"""

    commit: str
    files: dict[str, int]
    is_export: bool = False


def list_files(dataset: HubDataset) -> Listing:
    """Ask the hub which files there are: of its Parquet export, if there is one and no revision is asked for. Without a
    network, what it answered before."""
    if dataset.is_folder:
        root = Path(dataset.path)
        paths = [path for path in sorted(root.rglob("*")) if path.is_file() and not any(
            part.startswith(".") for part in path.relative_to(root).parts)]
        return Listing("", {path.relative_to(root).as_posix(): path.stat().st_size for path in paths})
    saved = cache_folder() / "hub" / digest([dataset.path, dataset.revision])
    with convert_hub_errors(dataset):
        from huggingface_hub import errors
        try:
            with contextlib.suppress(errors.RevisionNotFoundError):
                listing = _ask(dataset, dataset.revision or EXPORT)
                if listing.files or dataset.revision:
                    return _save(listing, saved)
            return _save(_ask(dataset, dataset.revision or "main"), saved)
        except Exception as error:
            if not _is_unreachable(error) or not saved.is_file():
                raise
    note(f"{dataset.given}: the hub does not answer; reading the cache")
    return Listing(**json.loads(saved.read_text(encoding="utf-8")))


def _ask(dataset: HubDataset, revision: str) -> Listing:
    from huggingface_hub import HfApi
    info = HfApi().dataset_info(dataset.path, revision=revision, files_metadata=True)
    files = {file.rfilename: file.size or 0 for file in info.siblings or []}
    if revision == EXPORT:
        files = {name: size for name, size in files.items() if name.endswith(".parquet") and name.count("/") == 2}
    return Listing(info.sha or "", files, revision == EXPORT)


def _save(listing: Listing, path: Path) -> Listing:
    with contextlib.suppress(OSError):  # only needed without a network
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_aside(path) as out:
            out.write(json.dumps(asdict(listing)).encode())
    return listing


def file_path(dataset: HubDataset, commit: str, name: str) -> Path:
    """A file of the data set on disk, fetched if it is not in the hub's cache. Raises CorpusUnavailable."""
    if dataset.is_folder:
        return Path(dataset.path, name)
    with convert_hub_errors(dataset):
        import huggingface_hub as hub
        return Path(hub.hf_hub_download(dataset.path, name, repo_type="dataset", revision=commit))


def card(dataset: HubDataset, listing: Listing) -> dict[str, Any]:
    """The YAML head of its README.md. The export has none of its own."""
    import yaml
    text = ""
    if listing.is_export or "README.md" in listing.files:
        with contextlib.suppress(InputError):  # there may be none, or not in the cache
            path = file_path(dataset, "main" if listing.is_export else listing.commit, "README.md")
            text = path.read_text(encoding="utf-8-sig", errors="replace")
    try:
        found = re.match(r"\s*---[ \t]*\r?\n(.*?)^---", text, re.DOTALL | re.MULTILINE)
        return (yaml.safe_load(found[1]) if found else None) or {}
    except yaml.YAMLError as error:
        raise InputError(f"{dataset.given}: its README.md is damaged ({single_line(error)}); see {dataset.page}"
                         ) from None


@contextlib.contextmanager
def convert_hub_errors(dataset: HubDataset) -> Iterator[None]:
    """Raise any error of the package huggingface_hub as one line; silence its log and its bars within."""
    try:
        from huggingface_hub import utils
    except ImportError:
        raise InputError(f"{dataset.given}: needs the package huggingface_hub; pip install huggingface_hub") from None
    logger, show_bars = logging.getLogger("huggingface_hub"), not utils.are_progress_bars_disabled()
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    if show_bars:
        utils.disable_progress_bars()
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise _one_line(dataset, error) from None
    finally:
        logger.setLevel(level)
        if show_bars:
            utils.enable_progress_bars()


def _one_line(dataset: HubDataset, error: Exception) -> InputError:
    from huggingface_hub import constants, errors
    name, why = dataset.given, single_line(error, 120)
    for kind, text in (
            (errors.GatedRepoError, f"is gated; ask for access on {dataset.page}, then log in with: hf auth login"),
            (errors.RevisionNotFoundError, f"has no revision {dataset.revision}; {dataset.page}/tree/main lists "
                                           "branches and tags"),
            (errors.RepositoryNotFoundError, "no such data set on the hub, or a private one; check the name, or log in "
                                             "with: hf auth login")):
        if isinstance(error, kind):
            return CorpusUnavailable(f"{name}: {text}")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return InputError(f"{name}: the disk is full; free some space, or set HF_HOME to a folder on another disk")
    if isinstance(error, PermissionError) or getattr(error, "errno", None) == errno.EROFS:
        return InputError(f"{name}: {why}; set HF_HOME to a folder that can be written")
    if isinstance(error, errors.OfflineModeIsEnabled) or constants.HF_HUB_OFFLINE:
        return CorpusUnavailable(f"{name}: is not in the cache, and HF_HUB_OFFLINE is set; unset it to download")
    if _is_unreachable(error):
        return CorpusUnavailable(f"{name}: the hub does not answer ({why}), and the data set is not in the cache; "
                                 "check the network and HF_ENDPOINT")
    return InputError(f"{name}: cannot be read ({type(error).__name__}: {why}); see {dataset.page}")


def _is_unreachable(error: Exception) -> bool:
    """Is it the network's error? Their classes come from whichever HTTP library huggingface_hub uses."""
    status = getattr(getattr(error, "response", None), "status_code", 0)
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return status >= 500 or bool(kinds & {"ConnectionError", "TimeoutError", "TransportError", "RequestException",
                                         "LocalEntryNotFoundError", "FileMetadataError"})
