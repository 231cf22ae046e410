"""Search for an output: greedy, sampling, beam, or id by id as they are written.

All share the decoder's one step and the Constraints.

Shapes: B inputs, K hypotheses of each, N = B·K rows, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor

from core.cells import State
from core.choices import Chooser, most_likely, sampler
from core.constraints import NEG_INF, Constraints
from core.vocabulary import BOS, EOS, PAD

BATCH = 512  # rows whose logits are computed at once
COMPACT_AT = 0.9  # drop finished rows once at most this fraction is active; each drop copies the memory

Chosen = TypeVar("Chosen", bound=tuple[Tensor, ...])


class Model(Protocol):
    """A Seq2Seq or a SearchModel."""

    @property
    def decoder(self) -> Any:
        """With `start`, `step`, `logits` and `log_p`."""


class Source(Protocol):
    """What `encode` of the model returned: a Memory or a SearchMemory."""

    @property
    def c(self) -> Tensor: ...
    def rows(self, index: Tensor) -> Any: ...


@dataclass(frozen=True)
class Hypothesis:
    """ids      the output without <eos>
    log_p    log p(ids | input), natural logarithm
    score    log_p / length^length_penalty, <eos> included in the length: what hypotheses are ranked by"""

    ids: list[int]
    log_p: float
    score: float


def _next(model: Model, y: Tensor, state: State, memory: Source, constraints: Constraints, written: Tensor,
          choose: Callable[[Tensor, slice], Chosen], equal: int = 1) -> tuple[Chosen, State]:
    """What `choose` returns for log p of the next id, (n, V), -inf where it is not allowed; and the new state.

    Some rows at a time, so that the logits are still in the processor's cache when they are read. equal: so many rows
    side by side are known to have the same logits.
    """
    readout, state, _ = model.decoder.step(y, state, memory)
    found, n = [], max(1, BATCH // equal) * equal
    for start in range(0, len(y), n):
        part = slice(start, start + n)
        log_p = torch.log_softmax(model.decoder.logits(readout[part][::equal]).float(), dim=-1)
        log_p = log_p.repeat_interleave(equal, dim=0) if equal > 1 else log_p
        constraints.rows(part).mask_log_probs(log_p, written[part])
        found.append(choose(log_p, part))
    return tuple(map(torch.cat, zip(*found))), state  # type: ignore[return-value]


@torch.inference_mode()
def decode_steps(model: Model, memory: Source, constraints: Constraints, choose: Chooser,
                 K: int = 1) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Write K outputs per input, a step at a time. constraints: those of the N = B·K rows.

    choose(log_p (n, V), t, rows (n,)) returns the ids (n,) of step t. Yields, for each step, the rows (n,) that are
    still in the batch, their ids (n,) and the ids' log p (n,). A finished row emits <pad> at log p 0 until its input,
    which all its K rows read, is removed from the batch.
    """
    size, device = memory.c.size(0) * K, memory.c.device
    written = torch.empty((size, 0), dtype=torch.long, device=device)
    active, finished = torch.arange(size, device=device), torch.zeros(size, dtype=torch.bool, device=device)
    state, y = model.decoder.start(memory), torch.full((size,), BOS, device=device)
    state = tuple(s.repeat_interleave(K, dim=0) for s in state)
    for t in range(constraints.steps):

        def chosen(log_p: Tensor, part: slice) -> tuple[Tensor, Tensor]:
            picked = choose(log_p, t, active[part])  # noqa: B023 - called within this step
            return picked, log_p.gather(1, picked.unsqueeze(1)).squeeze(1)

        (y, log_p), state = _next(model, y, state, memory, constraints, written, chosen, equal=1 if t else K)
        y, log_p = y.masked_fill(finished, PAD), log_p.masked_fill(finished, 0.0)
        yield active, y, log_p
        written = torch.cat([written, y.unsqueeze(1)], dim=1)
        finished = constraints.finished(written)
        keep = (~finished.view(-1, K).all(dim=1)).nonzero().squeeze(1)  # inputs
        if not len(keep):
            return
        if len(keep) * K <= COMPACT_AT * len(active):
            rows = (keep.unsqueeze(1) * K + torch.arange(K, device=device)).flatten()
            active, y, written, finished = (x[rows] for x in (active, y, written, finished))
            state = tuple(s[rows] for s in state)
            memory, constraints = memory.rows(keep), constraints.rows(rows)


@torch.inference_mode()
def decode_loop(model: Model, memory: Source, constraints: Constraints, choose: Chooser,
                length_penalty: float = 0.0, K: int = 1) -> list[Hypothesis]:
    """K hypotheses per input, side by side, see decode_steps."""
    size, device = memory.c.size(0) * K, memory.c.device
    ids = torch.full((size, constraints.steps), PAD, device=device)
    total = torch.zeros(size, device=device)
    for t, (rows, y, log_p) in enumerate(decode_steps(model, memory, constraints, choose, K)):
        ids[rows, t] = y
        total[rows] += log_p
    return [_hypothesis(row, p, length_penalty) for row, p in zip(ids.tolist(), total.tolist())]


def greedy(model: Model, memory: Source, constraints: Constraints, length_penalty: float = 0.0) -> list[Hypothesis]:
    """At every step the most likely id: y_t = argmax p(y_t | y_<t, x)."""
    return decode_loop(model, memory, constraints, most_likely, length_penalty)


def sample(model: Model, memory: Source, constraints: Constraints, temperature: float, top_k: int, top_p: float,
           uniforms: Tensor) -> list[Hypothesis]:
    """At every step a random id, see sampler. uniforms: (B, steps) in [0, 1), from the caller."""
    return decode_loop(model, memory, constraints, sampler(uniforms.to(memory.c.device), temperature, top_k, top_p))


def stream(model: Model, memory: Source, constraints: Constraints, choose: Chooser = most_likely) -> Iterator[int]:
    """The ids of the output for one input, each as soon as it is chosen, without <eos>: those of greedy, or with a
    sampler those of sample."""
    if memory.c.size(0) != 1:
        raise ValueError(f"a stream is of one input, not of {memory.c.size(0)}")
    for _, y, _ in decode_steps(model, memory, constraints, choose):
        if (i := int(y)) in (EOS, PAD):
            return
        yield i


class BeamStep(NamedTuple):
    """What a step of a beam search chooses from, and what it keeps: n inputs, K hypotheses each, M continuations each.

    ids, log_p, score (n, K, M): the next id, <pad> behind a finished hypothesis; log p of the hypothesis with it, -inf
    if it is not allowed; what it is ranked by. kept (n, K'): the best ones, as places in K·M. finished (n, K')."""

    ids: Tensor
    log_p: Tensor
    score: Tensor
    kept: Tensor
    finished: Tensor


@torch.inference_mode()
def beam(model: Model, memory: Source, constraints: Constraints, size: int, length_penalty: float,
         on_step: Callable[[BeamStep], None] | None = None) -> list[list[Hypothesis]]:
    """The `size` best hypotheses of each input, best first, ranked by log p / length^length_penalty.

    Finished hypotheses stay in the beam and compete with active ones; an input is done, and removed from the batch,
    only when all its hypotheses are finished, never at the first one. All hypotheses of an input read its one memory,
    so only the decoder's state is reordered from step to step.
    """
    B, device = memory.c.size(0), memory.c.device
    active = torch.arange(B, device=device)  # the inputs that are not done
    found: list[list[Hypothesis]] = [[] for _ in range(B)]
    state, y = model.decoder.start(memory), torch.full((B, 1), BOS, device=device)
    # An input begins with one hypothesis, K = 1; after the first step there are as many as wanted.
    written = torch.empty(B, 1, 0, dtype=torch.long, device=device)  # (B, K, t)
    total, length = torch.zeros(B, 1, device=device), torch.zeros(B, 1, device=device)
    finished = torch.zeros(B, 1, dtype=torch.bool, device=device)
    for _ in range(constraints.steps):
        B, K = total.shape
        best_next, state = _next(model, y.flatten(), state, memory, constraints.repeated(K), written.flatten(0, 1),
                                 lambda log_p, _: tuple(log_p.topk(min(size, log_p.size(1)), dim=-1)))
        gain, ids = (x.view(B, K, -1) for x in best_next)
        # A finished hypothesis continues only with <pad>, at log p 0.
        stay = torch.full_like(gain[:1, :1], NEG_INF)
        stay[..., 0] = 0.0
        gain, ids = torch.where(finished.unsqueeze(2), stay, gain), ids.masked_fill(finished.unsqueeze(2), PAD)
        candidates, lengths = total.unsqueeze(2) + gain, torch.where(finished, length, length + 1)
        rank = (candidates / lengths.unsqueeze(2) ** length_penalty).flatten(1)
        best = rank.topk(min(size, rank.size(1)), dim=-1).indices  # (B, K): from here on the next step's K
        parent = best // gain.size(2)
        total, length = candidates.flatten(1).gather(1, best), lengths.gather(1, parent)
        y = ids.flatten(1).gather(1, best).masked_fill(total == NEG_INF, PAD)  # fewer allowed ids than places
        written = torch.cat([written.take_along_dim(parent.unsqueeze(2), 1), y.unsqueeze(2)], dim=2)
        finished = constraints.repeated(best.size(1)).finished(written.flatten(0, 1)).view_as(best)
        finished |= total == NEG_INF
        if on_step is not None:
            on_step(BeamStep(ids, candidates, rank.view_as(ids), best, finished))
        for b in finished.all(dim=1).nonzero().flatten().tolist():
            found[active[b]] = _ranked(written[b].tolist(), total[b].tolist(), length_penalty)
        keep = (~finished.all(dim=1)).nonzero().flatten()
        if not len(keep):
            break
        if len(keep) > COMPACT_AT * B:
            keep = torch.arange(B, device=device)  # too few to drop
        rows = (parent + torch.arange(B, device=device).unsqueeze(1) * K)[keep].flatten()
        state = tuple(s[rows] for s in state)
        if len(keep) < B:
            active, y, written, total, length, finished = (
                x[keep] for x in (active, y, written, total, length, finished))
            memory, constraints = memory.rows(keep), constraints.rows(keep)
    return found


def _hypothesis(ids: list[int], log_p: float, length_penalty: float) -> Hypothesis:
    ids = [i for i in ids if i != PAD]
    score = log_p / len(ids) ** length_penalty
    return Hypothesis(ids[:-1] if ids[-1] == EOS else ids, log_p, score)


def _ranked(written: list[list[int]], total: list[float], length_penalty: float) -> list[Hypothesis]:
    found = [_hypothesis(ids, log_p, length_penalty) for ids, log_p in zip(written, total) if log_p > NEG_INF]
    return sorted(found, key=lambda h: -h.score)
