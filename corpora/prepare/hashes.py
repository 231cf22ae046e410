"""Hashes of all examples of a corpus: their splits, duplicates, labels, and the texts they share."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from core.data import SPLITS, Example, ExampleFormat, Rejected
from core.tokenizer import normalize
from corpora.prepare.cleaning import Cleaner, as_rejected
from corpora.prepare.store import Writer

TEST, DEV = 0.10, 0.05  # fractions; the rest is for training
WRONG_FORMAT = "not in the format of this task"


COLUMNS = {"split_hash": "d", "split": "b", "same": "q", "line": "q", "file": "i", "count": "i", "source": "q",
           "target": "q"}  # with their types in array; the last two only if they are needed


class ExampleHashes:
    """For every example, as numbers: the hash of its key, and hashes of what it may not share with another.

    split_hash      in [0, 1), decides the split
    same            equal for duplicates
    source, target  of labelled examples, and of those that may have many targets
    line, file      where the example is; names: of the files
    texts           the disjoint texts of all examples one after the other; counts: how many each example has

    Examples in arguments and results are their numbers in the order of the corpus.
    """

    def __init__(self, names: Sequence[str], columns: Mapping[str, array], texts: array) -> None:
        """columns: those of COLUMNS, with a number for each example"""
        found = {name: np.frombuffer(column, column.typecode) for name, column in columns.items()}
        self.names, self.texts, self.counts = names, np.frombuffer(texts, texts.typecode), found["count"]
        self.line, self.file, self.source, self.target = (
            found.get(name, np.empty(0)) for name in ("line", "file", "source", "target"))
        self.split_hash, self.same = _by_split(found["split_hash"], found["split"], found["same"])

    def has_many_targets(self) -> bool:
        """Is a source a theme, with many texts about it?"""
        source = self.source[self.first()]
        return len(np.unique(source)) * 3 < len(source)

    def first(self) -> np.ndarray:
        """All examples, but of duplicates only the first."""
        return np.sort(np.unique(self.same, return_index=True)[1])

    def count_below(self, index: np.ndarray, limit: float) -> int:
        """How many of these examples, sorted by split_hash, have one below the limit; at least the first and those with
        the same key, so that a tiny corpus has no empty split."""
        count = int((self.split_hash[index] < limit).sum())
        if count or not len(index):
            return count
        same = int((self.split_hash[index] == self.split_hash[index[0]]).sum())
        return same if 2 * same < len(index) else 1

    def with_one_label(self, index: np.ndarray) -> np.ndarray:
        """These examples, without those whose source also has another label."""
        order = index[np.lexsort((self.target[index], self.source[index]))]
        source, label = self.source[order], self.target[order]
        both = source[1:][(source[1:] == source[:-1]) & (label[1:] != label[:-1])]
        return index[~np.isin(self.source[index], both)]

    def without(self, index: np.ndarray, held: np.ndarray) -> np.ndarray:
        """These examples, without those that share a text with one of the held."""
        owner = np.repeat(np.arange(len(self.split_hash), dtype=np.int32), self.counts)
        marked = np.zeros(len(self.split_hash), dtype=bool)
        marked[held] = True
        forbidden = np.unique(self.texts[marked[owner]])
        marked[:] = False
        if len(forbidden):
            at = np.searchsorted(forbidden, self.texts)
            np.minimum(at, len(forbidden) - 1, out=at)
            marked[owner[forbidden[at] == self.texts]] = True
        return index[~marked[index]]


def split_hash(example: Example) -> float:
    """The hash of the example's key, in [0, 1): below TEST it is for testing, below TEST + DEV for dev."""
    return _hash_of(dedup_key(example.key or example.source))


@lru_cache(maxsize=1 << 12)  # a poem's key occurs once for each of its lines
def _hash_of(key: str) -> float:
    return int.from_bytes(hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:8], "big") / 2 ** 64


@lru_cache(maxsize=1 << 12)  # and each of its lines once for each line after it
def dedup_key(text: str) -> str:
    """The form in which two texts count as the same."""
    return normalize(text, lowercase=True)


def read(items: Iterable[Example | Rejected], format: ExampleFormat, cleaner: Cleaner, writer: Writer,
         fields: Sequence[str], reverse: bool, reject: Callable[[Rejected, int], None]) -> ExampleHashes:
    """Clean and check the examples and write them. fields: the disjoint ones; reject: called with the others and their
    line numbers"""
    names, texts, has_pairs = dict[str, int](), array("q"), format.labels or format.many_targets
    columns: dict[str, array] = {name: array(kind) for name, kind in COLUMNS.items()
                                 if has_pairs or name not in ("source", "target")}
    for number, item in enumerate(items, 1):
        e = cleaner.clean(item) if isinstance(item, Example) else item
        if isinstance(e, Example) and format.check and (why := format.check(e)):
            e = as_rejected(WRONG_FORMAT, e, why)
        line = item.line or number
        if isinstance(e, Rejected):
            reject(e, line)
            continue
        writer.add(e)
        source, count = dedup_key(e.source), len(texts)
        sides = e.reversed() if reverse else e
        values = {"source": (sides.source,), "target": (sides.target,), "context": sides.context}
        texts.extend(hash(dedup_key(text)) for name in fields for text in values[name])
        row = (split_hash(e), SPLITS.index(e.split) + 1 if e.split else 0, hash((source, e.target, e.context)), line,
               names.setdefault(item.file, len(names)), len(texts) - count, hash(source), hash(e.target))
        for column, value in zip(columns.values(), row):
            column.append(value)
    return ExampleHashes([*names], columns, texts)


def _by_split(hashed: np.ndarray, splits: np.ndarray, same: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The hashes, moved into the example's own split where the corpus assigns one; a split without such examples is
    taken from the rest: from what has no split if there is any, and else from what is for training. And numbers that
    are equal for duplicates."""
    own = {name: bool((splits == i).any()) for i, name in enumerate(SPLITS, 1)}
    found, free, low = hashed.copy(), hashed, TEST + DEV
    if own["test"] and not own["dev"]:
        found, low = TEST + free * (1 - TEST), TEST
    elif own["dev"]:
        begin = 0 if own["test"] else TEST  # of what is left of the hash for training
        found = np.where(free < begin, free, low + (free - begin) / (1 - begin) * (1 - low))
    for name, start, fraction in (("dev", TEST, DEV), ("test", 0.0, TEST)):
        at = splits == SPLITS.index(name) + 1
        found[at] = start + hashed[at] * fraction
    if (splits == 0).any():
        at = splits == SPLITS.index("train") + 1
        found[at] = TEST + DEV + hashed[at] * (1 - TEST - DEV)
    # One of two poems with the same lines may be held out: the comparison of the splits decides then.
    split = (found < TEST).astype(np.int64) + (found < TEST + DEV)
    return found, same ^ split << 62
