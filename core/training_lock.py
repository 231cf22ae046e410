"""One training at a time in a model directory. Loads without torch."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from core.data import InputError
from core.os_errors import reason

_locks: dict[Path, FileLock] = {}  # one for each path: it counts how often a thread has taken it


@contextlib.contextmanager
def training_lock(directory: Path) -> Iterator[None]:
    """Within this block no other thread or process trains or saves in this directory. Blocks may be nested.

    Raises InputError if another one does already. A process that is killed releases its lock.
    """
    real = real_directory(directory)
    path = real.parent / f".{real.name}.lock"
    lock = _locks.setdefault(path, FileLock(path))
    first = not lock.is_locked
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0.2, poll_interval=0.02)
    except Timeout:
        raise InputError(f"{directory} is in use by another training; wait until it has ended, or choose another "
                         "`model_dir`") from None
    except OSError as error:
        raise cannot_be_written(directory, error) from None
    try:
        yield
    finally:
        if first:
            with contextlib.suppress(OSError):  # Windows deletes no open file
                os.unlink(path)
        lock.release()


def real_directory(directory: Path) -> Path:
    """The directory itself, whatever links lead to it."""
    return Path(os.path.realpath(directory))


def cannot_be_written(directory: Path, error: OSError) -> InputError:
    return InputError(f"{directory} cannot be written ({reason(error)}); choose another `model_dir`")
