"""Training: a model and batches in, the best weights by dev loss in the model, and the history out."""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator

import torch
from torch import nn

from core.batches import EncodedSplit
from core.distributed import ALONE, Group, watched
from core.history import Epoch, History
from core.machine import keep_freed_memory
from core.optimization import load_parameters
from core.resume import Checkpoints, tensors_of
from core.settings import Settings
from core.training_run import Run

INTERRUPTED, TERMINATED, TIME_IS_UP = UNFINISHED = ("interrupted", "terminated", "the time limit is reached")


def train(model: nn.Module, data: EncodedSplit, dev: EncodedSplit, settings: Settings,
          on_update: Callable[[int, int, float, float, int], None] = lambda *_: None,
          on_epoch: Callable[[Epoch], None] = lambda _: None,
          on_best: Callable[[Epoch], None] = lambda _: None,
          checkpoints: Checkpoints | None = None, minutes: float = 0.0,
          group: Group = ALONE) -> History:
    """Train until the epochs are over, the dev loss stops improving, `minutes` have passed or the user presses Ctrl-C.

    on_update(update, updates, loss, learning rate, target tokens) is called after every update, on_epoch after every
    epoch, on_best whenever the dev loss is the best so far. The model is left with its best weights. With
    checkpoints, a training that was stopped or killed goes on where the last one stands.
    """
    keep_freed_memory()
    deadline = time.perf_counter() + (minutes * 60 if minutes else math.inf)
    run = Run(model, data, dev, settings, group)
    _resume(run, checkpoints)
    run.spread()
    model.train()
    stop = run.done()
    try:
        with _signals() as received, watched(group):
            while not stop:
                stop = _one_epoch(run, deadline, received, checkpoints, on_update)
                if not stop:
                    on_epoch(run.end_epoch(on_best))
                    stop = run.done()
            if stop in UNFINISHED:
                _save(run, checkpoints)
                if stop == TIME_IS_UP and run.batch:  # what the begun epoch has brought counts too
                    on_epoch(run.end_epoch(on_best))
            else:
                run.finish(on_best)
    except KeyboardInterrupt:
        stop = INTERRUPTED
    run.history.stopped = run.history.stopped or stop
    if run.best:
        load_parameters(run.best, model)
    model.eval()
    run.history.seconds = time.perf_counter() - run.begun
    return run.history


def _one_epoch(run: Run, deadline: float, received: list[int], checkpoints: Checkpoints | None,
               on_update: Callable[[int, int, float, float, int], None]) -> str:
    """What is left of the epoch. Returns why to stop in the middle of it, or an empty text."""
    plan, together = run.data.plan_batches(run.settings, run.epoch), run.settings.accumulate
    for start in range(run.batch, len(plan), together):
        begun = time.perf_counter()
        loss, count = run.update(plan[start:start + together])
        run.busy += time.perf_counter() - begun
        on_update(run.history.updates, run.updates, loss / max(count, 1), run.learning_rate, count)
        # All processes of a group stop at the same update, whichever of them was told to.
        ended, killed, late = run.group.sum(signal.SIGINT in received, signal.SIGTERM in received,
                                            time.perf_counter() > deadline)
        if ended or killed or late:
            return TERMINATED if killed else INTERRUPTED if ended else TIME_IS_UP
        if checkpoints and checkpoints.due():
            _save(run, checkpoints)
    return ""


def _save(run: Run, checkpoints: Checkpoints | None) -> None:
    if checkpoints and run.group.rank == 0:
        checkpoints.save(run.history.updates, run.tensors(), run.facts())


def _resume(run: Run, checkpoints: Checkpoints | None) -> None:
    """Go on from the last checkpoint, if there is one: the first process's, on all of them."""
    saved = run.group.run_on_rank0(lambda: checkpoints.load() if checkpoints else None)
    if saved is None:
        return
    tensors, facts = saved
    run.restore(tensors_of(tensors), facts)
    if checkpoints:
        checkpoints.on_note(f"going on from update {run.history.updates:,} (epoch {run.epoch})")
        for what, then, now in (("threads", facts["threads"], torch.get_num_threads()),
                                ("processes", facts["processes"], run.group.world_size)):
            if then != now:
                checkpoints.on_note(f"it began with {then} {what}, now there are {now}: "
                                    "the last digits of its numbers may differ")


@contextlib.contextmanager
def _signals() -> Iterator[list[int]]:
    """The signals to stop that have come so far. The first is noted and waits for the end of the update, so that the
    state on disk is a whole one; the second ends at once."""
    received: list[int] = []

    def note(number: int, frame: object) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)

    wanted = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) != signal.SIG_IGN]
    if threading.current_thread() is not threading.main_thread():
        wanted = []  # only the main thread may ask for signals
    before = {n: signal.signal(n, note) for n in wanted}
    try:
        yield received
    finally:
        for n, handler in before.items():
            signal.signal(n, handler)
