"""Work on many examples, with its results in order: done by several processes where that pays."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from core import events
from core.data import Example, InputError

Result = TypeVar("Result")
Work = Callable[[Sequence[Example]], Result]
CHUNK = 4000  # examples per task of a process
MANY = 20_000  # up to this many examples, one process finishes before others have started
PROCESSES = 8  # at most


def map_chunks(work: Work[Result], examples: Sequence[Example], description: str) -> Iterator[Result]:
    """work(chunk) of one chunk of the examples after another.

    work and examples must be picklable where the system cannot fork; work must not call torch, whose threads do not
    survive a fork. description: for the progress bar.
    """
    with events.progress(description, len(examples)) as advance:
        for start, result in zip(range(0, len(examples), CHUNK), _results(work, examples)):
            advance(min(CHUNK, len(examples) - start))
            yield result


def _results(work: Work[Result], examples: Sequence[Example]) -> Iterator[Result]:
    starts = deque(range(0, len(examples), CHUNK))
    workers = min(os.cpu_count() or 1, PROCESSES)
    alone = len(examples) <= MANY or workers == 1
    while starts and (alone or not starts[0]):  # the first chunk is done here: forked processes then have what it loads
        yield work(_chunk(examples, starts.popleft()))
        alone = alone or "tokenizers" in sys.modules  # it has threads of its own, which do not survive a fork
    if not starts:
        return
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn"),
                               _begin, (work, examples))
    ahead: deque = deque()
    try:
        with _interrupts_blocked():
            ahead.append(pool.submit(_work, starts.popleft()))  # this starts all processes where they are forked
        while ahead:
            while starts and len(ahead) < 2 * workers:  # no more results than this wait in memory
                ahead.append(pool.submit(_work, starts.popleft()))
            yield ahead.popleft().result()
    except BrokenProcessPool:
        raise InputError("a process that read the corpus was killed, probably out of memory; free some memory, or use "
                         "part of the corpus with `limit`") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _chunk(examples: Sequence[Example], start: int) -> list[Example]:
    return list(examples[start:start + CHUNK])


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Processes forked in this block never receive Ctrl-C, which their parent handles."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if hasattr(signal, "pthread_sigmask") else None
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


# in a worker process

_job: Any = None


def _begin(work: Work[Any], examples: Sequence[Example]) -> None:
    global _job
    _job = work, examples
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _work(start: int) -> Any:
    work, examples = _job
    return work(_chunk(examples, start))
