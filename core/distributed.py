"""Many processes, one training: who this process is among them, and what they tell one another.

torchrun starts the processes and names them in the environment; without it a process is alone, and everything here
costs nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from core.data import InputError, ProcessLost
from core.machine import device

Result = TypeVar("Result")
# One process may work long while the others wait; one that is lost is noticed at once.
PATIENCE = timedelta(hours=4)
LOST = ("connection", "gloo", "nccl", "broken pipe", "timed out", "timeout", "peer")


@dataclass(frozen=True)
class Group:
    """rank: this process's number, from 0; world_size: how many there are; local: its number on its own machine.

    Every process of a group makes the same calls in the same order. Each call raises ProcessLost where another process
    has ended.
    """

    rank: int = 0
    world_size: int = 1
    local: int = 0

    def bytes_per_update(self, parameters: int) -> float:
        """What each process sends, and receives, to sum the gradients: 2 · (n - 1) / n · 4 bytes · parameters, for a
        ring of n (Patarasuk and Yuan 2009)."""
        return 2 * (self.world_size - 1) / self.world_size * 4 * parameters

    def sum(self, *values: float) -> list[float]:
        """The sums over all processes, the same on each of them."""
        if self.world_size == 1:
            return list(values)
        total = torch.tensor(values, dtype=torch.float64, device=device())
        with watched(self):
            dist.all_reduce(total)
        return total.tolist()

    def gather(self, item: Any) -> list[Any]:
        """Every process's item, in order of rank, on each of them."""
        items = [item] * self.world_size
        if self.world_size > 1:
            with watched(self):
                dist.all_gather_object(items, item)
        return items

    def run_on_rank0(self, work: Callable[[], Result]) -> Result:
        """What this work gives on rank 0, or the InputError that it raises there, on every process."""
        if self.world_size == 1:
            return work()
        box: list[Any] = [None]
        if self.rank == 0:
            try:
                box = [(work(), None)]
            except InputError as error:
                box = [(None, error)]
        with watched(self):
            dist.broadcast_object_list(box, src=0)
        result, refused = box[0]
        if refused:
            raise refused
        return result

    def local_rank0_first(self, work: Callable[[], Result]) -> Result:
        """The work, done by one process of each machine and then by its others, who find in a cache what the one has
        made. An InputError of one is raised on all."""
        if self.world_size == 1:
            return work()
        result: Any = None
        for turn in (True, False):
            refused = None
            if turn == (self.local == 0):
                try:
                    result = work()
                except InputError as error:
                    refused = error
            if found := next(filter(None, self.gather(refused)), None):
                raise found
        return result


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
        atexit.register(dist.destroy_process_group)
    return Group(dist.get_rank(), dist.get_world_size(), int(os.environ.get("LOCAL_RANK", "0")))


@contextlib.contextmanager
def watched(group: Group) -> Iterator[None]:
    """Turns the loss of another process into one clear line."""
    try:
        yield
    except RuntimeError as error:
        if group.world_size > 1 and any(word in str(error).lower() for word in LOST):
            reason = str(error).splitlines()[0].split("] ")[-1][:120]  # gloo begins with a place in its own code
            raise ProcessLost(f"process {group.rank} of {group.world_size} lost another one ({reason}); "
                              "the same command goes on from the last checkpoint") from None
        raise
