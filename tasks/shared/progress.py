"""Training as it goes, as a tqdm bar on stderr: loss, tokens a second, time left."""

from __future__ import annotations

import sys
import time

from tqdm import tqdm

from core.history import Epoch
from core.metrics import perplexity


class Progress:
    """The callbacks of core.training.train, drawn as one bar over all updates and one line an epoch."""

    def __enter__(self) -> Progress:
        self._bar: tqdm | None = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def on_update(self, update: int, updates: int, loss: float, rate: float, tokens: int) -> None:
        if self._bar is None:
            self._bar = tqdm(total=updates, unit="update", desc="training", dynamic_ncols=True, leave=False)
            self._loss, self._tokens, self._begun = loss, 0, self._bar.start_t
        self._tokens += tokens
        speed = self._tokens / max(time.time() - self._begun, 0.1)
        self._loss += 0.02 * (loss - self._loss)  # smoothed, or the numbers could not be read
        self._bar.set_postfix_str(f"loss {self._loss:.3f}, rate {rate:.1e}, {speed:,.0f} tokens/s", refresh=False)
        self._bar.update()

    def on_epoch(self, epoch: Epoch) -> None:
        tqdm.write(f"epoch {epoch.epoch}: train loss {epoch.train_loss:.3f}, dev loss {epoch.dev_loss:.3f} "
                   f"(perplexity {perplexity(epoch.dev_loss):.1f}){' best' if epoch.best else ''}, "
                   f"{epoch.tokens_per_second:,.0f} target tokens/s, {epoch.seconds:.0f} s", file=sys.stderr)
