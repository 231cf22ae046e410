"""What the machine can do: where tensors live, in which precision products run fastest, how memory is kept."""

from __future__ import annotations

import contextlib
import ctypes
import os
import time

import torch


def device() -> torch.device:
    """The GPU where there is one; of several, the one that belongs to this process."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())


def choose_precision(asked: str, where: torch.device) -> str:
    """fp32 or bf16. "auto" multiplies a matrix in both and takes bf16 where that is at least 1.5 times as fast: some
    processors have instructions for it, on others it is slower."""
    if asked != "auto":
        return asked
    if where.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if seconds_of_product(torch.float32) > 1.5 * seconds_of_product(torch.bfloat16) else "fp32"


def seconds_of_product(dtype: torch.dtype, size: int = 512, times: int = 8) -> float:
    """The shortest time of a product of two size × size matrices on the CPU; it takes 2·size³ operations."""
    a, b = torch.ones(size, size, dtype=dtype), torch.ones(size, size, dtype=dtype)
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        torch.mm(a, b)
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def round_up_to_64(n: int) -> int:
    """The next multiple of 64. Products of few different sizes: in bf16 on a CPU, torch compiles code for each size it
    meets and keeps it, a third of a megabyte every time."""
    return -(-n // 64) * 64


def keep_freed_memory() -> None:
    """Let the C allocator keep what is freed instead of returning it to the system: otherwise every update asks for
    its largest tensors anew, page by page, which took half of the training time on a CPU. A hint,
    glibc only."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2 ** 31 - 1)
