"""Notes and progress bars on standard error."""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from core.history import Epoch
from core.metrics import perplexity
from corpora.shared.messages import printable
from n2m.cli.flags import as_flags
from n2m.cli.language import say, translated


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Nothing is printed in this block."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        yield


def share_cores() -> None:
    """If other processes are running, let the threads of this one sleep, not spin, while they wait for one another: on
    two cores beside a busy process, that trains nearly twice as fast. OpenMP reads this when torch is loaded."""
    decided = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_NUM_THREADS", "RANK"} & {*os.environ}  # by user or torchrun
    if not decided and running_elsewhere() >= 1:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
        note(say("other processes are running: threads sleep while they wait (OMP_WAIT_POLICY=PASSIVE)"))


def running_elsewhere() -> float:
    """How many threads of other processes are runnable, the median of a few looks; 0 if unknown."""
    try:
        looks = []
        for _ in range(7):
            with open("/proc/loadavg", encoding="ascii") as file:
                looks.append(int(file.read().split()[3].split("/")[0]) - 1)  # the reader itself is one
            time.sleep(0.01)
        return statistics.median(looks)
    except (OSError, ValueError, IndexError):
        return 0


def note(text: str) -> None:
    """A line on standard error, above any bar."""
    tqdm.write(as_flags(translated(text)), file=sys.stderr)


def note_report(folder: Path) -> None:
    shown = printable(str(folder / "index.html"))
    note(say("report written to {folder}; open {page} in a browser", folder=printable(str(folder)), page=shown))


def bar(description: str, total: int | None, unit: str) -> tqdm:
    """A bar that appears once the work takes longer than two seconds."""
    return tqdm(total=total, desc=translated(description), unit=unit, unit_scale=unit == "B", delay=2, leave=False,
                dynamic_ncols=True)


class TrainingBar:
    """One bar over all updates of a training, and one line per epoch."""

    def __init__(self, name: str = "training",
                 hint: str = "Ctrl-C stops the training and keeps the best weights so far",
                 with_perplexity: bool = True) -> None:
        self._name, self._hint, self._with_perplexity = name, hint, with_perplexity
        self._bar: tqdm | None = None

    def __enter__(self) -> TrainingBar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def on_update(self, update: int, updates: int, loss: float, learning_rate: float, tokens: int) -> None:
        if self._bar is None:
            if self._hint:
                note(say(self._hint))
            self._bar = tqdm(total=updates, initial=update - 1, unit="update", desc=say(self._name),
                             dynamic_ncols=True, leave=False)
            self._loss, self._tokens, self._begun = loss, 0, self._bar.start_t
        self._tokens += tokens
        speed = self._tokens / max(time.time() - self._begun, 0.1)
        self._loss += 0.02 * (loss - self._loss)  # smoothed, or the digits would change too fast to read
        self._bar.set_postfix_str(say("loss {loss:.3f}, learning rate {rate:.1e}, {speed:,.0f} tokens/s",
                                      loss=self._loss, rate=learning_rate, speed=speed), refresh=False)
        self._bar.update()

    def on_epoch(self, epoch: Epoch) -> None:
        more = say(" (perplexity {value:.1f})", value=perplexity(epoch.dev_loss)) if self._with_perplexity else ""
        more += say(" best") if epoch.best else ""
        note(say("epoch {epoch}: train loss {train:.3f}, dev loss {dev:.3f}{more}, {speed:,.0f} target tokens/s, "
                 "{seconds:.0f} s", epoch=epoch.epoch, train=epoch.train_loss, dev=epoch.dev_loss, more=more,
                 speed=epoch.tokens_per_second, seconds=epoch.seconds))
