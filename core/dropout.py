"""Dropout: numbers in, the same numbers out with some of them set to zero in training (Srivastava et al. 2014)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def keep(shape: torch.Size, rate: float) -> Tensor:
    """True where a number is kept: each with probability 1 - rate, to the nearest 1/65536.

    Four 16-bit draws come out of each 64-bit one, so this takes a fifth of the time of drawing each by itself, which
    on a CPU was a tenth of a training step.
    """
    count = shape.numel()
    bits = torch.empty((count + 3) // 4, dtype=torch.int64).random_(torch.iinfo(torch.int64).min, None)
    return bits.view(torch.int16)[:count].view(shape) >= round(rate * 65536) - 32768


class Dropout(nn.Module):
    """In training a share `rate` of the numbers becomes 0 and the others grow by 1 / (1 - rate)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.rate:
            return x
        if x.device.type != "cpu":
            return F.dropout(x, self.rate)
        return x * (keep(x.shape, self.rate) * (1 / (1 - self.rate))).to(x.dtype)


def locked_mask(s: Tensor, rate: float) -> Tensor:
    """A mask to multiply with, 0 or 1 / (1 - rate), to be kept for all positions of a text. Shape of s."""
    return F.dropout(torch.ones_like(s), rate)
