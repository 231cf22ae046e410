"""Embedding: ids in, vectors out. Step four of encoding: E(y) is row y of a table that is learned."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.vocabulary import PAD, UNK


class Embedding(nn.Embedding):
    """E: one vector for each id; that of <pad> starts at zero and no result reads it. (…) ids → (…, E)

    Rows start as N(0, 1/E), so that a tied output projection starts with logits of about unit size.
    """

    def __init__(self, vocabulary_size: int, embedding_size: int) -> None:
        super().__init__(vocabulary_size, embedding_size, padding_idx=PAD)
        self.pretrained_mask: Tensor | None = None  # (V,), True for rows that were loaded
        self.frozen = False

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=self.embedding_dim ** -0.5)
        with torch.no_grad():
            self.weight[PAD].zero_()

    def load(self, vectors: Tensor, pretrained_mask: Tensor, freeze: bool = False) -> None:
        """Take over pre-trained vectors (V, E) where `pretrained_mask` (V,) is True; the other rows keep their
        random start.

        freeze: these rows stay as they are. Their gradient is zero, whatever else reads the table, and `make_optimizer`
        leaves a table with `frozen` out of the weight decay.
        """
        self.pretrained_mask, self.frozen = pretrained_mask, freeze
        with torch.no_grad():
            self.weight[pretrained_mask] = vectors[pretrained_mask].to(self.weight.device)
        if freeze:
            rows = pretrained_mask[:, None]
            self.weight.register_hook(lambda gradient: gradient.masked_fill(rows.to(gradient.device), 0.0))


class WordDropout(nn.Module):
    """In training, hide whole tokens at random (Gal and Ghahramani 2016): a share `rate` of the rows becomes zero."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, e: Tensor) -> Tensor:
        """(B, T, E) → (B, T, E)"""
        if not self.training or not self.rate:
            return e
        return e * (torch.rand(e.shape[:-1], device=e.device) >= self.rate).unsqueeze(-1)


class WordEmbedding(nn.Module):
    """A word as one vector: its own embedding plus those of its characters (Bojanowski et al. 2017).

    e(w) = E(w) + Σ_k E(character k of w)

    What the vocabulary does not hold adds nothing, so a word never seen still has its characters' sum. In training
    a word's own embedding is left out at random, or its characters would learn nothing.
    """

    def __init__(self, embedding: Embedding, word_dropout: float) -> None:
        super().__init__()
        self.embedding, self.word_dropout = embedding, word_dropout

    def forward(self, ids: Tensor) -> Tensor:
        """ids (B, 1 + characters): the word, then its characters. Returns (B, E)."""
        known = (ids != PAD) & (ids != UNK)
        if self.training and self.word_dropout and ids.size(1) > 1:
            composed = known[:, 1:].any(dim=1)
            dropped = torch.rand(ids.size(0), device=ids.device) < self.word_dropout
            known[:, 0] &= ~(dropped & composed)
        return (self.embedding(ids) * known.unsqueeze(-1)).sum(dim=1)
