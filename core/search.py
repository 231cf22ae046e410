"""Search: a model and a Memory in, the likeliest (or sampled) output ids out, every row of the batch at once.

All kinds of search share the decoder's one step and one set of Constraints.

Shapes: B inputs, K hypotheses of each, N = B·K rows, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from core.cells import State
from core.constraints import NEG_INF, Constraints
from core.encoder import Memory
from core.vocabulary import BOS, EOS, PAD

ROWS = 512  # whose logits are looked at together
STAY = 0.9  # the finished leave when no more than this share of a batch goes on, for to leave is to copy its memory


class Model(Protocol):
    """A Seq2Seq, or a SearchModel one."""

    decoder: Any  # with start, step and logits


@dataclass(frozen=True)
class Hypothesis:
    """ids      the output without <eos>
    log_p    log p(ids | input), natural logarithm
    score    what it was ranked by: log_p / length^length_penalty, <eos> counted in the length"""

    ids: list[int]
    log_p: float
    score: float


def _next(model: Model, y: Tensor, state: State, memory: Memory, constraints: Constraints, written: Tensor,
          choose: Callable[[Tensor, slice], tuple[Tensor, ...]]) -> tuple[tuple[Tensor, ...], State]:
    """What `choose` takes of log p of the next id, (n, V), -inf where it would break a rule; and the state. Some rows
    at a time, so that the logits are still in the processor's cache when they are looked at."""
    readout, state, _ = model.decoder.step(y, state, memory)
    found = []
    for start in range(0, len(y), ROWS):
        some = slice(start, start + ROWS)
        log_p = torch.log_softmax(model.decoder.logits(readout[some]).float(), dim=-1)
        constraints.rows(some).mask_log_probs(log_p, written[some])
        found.append(choose(log_p, some))
    return tuple(map(torch.cat, zip(*found))), state


def _hypothesis(ids: list[int], log_p: float, length_penalty: float) -> Hypothesis:
    ids = [i for i in ids if i != PAD]
    score = log_p / len(ids) ** length_penalty
    return Hypothesis(ids[:-1] if ids[-1] == EOS else ids, log_p, score)


@torch.inference_mode()
def decode_loop(model: Model, memory: Memory, constraints: Constraints, choose: Callable[[Tensor, int, Tensor], Tensor],
         length_penalty: float = 0.0) -> list[Hypothesis]:
    """One hypothesis for each input. At step t, `choose` picks an id (B,) from the log p (B, V) of the inputs that are
    not finished, and is told which they are (B,). Who is finished writes <pad>, and leaves the batch."""
    size, steps, device = memory.c.size(0), constraints.steps, memory.c.device
    ids = torch.full((size, steps), PAD, device=device)
    total = torch.zeros(size, device=device)
    active, finished = torch.arange(size, device=device), torch.zeros(size, dtype=torch.bool, device=device)
    state, y = model.decoder.start(memory), torch.full((size,), BOS, device=device)
    for t in range(steps):

        def chosen(log_p: Tensor, some: slice) -> tuple[Tensor, Tensor]:
            picked = choose(log_p, t, active[some])  # noqa: B023 - called before the loop goes on
            return picked, log_p.gather(1, picked.unsqueeze(1)).squeeze(1)

        (y, log_p), state = _next(model, y, state, memory, constraints, ids[active, :t], chosen)
        y = y.masked_fill(finished, PAD)
        total[active] += log_p.masked_fill(finished, 0.0)
        ids[active, t] = y
        finished = constraints.finished(ids[active, :t + 1])
        keep = (~finished).nonzero().squeeze(1)
        if not len(keep):
            break
        if len(keep) <= STAY * len(active):
            finished = finished[keep]
            active, y, state = active[keep], y[keep], tuple(s[keep] for s in state)
            memory, constraints = memory.rows(keep), constraints.rows(keep)
    return [_hypothesis(row, p, length_penalty) for row, p in zip(ids.tolist(), total.tolist())]


def greedy(model: Model, memory: Memory, constraints: Constraints, length_penalty: float = 0.0) -> list[Hypothesis]:
    """At every step the likeliest id: y_t = argmax p(y_t | y_<t, x)."""
    return decode_loop(model, memory, constraints, lambda log_p, t, rows: log_p.argmax(dim=-1), length_penalty)


def sample(model: Model, memory: Memory, constraints: Constraints, temperature: float, top_k: int, top_p: float,
           seeds: list[int]) -> list[Hypothesis]:
    """At every step a random id, p ∝ p^(1/temperature), among the top_k likeliest (Fan et al. 2018) and among the
    likeliest that together hold the probability top_p (Holtzman et al. 2020).

    seeds: one for each row; a row's random numbers are its own, so the batch it sits in changes nothing.
    """
    numbers = torch.stack([torch.rand(constraints.steps, generator=torch.Generator().manual_seed(s)) for s in seeds])
    numbers = numbers.to(memory.c.device)

    def choose(log_p: Tensor, t: int, rows: Tensor) -> Tensor:
        log_p = log_p - log_p.max(dim=-1, keepdim=True).values  # so that no temperature is too low to divide by
        p, ids = torch.softmax(log_p / temperature, dim=-1).sort(dim=-1, descending=True, stable=True)
        before = p.cumsum(dim=-1) - p  # probability of all likelier ids
        keep = before < top_p
        if top_k:
            keep[:, top_k:] = False
        p = p * keep
        cumulated = p.cumsum(dim=-1)
        rank = (cumulated <= numbers[rows, t:t + 1] * cumulated[:, -1:]).sum(dim=-1, keepdim=True)
        rank = torch.minimum(rank, (p > 0).sum(dim=-1, keepdim=True) - 1)
        return ids.gather(1, rank).squeeze(1)

    return decode_loop(model, memory, constraints, choose)


@torch.inference_mode()
def beam(model: Model, memory: Memory, constraints: Constraints, size: int,
         length_penalty: float) -> list[list[Hypothesis]]:
    """The `size` best hypotheses of each input, best first, ranked by log p / length^length_penalty.

    Finished hypotheses stay in the beam and compete with those still active; an input is done, and leaves the batch,
    only when all its hypotheses are finished, never at the first one. All hypotheses of an input read its one Memory,
    so only the decoder's state is reordered from step to step.
    """
    B, device = memory.c.size(0), memory.c.device
    active = torch.arange(B, device=device)  # the inputs that are not done
    found: list[list[Hypothesis]] = [[] for _ in range(B)]
    state, y = model.decoder.start(memory), torch.full((B, 1), BOS, device=device)
    # Every input begins with one hypothesis, K = 1; there are as many as wanted after the first step.
    written = torch.empty(B, 1, 0, dtype=torch.long, device=device)  # (B, K, t)
    total, length = torch.zeros(B, 1, device=device), torch.zeros(B, 1, device=device)
    finished = torch.zeros(B, 1, dtype=torch.bool, device=device)
    for _ in range(constraints.steps):
        B, K = total.shape
        likeliest, state = _next(model, y.flatten(), state, memory, constraints.times(K), written.flatten(0, 1),
                                 lambda log_p, _: log_p.topk(min(size, log_p.size(1)), dim=-1))
        gain, ids = (x.view(B, K, -1) for x in likeliest)
        # A finished hypothesis goes on as itself, at no cost: with a <pad>, and with nothing else.
        stay = torch.full_like(gain[:1, :1], NEG_INF)
        stay[..., 0] = 0.0
        gain, ids = torch.where(finished.unsqueeze(2), stay, gain), ids.masked_fill(finished.unsqueeze(2), PAD)
        candidates, lengths = total.unsqueeze(2) + gain, torch.where(finished, length, length + 1)
        rank = (candidates / lengths.unsqueeze(2) ** length_penalty).flatten(1)
        best = rank.topk(min(size, rank.size(1)), dim=-1).indices  # (B, K): from here on the next step's K
        parent = best // gain.size(2)
        total, length = candidates.flatten(1).gather(1, best), lengths.gather(1, parent)
        y = ids.flatten(1).gather(1, best).masked_fill(total == NEG_INF, PAD)  # what nothing allowed could take
        written = torch.cat([written.take_along_dim(parent.unsqueeze(2), 1), y.unsqueeze(2)], dim=2)
        finished = constraints.times(best.size(1)).finished(written.flatten(0, 1)).view_as(best)
        finished |= total == NEG_INF
        for b in finished.all(dim=1).nonzero().flatten().tolist():
            found[active[b]] = _ranked(written[b].tolist(), total[b].tolist(), length_penalty)
        keep = (~finished.all(dim=1)).nonzero().flatten()
        if not len(keep):
            break
        if len(keep) > STAY * B:
            keep = torch.arange(B, device=device)  # none leaves yet
        rows = (parent + torch.arange(B, device=device).unsqueeze(1) * K)[keep].flatten()
        state = tuple(s[rows] for s in state)
        if len(keep) < B:
            active, y, written, total, length, finished = (
                x[keep] for x in (active, y, written, total, length, finished))
            memory, constraints = memory.rows(keep), constraints.rows(keep)
    return found


def _ranked(written: list[list[int]], total: list[float], length_penalty: float) -> list[Hypothesis]:
    found = [_hypothesis(ids, log_p, length_penalty) for ids, log_p in zip(written, total) if log_p > NEG_INF]
    return sorted(found, key=lambda h: -h.score)
