"""The parts put together: Seq2Seq (1→N, N→N, N→M) and Classifier (N→1). A Batch in, a loss out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.attention import AttentionPooling, make_attention
from core.batches import Batch
from core.cells import Stack
from core.decoder import Decoder
from core.dropout import Dropout
from core.embedding import Embedding
from core.encoder import Encoder, Lookup, Memory
from core.machine import round_up_to_64
from core.settings import Settings
from core.vocabulary import BOS, PAD


class Seq2Seq(nn.Module):
    """p(y | x) = Π_t p(y_t | y_<t, x): an encoder and a decoder that reads its memory."""

    def __init__(self, encoder: Encoder | Lookup, decoder: Decoder) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def encode(self, source: Tensor, lengths: Tensor) -> Memory:
        """Source ids (B, S) and lengths (B,) in; the Memory, keys included, out."""
        return self.decoder.prepare(self.encoder(source, lengths))

    def readouts(self, batch: Batch, sampling: float = 0.0) -> Tensor:
        """ŝ (N, E) for the N real target positions under teacher forcing, row by row. Padding is not among them.

        sampling: the share of the inputs y_t that the decoder's own guess replaces.
        """
        start = torch.full_like(batch.target[:, :1], BOS)
        shifted = torch.cat([start, batch.target[:, :-1]], dim=1)  # y_0 = <bos>, y_1, …, y_{T-1}
        memory = self.encode(batch.source, batch.source_lengths)
        if sampling:
            shifted = self._sampled(shifted, memory, sampling)
        s, context, _ = self.decoder(shifted, memory)
        real = (batch.target != PAD).view(-1).nonzero().squeeze(1)
        rows = F.pad(real, (0, round_up_to_64(len(real)) - len(real)))
        return self.decoder.read(*(x.flatten(0, 1).index_select(0, rows) for x in (s, context)))[:len(real)]

    @torch.no_grad()
    def _sampled(self, shifted: Tensor, memory: Memory, share: float) -> Tensor:
        """Scheduled sampling (Bengio et al. 2015), all positions at once (Duckworth et al. 2019): what the decoder
        says likeliest after the true words takes the place of a share of them. (B, T) → (B, T)"""
        s, context, _ = self.decoder(shifted, memory)
        guess = self.decoder.logits(self.decoder.read(s, context)).argmax(dim=-1)  # of y_1 … y_T
        own = torch.rand(shifted[:, 1:].shape, device=shifted.device) < share
        return torch.cat([shifted[:, :1], torch.where(own & (shifted[:, 1:] != PAD), guess[:, :-1], shifted[:, 1:])],
                         dim=1)

    def loss(self, batch: Batch, label_smoothing: float = 0.0, sampling: float = 0.0) -> tuple[Tensor, int]:
        """-Σ log p(y_t | y_<t, x) over the real target positions, and how many they are. Padding counts nothing."""
        target = batch.target[batch.target != PAD]  # (N,)
        return self.decoder.loss(self.readouts(batch, sampling), target, label_smoothing), len(target)


class Classifier(nn.Module):
    """p(label | x) = softmax(W_o pooled + b_o), where pooled = Σ_i α_i h_i, or c without attention."""

    def __init__(self, encoder: Encoder, pooling: AttentionPooling | None, labels: int, dropout: float) -> None:
        super().__init__()
        self.encoder, self.pooling = encoder, pooling
        self.output = nn.Linear(encoder.memory_size, labels)
        self.dropout = Dropout(dropout)

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor | None]:
        """Source ids (B, S) and lengths (B,) in; logits (B, labels) and weights α (B, S) out."""
        memory = self.encoder(source, lengths)
        pooled, weights = (self.pooling(memory.states, memory.mask) if self.pooling else (memory.c, None))
        return self.output(self.dropout(pooled)), weights

    def loss(self, batch: Batch, label_smoothing: float = 0.0, sampling: float = 0.0) -> tuple[Tensor, int]:
        """-Σ log p(label | x), and the number of texts. The label is the batch's one target column."""
        logits, _ = self(batch.source, batch.source_lengths)
        return F.cross_entropy(logits.float(), batch.target[:, 0], reduction="sum",
                               label_smoothing=label_smoothing), logits.size(0)


def make_encoder(settings: Settings, vocabulary_size: int) -> Encoder:
    """embedding → recurrent encoder, as the settings say."""
    return Encoder(Embedding(vocabulary_size, settings.embedding_size), settings.cell,
                   settings.encoder_size or settings.hidden_size, settings.layers, settings.bidirectional,
                   settings.dropout, settings.word_dropout, settings.layer_norm, settings.recurrent_dropout)


def make_lookup(settings: Settings, vocabulary_size: int) -> Lookup:
    """embedding → c, for inputs of one unit."""
    return Lookup(Embedding(vocabulary_size, settings.embedding_size), settings.word_dropout, settings.dropout)


def make_decoder(settings: Settings, vocabulary_size: int, memory_size: int,
                 shared: Embedding | None = None) -> Decoder:
    """attention → decoder, as the settings say. shared: the source's embedding, where both sides are one language."""
    attention = make_attention(settings.attention, settings.hidden_size, memory_size, settings.hidden_size)
    input_size = settings.embedding_size + memory_size * (attention is None or settings.placement == "before")
    stack = Stack(settings.cell, input_size, settings.hidden_size, settings.layers, settings.dropout,
                  settings.layer_norm, settings.recurrent_dropout)
    return Decoder(shared or Embedding(vocabulary_size, settings.embedding_size), attention, settings.placement,
                   memory_size, stack, settings.dropout, settings.word_dropout, settings.tie_embeddings)


def make_pooling(settings: Settings, memory_size: int) -> AttentionPooling | None:
    """The same attention with a learned query, or None (the classifier then reads c)."""
    attention = make_attention(settings.attention, settings.hidden_size, memory_size, settings.hidden_size)
    return AttentionPooling(attention, settings.hidden_size) if attention else None


def parameters_by_part(model: nn.Module) -> dict[str, int]:
    """How many numbers each part learns; a shared table is counted once, where it is first met."""
    counts: dict[str, int] = {}
    for name, parameter in model.named_parameters():
        part = ("embedding" if "embedding" in name else "attention" if "attention" in name or "pooling" in name
                else name.split(".")[0])
        counts[part] = counts.get(part, 0) + parameter.numel()
    return counts
