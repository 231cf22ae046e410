"""What a training did: an Epoch for each pass over the data, and the History of them all."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field


@dataclass
class Epoch:
    """One pass: losses in nats a target token (a label, for a classifier), speed in target tokens a second."""

    epoch: int
    train_loss: float
    dev_loss: float
    tokens_per_second: float
    seconds: float
    learning_rate: float
    best: bool = False


@dataclass
class History:
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
