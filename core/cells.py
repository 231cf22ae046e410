"""Recurrent cells: an input x_t and the state s_{t-1} in, the state s_t out.

Each cell exists twice over the same parameters: `step`, the equations as they stand in the papers, one
position at a time, for decoding and reading; and `sequence`, PyTorch's fused form over all positions, for speed.
A test holds the two equal.

Shapes: B batch, T length, I input size, H state size. A State is a tuple of (B, H) tensors,
so that a beam is reordered in one line.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

State = tuple[Tensor, ...]


class Cell(nn.Module):
    """One recurrent layer in one direction: s_t = f(W_x x_t + b_x, s_{t-1})."""

    fused: type[nn.RNNBase]
    parts = 1  # tensors in its state

    def __init__(self, input_size: int, state_size: int) -> None:
        super().__init__()
        self.rnn = self.fused(input_size, state_size, batch_first=True)

    def project(self, x: Tensor, at: int = 0) -> Tensor:
        """W_x x + b_x, which needs no state: all positions can be projected at once, outside the step loop.

        An input made of several vectors may be projected piece by piece and summed:
        `at` is the column of the input where the piece x begins. (…, ≤I) → (…, gates·H)
        """
        W_x = self.rnn.weight_ih_l0[:, at:at + x.size(-1)]
        return F.linear(x, W_x, self.rnn.bias_ih_l0 if at == 0 else None)

    def recur(self, s: Tensor) -> Tensor:
        """W_h s_{t-1} + b_h. (B, H) → (B, gates·H)"""
        return F.linear(s, self.rnn.weight_hh_l0, self.rnn.bias_hh_l0)

    def step(self, gates: Tensor, state: State) -> State:
        """One position: gates = project(x_t) and s_{t-1} in, s_t out."""
        raise NotImplementedError

    def sequence(self, x: Tensor, state: State | None = None) -> Tensor:
        """All positions: (B, T, I) → h_1 … h_T, (B, T, H). Without a state it starts from zeros."""
        if state is None:
            return self.rnn(x)[0]
        first = tuple(s.unsqueeze(0) for s in state)
        return self.rnn(x, first if self.parts > 1 else first[0])[0]


class RNN(Cell):
    """Elman 1990: s_t = tanh(W_x x_t + b_x + W_h s_{t-1} + b_h)."""

    fused = nn.RNN

    def step(self, gates: Tensor, state: State) -> State:
        (s,) = state
        return (torch.tanh(gates + self.recur(s)),)


class GRU(Cell):
    """Cho et al. 2014.

    r = σ(W_xr x_t + W_hr s_{t-1} + b_r)                      what of the past the candidate sees
    z = σ(W_xz x_t + W_hz s_{t-1} + b_z)                      what of the past is kept
    n = tanh(W_xn x_t + b_xn + r ⊙ (W_hn s_{t-1} + b_hn))     the candidate
    s_t = (1 - z) ⊙ n + z ⊙ s_{t-1}
    """

    fused = nn.GRU

    def step(self, gates: Tensor, state: State) -> State:
        (s,) = state
        x_r, x_z, x_n = gates.chunk(3, dim=-1)
        h_r, h_z, h_n = self.recur(s).chunk(3, dim=-1)
        r = torch.sigmoid(x_r + h_r)
        z = torch.sigmoid(x_z + h_z)
        n = torch.tanh(x_n + r * h_n)
        return ((1 - z) * n + z * s,)


class LSTM(Cell):
    """Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.

    i, f, o = σ(W_x x_t + W_h s_{t-1} + b)    input, forget and output gates
    g = tanh(W_xg x_t + W_hg s_{t-1} + b_g)   the candidate
    m_t = f ⊙ m_{t-1} + i ⊙ g                 the memory cell
    s_t = o ⊙ tanh(m_t)
    """

    fused = nn.LSTM
    parts = 2

    def step(self, gates: Tensor, state: State) -> State:
        s, m = state
        i, f, g, o = (gates + self.recur(s)).chunk(4, dim=-1)
        m = torch.sigmoid(f) * m + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(m), m


CELLS: dict[str, type[Cell]] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}


class Stack(nn.Module):
    """Cells one above the other: layer k reads the states of layer k-1. Its State holds each layer's in turn."""

    def __init__(self, cell: str, input_size: int, state_size: int, layers: int, dropout: float) -> None:
        super().__init__()
        kind = CELLS[cell]
        self.parts = kind.parts
        self.cells = nn.ModuleList(kind(input_size if k == 0 else state_size, state_size) for k in range(layers))
        self.dropout = nn.Dropout(dropout)

    def project(self, x: Tensor, at: int = 0) -> Tensor:
        """The first layer's W_x x + b_x, see Cell.project."""
        return self.cells[0].project(x, at)

    def step(self, gates: Tensor, state: State) -> State:
        """One position through all layers: gates = project(x_t)."""
        new: State = ()
        for k, cell in enumerate(self.cells):
            if k > 0:
                gates = cell.project(self.dropout(new[-self.parts]))
            new += cell.step(gates, state[k * self.parts:(k + 1) * self.parts])
        return new

    def sequence(self, x: Tensor, state: State) -> Tensor:
        """All positions through all layers: (B, T, I) → the top layer's states (B, T, H)."""
        for k, cell in enumerate(self.cells):
            x = cell.sequence(x if k == 0 else self.dropout(x), state[k * self.parts:(k + 1) * self.parts])
        return x

    def top(self, state: State) -> Tensor:
        """s_t of the top layer, (B, H)."""
        return state[-self.parts]
