"""Choices of the next id from its log probabilities: the most likely one, or a random one.

Shapes: B inputs, n rows of the batch that are not finished, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Chooser = Callable[[Tensor, int, Tensor], Tensor]  # log p (n, V), step t, rows (n,) → ids (n,)


def most_likely(log_p: Tensor, t: int, rows: Tensor) -> Tensor:
    """Greedy choice: argmax p(y_t | y_<t, x). (n, V) → (n,)"""
    return log_p.argmax(dim=-1)


def sampler(uniforms: Tensor, temperature: float, top_k: int = 0, top_p: float = 1.0) -> Chooser:
    """Random choice, p ∝ p^(1/temperature), among the top_k most likely ids (Fan et al. 2018; 0: all) and among the
    most likely ones whose total probability is top_p (Holtzman et al. 2020).

    uniforms: (B, steps) numbers in [0, 1), one for each choice, which goes where they fall in the cumulative
    distribution: so the other rows of a batch do not affect a row.
    """

    def choose(log_p: Tensor, t: int, rows: Tensor) -> Tensor:
        log_p = log_p - log_p.max(dim=-1, keepdim=True).values  # so that no temperature is too low to divide by
        p, ids = torch.softmax(log_p / temperature, dim=-1).sort(dim=-1, descending=True, stable=True)
        before = p.cumsum(dim=-1) - p  # total probability of all more likely ids
        allowed = before < top_p
        if top_k:
            allowed[:, top_k:] = False
        p = p * allowed
        cumulated = p.cumsum(dim=-1)
        drawn = uniforms[rows, t].to(p).unsqueeze(1) * cumulated[:, -1:]
        rank = (cumulated <= drawn).sum(dim=-1, keepdim=True)
        rank = torch.minimum(rank, (p > 0).sum(dim=-1, keepdim=True) - 1)
        return ids.gather(1, rank).squeeze(1)

    return choose
