"""The parts put together: Seq2Seq (1→N, N→N, N→M) and Classifier (N→1)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.attention import AttentionPooling, make_attention
from core.batches import Batch
from core.decoder import Decoder
from core.dropout import Dropout
from core.embedding import Embedding
from core.encoder import Encoder, Lookup, Memory
from core.machine import round_up_to_64
from core.ngrams import NGrams
from core.settings import Settings
from core.stack import Stack
from core.vocabulary import BOS, PAD


class Seq2Seq(nn.Module):
    """p(y | x) = Π_t p(y_t | y_<t, x): an encoder and a decoder that reads its memory (Sutskever et al. 2014).

    Sources are ids (B, S), targets ids (B, T); logits are (B, T, V).
    """

    def __init__(self, encoder: Encoder | Lookup, decoder: Decoder, source_dropout: float = 0.0) -> None:
        """source_dropout: fraction of the sources that training replaces by an empty one, see `empty_source`."""
        super().__init__()
        self.encoder, self.decoder, self.source_dropout = encoder, decoder, source_dropout

    @property
    def shares_prefixes(self) -> bool:
        """Whether the sources of a batch may be shared, see EncodedSplit.share_prefixes."""
        return getattr(self.encoder, "one_direction", False)

    def encode(self, source: Tensor, lengths: Tensor) -> Memory:
        """The Memory, with keys, of source ids (B, S) and lengths (B,)."""
        return self.decoder.prepare(self.encoder(source, lengths))

    def readouts(self, batch: Batch, sampling: float = 0.0) -> Tensor:
        """ŝ (N, E) for the N real target positions under teacher forcing, row by row. Padding is not among them.

        sampling: fraction of the inputs y_t replaced by the decoder's own prediction.
        """
        shifted = _shifted(batch.target)
        memory = self._encode(batch)
        if sampling:
            shifted = self._sampled(shifted, memory, sampling)
        s, context, _ = self.decoder(shifted, memory)
        real = batch.real_positions()
        rows = F.pad(real, (0, round_up_to_64(len(real)) - len(real)))
        return self.decoder.read(*(x.flatten(0, 1).index_select(0, rows) for x in (s, context)))[:len(real)]

    def _encode(self, batch: Batch) -> Memory:
        source, lengths, rows = batch.source, batch.source_lengths, batch.rows
        if self.training and self.source_dropout:
            dropped = torch.rand(len(lengths), device=lengths.device) < self.source_dropout
            lengths = lengths.masked_fill(dropped, 1)
            if rows is None:
                source = torch.where(dropped.unsqueeze(1), empty_source(source), source)
            else:
                source = torch.cat([source, empty_source(source[:1])])
                rows = rows.masked_fill(dropped, len(source) - 1)
        if rows is None:
            return self.encode(source, lengths)
        return self.encode(source, (source != PAD).sum(dim=1)).prefixes(rows, lengths)

    @torch.no_grad()
    def _sampled(self, shifted: Tensor, memory: Memory, fraction: float) -> Tensor:
        """Scheduled sampling (Bengio et al. 2015), all positions at once (Duckworth et al. 2019): a fraction of
        the inputs is replaced by what is most likely after the true ones. (B, T) → (B, T)"""
        s, context, _ = self.decoder(shifted, memory)
        guess = self.decoder.logits(self.decoder.read(s, context)).argmax(dim=-1)  # of y_1 … y_T
        own = torch.rand(shifted[:, 1:].shape, device=shifted.device) < fraction
        return torch.cat([shifted[:, :1], torch.where(own & (shifted[:, 1:] != PAD), guess[:, :-1], shifted[:, 1:])],
                         dim=1)

    def loss(self, batch: Batch, label_smoothing: float = 0.0, sampling: float = 0.0) -> tuple[Tensor, int]:
        """-Σ log p(y_t | y_<t, x) over the real target positions, and their number."""
        target = batch.target.view(-1)[batch.real_positions()]  # (N,)
        return self.decoder.output.loss(self.readouts(batch, sampling), target, label_smoothing), len(target)

    @torch.inference_mode()
    def attention_weights(self, source: Tensor, lengths: Tensor, output: Tensor) -> Tensor | None:
        """The weights α with which each id of an output was written, also of one that a beam found.

        source (B, S) and output (B, T) ids, padded with <pad>; lengths (B,) of the sources. Returns α (B, T, S), 0 for
        the padding of a source and of an output; None without attention. For a model in eval mode.
        """
        weights = self.decoder(_shifted(output), self.encode(source, lengths))[2]
        return None if weights is None else weights * (output != PAD).unsqueeze(2)


class Classifier(nn.Module):
    """p(label | x) = softmax(W_o pooled + b_o + z), where pooled = Σ_i α_i h_i, or c without attention, and z are the
    scores of a linear classifier over n-grams: a wide and a deep part (Cheng et al. 2016).

    The linear part is fitted first, and the network learns what it gets wrong on texts that it has not seen.
    """

    def __init__(self, encoder: Encoder, pooling: AttentionPooling | None, labels: int, dropout: float,
                 ngrams: NGrams | None = None) -> None:
        """ngrams: the linear part; without it z = 0."""
        super().__init__()
        self.encoder, self.pooling, self.ngrams = encoder, pooling, ngrams
        self.output = nn.Linear(encoder.memory_size, labels)
        self.dropout = Dropout(dropout)

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor | None]:
        """Logits (B, labels) and weights α (B, S), None without attention. source (B, S) ids, lengths (B,)."""
        logits, weights = self.deep(source, lengths)
        return logits.float() + self.ngrams(source) if self.ngrams else logits, weights

    def deep(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor | None]:
        """As forward, of the network alone: W_o pooled + b_o."""
        memory = self.encoder(source, lengths)
        pooled, weights = (self.pooling(memory.states, memory.mask) if self.pooling else (memory.c, None))
        return self.output(self.dropout(pooled)), weights

    def loss(self, batch: Batch, label_smoothing: float = 0.0, sampling: float = 0.0) -> tuple[Tensor, int]:
        """-Σ log p(label | x), and the number of texts. The batch's target is (B, 1): label ids, from 1."""
        if batch.scores is None or self.ngrams is None or not self.training:
            logits, _ = self(batch.source, batch.source_lengths)
        else:
            logits = self.deep(batch.source, batch.source_lengths)[0] + batch.scores
        return F.cross_entropy(logits.float(), batch.target[:, 0] - 1, reduction="sum",
                               label_smoothing=label_smoothing), logits.size(0)


def empty_source(like: Tensor) -> Tensor:
    """No source: <bos> alone, of the shape of `like` (B, S). A network that was trained with source_dropout then gives
    p(y), the probability of an output whatever the source is (as Ho and Salimans 2022 train one network for both)."""
    return torch.full_like(like, PAD).index_fill(1, torch.zeros(1, dtype=torch.long, device=like.device), BOS)


def _shifted(target: Tensor) -> Tensor:
    """The decoder's inputs: y_0 = <bos>, y_1, …, y_{T-1}. (B, T) → (B, T)"""
    return torch.cat([torch.full_like(target[:, :1], BOS), target[:, :-1]], dim=1)


def make_encoder(settings: Settings, vocabulary_size: int) -> Encoder:
    """embedding → recurrent encoder, according to the settings."""
    return Encoder(Embedding(vocabulary_size, settings.embedding_size), settings.cell,
                   settings.encoder_size or settings.hidden_size, settings.layers, settings.bidirectional,
                   settings.dropout, settings.word_dropout, settings.layer_norm, settings.recurrent_dropout)


def make_lookup(settings: Settings, vocabulary_size: int) -> Lookup:
    """embedding → c, for inputs of one word."""
    return Lookup(Embedding(vocabulary_size, settings.embedding_size), settings.word_dropout, settings.dropout)


def make_decoder(settings: Settings, vocabulary_size: int, memory_size: int,
                 shared: Embedding | None = None) -> Decoder:
    """attention → decoder, according to the settings. shared: the source embedding, if both sides share it."""
    attention = make_attention(settings.attention, settings.hidden_size, memory_size, settings.hidden_size)
    input_size = settings.embedding_size + memory_size * (attention is None or settings.placement == "before")
    stack = Stack(settings.cell, input_size, settings.hidden_size, settings.layers, settings.dropout,
                  settings.layer_norm, settings.recurrent_dropout)
    return Decoder(shared or Embedding(vocabulary_size, settings.embedding_size), attention, settings.placement,
                   memory_size, stack, settings.dropout, settings.word_dropout, settings.tie_embeddings,
                   settings.common_tokens)


def make_pooling(settings: Settings, memory_size: int) -> AttentionPooling | None:
    """The attention with a learned query; None without attention (the classifier then reads c)."""
    attention = make_attention(settings.attention, settings.hidden_size, memory_size, settings.hidden_size)
    return AttentionPooling(attention, settings.hidden_size) if attention else None


def parameters_by_part(model: nn.Module) -> dict[str, int]:
    """Number of parameters of each part; a shared table is counted once, where it occurs first."""
    counts: dict[str, int] = {}
    for name, parameter in model.named_parameters():
        part = ("embedding" if "embedding" in name else "attention" if "attention" in name or "pooling" in name
                else name.split(".")[0])
        counts[part] = counts.get(part, 0) + parameter.numel()
    return counts
