"""Attention: the weighted sum of the encoder states (the context) for a query, and its weights.

Both kinds are pure functions of query, keys, values and mask.

Shapes: B batch, T queries, S states, Q query size, D memory size, A attention size.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from core.registry import ATTENTIONS, load_class

MAX_NUMBERS = 1 << 26  # in the largest tensor of additive attention


def no_autocast(x: Tensor) -> torch.autocast:
    """A block in fp32, for products over T and S: they are small, and of many sizes (see round_up_to_64)."""
    return torch.autocast(x.device.type, enabled=False)


def additive_scores(query: Tensor, keys: Tensor, v_a: Tensor) -> Tensor:
    """Bahdanau et al. 2015: score(s, h_i) = v_aᵀ tanh(W_a s + U_a h_i).

    query W_a s (B, T, A), keys U_a h (B, S, A), v_a (A,). Returns (B, T, S).
    """
    return torch.tanh(query.unsqueeze(2) + keys.unsqueeze(1)) @ v_a  # (B, T, S, A) @ (A,)


def chunked_scores(query: Tensor, keys: Tensor, v_a: Tensor) -> Tensor:
    """As additive_scores, for some queries at a time if B·T·S·A numbers are too many for memory: 64 pairs of texts of
    200 tokens have 2.6 GB of them. Each chunk is computed again for its gradient (Chen et al. 2016)."""
    B, T, A = query.shape
    chunk = max(1, MAX_NUMBERS // (B * keys.size(1) * A))
    if chunk >= T:
        return additive_scores(query, keys, v_a)
    scores = additive_scores
    if torch.is_grad_enabled():
        scores = partial(checkpoint, additive_scores, use_reentrant=False, preserve_rng_state=False)
    return torch.cat([scores(queries, keys, v_a) for queries in query.split(chunk, dim=1)], dim=1)


def dot_scores(query: Tensor, keys: Tensor) -> Tensor:
    """Vaswani et al. 2017: Q Kᵀ / √d_k. query (B, T, A), keys (B, S, A). Returns (B, T, S)."""
    with no_autocast(query):
        return query.float() @ keys.float().transpose(1, 2) / math.sqrt(keys.size(-1))


def attend(scores: Tensor, values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """α = softmax(score), context = Σ_i α_i h_i.

    scores (B, T, S), values (B, S, D), mask (B, S) True at real positions: the weight of padding is exactly 0.
    Returns context (B, T, D) and weights α (B, T, S).
    """
    with no_autocast(scores):
        weights = torch.softmax(scores.float().masked_fill(~mask.unsqueeze(1), float("-inf")), dim=-1)
        return weights @ values.float(), weights


class Attention(nn.Module):
    """The base of both kinds: a subclass writes `scores`.

    query_size Q, memory_size D, attention_size A.
    """

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__()
        self.W_a = nn.Linear(query_size, attention_size, bias=False)
        self.U_a = nn.Linear(memory_size, attention_size, bias=False)

    def project(self, states: Tensor) -> Tensor:
        """The keys U_a h (K = W_k h in the other notation), once per source. (B, S, D) → (B, S, A)"""
        return self.U_a(states)

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """The score of each key for each query. (B, T, Q), (B, S, A) → (B, T, S)"""
        raise NotImplementedError

    def folded(self) -> Tensor:
        """The matrix from states to the keys for `folded_scores`: U_a, multiplied by W_a if possible. (·, D)"""
        return self.U_a.weight

    def folded_scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """As `scores`, with keys made by the matrix `folded`."""
        return self.scores(query, keys)

    def forward(self, query: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """query (B, T, Q), keys (B, S, A), values (B, S, D), mask (B, S) → context (B, T, D), weights (B, T, S)"""
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
        """(W_a s)ᵀ U_a h = sᵀ (W_aᵀ U_a) h, scaled so that √d_k remains that of the keys. (Q, D)"""
        A, Q = self.W_a.weight.shape
        return self.W_a.weight.t() @ self.U_a.weight * math.sqrt(Q / A)

    def folded_scores(self, query: Tensor, keys: Tensor) -> Tensor:
        return dot_scores(query, keys)


def make_attention(kind: str, query_size: int, memory_size: int, attention_size: int) -> Attention | None:
    """The attention of this name in core.registry.ATTENTIONS; None for "none"."""
    location = ATTENTIONS[kind]
    return load_class(location)(query_size, memory_size, attention_size) if location else None


class AttentionPooling(nn.Module):
    """A whole text as one vector: attention with one learned query q (Yang et al. 2016).

    α = softmax(score(q, h_i)), pooled = Σ_i α_i h_i
    """

    def __init__(self, attention: Attention, query_size: int) -> None:
        super().__init__()
        self.attention = attention
        self.query = nn.Parameter(torch.randn(query_size) / math.sqrt(query_size))

    def scores(self, states: Tensor) -> Tensor:
        """The score of each state: (B, S, D) → (B, 1, S)"""
        query = self.query.expand(states.size(0), 1, -1)
        return self.attention.scores(query, self.attention.project(states))

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(B, S, D), (B, S) → pooled (B, D), weights (B, S)"""
        pooled, weights = attend(self.scores(states), states, mask)
        return pooled.squeeze(1), weights.squeeze(1)
