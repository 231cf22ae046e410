"""Decoder: from a Memory and the ids written so far to the logits of the next id.

Without attention the decoder reads c at every step; with attention, a context computed for that step. The context joins
in one of two places:

    before  context_t = attend(s_{t-1});  s_t = f([E(y_{t-1}); context_t], s_{t-1})      Bahdanau et al. 2015
    after   s_t = f(E(y_{t-1}), s_{t-1});  context_t = attend(s_t)                       Luong et al. 2015
    none    context_t = c;  s_t = f([E(y_{t-1}); c], s_{t-1})                            Cho et al. 2014

then, in all three:

    ŝ_t = tanh(W_r [s_t; context_t] + b_r)
    logits_t = W_o ŝ_t + b_o, see core.output;  with tied embeddings W_o = E (Press and Wolf 2017)

Shapes: B batch, T target length, S source length, E embedding, H state, D memory, V vocabulary.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from core.attention import Attention
from core.cells import State
from core.dropout import Dropout
from core.embedding import Embedding, WordDropout
from core.encoder import Memory
from core.output import Output
from core.stack import Stack


class StepValues(NamedTuple):
    """What one step computes, see Decoder.inspect: ŝ_t (N, E), s_t, context_t (N, D), α_t and scores (N, S), None
    without attention, and the gates of the top layer (N, H) by name."""

    readout: Tensor
    state: State
    context: Tensor
    weights: Tensor | None
    scores: Tensor | None
    gates: dict[str, Tensor]


class Decoder(nn.Module):
    """The equations at the head of this module. Training, greedy search, beam search and sampling share `step`."""

    def __init__(self, embedding: Embedding, attention: Attention | None, placement: str, memory_size: int,
                 stack: Stack, dropout: float, word_dropout: float, tie_embeddings: bool,
                 common: int = 0) -> None:
        """placement: "before" or "after", without meaning if there is no attention. stack: the recurrent layers; their
        input is an embedding E, or an embedding and a context E + D (if `reads_context`). common: see Output."""
        super().__init__()
        size, hidden_size = embedding.embedding_dim, stack.hidden_size
        self.embedding, self.attention, self.stack = embedding, attention, stack
        self.state_tensors = stack.state_tensors
        self.placement = placement if attention else "none"
        self.reads_context = self.placement != "after"  # the context is part of the cell's input
        self.bridge = nn.ModuleList(nn.Linear(memory_size, hidden_size) for _ in range(stack.state_tensors))
        self.readout = nn.Linear(hidden_size + memory_size, size)
        self.output = Output(size, embedding.num_embeddings, common)
        if tie_embeddings:
            self.output.weight = embedding.weight
        self.dropout, self.word_dropout = Dropout(dropout), WordDropout(word_dropout)

    def prepare(self, memory: Memory) -> Memory:
        """The memory with the attention's keys, computed once per source instead of once per step."""
        if self.attention is None:
            return memory
        return replace(memory, keys=self.attention.project(memory.states), states=memory.states.float())

    def start(self, memory: Memory) -> State:
        """s_0 = tanh(W c + b), with its own W and b for each layer (and for the LSTM's memory cell)."""
        return tuple(torch.tanh(W(memory.c)) for W in self.bridge)

    def context(self, s: Tensor, memory: Memory) -> tuple[Tensor, Tensor | None]:
        """Context (B, T, D) and weights α (B, T, S) for the states s (B, T, H); without attention c and None."""
        if self.attention is None:
            return memory.c.unsqueeze(1).expand(-1, s.size(1), -1), None
        return self.attention(s, memory.keys, memory.states, memory.mask)

    def step(self, y: Tensor, state: State, memory: Memory) -> tuple[Tensor, State, Tensor | None]:
        """One step of N = B·K rows, K hypotheses for each of the B sources, side by side.

        y: the ids y_{t-1} (N,); state: s_{t-1}. Returns ŝ_t (N, E), s_t and the weights α_t (N, S), None without
        attention.
        """
        return self.step_from(self.stack.project(self.dropout(self.embedding(y))), state, memory)

    def step_from(self, gates: Tensor, state: State, memory: Memory) -> tuple[Tensor, State, Tensor | None]:
        """As `step`, from gates = W_x E(y_{t-1}) + b_x (N, G·H)."""
        state, context, weights = self._step(gates, state, memory, self._context_weights())
        return self.read(self.stack.top(state), context), state, weights

    def inspect(self, y: Tensor, state: State, memory: Memory) -> StepValues:
        """As `step` of one hypothesis per source, with everything that it computes on the way: to be looked at."""
        gates, W_c = self.stack.project(self.dropout(self.embedding(y))), self._context_weights()
        after, context, weights = self._step(gates, state, memory, W_c)
        if W_c is not None:
            gates = _with_context(gates, context, W_c)
        scores = None
        if self.attention is not None and memory.keys is not None:
            query = self.stack.top(state if self.placement == "before" else after)
            scores = self.attention.scores(query.unsqueeze(1), memory.keys).squeeze(1)
        return StepValues(self.read(self.stack.top(after), context), after, context, weights, scores,
                          self.stack.gate_values(gates, state, after))

    def _context_weights(self) -> Tensor | None:
        return self.stack.input_weights(self.embedding.embedding_dim) if self.reads_context else None

    def _step(self, gates: Tensor, state: State, memory: Memory, W_c: Tensor | None,
              masks: list[Tensor | None] | None = None) -> tuple[State, Tensor, Tensor | None]:
        """s_t, context_t (N, D) and α_t (N, S). W_c: the columns of W_x for the context; None if it joins after."""
        if W_c is None:  # after
            state = self.stack.step(gates, state, masks)
            return state, *self._look(state, memory)
        context, weights = self._look(state, memory)
        return self.stack.step(_with_context(gates, context, W_c), state, masks), context, weights

    def _look(self, state: State, memory: Memory) -> tuple[Tensor, Tensor | None]:
        """The context (N, D) and weights (N, S) of one step; the K hypotheses of a source are K queries."""
        s = self.stack.top(state)
        context, weights = self.context(s.view(memory.c.size(0), -1, s.size(1)), memory)
        return context.flatten(0, 1), None if weights is None else weights.flatten(0, 1)

    def read(self, s: Tensor, context: Tensor) -> Tensor:
        """ŝ = tanh(W_r [s; context] + b_r): (…, H), (…, D) → (…, E)"""
        return self.dropout(torch.tanh(self.readout(torch.cat([s, context], dim=-1))))

    def forward(self, y: Tensor, memory: Memory) -> tuple[Tensor, Tensor, Tensor | None]:
        """Teacher forcing: all steps for the true ids y_0 … y_{T-1}, y (B, T).

        Returns s (B, T, H), contexts (B, T, D) and weights (B, T, S), from which the caller computes readouts and
        logits at the positions it needs. Only `before` needs a loop, since each input of the cell contains the context
        for the state before it; otherwise all inputs are known in advance and run as one sequence.
        """
        e = self.dropout(self.word_dropout(self.embedding(y)))  # (B, T, E)
        state = self.start(memory)
        if self.placement == "before":
            W_c, masks, steps = self._context_weights(), self.stack.masks(state), []
            for gates in self.stack.project(e).unbind(1):
                state, context, weights = self._step(gates, state, memory, W_c, masks)
                steps.append((self.stack.top(state), context, weights))
            s, contexts, weights = (torch.stack(parts, dim=1) for parts in zip(*steps))
            return s, contexts, weights
        if self.placement == "none":
            c = memory.c.unsqueeze(1).expand(-1, y.size(1), -1)
            e = torch.cat([e, c], dim=-1)  # (B, T, E + D)
        s = self.stack.sequence(e, state)  # (B, T, H)
        return s, *self.context(s, memory)

    def logits(self, readout: Tensor) -> Tensor:
        """W_o ŝ + b_o, see Output: (…, E) → (…, V)"""
        return self.output(readout)

    def log_p(self, readout: Tensor, row: Tensor, ids: Tensor) -> Tensor:
        """log p of some ids, see Output.log_p: (n, E), (M,), (M,) → (M,)"""
        return self.output.log_p(readout, row, ids)


def _with_context(gates: Tensor, context: Tensor, W_c: Tensor) -> Tensor:
    """W_x [E(y_{t-1}); context_t] + b_x from its part without the context: (N, G·H), (N, D), (G·H, D) → (N, G·H)"""
    return gates + context.to(W_c.dtype) @ W_c.t()
