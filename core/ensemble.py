"""Several models as one: the mean of their probabilities.

    p(y_t | y_<t, x) = 1/M Σ_m p_m(y_t | y_<t, x)         of a Seq2Seq
    p(label | x)     = 1/M Σ_m p_m(label | x)             of a Classifier

Models trained from different seeds make different errors, which the mean evens out (Hansen and Salamon 1990; for
translation Sutskever et al. 2014). All of them must mean the same by every id.

Shapes: B batch, N rows of a search, V vocabulary, M models.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from core.batches import Batch
from core.cells import State
from core.models import Classifier, Seq2Seq


class Ensemble(nn.Module):
    """Several Seq2Seq, for answering and for scoring; `core.search_model` searches with it."""

    def __init__(self, models: Sequence[Seq2Seq]) -> None:
        super().__init__()
        self.models: Any = nn.ModuleList(models)

    def loss(self, batch: Batch, label_smoothing: float = 0.0, sampling: float = 0.0) -> tuple[Tensor, int]:
        """-Σ log p(y_t | y_<t, x) over the real target positions, and their number; of no use for training."""
        target = batch.target.view(-1)[batch.real_positions()]  # (N,)
        rows = torch.arange(len(target), device=target.device)
        log_p = mean_log_p([m.decoder.log_p(m.readouts(batch), rows, target) for m in self.models])
        return -log_p.sum(), len(target)

    def attention_weights(self, source: Tensor, lengths: Tensor, output: Tensor) -> Tensor | None:
        """The mean of their weights α (B, T, S), see Seq2Seq; None if a model has no attention."""
        return _mean([m.attention_weights(source, lengths, output) for m in self.models])


class ClassifierEnsemble(nn.Module):
    """Several Classifiers, for answering and for scoring."""

    def __init__(self, models: Sequence[Classifier]) -> None:
        super().__init__()
        self.models: Any = nn.ModuleList(models)

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor | None]:
        """log p(label | x) as logits (B, labels), and the mean of their weights α (B, S), see Classifier."""
        logits, weights = zip(*(m(source, lengths) for m in self.models))
        return mean_log_p([torch.log_softmax(x.float(), dim=-1) for x in logits]), _mean(weights)


@dataclass(frozen=True)
class EnsembleMemory:
    """One source as each of the models reads it."""

    parts: tuple[Any, ...]

    @property
    def c(self) -> Tensor:
        return self.parts[0].c

    def rows(self, index: Tensor) -> EnsembleMemory:
        return EnsembleMemory(tuple(part.rows(index) for part in self.parts))


class EnsembleSearch:
    """What search needs of an Ensemble, from the same of each model: `encode`, and a decoder."""

    def __init__(self, models: Sequence[Any]) -> None:
        self._models, self.decoder = models, EnsembleDecoder([m.decoder for m in models])

    def encode(self, source: Tensor, lengths: Tensor) -> EnsembleMemory:
        return EnsembleMemory(tuple(m.encode(source, lengths) for m in self._models))


class EnsembleDecoder:
    """`start`, `step`, `logits` and `log_p` of several decoders. Their states stand one after another in one State, and
    their readouts side by side in one ŝ (N, Σ E)."""

    def __init__(self, decoders: Sequence[Any]) -> None:
        self._decoders = decoders
        self._sizes = [d.output.in_features for d in decoders]

    def start(self, memory: EnsembleMemory) -> State:
        return sum((d.start(part) for d, part in zip(self._decoders, memory.parts)), ())

    def step(self, y: Tensor, state: State, memory: EnsembleMemory) -> tuple[Tensor, State, None]:
        readouts, new, rest = [], (), state
        for d, part in zip(self._decoders, memory.parts):
            own, rest = rest[:d.state_tensors], rest[d.state_tensors:]
            readout, own, _ = d.step(y, own, part)
            readouts.append(readout)
            new += own
        return torch.cat(readouts, dim=-1), new, None

    def logits(self, readout: Tensor) -> Tensor:
        """log p of all ids, which are logits too: (…, Σ E) → (…, V)"""
        return mean_log_p([torch.log_softmax(d.logits(own).float(), dim=-1) for d, own in self._own(readout)])

    def log_p(self, readout: Tensor, row: Tensor, ids: Tensor) -> Tensor:
        """As Decoder.log_p."""
        return mean_log_p([d.log_p(own, row, ids) for d, own in self._own(readout)])

    def _own(self, readout: Tensor) -> Any:
        return zip(self._decoders, readout.split(self._sizes, dim=-1))


def mean_log_p(log_p: Sequence[Tensor]) -> Tensor:
    """log(1/M Σ_m p_m) from log p_m.

    >>> mean_log_p([torch.tensor([0.2]).log(), torch.tensor([0.6]).log()]).exp()
    tensor([0.4000])
    """
    return torch.logsumexp(torch.stack(list(log_p)), dim=0) - math.log(len(log_p))


def _mean(weights: Sequence[Tensor | None]) -> Tensor | None:
    found = [w for w in weights if w is not None]
    return torch.stack(found).mean(dim=0) if len(found) == len(weights) else None
