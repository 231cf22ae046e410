"""The files of a data set of the Hugging Face hub, or of a folder with the same layout. Its programs are never run."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.cache import digest
from core.data import InputError
from core.events import note
from core.files import write_aside
from core.os_errors import reason
from corpora.fetch.download import cache_folder
from corpora.shared.corpus import CorpusUnavailable
from corpora.shared.messages import single_line

PREFIX = "hf:"
FORM = "hf:NAME or hf:OWNER/NAME, optionally with :CONFIGURATION and @REVISION; or a folder, hf:./FOLDER"
EXPORT = "refs/convert/parquet"  # the branch to which the hub converts data sets: CONFIGURATION/SPLIT/0000.parquet
DISK = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass(frozen=True)
class HubDataset:
    """given: as the user wrote it; path: its name on the hub, or the folder; config, revision: those asked for, empty
    for the usual ones; commit: the one that is read; files: their sizes in bytes at that commit; is_export: they are
    those of the hub's Parquet export"""

    given: str
    path: str
    config: str = ""
    revision: str = ""
    is_folder: bool = False
    commit: str = ""
    files: dict[str, int] = field(default_factory=dict)
    is_export: bool = False

    @property
    def page(self) -> str:
        return self.path if self.is_folder else f"https://huggingface.co/datasets/{self.path}"

    def file_path(self, name: str, revision: str = "") -> Path:
        """A file on disk, fetched if it is not in the hub's cache. Raises CorpusUnavailable. revision: if another"""
        if self.is_folder:
            return Path(self.path, name)
        with _converted_errors(self):
            import huggingface_hub as hub
            return Path(hub.hf_hub_download(self.path, name, repo_type="dataset", revision=revision or self.commit))

    def card(self) -> dict[str, Any]:
        """The YAML head of its README.md. The export has none of its own."""
        import yaml
        text = ""
        if self.is_export or "README.md" in self.files:
            with contextlib.suppress(InputError):  # there may be none, or not in the cache
                path = self.file_path("README.md", "main" * self.is_export)
                text = path.read_text(encoding="utf-8-sig", errors="replace")
        try:
            found = re.match(r"\s*---[ \t]*\r?\n(.*?)^---", text, re.DOTALL | re.MULTILINE)
            return (yaml.safe_load(found[1]) if found else None) or {}
        except yaml.YAMLError as error:
            raise InputError(f"{self.given}: its README.md is damaged ({single_line(error)}); see {self.page}"
                             ) from None


def look_up(given: str) -> HubDataset:
    """The data set of this name, or the folder. Without a network, as the hub described it before.

    Raises InputError for a name that cannot be one, and CorpusUnavailable.
    """
    text = given.removeprefix(PREFIX)
    if not text.startswith((".", "/", "~")):
        found = re.fullmatch(r"([\w.-]+(?:/[\w.-]+)?)(?::([^:@]+))?(?:@([^:@]+))?", text)
        if not found:
            raise InputError(f"{given}: is not the name of a data set; give {FORM}")
        return _with_files(HubDataset(given, found[1], found[2] or "", found[3] or ""))
    text = os.path.expanduser(text)
    path, config = (text, "") if os.path.isdir(text) or ":" not in text else text.rsplit(":", 1)
    if not os.path.isdir(path):
        raise InputError(f"{given}: no such folder; give {FORM}")
    root = Path(os.path.abspath(path))
    names = (file.relative_to(root) for file in sorted(root.rglob("*")) if file.is_file())
    files = {name.as_posix(): (root / name).stat().st_size for name in names
             if not any(part.startswith(".") for part in name.parts)}
    return HubDataset(given, str(root), config, is_folder=True, files=files)


def _with_files(dataset: HubDataset) -> HubDataset:
    """The data set with the files of its export, if there is one and no revision is asked for."""
    saved = cache_folder() / "hub" / digest([dataset.path, dataset.revision])
    with _converted_errors(dataset):
        from huggingface_hub import errors
        found: dict[str, Any] = {"files": {}}
        try:
            with contextlib.suppress(errors.RevisionNotFoundError):
                found = _ask(dataset, dataset.revision or EXPORT)
            if not found["files"]:
                found = _ask(dataset, dataset.revision or "main")
        except Exception as error:
            if not _is_unreachable(error) or not saved.is_file():
                raise
            note(f"{dataset.given}: the hub does not answer; reading the cache")
            return replace(dataset, **json.loads(saved.read_text(encoding="utf-8")))
    with contextlib.suppress(OSError):  # only needed without a network
        saved.parent.mkdir(parents=True, exist_ok=True)
        with write_aside(saved) as out:
            out.write(json.dumps(found).encode())
    return replace(dataset, **found)


def _ask(dataset: HubDataset, revision: str) -> dict[str, Any]:
    from huggingface_hub import HfApi
    info = HfApi().dataset_info(dataset.path, revision=revision, files_metadata=True)
    files = {file.rfilename: file.size or 0 for file in info.siblings or []}
    if revision == EXPORT:
        files = {name: size for name, size in files.items() if name.endswith(".parquet") and name.count("/") == 2}
    return {"commit": info.sha or "", "files": files, "is_export": revision == EXPORT}


@contextlib.contextmanager
def _converted_errors(dataset: HubDataset) -> Iterator[None]:
    """Raise any error of the package huggingface_hub as one line; silence its log and its bars within."""
    try:
        from huggingface_hub import utils
    except ImportError:
        raise InputError(f"{dataset.given}: needs the package huggingface_hub; pip install huggingface_hub") from None
    logger = logging.getLogger("huggingface_hub")
    with contextlib.ExitStack() as stack:
        stack.callback(logger.setLevel, logger.level)
        logger.setLevel(logging.CRITICAL)
        if not utils.are_progress_bars_disabled():
            stack.callback(utils.enable_progress_bars)
            utils.disable_progress_bars()
        try:
            yield
        except Exception as error:
            raise _one_line(dataset, error) from None


def _one_line(dataset: HubDataset, error: Exception) -> InputError:
    from huggingface_hub import constants, errors
    kind: type[InputError] = CorpusUnavailable
    why = single_line(error, 120)
    if isinstance(error, errors.GatedRepoError):
        text = f"is gated; ask for access on {dataset.page}, then log in with: hf auth login"
    elif isinstance(error, errors.RevisionNotFoundError):
        text = f"has no revision {dataset.revision}; {dataset.page}/tree/main lists branches and tags"
    elif isinstance(error, errors.RepositoryNotFoundError):
        text = "no such data set on the hub, or a private one; check the name, or log in with: hf auth login"
    elif getattr(error, "errno", None) in DISK:
        kind, text = InputError, f"cannot be written ({reason(error)}); set HF_HOME to another folder"
    elif isinstance(error, errors.OfflineModeIsEnabled) or constants.HF_HUB_OFFLINE:
        text = "is not in the cache, and HF_HUB_OFFLINE is set; unset it to download"
    elif _is_unreachable(error):
        text = (f"the hub does not answer ({why}), and the data set is not in the cache; check the network and "
                "HF_ENDPOINT")
    else:
        kind, text = InputError, f"cannot be read ({type(error).__name__}: {why}); see {dataset.page}"
    return kind(f"{dataset.given}: {text}")


def _is_unreachable(error: Exception) -> bool:
    """Is it an error of the network? Their classes come from whichever HTTP library huggingface_hub uses."""
    status = getattr(getattr(error, "response", None), "status_code", 0)
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return status >= 500 or bool(kinds & {"ConnectionError", "TimeoutError", "TransportError", "RequestException",
                                         "LocalEntryNotFoundError", "FileMetadataError"})
