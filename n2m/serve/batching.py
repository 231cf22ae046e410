"""One queue for all requests: those that wait for the same work are done together, in one batch."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from core.data import InputError

MOST = 128  # items of a batch


class Busy(InputError):
    """The queue is full. seconds: after how many to try again."""

    def __init__(self, waiting: int, seconds: int) -> None:
        super().__init__(f"{waiting} requests are waiting, as many as this server takes; try again in {seconds} s")
        self.seconds = seconds


@dataclass(eq=False)
class _Job:
    key: str
    item: Any
    size: int
    work: Callable[[list], Sequence]
    future: Future = field(default_factory=Future)


class Queue:
    """Does work in a thread of its own, in the order in which it comes; what waits under one key is done together.

    limit: how many requests may wait. Cancelling the future of one that waits takes it out of the queue.
    """

    def __init__(self, limit: int = 64) -> None:
        self.limit = limit
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._seconds = 1.0  # of the last batch
        self._thread = threading.Thread(target=self._run, daemon=True, name="n2m-queue")
        self._thread.start()

    def submit(self, work: Callable[[list], Sequence], item: Any, key: str = "", size: int = 1) -> Future:
        """The result of work([item]), or of work([…, item, …]) with other items of this key, which is not empty: it
        returns a result for each item; one that is an InputError is raised. size: how much of a batch the item takes.
        Raises Busy if too many wait already."""
        with self._changed:
            self._jobs = deque(job for job in self._jobs if not job.future.cancelled())
            if len(self._jobs) >= self.limit or self._closed:
                raise Busy(len(self._jobs), max(1, math.ceil(self._seconds)))
            job = _Job(key, item, size, work)
            self._jobs.append(job)
            self._changed.notify()
        return job.future

    def __len__(self) -> int:
        """How many requests wait."""
        return sum(not job.future.cancelled() for job in self._jobs)

    def close(self, seconds: float = 0) -> bool:
        """Take no more work, and cancel what waits. Returns whether the work at hand is done within so many seconds."""
        with self._changed:
            self._closed = True
            for job in self._jobs:
                job.future.cancel()
            self._jobs.clear()
            self._changed.notify()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while batch := self._next():
            begun = time.monotonic()
            if batch := [job for job in batch if job.future.set_running_or_notify_cancel()]:
                _do(batch)
            self._seconds = time.monotonic() - begun

    def _next(self) -> list[_Job]:
        """The oldest job with the others of its key that fit into its batch; none once the queue is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closed)
            if not self._jobs:
                return []
            first = self._jobs.popleft()
            batch, left, size = [first], deque[_Job](), first.size
            for job in self._jobs:
                if job.key and job.key == first.key and size + job.size <= MOST:
                    batch.append(job)
                    size += job.size
                else:
                    left.append(job)
            self._jobs = left
            return batch


def _do(batch: list[_Job]) -> None:
    try:
        results = batch[0].work([job.item for job in batch])
    except Exception as error:  # whatever it is, it belongs to those who asked, and the queue goes on
        results = [error] * len(batch)
    for job, result in zip(batch, results):
        if isinstance(result, Exception):
            job.future.set_exception(result)
        else:
            job.future.set_result(result)
