"""Training by several processes: their group and what they exchange.

torchrun starts the processes and describes them in the environment; without it a process is alone, and nothing here
costs anything.
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
# Others may wait long for a process that works; the loss of a process is noticed at once.
TIMEOUT = timedelta(hours=4)
LOST = ("connection", "gloo", "nccl", "broken pipe", "timed out", "timeout", "peer")


@dataclass(frozen=True)
class Group:
    """rank: number of this process, from 0; world_size: number of processes; local: its number on its own machine;
    device: what it computes on.

    All processes of a group make the same calls in the same order. Each call raises ProcessLost if another process has
    ended.
    """

    rank: int = 0
    world_size: int = 1
    local: int = 0
    device: str = "cpu"

    def bytes_per_update(self, parameters: int) -> float:
        """Bytes that each process sends, and receives, to sum the gradients: 2 · (n - 1) / n · 4 · parameters, for a
        ring of n (Patarasuk and Yuan 2009)."""
        return 2 * (self.world_size - 1) / self.world_size * 4 * parameters

    def sum(self, *values: float) -> list[float]:
        """The sums over all processes, the same on each of them."""
        if self.world_size == 1:
            return list(values)
        total = torch.tensor(values, dtype=torch.float64, device=self.device)
        with watched(self):
            dist.all_reduce(total)
        return total.tolist()

    def gather(self, item: Any) -> list[Any]:
        """The items of all processes, in order of rank, on each of them."""
        items = [item] * self.world_size
        if self.world_size > 1:
            with watched(self):
                dist.all_gather_object(items, item)
        return items

    def run_on_rank0(self, work: Callable[[], Result]) -> Result:
        """The result of this work on rank 0, or the InputError that it raises there, on all processes."""
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
        """The result of this work, done first by one process of each machine and then by its others, which find in a
        cache what the first has built. An InputError of one is raised on all."""
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


def join(asked: str = "auto") -> Group:
    """The group that torchrun started, or a group of one; it communicates by NCCL between GPUs, else by gloo.

    asked: the device, see core.machine.device. Raises InputError if several processes would share one GPU.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1 or "RANK" not in os.environ:
        return ALONE
    if not dist.is_initialized():
        where = device(asked)
        if where.type == "cuda":
            torch.cuda.set_device(where)
        dist.init_process_group("nccl" if where.type == "cuda" else "gloo", timeout=TIMEOUT)
        atexit.register(dist.destroy_process_group)
    return Group(dist.get_rank(), dist.get_world_size(), int(os.environ.get("LOCAL_RANK", "0")), str(device(asked)))


@contextlib.contextmanager
def watched(group: Group) -> Iterator[None]:
    """Turns the loss of another process within this block into a ProcessLost of one line."""
    try:
        yield
    except RuntimeError as error:
        if group.world_size > 1 and any(word in str(error).lower() for word in LOST):
            reason = str(error).splitlines()[0].split("] ")[-1][:120]  # gloo begins with a line of its own code
            raise ProcessLost(f"process {group.rank} of {group.world_size} lost another one ({reason}); "
                              "run the same command to resume from the last checkpoint") from None
        raise
