"""Choices of the next id from its log probabilities: the most likely one, or a random one.

Shapes: B inputs, n rows of the batch that are not finished, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Chooser = Callable[[Tensor, int, Tensor], Tensor]  # log p (n, V), step t, rows (n,) → ids (n,)
COLDEST = 1e-6  # at this temperature already nothing but the most likely id is drawn


def most_likely(log_p: Tensor, t: int, rows: Tensor) -> Tensor:
    """Greedy choice: argmax p(y_t | y_<t, x). (n, V) → (n,)"""
    return log_p.argmax(dim=-1)


def sampler(uniforms: Tensor, temperature: float, top_k: int = 0, top_p: float = 1.0) -> Chooser:
    """Random choice, p ∝ p^(1/temperature), among the top_k most likely ids (Fan et al. 2018; 0: all) and among the
    most likely ones whose total probability is top_p (Holtzman et al. 2020; equally likely ids are in or out together).

    uniforms: (B, steps) numbers in [0, 1), one for each choice, see draw: so the other rows of a batch do not affect a
    row. With top_p best in double precision.
    """

    def choose(log_p: Tensor, t: int, rows: Tensor) -> Tensor:
        scaled = log_p if temperature == 1 else log_p / max(temperature, COLDEST)
        p, u = torch.softmax(scaled, dim=-1), uniforms[rows, t].unsqueeze(1)
        if not top_k:
            return draw(p, u, top_p).squeeze(1)
        p, ids = p.topk(min(top_k, p.size(1)), dim=-1)
        return ids.gather(1, draw(p, u, top_p)).squeeze(1)

    return choose


def draw(p: Tensor, u: Tensor, top_p: float = 1.0) -> Tensor:
    """The column (n, 1) where u (n, 1) in [0, 1) falls in the cumulative distribution of each row, p (n, V) ∝ its
    probabilities. Only a column counts whose more likely ones amount to less than top_p in p.

    Nothing is sorted, which would take longer than all the rest. If u falls on a column that does not count, no column
    at most as likely counts either; where u fell within it is a uniform number again, and draws from the others.
    """
    found, rows, u = torch.empty_like(u, dtype=torch.long), torch.arange(len(p), device=p.device), u.double()
    while len(rows):
        cumulated = p.cumsum(dim=-1)
        total = cumulated[:, -1:]
        point = u * total
        last = torch.nextafter(total, torch.zeros_like(total))  # point may round to total
        found[rows] = column = torch.searchsorted(cumulated, torch.minimum(point.float(), last), right=True)
        if top_p == 1:
            break
        p_drawn = p.gather(1, column)
        more_likely = torch.threshold_(p / p_drawn, 1.0, 0.0).sum(dim=-1) * p_drawn.squeeze(1)
        again = (more_likely >= top_p).nonzero().squeeze(1)
        rows, p, p_drawn, point, column, cumulated = (
            x[again] for x in (rows, p, p_drawn, point, column, cumulated))
        start = cumulated.gather(1, (column - 1).clamp_min(0)) * (column > 0)
        u = ((point - start) / (cumulated.gather(1, column) - start)).clamp(0.0, 1.0)
        p = p.masked_fill(p <= p_drawn, 0.0)
    return found
