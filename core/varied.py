"""Search where many outputs are right: many samples at once, ranked by what the input adds to their probability.

Shapes: B inputs, K samples of each, N = B·K rows, T target length, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from core.choices import sampler
from core.constraints import Constraints
from core.search import BATCH, Hypothesis, Model, Source, decode_loop
from core.vocabulary import BOS, EOS, PAD


def varied(model: Model, memory: Source, constraints: Constraints, count: int, temperature: float, top_k: int,
           top_p: float, uniforms: Tensor) -> list[list[Hypothesis]]:
    """`count` samples of each input, in the order in which they were drawn; the same output may come more than once.

    constraints  for the B inputs, or for the N = B·count outputs side by side
    uniforms     (N, steps) numbers in [0, 1), from the caller, see sampler

    All samples of an input read its one memory. A hypothesis's log_p is the model's own at temperature 1, before
    constraints and top_k or top_p exclude any id.
    """
    if constraints.size not in (None, memory.c.size(0) * count):
        constraints = constraints.repeated(count)
    choose = sampler(uniforms.to(memory.c.device), temperature, top_k, top_p)
    found = decode_loop(model, memory, constraints, choose, K=count)
    return [found[start:start + count] for start in range(0, len(found), count)]


def padded(hypotheses: Sequence[Hypothesis], constraints: Constraints) -> Tensor:
    """The ids (N, T) that the search wrote, padded with <pad>; with <eos>, unless a length ended the output."""
    rows = [h.ids + [EOS] * (constraints.lengths is None and len(h.ids) < constraints.max_output) for h in hypotheses]
    T = max(map(len, rows))
    return torch.tensor([ids + [PAD] * (T - len(ids)) for ids in rows])


@torch.inference_mode()
def score_ids(model: Model, memory: Source, ids: Tensor) -> Tensor:
    """log p(ids | input) of given outputs, natural logarithm. (N, T), padded with <pad> → (N,)

    memory: that of B inputs, each with K = N / B outputs side by side; with one input it is that of all outputs. The
    logits, the largest cost, are computed once for all outputs of an input that begin alike.
    """
    ids, (N, _), B = ids.to(memory.c.device), ids.shape, memory.c.size(0)
    prefix = torch.arange(B, device=ids.device).repeat_interleave(N // B)  # a number for each different (input, y_<t)
    state = tuple(s.repeat_interleave(N // B, dim=0) for s in model.decoder.start(memory))
    y, total = torch.full_like(prefix, BOS), torch.zeros(N, device=ids.device)
    for wanted in ids.unbind(1):
        readout, state, _ = model.decoder.step(y, state, memory)
        active = (wanted != PAD).nonzero().squeeze(1)
        different, number = prefix[active].unique(return_inverse=True)
        row = torch.empty_like(different).scatter_(0, number, active)  # one for each of them
        for start in range(0, len(row), BATCH):
            here = ((number >= start) & (number < start + BATCH)).nonzero().squeeze(1)
            total[active[here]] += model.decoder.log_p(readout[row[start:start + BATCH]], number[here] - start,
                                                       wanted[active[here]])
        prefix = (prefix * (int(ids.max()) + 1) + wanted).unique(return_inverse=True)[1]
        y = wanted
    return total


def ranked(hypotheses: Sequence[Hypothesis], without: Sequence[float], weight: float,
           n_best: int) -> list[Hypothesis]:
    """The n_best different hypotheses of one input, best first by maximum mutual information (Li et al. 2016), per id,
    since their lengths may differ:

        score = (log p(y | x) - weight · log p(y)) / length

    without: log p(y) of each hypothesis, see score_ids.

    >>> dull, fresh = Hypothesis([5, 6], -4.0, -4.0), Hypothesis([7, 8], -5.0, -5.0)
    >>> [(h.ids, h.score) for h in ranked([dull, fresh, dull], [-6.0, -12.0, -6.0], weight=0.5, n_best=2)]
    [([7, 8], 0.5), ([5, 6], -0.5)]
    """
    scored = {tuple(h.ids): replace(h, score=(h.log_p - weight * log_p) / max(len(h.ids), 1))
              for h, log_p in zip(hypotheses, without)}
    return sorted(scored.values(), key=lambda h: -h.score)[:n_best]
