"""Rows of ids of different lengths in one flat array, in memory or in a mapped file."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.vocabulary import PAD

RELEASE_AFTER = 2000  # rows read before the pages of a mapped file are released; each maps up to 64 KiB


class Ragged:
    """Rows of ids of different lengths in one flat array, in memory or in a mapped file, with 12 bytes per row."""

    def __init__(self, rows: Sequence[Sequence[int]]) -> None:
        lengths = np.fromiter(map(len, rows), dtype=np.int32, count=len(rows))
        self._set(np.fromiter((i for r in rows for i in r), dtype=np.int32, count=int(lengths.sum())), lengths)

    @classmethod
    def from_arrays(cls, flat: np.ndarray, lengths: np.ndarray) -> Ragged:
        """flat: the ids of all rows, concatenated, of any integer type; lengths: the number of ids of each row."""
        if lengths.sum(dtype=np.int64) != len(flat):
            raise ValueError(f"{len(flat)} ids, but the lengths sum to {lengths.sum(dtype=np.int64)}")
        rows = cls.__new__(cls)
        rows._set(flat, lengths)
        return rows

    @classmethod
    def from_file(cls, path: Path, dtype: type, lengths: np.ndarray) -> Ragged:
        """As from_arrays, with the ids in a file that is mapped into memory; few pages are resident at a time."""
        if not path.stat().st_size:  # mmap rejects empty files
            return cls.from_arrays(np.zeros(0, dtype), lengths)
        with open(path, "rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        rows = cls.from_arrays(np.frombuffer(mapped, dtype), lengths)
        rows._map = mapped if hasattr(mapped, "madvise") else None
        return rows

    def _set(self, flat: np.ndarray, lengths: np.ndarray) -> None:
        self._flat, self.lengths = flat, lengths
        self._ends = np.cumsum(lengths, dtype=np.int64)
        self._map: mmap.mmap | None = None
        self._rows = 0  # read since pages were last released

    def __len__(self) -> int:
        return len(self.lengths)

    def prefix_runs(self, chunk: int = 100_000) -> np.ndarray:
        """A number for each row, (rows,): the same for neighbours of which each is the beginning of the next."""
        extends = np.zeros(len(self), dtype=bool)
        begins = self._ends - self.lengths
        for start in range(0, len(self) - 1, chunk):
            first = np.arange(start, min(start + chunk, len(self) - 1))
            first = first[self.lengths[first] <= self.lengths[first + 1]]
            sizes = self.lengths[first].astype(np.int64)
            inside = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            same = self._flat[np.repeat(begins[first], sizes) + inside] \
                == self._flat[np.repeat(begins[first + 1], sizes) + inside]
            different = np.bincount(np.repeat(np.arange(len(first)), sizes), ~same, minlength=len(first))
            extends[first[different == 0] + 1] = True
        return np.cumsum(~extends) - 1

    def counts(self, size: int) -> np.ndarray:
        """Frequencies of the ids 0 … size - 1: (size,)."""
        return np.bincount(self._flat, minlength=size)

    def padded(self, index: np.ndarray) -> Tensor:
        """These rows, each padded with <pad> to the longest of them: (len(index), longest)."""
        self._rows += len(index)
        if self._map is not None and self._rows > RELEASE_AFTER:
            self._map.madvise(mmap.MADV_DONTNEED)
            self._rows = 0
        lengths = self.lengths[index]
        columns = np.arange(lengths.max(initial=1))
        real = columns < lengths[:, None]
        table = np.full(real.shape, PAD, dtype=np.int64)
        table[real] = self._flat[((self._ends[index] - lengths)[:, None] + columns)[real]]
        return torch.from_numpy(table)
