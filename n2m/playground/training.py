"""A training that the playground starts: one at a time, in a thread of its own, into a new folder of models/."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

from core.data import InputError
from core.events import listening
from core.history import Epoch
from n2m.training import train
from tasks import find as find_task

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
MOST_EPOCHS = 50
POINTS = 400  # of the curve
TRAIN, DEV = "train", "dev"


class Training:
    """The last training and how it goes.

    curve  (update, loss, "train" or "dev"), losses in nats per token
    log    what the training says, one line each
    """

    def __init__(self, models: Path = Path("models")) -> None:
        self._models = models
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.curve: list[tuple[int, float, str]] = []
        self.log: list[str] = []

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self, task: str, corpus: Path, name: str, epochs: int) -> None:
        """Train models/NAME on this file. Raises InputError if that is not possible."""
        find_task(task)
        folder = self._models / name
        if not NAME.fullmatch(name):
            raise InputError(f"the name {name[:50]!r} is not possible; use letters, digits, - and _, at most 40")
        if folder.exists():
            raise InputError(f"models/{name} exists already; choose another name")
        if not 1 <= epochs <= MOST_EPOCHS:
            raise InputError(f"`epochs` {epochs} must be from 1 to {MOST_EPOCHS}")
        with self._lock:
            if self.running:
                raise InputError("another training is running; stop it, or wait for its end")
            self._stop.clear()
            self.curve, self.log = [], []
            self._thread = threading.Thread(target=self._run, args=(task, corpus, folder, epochs), daemon=True)
            self._thread.start()

    def stop(self, seconds: float = 0) -> bool:
        """Stop after the current update. Returns whether that has happened within so many seconds."""
        self._stop.set()
        if self._thread:
            self._thread.join(seconds)
        return not self.running

    def _run(self, task: str, corpus: Path, folder: Path, epochs: int) -> None:
        smooth, last = 0.0, 0

        def on_update(update: int, updates: int, loss: float, learning_rate: float, tokens: int) -> None:
            nonlocal smooth, last
            time.sleep(0.002)  # where there is one core only, the server's threads would wait for seconds
            smooth = loss if not last else smooth + 0.05 * (loss - smooth)
            last = update
            if update % max(1, updates // POINTS) == 0:
                self.curve.append((update, smooth, TRAIN))

        def on_epoch(epoch: Epoch) -> None:
            self.curve.append((last, epoch.dev_loss, DEV))
            self.log.append(f"epoch {epoch.epoch}: train loss {epoch.train_loss:.3f}, dev loss {epoch.dev_loss:.3f}"
                            f"{' best' if epoch.best else ''}, {epoch.seconds:.0f} s")

        try:
            with listening(self._note(corpus)):
                model = train(task, corpus, folder, epochs=epochs, on_update=on_update, on_epoch=on_epoch,
                              should_stop=self._stop.is_set)
                if model.folder and not self._stop.is_set():
                    report = model.evaluate()
                    model.save_report(report)
                    self.log += report.lines()
        except InputError as error:
            self.log.append(str(error).replace(str(corpus), corpus.name))
        except Exception as error:  # a training that fails must not look like one that goes on
            self.log.append(f"the training failed: {type(error).__name__}: {error}")

    def _note(self, corpus: Path):  # type: ignore[no-untyped-def]
        return lambda text: self.log.append(text.replace(str(corpus), corpus.name))
