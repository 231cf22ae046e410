"""Training as it goes, as a tqdm bar on stderr: loss, tokens a second, time left."""

from __future__ import annotations

import sys
import time

from tqdm import tqdm

from core.data import InputError
from core.history import Epoch
from core.metrics import perplexity


class Progress:
    """The callbacks of core.training.train, drawn as one bar over all updates and one line an epoch.

    log_dir: where TensorBoard logs go as well; empty: nowhere. Raises InputError where tensorboard is not installed.
    """

    def __init__(self, log_dir: str = "") -> None:
        self._bar: tqdm | None = None
        self._writer, self._update = None, 0
        if log_dir:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                raise InputError(f"--log-dir {log_dir}: needs the package tensorboard; pip install tensorboard, "
                                 "or leave the flag out") from None
            self._writer = SummaryWriter(log_dir)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
        if self._writer is not None:
            self._writer.close()

    def _log(self, **values: float) -> None:
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name.replace("_", "/", 1), value, self._update)

    def on_update(self, update: int, updates: int, loss: float, rate: float, tokens: int) -> None:
        if self._bar is None:
            self._bar = tqdm(total=updates, initial=update - 1, unit="update", desc="training",
                             dynamic_ncols=True, leave=False)
            self._loss, self._tokens, self._begun = loss, 0, self._bar.start_t
        self._tokens += tokens
        speed = self._tokens / max(time.time() - self._begun, 0.1)
        self._loss += 0.02 * (loss - self._loss)  # smoothed, or the numbers could not be read
        self._bar.set_postfix_str(f"loss {self._loss:.3f}, rate {rate:.1e}, {speed:,.0f} tokens/s", refresh=False)
        self._bar.update()
        self._update = update
        self._log(train_loss=loss, train_rate=rate, train_tokens_per_second=speed)

    def on_epoch(self, epoch: Epoch) -> None:
        self._log(dev_loss=epoch.dev_loss, dev_perplexity=perplexity(epoch.dev_loss))
        tqdm.write(f"epoch {epoch.epoch}: train loss {epoch.train_loss:.3f}, dev loss {epoch.dev_loss:.3f} "
                   f"(perplexity {perplexity(epoch.dev_loss):.1f}){' best' if epoch.best else ''}, "
                   f"{epoch.tokens_per_second:,.0f} target tokens/s, {epoch.seconds:.0f} s", file=sys.stderr)
