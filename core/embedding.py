"""Embedding layers for tokens and words. Step four of encoding."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.vocabulary import PAD, UNK


class Embedding(nn.Embedding):
    """E(y), row y of a learned table: ids (…) → (…, E). The row of <pad> starts at zero, and no result depends on it.

    Rows start as N(0, 1/E), so that a tied output projection starts with logits of about unit size.
    """

    def __init__(self, vocabulary_size: int, embedding_size: int) -> None:
        super().__init__(vocabulary_size, embedding_size, padding_idx=PAD)
        self.pretrained_mask: Tensor | None = None  # (V,), True for pretrained rows
        self.frozen = False

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=self.embedding_dim ** -0.5)
        with torch.no_grad():
            self.weight[PAD].zero_()

    def load(self, vectors: Tensor, pretrained_mask: Tensor, freeze: bool = False) -> None:
        """Copy pretrained vectors (V, E) where `pretrained_mask` (V,) is True; the other rows remain random.

        freeze: no training of these rows. Their gradient is zero, also if the table is shared, and `make_optimizer`
        applies no weight decay to a table with `frozen`.
        """
        self.pretrained_mask, self.frozen = pretrained_mask, freeze
        with torch.no_grad():
            self.weight[pretrained_mask] = vectors[pretrained_mask].to(self.weight.device)
        if freeze:
            rows = pretrained_mask[:, None]
            self.weight.register_hook(lambda gradient: gradient.masked_fill(rows.to(gradient.device), 0.0))


class WordDropout(nn.Module):
    """Dropout of whole tokens (Gal and Ghahramani 2016): in training a fraction `rate` of the rows is set to zero."""

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

    Unknown tokens add nothing, so an unknown word is the sum of its characters. In training the word's own embedding
    is dropped at random, since otherwise its characters would learn nothing.
    """

    def __init__(self, embedding: Embedding, word_dropout: float) -> None:
        super().__init__()
        self.embedding, self.word_dropout = embedding, word_dropout

    def forward(self, ids: Tensor) -> Tensor:
        """ids (B, 1 + characters), the word and its characters → (B, E)."""
        known = (ids != PAD) & (ids != UNK)
        if self.training and self.word_dropout and ids.size(1) > 1:
            composed = known[:, 1:].any(dim=1)
            dropped = torch.rand(ids.size(0), device=ids.device) < self.word_dropout
            known[:, 0] &= ~(dropped & composed)
        return (self.embedding(ids) * known.unsqueeze(-1)).sum(dim=1)
