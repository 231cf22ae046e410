"""Hashes of all examples in; which are duplicates, under one label, or share a text with the held-out ones, out."""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from tqdm import tqdm

from core.data import Dropped, Example
from core.tokenizer import normalize
from corpora.shared.cleaning import Cleaner
from corpora.shared.corpus import PARTS, Corpus
from corpora.shared.store import Writer

TEST, DEV = 0.10, 0.05  # shares; the rest is for training


@dataclass
class Seen:
    """Of every example, in numbers: where its key hashes to, and hashes of what it may not share with another.

    place   in [0, 1), decides the split
    same    equal for duplicates
    source, label   of a classifier's examples only
    texts   the exclusive texts of all examples one after the other; counts: how many of them are each example's
    lines, files    where each example stands; names: of the files

    Where a method takes examples, and what it returns, are their numbers in the order of the corpus.
    """

    place: np.ndarray
    same: np.ndarray
    source: np.ndarray
    label: np.ndarray
    texts: np.ndarray
    counts: np.ndarray
    lines: np.ndarray
    files: np.ndarray
    names: tuple[str, ...]

    def first(self) -> np.ndarray:
        """All examples, of duplicates the first."""
        return np.sort(np.unique(self.same, return_index=True)[1])

    def up_to(self, index: np.ndarray, most: float) -> int:
        """How many of these, which are in the order of their places, are in places below `most`; at least the first
        and those with the same key, for a tiny corpus shall have no empty split."""
        count = int((self.place[index] < most).sum())
        if count or not len(index):
            return count
        same = int((self.place[index] == self.place[index[0]]).sum())
        return same if 2 * same < len(index) else 1

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


def place(example: Example) -> float:
    """Where the example's key hashes to, in [0, 1): below TEST it is for testing, below TEST + DEV for dev."""
    return _place(fold(example.key or example.source))


@lru_cache(maxsize=1 << 12)  # a poem's key comes up once for each of its lines
def _place(key: str) -> float:
    return int.from_bytes(hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:8], "big") / 2 ** 64


@lru_cache(maxsize=1 << 12)  # and its lines once for each line after them
def fold(text: str) -> str:
    """The form in which two texts count as the same."""
    return normalize(text, lowercase=True)


def read(corpus: Corpus, script: str, cleaner: Cleaner, writer: Writer, exclusive: Sequence[str], reverse: bool,
          reject: Callable[[Dropped, int], None]) -> Seen:
    """Clean the examples and write them; hand over what is none, with its line."""
    places, parts, same, sources, labels, texts, counts, lines, files = (array(kind) for kind in "dbqqqqiqi")
    bar = tqdm(corpus.examples(script), desc=f"reading {corpus.name}", unit=" examples", delay=2, leave=False,
               dynamic_ncols=True, file=sys.stderr)
    names: dict[str, int] = {}
    for number, item in enumerate(bar, 1):
        e = cleaner.clean(item) if isinstance(item, Example) else item
        line = item.line or number
        if isinstance(e, Dropped):
            reject(e, line)
            continue
        writer.add(e)
        source = fold(e.source)
        places.append(place(e))
        parts.append(PARTS.index(e.part) + 1 if e.part else 0)
        lines.append(line)
        files.append(names.setdefault(item.file, len(names)))
        same.append(hash((source, e.target, e.context)))
        if corpus.task == "classify":
            sources.append(hash(source))
            labels.append(hash(e.target))
        before = len(texts)
        texts.extend(map(hash, _texts(e.reversed() if reverse else e, exclusive)))
        counts.append(len(texts) - before)
    place_of, same_of = _placed(np.frombuffer(places), np.frombuffer(parts, np.int8), np.frombuffer(same, np.int64))
    return Seen(place_of, same_of, *(np.frombuffer(a, dtype=a.typecode) for a in (sources, labels, texts, counts, lines,
                                                                                 files)), tuple(names))


def _placed(hashed: np.ndarray, parts: np.ndarray, same: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The places of all examples, of those with a split of their own in it; a split that none has is taken from the
    rest. And what is equal for duplicates."""
    own = {name: bool((parts == i).any()) for i, name in enumerate(PARTS, 1)}
    found, free, low = hashed.copy(), hashed, TEST + DEV
    if own["test"] and not own["dev"]:
        found, low = TEST + free * (1 - TEST), TEST
    elif own["dev"]:
        begin = 0 if own["test"] else TEST  # of what is left of the hash for training
        found = np.where(free < begin, free, low + (free - begin) / (1 - begin) * (1 - low))
    for name, start, share in (("dev", TEST, DEV), ("test", 0.0, TEST)):
        at = parts == PARTS.index(name) + 1
        found[at] = start + hashed[at] * share
    # Of two poems with the same lines one may be held out: that is for the check between the splits.
    split = (found < TEST).astype(np.int64) + (found < TEST + DEV)
    return found, same ^ split << 62


def _texts(example: Example, parts: Sequence[str]) -> Iterator[str]:
    for part in parts:
        value = getattr(example, part)
        yield from map(fold, value) if isinstance(value, tuple) else [fold(value)]
