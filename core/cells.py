"""Recurrent cells: an input x_t and the state s_{t-1} in, the state s_t out.

Each cell exists twice over the same parameters: `step`, the equations as they stand in the papers, one
position at a time, for decoding and reading; and `sequence`, all positions, in PyTorch's fused form where that knows
the cell (it knows neither layer normalisation nor recurrent dropout). A test holds the two equal.

Shapes: B batch, T length, I input size, H state size. A State is a tuple of (B, H) tensors,
so that a beam is reordered in one line.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.dropout import Dropout, locked_mask

State = tuple[Tensor, ...]


class Cell(nn.Module):
    """One recurrent layer in one direction: s_t = f(W_x x_t + b_x, s_{t-1}).

    layer_norm         normalise W_x x_t + b_x and W_h s_{t-1} + b_h, each over its gates·H numbers, before they meet
                       (Ba et al. 2016)
    recurrent_dropout  in training W_h reads m ⊙ s_{t-1}, with one mask m for all positions of a text
                       (Gal and Ghahramani 2016)
    """

    fused: type[nn.RNNBase]
    parts = 1  # tensors in its state

    def __init__(self, input_size: int, hidden_size: int, layer_norm: bool = False,
                 recurrent_dropout: float = 0.0) -> None:
        super().__init__()
        self.rnn = self.fused(input_size, hidden_size, batch_first=True)
        gates = self.rnn.weight_hh_l0.size(0)
        self.norm_x, self.norm_h = (nn.LayerNorm(gates) if layer_norm else nn.Identity() for _ in range(2))
        self.layer_norm, self.recurrent_dropout = layer_norm, recurrent_dropout

    def project(self, x: Tensor) -> Tensor:
        """W_x x + b_x, which needs no state: all positions can be projected at once, outside the step loop.

        x may be the first piece of a longer input; `weights` gives what multiplies the others. (…, ≤I) → (…, gates·H)
        """
        return F.linear(x, self.rnn.weight_ih_l0[:, :x.size(-1)], self.rnn.bias_ih_l0)

    def weights(self, start: int) -> Tensor:
        """The columns of W_x from `start` on, (gates·H, I - start), in the precision that products run in."""
        W_x, kind = self.rnn.weight_ih_l0[:, start:], self.rnn.weight_ih_l0.device.type
        return W_x.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else W_x

    def mask(self, s: Tensor) -> Tensor | None:
        """The recurrent dropout's m for these texts, (B, H); None when nothing is dropped."""
        return locked_mask(s, self.recurrent_dropout) if self.training and self.recurrent_dropout else None

    def project_state(self, s: Tensor, mask: Tensor | None = None) -> Tensor:
        """W_h (m ⊙ s_{t-1}) + b_h. (B, H) → (B, gates·H)"""
        s = s if mask is None else s * mask
        return self.norm_h(F.linear(s, self.rnn.weight_hh_l0, self.rnn.bias_hh_l0))

    def step(self, gates: Tensor, state: State, mask: Tensor | None = None) -> State:
        """One position: gates = project(x_t) and s_{t-1} in, s_t out."""
        return self.update(self.norm_x(gates), self.project_state(state[0], mask), state)

    def update(self, x: Tensor, h: Tensor, state: State) -> State:
        """The equations of the cell: x and h are what input and state have to say, (B, gates·H)."""
        raise NotImplementedError

    def sequence(self, x: Tensor, state: State | None = None) -> Tensor:
        """All positions: (B, T, I) → h_1 … h_T, (B, T, H). Without a state it starts from zeros."""
        if state is None:
            state = (x.new_zeros(x.size(0), self.rnn.hidden_size),) * self.parts
        mask = self.mask(state[0])
        if mask is None and not self.layer_norm:
            first = tuple(s.unsqueeze(0) for s in state)
            return self.rnn(x, first if self.parts > 1 else first[0])[0]
        states = []
        for gates in self.project(x).unbind(1):
            state = self.step(gates, state, mask)
            states.append(state[0])
        return torch.stack(states, dim=1)


class RNN(Cell):
    """Elman 1990: s_t = tanh(W_x x_t + b_x + W_h s_{t-1} + b_h)."""

    fused = nn.RNN

    def update(self, x: Tensor, h: Tensor, state: State) -> State:
        return (torch.tanh(x + h),)


class GRU(Cell):
    """Cho et al. 2014.

    r = σ(W_xr x_t + W_hr s_{t-1} + b_r)                      what of the past the candidate sees
    z = σ(W_xz x_t + W_hz s_{t-1} + b_z)                      what of the past is kept
    n = tanh(W_xn x_t + b_xn + r ⊙ (W_hn s_{t-1} + b_hn))     the candidate
    s_t = (1 - z) ⊙ n + z ⊙ s_{t-1}
    """

    fused = nn.GRU

    def update(self, x: Tensor, h: Tensor, state: State) -> State:
        (s,) = state
        x_r, x_z, x_n = x.chunk(3, dim=-1)
        h_r, h_z, h_n = h.chunk(3, dim=-1)
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

    def update(self, x: Tensor, h: Tensor, state: State) -> State:
        _, m = state
        i, f, g, o = (x + h).chunk(4, dim=-1)
        m = torch.sigmoid(f) * m + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(m), m


CELLS: dict[str, type[Cell]] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}


class Stack(nn.Module):
    """Cells one above the other: layer k reads the states of layer k-1. Its State holds each layer's in turn."""

    def __init__(self, cell: str, input_size: int, hidden_size: int, layers: int, dropout: float,
                 layer_norm: bool = False, recurrent_dropout: float = 0.0) -> None:
        super().__init__()
        kind = CELLS[cell]
        self.parts, self.tensors = kind.parts, kind.parts * layers  # of a layer's state, of the whole State
        self.hidden_size = hidden_size
        self.cells = nn.ModuleList(kind(input_size if k == 0 else hidden_size, hidden_size, layer_norm,
                                        recurrent_dropout) for k in range(layers))
        self.dropout = Dropout(dropout)

    def project(self, x: Tensor) -> Tensor:
        """The first layer's W_x x + b_x, see Cell.project."""
        return self.cells[0].project(x)

    def weights(self, start: int) -> Tensor:
        """Of the first layer, see Cell.weights."""
        return self.cells[0].weights(start)

    def masks(self, state: State) -> list[Tensor | None]:
        """Each layer's recurrent dropout, drawn once a text."""
        return [cell.mask(state[k * self.parts]) for k, cell in enumerate(self.cells)]

    def step(self, gates: Tensor, state: State, masks: list[Tensor | None] | None = None) -> State:
        """One position through all layers: gates = project(x_t)."""
        new: State = ()
        for k, cell in enumerate(self.cells):
            if k > 0:
                gates = cell.project(self.dropout(new[-self.parts]))
            new += cell.step(gates, state[k * self.parts:(k + 1) * self.parts], masks[k] if masks else None)
        return new

    def sequence(self, x: Tensor, state: State) -> Tensor:
        """All positions through all layers: (B, T, I) → the top layer's states (B, T, H)."""
        for k, cell in enumerate(self.cells):
            x = cell.sequence(x if k == 0 else self.dropout(x), state[k * self.parts:(k + 1) * self.parts])
        return x

    def top(self, state: State) -> Tensor:
        """s_t of the top layer, (B, H)."""
        return state[-self.parts]
