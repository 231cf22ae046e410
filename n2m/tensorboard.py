"""TensorBoard logs of a training."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from core.data import InputError


@contextlib.contextmanager
def tensorboard(log_dir: str) -> Iterator[Callable[[dict[str, float], int], None]]:
    """Writes numbers for TensorBoard. Raises InputError where the package is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise InputError(f"`log_dir` {log_dir} needs the package tensorboard; pip install tensorboard, or remove it"
                         ) from None
    writer = SummaryWriter(log_dir)

    def log(values: dict[str, float], step: int) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, step)

    try:
        yield log
    finally:
        writer.close()
