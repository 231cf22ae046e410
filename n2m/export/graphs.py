"""Networks in the shape of ONNX files: tensors in, tensors out, for any batch and any length."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from core.cells import Cell, State
from core.encoder import Lookup, Memory
from core.models import Classifier, Seq2Seq


class EncoderGraph(nn.Module):
    """source ids (B, S), lengths (B,) → h (B, S, D), mask (B, S), keys U_a h (B, S, A) if there is attention, c (B, D),
    and s_0: a tensor (B, H) of each layer, with an LSTM two."""

    def __init__(self, network: Seq2Seq) -> None:
        super().__init__()
        self.encoder, self.decoder = loops_of_any_length(network.encoder), network.decoder

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, ...]:
        memory = self.decoder.prepare(self.encoder(source, lengths))
        keys = () if memory.keys is None else (memory.keys,)
        return (memory.states, memory.mask, *keys, memory.c, *self.decoder.start(memory))


class DecoderGraph(nn.Module):
    """y_{t-1} (B,), what the encoder gave, and s_{t-1} → log p(y_t) (B, V), α (B, S) if there is attention, s_t."""

    def __init__(self, network: Seq2Seq) -> None:
        super().__init__()
        self.decoder = network.decoder

    def forward(self, y: Tensor, *memory_and_state: Tensor) -> tuple[Tensor, ...]:
        states, mask, *rest = memory_and_state
        keys = rest.pop(0) if self.decoder.attention else None
        c, *state = rest
        readout, after, weights = self.decoder.step(y, tuple(state), Memory(c, states, mask, keys))
        log_p = torch.log_softmax(self.decoder.logits(readout).float(), dim=-1)
        return (log_p, *(() if weights is None else (weights,)), *after)


class ClassifierGraph(nn.Module):
    """source ids (B, S), lengths (B,) → W_o pooled + b_o (B, labels), to which the n-grams' z is added, and α (B, S) if
    there is attention."""

    def __init__(self, network: Classifier) -> None:
        super().__init__()
        self.network = copy.copy(network)
        self.network._modules = {**network._modules, "encoder": loops_of_any_length(network.encoder)}

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, ...]:
        logits, weights = self.network.deep(source, lengths)
        return (logits, *(() if weights is None else (weights,)))


class Loop(nn.Module):
    """All positions of a cell as a loop in the graph: a trace would have as many steps as its example."""

    def __init__(self, step: Any, hidden_size: int, tensors: int) -> None:
        super().__init__()
        self.step, self.hidden_size, self.tensors = step, hidden_size, tensors

    def forward(self, x: Tensor) -> Tensor:
        state = torch.zeros([self.tensors, x.size(0), self.hidden_size], dtype=x.dtype)
        states = torch.jit.annotate(list[Tensor], [])
        for t in range(x.size(1)):
            state = self.step(x[:, t], state)
            states.append(state[0])
        return torch.stack(states, dim=1)


class LoopedCell(nn.Module):
    """A cell with the `sequence` of a Loop."""

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self.cell = cell
        size, H = cell.gates * cell.hidden_size, cell.hidden_size
        example = torch.zeros(2, size), torch.zeros(cell.state_tensors, 2, H)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of newer ways, which cannot leave the number of steps open
            step = torch.jit.trace(_Step(cell), example, check_trace=False)
            self.loop = torch.jit.script(Loop(step, H, cell.state_tensors))

    def sequence(self, x: Tensor) -> Tensor:
        return self.loop(self.cell.project(x))


class _Step(nn.Module):
    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        before: State = state.unbind(0)
        return torch.stack(self.cell.step(x, before))


def loops_of_any_length(encoder: Any) -> Any:
    """The encoder with loops for the cells that ONNX has no operator for, those with layer normalisation."""
    if isinstance(encoder, Lookup):
        return encoder
    other = copy.copy(encoder)
    looped = {name: nn.ModuleList(LoopedCell(cell) if cell.layer_norm else cell for cell in getattr(encoder, name))
              for name in ("forward_layers", "backward_layers")}
    other._modules = {**encoder._modules, **looped}
    return other
