"""Several recurrent layers, of which the decoder is built."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from core.cells import State, cell_class
from core.dropout import Dropout


class Stack(nn.Module):
    """Layers of cells: layer k reads the states of layer k-1. Its State is that of each layer in turn."""

    def __init__(self, cell: str, input_size: int, hidden_size: int, layers: int, dropout: float,
                 layer_norm: bool = False, recurrent_dropout: float = 0.0) -> None:
        super().__init__()
        kind = cell_class(cell)
        self.hidden_size, self.gates_size = hidden_size, kind.gates * hidden_size  # H, G·H
        self.per_layer, self.state_tensors = kind.state_tensors, kind.state_tensors * layers  # in a State
        self.cells: Any = nn.ModuleList(kind(input_size if k == 0 else hidden_size, hidden_size, layer_norm,
                                            recurrent_dropout) for k in range(layers))
        self.dropout = Dropout(dropout)

    def project(self, x: Tensor) -> Tensor:
        """W_x x + b_x of the first layer, see Cell.project."""
        return self.cells[0].project(x)

    def input_weights(self, start: int) -> Tensor:
        """Of the first layer, see Cell.input_weights."""
        return self.cells[0].input_weights(start)

    def masks(self, state: State) -> list[Tensor | None]:
        """The mask of each layer's recurrent dropout, drawn once per text."""
        return [cell.mask(state[k * self.per_layer]) for k, cell in enumerate(self.cells)]

    def step(self, gates: Tensor, state: State, masks: list[Tensor | None] | None = None) -> State:
        """One position through all layers: gates = project(x_t)."""
        new: State = ()
        for k, cell in enumerate(self.cells):
            if k > 0:
                gates = cell.project(self.dropout(new[-self.per_layer]))
            new += cell.step(gates, state[k * self.per_layer:(k + 1) * self.per_layer], masks[k] if masks else None)
        return new

    def gate_values(self, x: Tensor, before: State, after: State) -> dict[str, Tensor]:
        """The gates of the top layer, see Cell.gate_values, in the step from `before` to `after`: x = project(x_t)."""
        top = len(self.cells) - 1
        if top:
            x = self.cells[top].project(self.dropout(after[(top - 1) * self.per_layer]))
        return self.cells[top].inspect(x, before[top * self.per_layer:])

    def sequence(self, x: Tensor, state: State) -> Tensor:
        """All positions through all layers: (B, T, I) → the top layer's states (B, T, H)."""
        for k, cell in enumerate(self.cells):
            x = cell.sequence(x if k == 0 else self.dropout(x), state[k * self.per_layer:(k + 1) * self.per_layer])
        return x

    def top(self, state: State) -> Tensor:
        """s_t of the top layer, (B, H)."""
        return state[-self.per_layer]
