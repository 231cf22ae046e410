"""The precision of matrix products: fp32, or bf16 where the processor computes it faster."""

from __future__ import annotations

import contextlib
import json
import platform
import re
import statistics
import time
from functools import cache
from pathlib import Path

import torch

from core import events
from core.files import write_aside

FASTER = 1.5  # bf16 must be so many times as fast as fp32: not all of an update is matrix products
DECISIONS = "precision.json"


def choose_precision(asked: str, where: torch.device, cache_dir: Path | None = None) -> str:
    """fp32 or bf16. "auto" is bf16 if the processor has instructions for it and they are fast enough.

    cache_dir: where the decision is kept, so that a busy moment does not change the result of a later run; None keeps
    nothing.
    """
    if asked != "auto":
        return asked
    if where.type == "cuda":
        chosen = "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
        events.note(f"precision: {chosen}, by what this GPU supports")
        return chosen
    if not has_bf16_instructions():
        events.note("precision: fp32; this processor has no bf16 instructions")
        return "fp32"
    file = cache_dir / DECISIONS if cache_dir else None
    machine = f"{_processor()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    decisions = _read(file)
    if machine not in decisions:
        speedup = bf16_speedup()
        decisions[machine] = {"precision": "bf16" if speedup >= FASTER else "fp32", "speedup": round(speedup, 2)}
        if file:
            with contextlib.suppress(OSError):  # a cache that cannot be written
                file.parent.mkdir(parents=True, exist_ok=True)
                with write_aside(file) as aside:
                    aside.write(json.dumps(decisions, indent=1).encode())
    decision = decisions[machine]
    events.note(f"precision: {decision['precision']}; bf16 is {decision['speedup']:.1f} times as fast as fp32 on this "
                "processor" + (f" (kept in {file})" if file else ""))
    return decision["precision"]


def has_bf16_instructions() -> bool:
    """Whether the CPU multiplies bf16 numbers itself (AVX-512 BF16, AMX, or BF16 of ARM)."""
    supported = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    if any(ask() for ask in supported if ask):
        return True
    return not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(_cpuinfo().split())


def bf16_speedup(pairs: int = 15) -> float:
    """How many times as fast as in fp32 a product is in bf16: the median of pairs measured one after the other, which
    other work on the machine slows down alike."""
    return statistics.median(seconds_of_product(torch.float32, times=2)
                             / max(seconds_of_product(torch.bfloat16, times=2), 1e-9) for _ in range(pairs))


def seconds_of_product(dtype: torch.dtype, size: int = 512, times: int = 8) -> float:
    """The shortest time of a product of two size × size matrices on the CPU; it takes 2·size³ operations."""
    a, b = torch.ones(size, size, dtype=dtype), torch.ones(size, size, dtype=dtype)
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        torch.mm(a, b)
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


@cache
def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", _cpuinfo(), re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def _read(file: Path | None) -> dict[str, dict]:
    """The decisions kept before, as far as they can be read."""
    try:
        found = json.loads(file.read_text(encoding="utf-8")) if file else {}
        return {machine: {"precision": str(kept["precision"]), "speedup": float(kept["speedup"])}
                for machine, kept in found.items() if kept["precision"] in ("fp32", "bf16")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
