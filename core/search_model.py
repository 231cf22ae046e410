"""A Seq2Seq in, the same one for search out: what does not depend on the step is computed before the first one.

Products can be taken in another order: of a word once and not each time it is written, of a source position once and
not at every step that looks at it (`after`, where the context goes straight into the readout):

    W_x E(y) + b_x                     for every word of the vocabulary
    (W_a s)ᵀ U_a h_i = sᵀ (W_aᵀ U_a) h_i                    for every source position (dot)
    W_r [s; Σ_i α_i h_i] = W_rs s + Σ_i α_i (W_rc h_i)      for every source position

`core.decoder.Decoder.step` is the plain form; a test holds the two equal.
"""

from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from core.attention import attend
from core.cells import State
from core.decoder import Decoder
from core.encoder import Memory
from core.machine import round_up_to_64
from core.models import Seq2Seq

WORDS = 10  # that a hypothesis has, at a guess
LARGEST = 1 << 25  # numbers in a table
TEXTS = 64  # encoded at once


class SearchModel:
    """What search needs of a model: `encode`, and a decoder with `start`, `step` and `logits`. For answering only.

    rows: how many hypotheses there will be in all; few do not repay a table of all words.
    """

    def __init__(self, model: Seq2Seq, rows: int) -> None:
        self._model, self.decoder = model, SearchDecoder(model.decoder, rows)

    def encode(self, source: Tensor, lengths: Tensor) -> Memory:
        """As Seq2Seq.encode, some texts at a time: with texts in the order of their lengths, little is padded."""
        parts = zip(source.split(TEXTS), lengths.split(TEXTS))
        return Memory.joined([self.decoder.prepare(self._model.encoder(s[:, :n.max()], n)) for s, n in parts])


class SearchDecoder:
    def __init__(self, decoder: Decoder, rows: int) -> None:
        self._decoder, self.start = decoder, decoder.start
        # On a CPU a product with as many columns as a multiple of 64 is up to half as fast again.
        more = round_up_to_64(decoder.output.out_features) - decoder.output.out_features
        self._W_o = F.pad(decoder.output.weight, (0, 0, 0, more))
        self._b_o = F.pad(decoder.output.bias, (0, more), value=float("-inf"))
        words, gates = decoder.embedding.weight, decoder.stack.cells[0].rnn.weight_hh_l0.size(0)
        repays = rows * WORDS > len(words) and len(words) * gates <= LARGEST
        self._words = decoder.stack.project(words) if repays else None  # (V, gates·H)
        self._keys = decoder.attention.folded() if decoder.placement == "after" else None
        self._W_rs, self._W_rc = decoder.readout.weight.split(
            [decoder.stack.hidden_size, decoder.readout.in_features - decoder.stack.hidden_size], dim=1)

    def logits(self, readout: Tensor) -> Tensor:
        """As Decoder.logits, and -inf for the columns that were added. (…, E) → (…, V')"""
        return F.linear(readout, self._W_o, self._b_o)

    def prepare(self, memory: Memory) -> Memory:
        """As Decoder.prepare, and W_rc h_i in place of the states."""
        if self._keys is None:
            return self._decoder.prepare(memory)
        return replace(memory, keys=F.linear(memory.states, self._keys), states=F.linear(memory.states, self._W_rc))

    def step(self, y: Tensor, state: State, memory: Memory) -> tuple[Tensor, State, Tensor | None]:
        """As Decoder.step, with the memory of `prepare`."""
        d = self._decoder
        gates = d.stack.project(d.embedding(y)) if self._words is None else self._words[y]
        if self._keys is None:
            return d.step_from(gates, state, memory)
        state = d.stack.step(gates, state)
        s = d.stack.top(state)
        scores = d.attention.folded_scores(s.view(memory.c.size(0), -1, s.size(1)), memory.keys)
        seen, weights = attend(scores, memory.states, memory.mask)
        readout = torch.tanh(F.linear(s, self._W_rs, d.readout.bias) + seen.flatten(0, 1))
        return readout, state, weights.flatten(0, 1)
