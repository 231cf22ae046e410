"""Attention: a query and the encoder states in, a weighted sum of the states (the context) and the weights out.

Both kinds are pure: query, keys, values and mask go in, context and weights come out, nothing is remembered.

Shapes: B batch, T queries, S states, Q query size, D state size, A attention size.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from core.registry import ATTENTIONS, load_class

LARGEST = 1 << 26  # numbers held at once


def no_autocast(x: Tensor) -> torch.autocast:
    """Products over T and S run in fp32: they are small and come in many sizes (see round_up_to_64)."""
    return torch.autocast(x.device.type, enabled=False)


def additive_scores(query: Tensor, keys: Tensor, v_a: Tensor) -> Tensor:
    """Bahdanau et al. 2015: score(s, h_i) = v_aᵀ tanh(W_a s + U_a h_i).

    query W_a s (B, T, A), keys U_a h (B, S, A), v_a (A,). Returns (B, T, S).
    """
    return torch.tanh(query.unsqueeze(2) + keys.unsqueeze(1)) @ v_a  # (B, T, S, A) @ (A,)


def chunked_scores(query: Tensor, keys: Tensor, v_a: Tensor) -> Tensor:
    """The same, for some queries at a time where B·T·S·A numbers are too many to hold: two texts of 200 tokens, 64
    times, have 2.6 GB of them. What a part holds is computed again for its gradient (Chen et al. 2016)."""
    B, T, A = query.shape
    at_a_time = max(1, LARGEST // (B * keys.size(1) * A))
    if at_a_time >= T:
        return additive_scores(query, keys, v_a)
    scores = additive_scores
    if torch.is_grad_enabled():
        scores = partial(checkpoint, additive_scores, use_reentrant=False, preserve_rng_state=False)
    return torch.cat([scores(part, keys, v_a) for part in query.split(at_a_time, dim=1)], dim=1)


def dot_scores(query: Tensor, keys: Tensor) -> Tensor:
    """Vaswani et al. 2017: Q Kᵀ / √d_k. query (B, T, A), keys (B, S, A). Returns (B, T, S)."""
    with no_autocast(query):
        return query.float() @ keys.float().transpose(1, 2) / math.sqrt(keys.size(-1))


def attend(scores: Tensor, values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """α = softmax(score), context = Σ_i α_i h_i.

    scores (B, T, S), values (B, S, D), mask (B, S) True at real positions: padding gets the weight 0, exactly.
    Returns context (B, T, D) and weights α (B, T, S).
    """
    with no_autocast(scores):
        weights = torch.softmax(scores.float().masked_fill(~mask.unsqueeze(1), float("-inf")), dim=-1)
        return weights @ values.float(), weights


class Attention(nn.Module):
    """What both kinds share: project the states to keys once a source, then score and attend."""

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__()
        self.W_a = nn.Linear(query_size, attention_size, bias=False)
        self.U_a = nn.Linear(memory_size, attention_size, bias=False)

    def project(self, states: Tensor) -> Tensor:
        """U_a h (in the other notation K = W_k h): once a source, not once a step. (B, S, D) → (B, S, A)"""
        return self.U_a(states)

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """(B, T, Q), (B, S, A) → (B, T, S)"""
        raise NotImplementedError

    def folded(self) -> Tensor:
        """What makes keys of states for `folded_scores`: U_a, into which W_a is multiplied where it can be. (·, D)"""
        return self.U_a.weight

    def folded_scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """As `scores`, with such keys."""
        return self.scores(query, keys)

    def forward(self, query: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, Q), (B, S, A), (B, S, D), (B, S) → context (B, T, D), weights (B, T, S)"""
        return attend(self.scores(query, keys), values, mask)


class AdditiveAttention(Attention):
    """score(s, h_i) = v_aᵀ tanh(W_a s + U_a h_i) (Bahdanau et al. 2015)."""

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__(query_size, memory_size, attention_size)
        self.v_a = nn.Parameter(torch.empty(attention_size).uniform_(-1, 1) / math.sqrt(attention_size))

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        return chunked_scores(self.W_a(query), keys, self.v_a)


class DotAttention(Attention):
    """softmax(Q Kᵀ / √d_k) V with Q = W_a s, K = U_a h, V = h (Vaswani et al. 2017)."""

    def project(self, states: Tensor) -> Tensor:
        return super().project(states).float()

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        return dot_scores(self.W_a(query), keys)

    def folded(self) -> Tensor:
        """(W_a s)ᵀ U_a h = sᵀ (W_aᵀ U_a) h, so scaled that √d_k stays that of the keys. (Q, D)"""
        A, Q = self.W_a.weight.shape
        return self.W_a.weight.t() @ self.U_a.weight * math.sqrt(Q / A)

    def folded_scores(self, query: Tensor, keys: Tensor) -> Tensor:
        return dot_scores(query, keys)


def make_attention(kind: str, query_size: int, memory_size: int, attention_size: int) -> Attention | None:
    """The attention of this name in core.registry.ATTENTIONS; None for "none"."""
    location = ATTENTIONS[kind]
    return load_class(location)(query_size, memory_size, attention_size) if location else None


class AttentionPooling(nn.Module):
    """A whole text as one vector: the same attention, asked by one learned query q (Yang et al. 2016).

    α = softmax(score(q, h_i)), pooled = Σ_i α_i h_i
    """

    def __init__(self, attention: Attention, query_size: int) -> None:
        super().__init__()
        self.attention = attention
        self.query = nn.Parameter(torch.randn(query_size) / math.sqrt(query_size))

    def scores(self, states: Tensor) -> Tensor:
        """(B, S, D) → (B, 1, S)"""
        query = self.query.expand(states.size(0), 1, -1)
        return self.attention.scores(query, self.attention.project(states))

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(B, S, D), (B, S) → pooled (B, D), weights (B, S)"""
        pooled, weights = attend(self.scores(states), states, mask)
        return pooled.squeeze(1), weights.squeeze(1)
