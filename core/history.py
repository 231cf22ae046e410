"""The course of a training: its epochs and how it ended."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

# Why a training stopped before its end; it can be resumed.
INTERRUPTED, TERMINATED, TIME_IS_UP = UNFINISHED = ("interrupted", "terminated", "time limit reached")


@dataclass
class Epoch:
    """One pass over the training split. Losses are in nats per target token (or label), the speed in target tokens per
    second."""

    epoch: int
    train_loss: float
    dev_loss: float
    tokens_per_second: float
    seconds: float
    learning_rate: float
    best: bool = False


@dataclass
class History:
    """All epochs of a training. `best` is that with the lowest dev loss; None before the first dev loss."""

    epochs: list[Epoch] = field(default_factory=list)
    updates: int = 0
    precision: str = "fp32"
    seconds: float = 0.0
    stopped: str = ""

    @property
    def best(self) -> Epoch | None:
        return next((e for e in reversed(self.epochs) if e.best), None)

    def to_json(self) -> dict:
        return asdict(self)
