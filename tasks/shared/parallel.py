"""Work to do on many examples in, its results in their order out: by several processes where that is worth it."""

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

from tqdm import tqdm

from core.data import Example, InputError

Result = TypeVar("Result")
Work = Callable[[Sequence[Example]], Result]
CHUNK = 4000  # examples handed out at once
MANY = 20_000  # below this one process is done before others have begun
MOST = 8  # processes


def each(work: Work[Result], examples: Sequence[Example], doing: str) -> Iterator[Result]:
    """work(chunk) of one chunk of the examples after the other.

    work and examples must be picklable where the system cannot fork; work must not call torch, whose threads do not
    outlive a fork. doing: what the progress bar says, where there is time for one.
    """
    with tqdm(total=len(examples), desc=doing, unit=" examples", delay=2, leave=False, dynamic_ncols=True) as bar:
        for start, result in zip(range(0, len(examples), CHUNK), _results(work, examples)):
            bar.update(min(CHUNK, len(examples) - start))
            yield result


def _results(work: Work[Result], examples: Sequence[Example]) -> Iterator[Result]:
    starts = deque(range(0, len(examples), CHUNK))
    workers = min(os.cpu_count() or 1, MOST)
    alone = len(examples) <= MANY or workers == 1
    while starts and (alone or not starts[0]):  # the first chunk here: processes forked then have what it loads
        yield work(_chunk(examples, starts.popleft()))
    if not starts:
        return
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn"),
                               _begin, (work, examples))
    ahead: deque = deque()
    try:
        with _undisturbed():
            ahead.append(pool.submit(_work, starts.popleft()))  # starts all processes, where they are forked
        while ahead:
            while starts and len(ahead) < 2 * workers:  # no more than this waits in memory
                ahead.append(pool.submit(_work, starts.popleft()))
            yield ahead.popleft().result()
    except BrokenProcessPool:
        raise InputError("a process that read the corpus was ended from outside, most likely for want of memory; "
                         "free some memory, or use part of the corpus: --limit") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _chunk(examples: Sequence[Example], start: int) -> list[Example]:
    return list(examples[start:start + CHUNK])


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Processes forked here never see Ctrl-C, which is their parent's to handle."""
    name, before = "TOKENIZERS_PARALLELISM", os.environ.get("TOKENIZERS_PARALLELISM")
    os.environ[name] = "false"  # or the library warns of the fork
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if hasattr(signal, "pthread_sigmask") else None
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


# in a worker process

_task: Any = None


def _begin(work: Work[Any], examples: Sequence[Example]) -> None:
    global _task
    _task = work, examples
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def _work(start: int) -> Any:
    work, examples = _task
    return work(_chunk(examples, start))
