"""Recurrent cells: RNN, GRU and LSTM.

A cell is its equations: `update`, one position at a time, as its paper writes them. `sequence` runs all positions, in
PyTorch's fused form if there is one for the cell (there is none with layer normalisation or recurrent dropout); a test
checks that both agree.

Shapes: B batch, T length, I input size, H hidden size, G gates. A State is a tuple of (B, H) tensors, so that a beam is
reordered in one line.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.dropout import locked_mask
from core.precision import has_bf16_instructions
from core.registry import CELLS, load_class

State = tuple[Tensor, ...]
Recurrent = Callable[..., Tensor]  # Cell.project_state


class Cell(nn.Module):
    """One recurrent layer in one direction: s_t = f(W_x x_t + b_x, s_{t-1}).

    A subclass sets `gates` and writes `update`. It may also name the `fused` layer of torch.nn that computes the same.

    layer_norm         normalise W_x x_t + b_x and W_h s_{t-1} + b_h before they are added (Ba et al. 2016)
    recurrent_dropout  in training W_h reads m ⊙ s_{t-1}, with one mask m for all positions of a text
                       (Gal and Ghahramani 2016)
    """

    gates = 1  # G: W_x is (G·H, I), W_h is (G·H, H)
    state_tensors = 1  # in its State; the first is s, which other layers read
    fused: type[nn.RNN] | type[nn.GRU] | type[nn.LSTM] | None = None
    rnn: Any  # the fused layer; Any, since mypy has no types for its parameters
    norm_h: Any

    def __init__(self, input_size: int, hidden_size: int, layer_norm: bool = False,
                 recurrent_dropout: float = 0.0) -> None:
        super().__init__()
        self.hidden_size, self.layer_norm, self.recurrent_dropout = hidden_size, layer_norm, recurrent_dropout
        size = self.gates * hidden_size
        if self.fused:
            self.rnn = self.fused(input_size, hidden_size, batch_first=True)
        else:
            self.input_layer, self.state_layer = nn.Linear(input_size, size), nn.Linear(hidden_size, size)
        self.norm_x, self.norm_h = (nn.LayerNorm(size) if layer_norm else nn.Identity() for _ in range(2))

    def parameters_of_input(self) -> tuple[Tensor, Tensor]:
        """W_x (G·H, I) and b_x (G·H,)."""
        return ((self.rnn.weight_ih_l0, self.rnn.bias_ih_l0) if self.fused
                else (self.input_layer.weight, self.input_layer.bias))

    def parameters_of_state(self) -> tuple[Tensor, Tensor]:
        """W_h (G·H, H) and b_h (G·H,)."""
        return ((self.rnn.weight_hh_l0, self.rnn.bias_hh_l0) if self.fused
                else (self.state_layer.weight, self.state_layer.bias))

    def project(self, x: Tensor) -> Tensor:
        """W_x x + b_x, which needs no state: computed for all positions at once, outside the step loop.

        x may be the first columns of a longer input; `input_weights` gives what multiplies the others.
        (…, ≤I) → (…, G·H)
        """
        W_x, b_x = self.parameters_of_input()
        return F.linear(x, W_x[:, :x.size(-1)], b_x)

    def input_weights(self, start: int) -> Tensor:
        """The columns of W_x from `start` on, (G·H, I - start), in the precision of matrix products."""
        W_x = self.parameters_of_input()[0][:, start:]
        kind = W_x.device.type
        return W_x.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else W_x

    def project_state(self, s: Tensor, gate: int | None = None, mask: Tensor | None = None) -> Tensor:
        """W_h (m ⊙ s) + b_h: (B, H) → (B, G·H), or (B, H) of one gate only, counted from 0."""
        W_h, b_h = self.parameters_of_state()
        s = s if mask is None else s * mask
        if gate is None:
            return self.norm_h(F.linear(s, W_h, b_h))
        rows = slice(gate * self.hidden_size, (gate + 1) * self.hidden_size)
        h = F.linear(s, W_h[rows], b_h[rows])
        return F.layer_norm(h, h.shape[-1:], self.norm_h.weight[rows], self.norm_h.bias[rows]) if self.layer_norm else h

    def mask(self, s: Tensor) -> Tensor | None:
        """The recurrent dropout's m for these texts, (B, H); None if nothing is dropped."""
        return locked_mask(s, self.recurrent_dropout) if self.training and self.recurrent_dropout else None

    def step(self, x: Tensor, state: State, mask: Tensor | None = None) -> State:
        """s_t from x = project(x_t) (B, G·H) and s_{t-1}."""
        return self.update(self.norm_x(x), state, partial(self.project_state, mask=mask))

    def update(self, x: Tensor, state: State, W_h: Recurrent) -> State:
        """The equations of the cell.

        x      W_x x_t + b_x of all gates, (B, G·H)
        state  s_{t-1} and, in some cells, more
        W_h    W_h(s) is W_h s + b_h of all gates (B, G·H); W_h(s, k) that of gate k (B, H)
        """
        raise NotImplementedError

    def gate_values(self, x: Tensor, state: State, W_h: Recurrent) -> dict[str, Tensor]:
        """What `update` computes on its way, (B, H) each, by the names of its equations: gates, then the candidate.
        Arguments as of `update`. Empty for a cell that names none."""
        return {}

    def inspect(self, x: Tensor, state: State) -> dict[str, Tensor]:
        """`gate_values` of the `step` with the same arguments."""
        return self.gate_values(self.norm_x(x), state, self.project_state)

    def sequence(self, x: Tensor, state: State | None = None) -> Tensor:
        """All positions: (B, T, I) → h_1 … h_T, (B, T, H). Without a state it starts from zeros."""
        if state is None:
            state = (x.new_zeros(x.size(0), self.hidden_size),) * self.state_tensors
        mask = self.mask(state[0])
        if self.fused and mask is None and not self.layer_norm:
            return self._run_fused(x, tuple(s.unsqueeze(0) for s in state))
        states = []
        for position in self.project(x).unbind(1):
            state = self.step(position, state, mask)
            states.append(state[0])
        return torch.stack(states, dim=1)

    def _run_fused(self, x: Tensor, first: State) -> Tensor:
        """In fp32 for an LSTM on a CPU without bf16 instructions: PyTorch has no fused one in bf16 there."""
        full: contextlib.AbstractContextManager = contextlib.nullcontext()
        if (self.fused is nn.LSTM and x.device.type == "cpu" and torch.is_autocast_enabled("cpu")
                and not has_bf16_instructions()):
            x, first, full = x.float(), tuple(s.float() for s in first), torch.autocast("cpu", enabled=False)
        with full:
            return self.rnn(x, first if self.state_tensors > 1 else first[0])[0]


class RNN(Cell):
    """Elman 1990: s_t = tanh(W_x x_t + b_x + W_h s_{t-1} + b_h)."""

    fused = nn.RNN

    def update(self, x: Tensor, state: State, W_h: Recurrent) -> State:
        (s,) = state
        return (torch.tanh(x + W_h(s)),)


class GRU(Cell):
    """Cho et al. 2014.

    r = σ(W_xr x_t + W_hr s_{t-1} + b_r)                      reset gate
    z = σ(W_xz x_t + W_hz s_{t-1} + b_z)                      update gate
    n = tanh(W_xn x_t + b_xn + r ⊙ (W_hn s_{t-1} + b_hn))     candidate
    s_t = (1 - z) ⊙ n + z ⊙ s_{t-1}
    """

    gates, fused = 3, nn.GRU

    def update(self, x: Tensor, state: State, W_h: Recurrent) -> State:
        (s,) = state
        gates = self.gate_values(x, state, W_h)
        z, n = gates["z"], gates["n"]
        return ((1 - z) * n + z * s,)

    def gate_values(self, x: Tensor, state: State, W_h: Recurrent) -> dict[str, Tensor]:
        (s,) = state
        x_r, x_z, x_n = x.chunk(3, dim=-1)
        h_r, h_z, h_n = W_h(s).chunk(3, dim=-1)
        r = torch.sigmoid(x_r + h_r)
        z = torch.sigmoid(x_z + h_z)
        n = torch.tanh(x_n + r * h_n)
        return {"r": r, "z": z, "n": n}


class LSTM(Cell):
    """Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.

    i, f, o = σ(W_x x_t + W_h s_{t-1} + b)    input, forget and output gates
    g = tanh(W_xg x_t + W_hg s_{t-1} + b_g)   candidate
    m_t = f ⊙ m_{t-1} + i ⊙ g                 memory cell
    s_t = o ⊙ tanh(m_t)
    """

    gates, state_tensors, fused = 4, 2, nn.LSTM

    def update(self, x: Tensor, state: State, W_h: Recurrent) -> State:
        _, m = state
        gates = self.gate_values(x, state, W_h)
        m = gates["f"] * m + gates["i"] * gates["g"]
        return gates["o"] * torch.tanh(m), m

    def gate_values(self, x: Tensor, state: State, W_h: Recurrent) -> dict[str, Tensor]:
        i, f, g, o = (x + W_h(state[0])).chunk(4, dim=-1)
        return {"i": torch.sigmoid(i), "f": torch.sigmoid(f), "o": torch.sigmoid(o), "g": torch.tanh(g)}


def cell_class(name: str) -> type[Cell]:
    """The class of this name in core.registry.CELLS."""
    return load_class(CELLS[name])
