"""Hashes of all examples in; which are duplicates, under one label, or share a text with the held-out ones, out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class Seen:
    """Of every example, in numbers: where its key hashes to, and hashes of what it may not share with another.

    place   in [0, 1), decides the split
    same    equal for duplicates
    source, label   of a classifier's examples only
    texts   the exclusive texts of all examples one after the other; counts: how many of them are each example's

    Where a method takes examples, and what it returns, are their numbers in the order of the corpus.
    """

    place: np.ndarray
    same: np.ndarray
    source: np.ndarray
    label: np.ndarray
    texts: np.ndarray
    counts: np.ndarray

    def first(self) -> np.ndarray:
        """All examples, of duplicates the first."""
        return np.sort(np.unique(self.same, return_index=True)[1])

    def with_one_label(self, index: np.ndarray) -> np.ndarray:
        """These examples, without those whose source stands under another label too."""
        order = index[np.lexsort((self.label[index], self.source[index]))]
        source, label = self.source[order], self.label[order]
        both = source[1:][(source[1:] == source[:-1]) & (label[1:] != label[:-1])]
        return index[~np.isin(self.source[index], both)]

    def without(self, index: np.ndarray, held: np.ndarray) -> np.ndarray:
        """These examples, without those that share a text with one of the held."""
        owner = np.repeat(np.arange(len(self.place), dtype=np.int32), self.counts)
        marked = np.zeros(len(self.place), dtype=bool)
        marked[held] = True
        forbidden = np.unique(self.texts[marked[owner]])
        marked[:] = False
        if len(forbidden):
            at = np.searchsorted(forbidden, self.texts)
            np.minimum(at, len(forbidden) - 1, out=at)
            marked[owner[forbidden[at] == self.texts]] = True
        return index[~marked[index]]
