"""Training: from a model and its data to the weights with the best dev loss."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from core import events
from core.batches import EncodedSplit
from core.distributed import ALONE, Group, watched
from core.history import INTERRUPTED, TERMINATED, TIME_IS_UP, UNFINISHED, Epoch, History
from core.machine import memory_errors
from core.optimization import load_parameters
from core.precision import choose_precision
from core.resume import Checkpoints, tensors_of
from core.settings import Settings
from core.training_run import Run

REMEDY = "use a smaller `batch_size`, `batch_tokens` or `hidden_size`"


def train(model: nn.Module, data: EncodedSplit, dev: EncodedSplit, settings: Settings,
          on_update: Callable[[int, int, float, float, int], None] = lambda *_: None,
          on_epoch: Callable[[Epoch], None] = lambda _: None,
          on_best: Callable[[Epoch], None] = lambda _: None,
          checkpoints: Checkpoints | None = None, minutes: float = 0.0,
          group: Group = ALONE, should_stop: Callable[[], str] = lambda: "",
          cache_dir: Path | None = None) -> History:
    """Train until the epochs are done, the dev loss stops improving, `minutes` have passed or the caller stops it.

    model        has loss(batch, label_smoothing, sampling) → (sum, count); it ends in eval mode with its best weights
    on_update    (update, updates, mean loss, learning rate, target tokens), after each update. On a GPU the loss is
                 read, and so changes, every 20 updates
    on_epoch     after each epoch
    on_best      whenever the dev loss is the lowest so far
    checkpoints  from which an interrupted or killed training resumes
    minutes      time limit; 0: none
    should_stop  asked after each update: empty, or INTERRUPTED or TERMINATED to stop. A KeyboardInterrupt also ends the
                 training as INTERRUPTED, without a checkpoint of its own
    cache_dir    where the decision of `precision` auto is kept

    Returns the history; its `best` is None if the training stopped before the first dev loss, and then the weights are
    those of the last update. Raises InputError if the loss diverges or the memory is too small.
    """
    deadline = time.perf_counter() + (minutes * 60 if minutes else math.inf)
    run = Run(model, data, dev, settings, group)
    if not _resume(run, checkpoints):
        run.history.precision = group.run_on_rank0(lambda: choose_precision(settings.precision, run.where, cache_dir))
    run.spread()
    model.train()
    stop = run.done()
    try:
        with watched(group), memory_errors(REMEDY):
            while not stop:
                stop = _one_epoch(run, deadline, should_stop, checkpoints, on_update)
                if not stop:
                    on_epoch(run.end_epoch(on_best))
                    stop = run.done()
            if stop in UNFINISHED:
                _save(run, checkpoints)
                if stop == TIME_IS_UP and run.batch:  # the part of an epoch counts too
                    on_epoch(run.end_epoch(on_best))
            else:
                run.finish(on_best)
    except KeyboardInterrupt:
        stop = INTERRUPTED
    run.history.stopped = run.history.stopped or stop
    load_parameters(run.best or run.weights, model)  # in any case, so that others see that the weights have changed
    model.eval()
    run.history.seconds = time.perf_counter() - run.begun
    return run.history


def _one_epoch(run: Run, deadline: float, should_stop: Callable[[], str], checkpoints: Checkpoints | None,
               on_update: Callable[[int, int, float, float, int], None]) -> str:
    """The rest of the epoch. Returns why to stop before its end, or an empty text."""
    batches, accumulate = run.data.plan_batches(run.settings, run.epoch), run.settings.accumulate
    for start in range(run.batch, len(batches), accumulate):
        begun = time.perf_counter()
        count = run.update(batches[start:start + accumulate])
        run.busy += time.perf_counter() - begun
        on_update(run.history.updates, run.updates, run.loss, run.learning_rate, count)
        # All processes of a group stop at the same update, whichever received the signal.
        reason = should_stop()
        interrupted, terminated, late = run.group.sum(reason == INTERRUPTED, reason == TERMINATED,
                                                      time.perf_counter() > deadline)
        if interrupted or terminated or late:
            return TERMINATED if terminated else INTERRUPTED if interrupted else TIME_IS_UP
        if checkpoints and checkpoints.due():
            _save(run, checkpoints)
    return ""


def _save(run: Run, checkpoints: Checkpoints | None) -> None:
    if checkpoints:
        run.read_loss()
        if run.group.rank == 0:
            checkpoints.save(run.history.updates, run.tensors(), run.facts())


def _resume(run: Run, checkpoints: Checkpoints | None) -> bool:
    """Resume from the last checkpoint of the first process, on all processes. Returns whether there is one."""
    saved = run.group.run_on_rank0(lambda: checkpoints.load() if checkpoints else None)
    if saved is None:
        return False
    tensors, facts = saved
    run.restore(tensors_of(tensors), facts)
    events.note(f"resuming from update {run.history.updates:,} (epoch {run.epoch})")
    for what, then, now in (("threads", facts["threads"], torch.get_num_threads()),
                            ("processes", facts["processes"], run.group.world_size)):
        if then != now:
            events.note(f"the run started with {then} {what} and now has {now}: the last digits of its results may "
                        "differ")
    return True
