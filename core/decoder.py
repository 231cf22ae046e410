"""Decoder: a Memory and the words so far in, the logits of the next word out.

Without attention the decoder reads c at every step; with it, a context made for that step. The context meets
the state in one of two places:

    before  context_t = attend(s_{t-1});  s_t = f([E(y_{t-1}); context_t], s_{t-1})      Bahdanau et al. 2015
    after   s_t = f(E(y_{t-1}), s_{t-1});  context_t = attend(s_t)                       Luong et al. 2015
    none    context_t = c;  s_t = f([E(y_{t-1}); c], s_{t-1})                            Cho et al. 2014

and from there all three go on alike:

    ŝ_t = tanh(W_r [s_t; context_t] + b_r)
    logits_t = W_o ŝ_t + b_o;  with tied embeddings W_o = E (Press and Wolf 2017)

Shapes: B batch, T target length, S source length, E embedding, H state, D memory, V vocabulary.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from core.attention import Attention
from core.cells import Stack, State
from core.embedding import Embedding, WordDropout
from core.encoder import Memory


class Decoder(nn.Module):
    def __init__(self, embedding: Embedding, attention: Attention | None, placement: str, memory_size: int, cell: str,
                 state_size: int, layers: int, dropout: float, word_dropout: float,
                 tie_embeddings: bool) -> None:
        super().__init__()
        size = embedding.embedding_dim
        self.embedding, self.attention = embedding, attention
        self.placement = placement if attention else "none"
        self.reads_context = self.placement != "after"  # does the context join the cell's input?
        self.stack = Stack(cell, size + memory_size * self.reads_context, state_size, layers, dropout)
        self.bridge = nn.ModuleList(nn.Linear(memory_size, state_size) for _ in range(layers * self.stack.parts))
        self.readout = nn.Linear(state_size + memory_size, size)
        self.output = nn.Linear(size, embedding.num_embeddings)
        if tie_embeddings:
            self.output.weight = embedding.weight
        self.dropout, self.word_dropout = nn.Dropout(dropout), WordDropout(word_dropout)

    def prepare(self, memory: Memory) -> Memory:
        """Project the encoder states to the attention's keys: once a source, not once a step."""
        return replace(memory, keys=self.attention.project(memory.states)) if self.attention else memory

    def start(self, memory: Memory) -> State:
        """s_0 = tanh(W c + b), for each layer (and for the LSTM's memory cell) with its own W and b."""
        return tuple(torch.tanh(W(memory.c)) for W in self.bridge)

    def context(self, s: Tensor, memory: Memory) -> tuple[Tensor, Tensor | None]:
        """What the states s (B, T, H) look at: context (B, T, D) and weights (B, T, S), or c and None."""
        if self.attention is None:
            return memory.c.unsqueeze(1).expand(-1, s.size(1), -1), None
        return self.attention(s, memory.keys, memory.states, memory.mask)

    def step(self, y: Tensor, state: State, memory: Memory) -> tuple[Tensor, State, Tensor | None]:
        """One step: the ids y_{t-1} (B,) and s_{t-1} in; ŝ_t (B, E), s_t and the weights α (B, S) out."""
        readout, state, weights = self._step(self.stack.project(self.dropout(self.embedding(y))), state, memory)
        return self.dropout(readout), state, weights

    def _step(self, gates: Tensor, state: State, memory: Memory) -> tuple[Tensor, State, Tensor | None]:
        if self.reads_context:  # before, or none
            context, weights = self.context(self.stack.top(state).unsqueeze(1), memory)
            gates = gates + self.stack.project(context.squeeze(1), at=self.embedding.embedding_dim)
            state = self.stack.step(gates, state)
        else:
            state = self.stack.step(gates, state)
            context, weights = self.context(self.stack.top(state).unsqueeze(1), memory)
        joined = torch.cat([self.stack.top(state), context.squeeze(1)], dim=-1)  # (B, H + D)
        readout = torch.tanh(self.readout(joined))  # (B, E)
        return readout, state, None if weights is None else weights.squeeze(1)

    def forward(self, y: Tensor, memory: Memory) -> tuple[Tensor, Tensor | None]:
        """Teacher forcing: the true ids y_0 … y_{T-1} (B, T) in; ŝ (B, T, E) and weights (B, T, S) out.

        Only `before` needs a loop, since each state needs the context that the one before it asked for.
        The other two know every input of the cell in advance and run as one fused sequence.
        """
        e = self.dropout(self.word_dropout(self.embedding(y)))  # (B, T, E)
        state = self.start(memory)
        if self.placement == "before":
            outs = []
            for gates in self.stack.project(e).unbind(1):
                readout, state, weights = self._step(gates, state, memory)
                outs.append((readout, weights))
            readouts, weights = (torch.stack(t, dim=1) for t in zip(*outs))
            return self.dropout(readouts), weights
        if self.placement == "none":
            c = memory.c.unsqueeze(1).expand(-1, y.size(1), -1)
            e = torch.cat([e, c], dim=-1)  # (B, T, E + D)
        s = self.stack.sequence(e, state)  # (B, T, H)
        context, weights = self.context(s, memory)
        return self.dropout(torch.tanh(self.readout(torch.cat([s, context], dim=-1)))), weights

    def logits(self, readout: Tensor) -> Tensor:
        """W_o ŝ + b_o: (…, E) → (…, V). The largest single cost, so ask only for positions that count."""
        return self.output(readout)
