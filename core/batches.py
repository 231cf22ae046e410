"""Encoded texts in, padded batches out. Texts are turned to ids once; an epoch only cuts and pads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.settings import Settings
from core.vocabulary import PAD


@dataclass(frozen=True)
class Batch:
    """source (B, S) and target (B, T) ids padded with <pad>; source_lengths (B,); index (B,) places in the data."""

    source: Tensor
    source_lengths: Tensor
    target: Tensor
    index: Tensor

    def to(self, device: torch.device) -> Batch:
        return Batch(*(t.to(device, non_blocking=True) for t in
                       (self.source, self.source_lengths, self.target, self.index)))


class Ragged:
    """Rows of ids of different lengths in one flat array: 4 bytes an id, nothing else."""

    def __init__(self, rows: Sequence[Sequence[int]]) -> None:
        self.lengths = np.fromiter((len(r) for r in rows), dtype=np.int64, count=len(rows))
        self._ends = np.cumsum(self.lengths)
        self._flat = np.fromiter((i for r in rows for i in r), dtype=np.int32, count=int(self.lengths.sum()))

    def __len__(self) -> int:
        return len(self.lengths)

    def padded(self, index: np.ndarray) -> Tensor:
        """These rows, each padded with <pad> to the longest of them: (len(index), longest)."""
        lengths = self.lengths[index]
        table = np.full((len(index), int(lengths.max(initial=1))), PAD, dtype=np.int64)
        starts = self._ends[index] - lengths
        for row, (start, length) in enumerate(zip(starts, lengths)):
            table[row, :length] = self._flat[start:start + length]
        return torch.from_numpy(table)


class Data:
    """All examples of a split as ids: sources and targets, row by row."""

    def __init__(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> None:
        if len(sources) != len(targets) or not all(map(len, sources)):
            raise ValueError(f"need as many sources as targets ({len(sources)}, {len(targets)}), none of them empty")
        self.sources, self.targets = Ragged(sources), Ragged(targets)

    def __len__(self) -> int:
        return len(self.sources)

    def batch(self, index: np.ndarray) -> Batch:
        return Batch(self.sources.padded(index), torch.from_numpy(self.sources.lengths[index]),
                     self.targets.padded(index), torch.from_numpy(np.asarray(index)))

    def tokens(self, index: np.ndarray) -> int:
        """Target tokens of these examples."""
        return int(self.targets.lengths[index].sum())

    def plan(self, settings: Settings, epoch: int, pool: int = 100) -> list[np.ndarray]:
        """The batches of an epoch, as places in the data: all examples once in random order, the same for the same
        seed and epoch.

        Examples are shuffled, cut into pools of about `pool` batches, sorted by length inside a pool and batched:
        rows of a batch are about equally long, so little is padded, yet no two epochs batch alike.
        """
        random = np.random.default_rng([settings.seed, epoch])
        order = random.permutation(len(self))
        size = settings.batch_size
        if settings.batch_tokens:  # about as many examples as such a batch holds
            mean = (int(self.sources.lengths.sum()) + int(self.targets.lengths.sum())) / len(self)
            size = max(1, round(settings.batch_tokens / mean))
        batches: list[np.ndarray] = []
        for start in range(0, len(order), size * pool):
            part = order[start:start + size * pool]
            part = part[np.lexsort((self.sources.lengths[part], self.targets.lengths[part]))]
            batches += (self._by_tokens(part, settings.batch_tokens) if settings.batch_tokens
                        else [part[i:i + size] for i in range(0, len(part), size)])
        return [batches[i] for i in random.permutation(len(batches))]

    def _by_tokens(self, order: np.ndarray, most: int) -> Iterator[np.ndarray]:
        """Cut where another row would make rows × (longest source + longest target) more than `most`; a row that is
        too long by itself stands alone."""
        start, source, target = 0, 0, 0
        for i, (s, t) in enumerate(zip(self.sources.lengths[order].tolist(), self.targets.lengths[order].tolist())):
            source, target = max(source, s), max(target, t)
            if i > start and (i + 1 - start) * (source + target) > most:
                yield order[start:i]
                start, source, target = i, s, t
        yield order[start:]

    def in_order(self, batch_size: int) -> Iterator[Batch]:
        """All examples once, longest first, for evaluation; `Batch.index` tells which they are."""
        order = np.argsort(-self.sources.lengths, kind="stable")
        for start in range(0, len(order), batch_size):
            yield self.batch(order[start:start + batch_size])
