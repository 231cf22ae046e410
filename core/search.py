"""Search: a model and a Memory in, the likeliest (or sampled) output ids out, every row of the batch at once.

All kinds of search share the decoder's one step and one set of Rules.

Shapes: B inputs, K hypotheses of each, N = B·K rows, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from core.encoder import Memory
from core.models import Seq2Seq
from core.vocabulary import BOS, EOS, PAD, UNK

NEVER = float("-inf")


@dataclass(frozen=True)
class Hypothesis:
    """ids      the output without <eos>
    log_p    log p(ids | input), natural logarithm
    score    what it was ranked by: log_p / length^length_penalty, <eos> counted in the length"""

    ids: list[int]
    log_p: float
    score: float


@dataclass(frozen=True)
class Rules:
    """What an output may be.

    max_output  tokens, at most, <eos> counted
    lengths     (B,) the exact number of tokens of each output; None: until <eos> or max_output
    prefix      (B, P) ids every output begins with, padded with <pad>; None: free
    no_repeat   no run of this many tokens may come twice; 0: free
    """

    max_output: int
    lengths: Tensor | None = None
    prefix: Tensor | None = None
    no_repeat: int = 0

    @property
    def steps(self) -> int:
        return int(self.lengths.max()) if self.lengths is not None else self.max_output

    def rows(self, index: Tensor) -> Rules:
        return Rules(self.max_output, None if self.lengths is None else self.lengths[index],
                     None if self.prefix is None else self.prefix[index], self.no_repeat)

    def allow(self, log_p: Tensor, written: Tensor) -> Tensor:
        """log_p (N, V) with -inf wherever the next id would break a rule; written (N, t) ids so far."""
        t = written.size(1)
        log_p = log_p.clone()
        log_p[:, [PAD, BOS, UNK]] = NEVER
        if self.lengths is not None or t == 0:  # an empty answer is no answer
            log_p[:, EOS] = NEVER
        if self.no_repeat and t >= self.no_repeat:
            self._forbid_repeats(log_p, written)
        if self.prefix is not None and t < self.prefix.size(1):
            wanted = self.prefix[:, t:t + 1]
            forced = torch.full_like(log_p, NEVER).scatter(1, wanted, log_p.gather(1, wanted).clamp_min(-1e4))
            log_p = torch.where(wanted == PAD, log_p, forced)
        return log_p

    def _forbid_repeats(self, log_p: Tensor, written: Tensor) -> None:
        n = self.no_repeat
        for row, ids in enumerate(written.tolist()):
            tail = ids[len(ids) - n + 1:]
            repeats = [ids[i + n - 1] for i in range(len(ids) - n + 1) if ids[i:i + n - 1] == tail]
            free = log_p[row].clone()
            free[repeats] = NEVER
            if free.max() > NEVER:  # else every token would repeat: better a repeat than no token
                log_p[row] = free

    def over(self, written: Tensor) -> Tensor:
        """(N,) True where the output is complete: <eos> written, or its length reached."""
        t = written.size(1)
        ended = written[:, -1] == EOS
        ended |= written[:, -1] == PAD
        return ended | (self.lengths <= t if self.lengths is not None else torch.tensor(t >= self.max_output))


def _log_p(model: Seq2Seq, y: Tensor, state, memory: Memory):
    readout, state, _ = model.decoder.step(y, state, memory)
    return torch.log_softmax(model.decoder.logits(readout).float(), dim=-1), state


def _hypothesis(ids: list[int], log_p: float, length_penalty: float) -> Hypothesis:
    ids = [i for i in ids if i != PAD]
    score = log_p / len(ids) ** length_penalty
    return Hypothesis(ids[:-1] if ids[-1] == EOS else ids, log_p, score)


@torch.inference_mode()
def walk(model: Seq2Seq, memory: Memory, rules: Rules, choose: Callable[[Tensor, int], Tensor],
         length_penalty: float = 0.0) -> list[Hypothesis]:
    """One hypothesis for each row: at step t, `choose` picks an id (B,) from the allowed log p (B, V)."""
    size, device = memory.c.size(0), memory.c.device
    state = model.decoder.start(memory)
    written = torch.empty(size, 0, dtype=torch.long, device=device)
    y = torch.full((size,), BOS, device=device)
    total = torch.zeros(size, device=device)
    over = torch.zeros(size, dtype=torch.bool, device=device)
    for t in range(rules.steps):
        log_p, state = _log_p(model, y, state, memory)
        allowed = rules.allow(log_p, written)
        y = choose(allowed, t).masked_fill(over, PAD)
        total += log_p.gather(1, y.unsqueeze(1)).squeeze(1).masked_fill(over, 0.0)
        written = torch.cat([written, y.unsqueeze(1)], dim=1)
        over = over | rules.over(written)
        if over.all():
            break
    return [_hypothesis(ids, p, length_penalty) for ids, p in zip(written.tolist(), total.tolist())]


def greedy(model: Seq2Seq, memory: Memory, rules: Rules, length_penalty: float = 0.0) -> list[Hypothesis]:
    """At every step the likeliest id: y_t = argmax p(y_t | y_<t, x)."""
    return walk(model, memory, rules, lambda log_p, t: log_p.argmax(dim=-1), length_penalty)


def sample(model: Seq2Seq, memory: Memory, rules: Rules, temperature: float, top_k: int, top_p: float,
           seeds: list[int]) -> list[Hypothesis]:
    """At every step a random id, p ∝ p^(1/temperature), among the top_k likeliest (Fan et al. 2018) and among the
    likeliest that together hold the probability top_p (Holtzman et al. 2020).

    seeds: one for each row; a row's random numbers are its own, so the batch it sits in changes nothing.
    """
    numbers = torch.stack([torch.rand(rules.steps, generator=torch.Generator().manual_seed(s)) for s in seeds])
    numbers = numbers.to(memory.c.device)

    def choose(log_p: Tensor, t: int) -> Tensor:
        log_p = log_p - log_p.max(dim=-1, keepdim=True).values  # so that no temperature is too low to divide by
        p, ids = torch.softmax(log_p / temperature, dim=-1).sort(dim=-1, descending=True, stable=True)
        before = p.cumsum(dim=-1) - p  # probability of all likelier ids
        keep = before < top_p
        if top_k:
            keep[:, top_k:] = False
        p = p * keep
        cumulated = p.cumsum(dim=-1)
        rank = (cumulated <= numbers[:, t:t + 1] * cumulated[:, -1:]).sum(dim=-1, keepdim=True)
        rank = torch.minimum(rank, (p > 0).sum(dim=-1, keepdim=True) - 1)
        return ids.gather(1, rank).squeeze(1)

    return walk(model, memory, rules, choose)


@torch.inference_mode()
def beam(model: Seq2Seq, memory: Memory, rules: Rules, size: int, length_penalty: float) -> list[list[Hypothesis]]:
    """The `size` best hypotheses of each input, best first, ranked by log p / length^length_penalty.

    Finished hypotheses stay in the beam and compete with those still growing; an input is done only when all
    its K hypotheses are finished, never at the first one.
    """
    B, K, device = memory.c.size(0), size, memory.c.device
    first = torch.arange(B, device=device).repeat_interleave(K)
    memory, rules = memory.rows(first), rules.rows(first)
    state = model.decoder.start(memory)
    written = torch.empty(B * K, 0, dtype=torch.long, device=device)
    y = torch.full((B * K,), BOS, device=device)
    # All K rows of an input start equal: only the first may grow, or the beam would hold K copies.
    total = torch.full((B, K), NEVER, device=device)
    total[:, 0] = 0.0
    length = torch.zeros(B, K, device=device)
    over = torch.zeros(B, K, dtype=torch.bool, device=device)
    for _ in range(rules.steps):
        log_p, state = _log_p(model, y, state, memory)
        allowed = rules.allow(log_p, written)
        gain = torch.where(torch.isneginf(allowed), NEVER, log_p).view(B, K, -1)  # (B, K, V)
        V = gain.size(-1)
        stay = torch.full_like(gain, NEVER)
        stay[..., PAD] = 0.0  # a finished hypothesis goes on as itself, at no cost
        gain = torch.where(over.unsqueeze(-1), stay, gain)
        new_length = torch.where(over, length, length + 1)
        candidates = total.unsqueeze(-1) + gain
        rank = (candidates / new_length.unsqueeze(-1) ** length_penalty).view(B, K * V)
        best = rank.topk(K, dim=-1).indices  # (B, K)
        parent, y = best // V, best % V
        total = candidates.view(B, K * V).gather(1, best)
        length = new_length.gather(1, parent)
        rows = (parent + torch.arange(B, device=device).unsqueeze(1) * K).view(-1)
        state = tuple(s[rows] for s in state)
        y = y.view(-1)
        written = torch.cat([written[rows], y.unsqueeze(1)], dim=1)
        over = rules.over(written).view(B, K)
        if over.all():
            break
    scores = total / length ** length_penalty
    order = scores.argsort(dim=-1, descending=True, stable=True).tolist()
    ids, totals = written.view(B, K, -1).tolist(), total.tolist()
    return [[_hypothesis(ids[b][k], totals[b][k], length_penalty) for k in order[b] if totals[b][k] > NEVER]
            for b in range(B)]
