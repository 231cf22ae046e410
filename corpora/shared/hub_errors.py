"""An error of the package datasets in, one line that says what it is and what to do out."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.data import InputError
from corpora.shared.corpus import CorpusUnavailable

PAGE = "https://huggingface.co/datasets/"
FULL = ("No space left", "Not enough disk space", "quota exceeded")  # the library keeps the words, not the number
DAMAGED = {"DatasetGenerationError", "ArrowException", "SplitsVerificationError", "ChecksumVerificationError",
           "JSONDecodeError", "YAMLError"}
NO_ANSWER = {"ConnectionError", "HTTPError", "TimeoutException", "TransportError", "LocalEntryNotFoundError"}


@dataclass(frozen=True)
class Place:
    """Where a data set is. given: as it was typed; path: its name on the hub, or the folder"""

    given: str
    path: str
    config: str | None
    revision: str | None
    is_folder: bool

    @property
    def page(self) -> str:
        return self.path if self.is_folder else PAGE + self.path


@contextlib.contextmanager
def told(place: Place) -> Iterator[None]:
    """Whatever the library raises, in one line. Its errors come from several packages that it may not even import, so
    they are known by their classes' names and by their words."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise _of(place, error) from None


def _of(place: Place, error: BaseException | None) -> InputError:
    chain: list[BaseException] = []
    while error and error not in chain:
        chain.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    kinds = {kind.__name__ for e in chain for kind in type(e).__mro__}
    said = [text for e in chain if (text := " ".join(str(e).split()))]
    why = said[-1][:120] if said else type(chain[0]).__name__  # the innermost knows best
    text, name = " / ".join(said), place.given
    if any(words in text for words in FULL):
        return InputError(f"{name}: the disk is full; free some space, or set HF_HOME to a folder on another disk")
    if "Permission denied" in text or "Read-only file system" in text:
        return InputError(f"{name}: {why}; HF_HOME must name a folder that can be written")
    if "is a gated dataset" in text or "GatedRepoError" in kinds:
        return CorpusUnavailable(f"{name}: is gated; ask for access on {place.page}, then log in with: hf auth login")
    if "RevisionNotFoundError" in kinds or ("Revision" in text and "doesn't exist" in text):
        return CorpusUnavailable(f"{name}: has no revision {place.revision}; {place.page}/tree/main shows its branches "
                                 "and tags")
    if "RepositoryNotFoundError" in kinds or "cannot be accessed" in text:
        return CorpusUnavailable(f"{name}: no such data set on the hub, or a private one; check the name, or log in "
                                 "with: hf auth login")
    if "scripts are no longer supported" in text:
        copy = "" if place.is_folder else f"; its copy as files, if any, is hf:{place.path}@refs/convert/parquet"
        return CorpusUnavailable(f"{name}: is made by a program of its own, which is never run{copy}")
    if known := re.search(r"vailable\b[^\[]*\[([^\]]+)\]", text):
        has = f"has no configuration {place.config}" if place.config else "has several configurations"
        return InputError(f"{name}: {has}; choose with hf:{place.path}:CONFIGURATION from: "
                          f"{known[1].replace(chr(39), '')[:300]}")
    if kinds & {"EmptyDatasetError", "DataFilesNotFoundError"} or "any data file" in text:
        return CorpusUnavailable(f"{name}: holds no files that the package datasets reads; see {place.page}")
    if kinds & DAMAGED:
        return InputError(f"{name}: a file of it is damaged, or unlike the others ({why}); see {place.page}")
    if "OfflineModeIsEnabled" in text or "OfflineModeIsEnabled" in kinds:
        return CorpusUnavailable(f"{name}: is not in the cache, and HF_HUB_OFFLINE forbids to fetch it; unset that")
    if kinds & NO_ANSWER:
        detail = "" if "Couldn't reach" in why else f" ({why})"
        return CorpusUnavailable(f"{name}: the hub does not answer, and the cache does not have it; check the network "
                                 f"and HF_ENDPOINT{detail}")
    return InputError(f"{name}: cannot be read ({type(chain[0]).__name__}: {why}); see {place.page}")
