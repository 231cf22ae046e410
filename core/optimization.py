"""The optimizer, the learning rate schedule, and averages of the weights."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from core.embedding import Embedding
from core.settings import Settings


def make_optimizer(model: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    """Adam (Kingma and Ba 2015), or AdamW (Loshchilov and Hutter 2019) with decay on matrices only, except for
    embeddings with frozen rows."""
    if settings.optimizer == "adam":
        return torch.optim.Adam(model.parameters(), lr=settings.learning_rate, fused=True)
    frozen = {id(m.weight) for m in model.modules() if isinstance(m, Embedding) and m.frozen}
    groups = [{"params": [p for p in model.parameters() if (p.dim() > 1 and id(p) not in frozen) == decays],
               "weight_decay": settings.weight_decay * decays} for decays in (True, False)]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)


def lr_multiplier(update: int, updates: int, settings: Settings) -> float:
    """The learning rate as a fraction of its peak, at this update (from 0) of `updates`.

    Linear warmup over `warmup` updates (never more than a tenth of all), then

    constant       1
    plateau        1; the training loop halves it after every epoch without a better dev loss
    cosine         ½(1 + cos(π·progress)), from 1 to 0 (Loshchilov and Hutter 2017)
    inverse-sqrt   √(warmup / update) (Vaswani et al. 2017)
    """
    warmup = min(settings.warmup, updates // 10)
    if update < warmup:
        return (update + 1) / (warmup + 1)
    if settings.schedule == "cosine":
        progress = min((update - warmup) / max(updates - warmup, 1), 1.0)
        return 0.5 * (1 + math.cos(math.pi * progress))
    if settings.schedule == "inverse-sqrt":
        return math.sqrt((warmup + 1) / (update + 1))
    return 1.0


class Average:
    """An average of the weights, which is often better than the weights themselves.

    ema    after every update a ← β a + (1 - β) w, with β rising as (1 + t) / (10 + t) to `ema_decay`
           (Polyak and Juditsky 1992)
    last   the mean of the weights after each of the last `average_epochs` epochs
    best   the mean of those after the `average_epochs` epochs with the lowest dev loss
    none   nothing
    """

    def __init__(self, settings: Settings) -> None:
        self.kind, self.decay, self.limit = settings.average, settings.ema_decay, settings.average_epochs
        self.moving: dict[str, Tensor] = {}
        self.kept: list[tuple[float, dict[str, Tensor]]] = []  # dev loss and weights, the oldest first

    def after_update(self, weights: Mapping[str, Tensor], update: int) -> None:
        """weights: name → parameter; update: number of updates so far."""
        if self.kind != "ema":
            return
        if not self.moving:
            self.moving = copy_of(weights)
        beta = min(self.decay, (1 + update) / (10 + update))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.moving.values()), [weights[name] for name in self.moving], 1 - beta)

    def after_epoch(self, weights: Mapping[str, Tensor], dev_loss: float) -> None:
        if self.kind not in ("last", "best"):
            return
        self.kept.append((dev_loss, copy_of(weights)))
        if len(self.kept) > self.limit:
            worst = 0 if self.kind == "last" else max(range(len(self.kept)), key=lambda i: self.kept[i][0])
            del self.kept[worst]

    def mean(self) -> dict[str, Tensor] | None:
        """The mean of the kept weights; None if there are fewer than two."""
        if len(self.kept) < 2:
            return None
        return {name: torch.stack([w[name] for _, w in self.kept]).mean(dim=0) for name in self.kept[0][1]}


def copy_of(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: w.detach().clone() for name, w in weights.items()}


def load_parameters(weights: Mapping[str, Tensor], model: nn.Module) -> None:
    """Copy these weights into the parameters of the model."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights[name])
