"""Many processes, one training: who this process is among them, and what they tell one another.

torchrun starts the processes and names them in the environment; without it a process is alone, and everything here
costs nothing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

from core.data import InputError
from core.machine import device

# One process may work long while the others wait; one that is lost is noticed at once.
PATIENCE = timedelta(hours=4)
LOST = ("connection", "gloo", "nccl", "broken pipe", "timed out", "timeout", "peer")


@dataclass(frozen=True)
class Group:
    """rank: this process's number, from 0; size: how many there are."""

    rank: int = 0
    size: int = 1

    def sum(self, *values: float) -> list[float]:
        """The sums over all processes, the same on each of them."""
        if self.size == 1:
            return list(values)
        total = torch.tensor(values, dtype=torch.float64, device=device())
        dist.all_reduce(total)
        return total.tolist()

    def gather(self, item: Any) -> list[Any]:
        """Every process's item, in order of rank, on each of them."""
        items = [item] * self.size
        if self.size > 1:
            dist.all_gather_object(items, item)
        return items

    def from_first(self, data: bytes | None) -> bytes | None:
        """The bytes that rank 0 has, on every process."""
        if self.size == 1:
            return data
        box = [data]
        dist.broadcast_object_list(box, src=0)
        return box[0]


ALONE = Group()


def join() -> Group:
    """The group that torchrun made, or a group of one. Over NCCL between GPUs, over gloo between processors."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1 or "RANK" not in os.environ:
        return ALONE
    if not dist.is_initialized():
        where = device()
        if where.type == "cuda":
            torch.cuda.set_device(where)
        dist.init_process_group("nccl" if where.type == "cuda" else "gloo", timeout=PATIENCE)
    return Group(dist.get_rank(), dist.get_world_size())


def leave() -> None:
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


@contextlib.contextmanager
def watched(group: Group) -> Iterator[None]:
    """Turns the loss of another process into one clear line."""
    try:
        yield
    except RuntimeError as error:
        if group.size > 1 and any(word in str(error).lower() for word in LOST):
            said = str(error).splitlines()[0][:120]
            raise InputError(f"process {group.rank} of {group.size} lost another one ({said}); "
                             "the same command goes on from the last checkpoint") from None
        raise
