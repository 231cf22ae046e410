"""Encoded texts and the padded batches made of them. Texts are encoded once; an epoch only slices and pads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from core.ragged import Ragged
from core.settings import Settings
from core.vocabulary import PAD

Result = TypeVar("Result")


@dataclass(frozen=True)
class Batch:
    """source (B, S) and target (B, T) ids padded with <pad>; source_lengths (B,); index (B,) positions in the split;
    real (N,) positions of the targets that are not padding, in target.view(-1).

    scores  (B, labels) of a linear classifier that has not seen the examples, see ngrams.NGrams.fit; None without one
    rows    None; or, where sources are shared, source is (P, S) with P ≤ B, and the source of target b is the first
            source_lengths[b] ids of source[rows[b]]
    """

    source: Tensor
    source_lengths: Tensor
    target: Tensor
    index: Tensor
    real: Tensor | None = None
    rows: Tensor | None = None
    scores: Tensor | None = None

    def real_positions(self) -> Tensor:
        return (self.target != PAD).view(-1).nonzero().squeeze(1) if self.real is None else self.real

    def to(self, device: torch.device) -> Batch:
        """The batch on this device. What depends on the values is computed before, so that a GPU need not wait."""
        tensors: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        tensors["real"] = self.real_positions()
        pin = device.type == "cuda" and self.source.device.type == "cpu"  # only from such memory is a copy asynchronous
        return Batch(**{name: (t.pin_memory() if pin else t).to(device, non_blocking=True)
                        for name, t in tensors.items() if t is not None})


class EncodedSplit:
    """All examples of a split as ids: one row of sources and one of targets per example."""

    def __init__(self, sources: Sequence[Sequence[int]] | Ragged, targets: Sequence[Sequence[int]] | Ragged) -> None:
        self.sources, self.targets = (rows if isinstance(rows, Ragged) else Ragged(rows) for rows in (sources, targets))
        if len(sources) != len(targets) or not self.sources.lengths.all():
            raise ValueError(f"need as many sources as targets ({len(sources)}, {len(targets)}), and no empty source")
        self.shared = False
        self.scores: Tensor | None = None  # (examples, labels), see Batch

    def share_prefixes(self, shared: bool = True) -> EncodedSplit:
        """This split, with batches in which a source that begins another one is read as a part of it.

        The lines of a poem are the case in mind: the source of each is all lines before it. An encoder in one direction
        then reads every poem once instead of once per line.
        """
        if shared and not self.shared:
            self._run = self.sources.prefix_runs()  # (examples,)
            self._longest = np.zeros(self._run[-1] + 1, dtype=np.int32)  # source of each run
            np.maximum.at(self._longest, self._run, self.sources.lengths)
        self.shared = shared
        return self

    def __len__(self) -> int:
        return len(self.sources)

    def batch(self, index: np.ndarray) -> Batch:
        index = np.asarray(index, dtype=np.int64)
        read, rows = index, None
        if self.shared:
            order = np.argsort(-self.sources.lengths[index], kind="stable")  # so that the first of a run is its longest
            _, first, inverse = np.unique(self._run[index][order], return_index=True, return_inverse=True)
            read, rows = index[order[first]], torch.empty(len(index), dtype=torch.long)
            rows[torch.from_numpy(order)] = torch.from_numpy(inverse)
        return Batch(self.sources.padded(read), torch.from_numpy(self.sources.lengths[index].astype(np.int64)),
                     self.targets.padded(index), torch.from_numpy(index), rows=rows,
                     scores=None if self.scores is None else self.scores[index])

    def tokens(self, index: np.ndarray) -> int:
        """Target tokens of these examples."""
        return int(self.targets.lengths[index].sum())

    def plan_batches(self, settings: Settings, epoch: int, pool: int = 100) -> list[np.ndarray]:
        """The batches of an epoch, as positions in the split: all examples once, in random order, the same for the
        same seed and epoch.

        Examples are shuffled, cut into pools of about `pool` batches, sorted by length inside a pool and batched:
        rows of a batch have similar lengths, so there is little padding, and each epoch has other batches.
        """
        random = np.random.default_rng([settings.seed, epoch])
        order = self._shuffled(random)
        size = settings.batch_size
        if settings.batch_tokens:  # examples in a batch, on average
            mean = (int(self.sources.lengths.sum()) + int(self.targets.lengths.sum())) / len(self)
            size = max(1, round(settings.batch_tokens / mean))
        batches: list[np.ndarray] = []
        for start in range(0, len(order), size * pool):
            part = order[start:start + size * pool]
            part = part[np.lexsort(self._sort_keys(part))]
            batches += (self._by_tokens(part, settings.batch_tokens) if settings.batch_tokens
                        else [part[i:i + size] for i in range(0, len(part), size)])
        return [batches[i] for i in random.permutation(len(batches))]

    def _shuffled(self, random: np.random.Generator) -> np.ndarray:
        """All examples in random order; with shared prefixes those of a run stay together."""
        if not self.shared:
            return random.permutation(len(self)).astype(np.int32)
        place = random.permutation(len(self._longest))  # of each run
        return np.argsort(place[self._run], kind="stable").astype(np.int32)

    def _sort_keys(self, index: np.ndarray) -> tuple[np.ndarray, ...]:
        """What brings examples of similar lengths together, the last key first in importance."""
        if not self.shared:
            return self.sources.lengths[index], self.targets.lengths[index]
        return self._run[index], self._longest[self._run[index]], self.targets.lengths[index]

    def _by_tokens(self, order: np.ndarray, limit: int) -> Iterator[np.ndarray]:
        """Batches in which rows × (longest source + longest target) is at most `limit`; a row longer than that is a
        batch of its own."""
        start, source, target = 0, 0, 0
        for i, (s, t) in enumerate(zip(self.sources.lengths[order].tolist(), self.targets.lengths[order].tolist())):
            source, target = max(source, s), max(target, t)
            if i > start and (i + 1 - start) * (source + target) > limit:
                yield order[start:i]
                start, source, target = i, s, t
        yield order[start:]

    def sorted_batches(self, batch_size: int) -> Iterator[Batch]:
        """All examples once, longest source first; `Batch.index` says which they are."""
        order = np.argsort(-(self._longest[self._run] if self.shared else self.sources.lengths), kind="stable")
        for start in range(0, len(order), batch_size):
            yield self.batch(order[start:start + batch_size])


def map_batches(function: Callable[[Tensor, Tensor, np.ndarray], Iterable[Result]], sources: Ragged, batch_size: int,
                device: torch.device | str = "cpu") -> list[Result]:
    """One result per source, in the order of the sources, computed in batches of similar lengths.

    function(ids (B, S), lengths (B,), index (B,)) returns the results of one batch; index: which sources they are. It
    runs without gradients. Results on a GPU stay there.
    """
    order = np.argsort(-sources.lengths, kind="stable")
    results: list[Any] = [None] * len(sources)
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            index = order[start:start + batch_size]
            lengths = torch.from_numpy(sources.lengths[index].astype(np.int64)).to(device)
            for i, result in zip(index, function(sources.padded(index).to(device), lengths, index)):
                results[i] = result
    return results
