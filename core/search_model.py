"""A Seq2Seq for search: what does not depend on the step is computed before the first one.

Products can be taken in another order: of a word once instead of each time it is written, of a source position once
instead of at each step (`after`, where the context goes straight into the readout):

    W_x E(y) + b_x                     for each word of the vocabulary
    (W_a s)ᵀ U_a h_i = sᵀ (W_aᵀ U_a) h_i                    for each source position (dot)
    W_r [s; Σ_i α_i h_i] = W_rs s + Σ_i α_i (W_rc h_i)      for each source position

`core.decoder.Decoder.step` is the simple version; a test checks that both agree.
"""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.attention import attend
from core.cells import State
from core.decoder import Decoder
from core.encoder import Memory, SourceTensors
from core.ensemble import Ensemble, EnsembleSearch
from core.machine import round_up_to_64
from core.models import Seq2Seq
from core.output import two_levels

MAX_TABLE = 1 << 25  # numbers in the table of words
BATCH = 64  # texts encoded at once


@dataclass(frozen=True)
class SearchMemory(SourceTensors):
    """A source as the steps of a search read it, with attention after the update.

    c       (B, D)     final state
    mask    (B, S)     True at real positions
    keys    (B, S, ·)  the states as `Attention.folded_scores` reads them
    values  (B, S, E)  W_rc h_i
    """

    mask: Tensor
    keys: Tensor
    values: Tensor


class SearchModel:
    """What search needs of a model: `encode`, and a decoder with `start`, `step`, `logits` and `log_p`. For answering.

    Several threads may use it at once. It does not follow later changes of the weights; `search_model` does.
    """

    def __init__(self, model: Seq2Seq) -> None:
        self._encoder, self.decoder = model.encoder, SearchDecoder(model.decoder)

    @torch.inference_mode()
    def encode(self, source: Tensor, lengths: Tensor) -> Memory | SearchMemory:
        """As Seq2Seq.encode, some texts at a time: if they are sorted by length, there is little padding."""
        parts = zip(source.split(BATCH), lengths.split(BATCH))
        prepared = [self.decoder.prepare(self._encoder(s[:, :n.max()], n)) for s, n in parts]
        return type(prepared[0]).joined(prepared)  # type: ignore[arg-type]


class SearchDecoder:
    """A Decoder with its products rearranged for search."""

    @torch.no_grad()
    def __init__(self, decoder: Decoder) -> None:
        self._decoder, self.start, self.output = decoder, decoder.start, decoder.output
        self.state_tensors = decoder.state_tensors
        # On a CPU a product with a multiple of 64 columns is up to 1.5 times as fast.
        more = round_up_to_64(decoder.output.out_features) - decoder.output.out_features
        self._W_o = F.pad(decoder.output.weight, (0, 0, 0, more))
        self._b_o = F.pad(decoder.output.bias, (0, more), value=float("-inf"))
        self._W_a = decoder.attention.folded() if decoder.attention and decoder.placement == "after" else None
        H = decoder.stack.hidden_size
        self._W_rs, self._W_rc = decoder.readout.weight.split([H, decoder.readout.in_features - H], dim=1)
        self._words: Tensor | None = None  # (V, G·H)
        self._lookups, self._lock = 0, threading.Lock()

    def logits(self, readout: Tensor) -> Tensor:
        """As Decoder.logits, with -inf in the added columns. (…, E) → (…, V')"""
        logits = F.linear(readout, self._W_o, self._b_o)
        return logits if self.output.rare is None else two_levels(logits, self.output.rare(readout), self.output.K)

    def log_p(self, readout: Tensor, row: Tensor, ids: Tensor) -> Tensor:
        """As Decoder.log_p."""
        if self.output.rare is not None:
            return self.output.log_p(readout, row, ids)
        return torch.log_softmax(self.logits(readout).float(), dim=-1)[row, ids]

    def prepare(self, memory: Memory) -> Memory | SearchMemory:
        """What the steps read of a source; with attention after the update a SearchMemory."""
        if self._W_a is None:
            return self._decoder.prepare(memory)
        return SearchMemory(memory.c, memory.mask, F.linear(memory.states, self._W_a),
                            F.linear(memory.states, self._W_rc))

    def step(self, y: Tensor, state: State, memory: Memory | SearchMemory) -> tuple[Tensor, State, Tensor | None]:
        """As Decoder.step, with the memory from `prepare`."""
        d, gates = self._decoder, self._input(y)
        if not isinstance(memory, SearchMemory):
            return d.step_from(gates, state, memory)
        assert d.attention is not None
        state = d.stack.step(gates, state)
        s = d.stack.top(state)
        scores = d.attention.folded_scores(s.view(memory.c.size(0), -1, s.size(1)), memory.keys)
        context, weights = attend(scores, memory.values, memory.mask)
        readout = torch.tanh(F.linear(s, self._W_rs, d.readout.bias) + context.flatten(0, 1))
        return readout, state, weights.flatten(0, 1)

    def _input(self, y: Tensor) -> Tensor:
        """W_x E(y) + b_x: (N,) → (N, G·H). The table of all words is made once as many have been looked up."""
        if self._words is not None:
            return self._words[y]
        stack, embedding = self._decoder.stack, self._decoder.embedding
        V = embedding.num_embeddings
        with self._lock:
            self._lookups += len(y)
            if self._words is None and self._lookups > V and V * stack.gates_size <= MAX_TABLE:
                self._words = stack.project(embedding.weight)
        return stack.project(embedding(y)) if self._words is None else self._words[y]


_models: weakref.WeakKeyDictionary[nn.Module, tuple[list, SearchModel]] = weakref.WeakKeyDictionary()
_models_lock = threading.Lock()


def search_model(model: Seq2Seq | Ensemble) -> SearchModel | EnsembleSearch:
    """The SearchModel of this model, built once and cached until the weights change; of an ensemble those of each."""
    if isinstance(model, Ensemble):
        return EnsembleSearch([search_model(m) for m in model.models])
    weights = [(w.data_ptr(), w._version) for w in model.decoder.parameters()]
    with _models_lock:
        kept = _models.get(model)
        if kept is None or kept[0] != weights:
            kept = _models[model] = weights, SearchModel(model)
        return kept[1]
