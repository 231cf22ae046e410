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

    memory: that of B inputs, each with K = N / B outputs side by side; with one input it is that of all outputs.
    """
    ids = ids.to(memory.c.device)
    N = len(ids)
    state = tuple(s.repeat_interleave(N // memory.c.size(0), dim=0) for s in model.decoder.start(memory))
    y, total = torch.full((N,), BOS, device=ids.device), torch.zeros(N, device=ids.device)
    for wanted in ids.unbind(1):
        readout, state, _ = model.decoder.step(y, state, memory)
        for rows in (wanted != PAD).nonzero().squeeze(1).split(BATCH):
            log_p = torch.log_softmax(model.decoder.logits(readout[rows]).float(), dim=-1)
            total[rows] += log_p.gather(1, wanted[rows].unsqueeze(1)).squeeze(1)
        y = wanted
    return total


def ranked(hypotheses: Sequence[Hypothesis], without: Sequence[float], weight: float,
           n_best: int) -> list[Hypothesis]:
    """The n_best different hypotheses of one input, best first by maximum mutual information (Li et al. 2016):

        score = log p(y | x) - weight · log p(y)

    without: log p(y) of each hypothesis, see score_ids.

    >>> dull, fresh = Hypothesis([5, 6], -4.0, -4.0), Hypothesis([7, 8], -5.0, -5.0)
    >>> [(h.ids, h.score) for h in ranked([dull, fresh, dull], [-6.0, -12.0, -6.0], weight=0.5, n_best=2)]
    [([7, 8], 1.0), ([5, 6], -1.0)]
    """
    scored = {tuple(h.ids): replace(h, score=h.log_p - weight * log_p) for h, log_p in zip(hypotheses, without)}
    return sorted(scored.values(), key=lambda h: -h.score)[:n_best]
