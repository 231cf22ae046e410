"""The machine: devices, the precision of matrix products, memory."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator

import torch

from core.data import InputError
from core.settings import DEVICE


def device(asked: str = "auto") -> torch.device:
    """The device to compute on: "cpu", "cuda", "cuda:N", or "auto", the GPU if there is one.

    Of several GPUs, "auto" and "cuda" take the one of this process, by its LOCAL_RANK. Raises InputError for any other
    name, for a GPU that is not there, and for one that several processes of torchrun would share.
    """
    if not DEVICE.fullmatch(asked):
        raise InputError(f"`device` {asked} is unknown; use auto, cpu, cuda or cuda:N")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if asked == "cpu" or (asked == "auto" and not count):
        return torch.device("cpu")
    if not count:
        raise InputError(f"`device` {asked} is unavailable: torch finds no GPU; use `device` cpu")
    processes, local = (int(os.environ.get(name, default)) for name, default in
                        (("LOCAL_WORLD_SIZE", "1"), ("LOCAL_RANK", "0")))
    number = local if asked in ("auto", "cuda") else int(asked.removeprefix("cuda:"))
    if processes > (count if asked in ("auto", "cuda") else 1):
        shared = "one GPU" if ":" in asked else f"{count} GPU{'s' * (count > 1)}"
        raise InputError(f"`device` {asked}: {processes} processes would share {shared}; start one process per GPU, or "
                         "use `device` cpu")
    if number >= count:
        names = ", ".join(f"cuda:{i}" for i in range(count))
        raise InputError(f"`device` {asked} does not exist; there are {names}")
    return torch.device("cuda", number)


@contextlib.contextmanager
def memory_errors(remedy: str) -> Iterator[None]:
    """Turns a lack of memory within this block into an InputError of one line. remedy: "use a smaller …"."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:  # torch's own error for a GPU is a RuntimeError
        if isinstance(error, torch.OutOfMemoryError):
            raise InputError(f"out of memory on the GPU; {remedy}") from None
        if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
            raise InputError(f"out of memory; {remedy}") from None
        raise


def round_up_to_64(n: int) -> int:
    """The next multiple of 64. In bf16 on a CPU, torch compiles code for each size of a product and keeps it, a third
    of a megabyte each time: fewer sizes save memory."""
    return -(-n // 64) * 64


def keep_freed_memory() -> None:
    """Let the C allocator of this process keep freed memory instead of returning it to the system: otherwise each
    update requests its largest tensors again, page by page, which took half of the training time on a CPU. A hint,
    for glibc only."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2 ** 31 - 1)
