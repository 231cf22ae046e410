"""Files that are complete or not there. Loads without torch."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def write_aside(path: Path) -> Iterator[BinaryIO]:
    """Write a new file next to `path`; it is renamed to `path` when complete, and deleted if that fails.

    Its name until then is one that no other file has. Raises OSError as `open` does.
    """
    aside = path.with_name(f".n2m-{secrets.token_hex(8)}")
    try:
        with open(aside, "xb") as out:
            yield out
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def copy(source: Path, path: Path) -> None:
    """Copy a file to `path`, which is complete or not there. Raises OSError."""
    with open(source, "rb") as file, write_aside(path) as out:
        shutil.copyfileobj(file, out)
