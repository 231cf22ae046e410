"""Examples in; train, dev and test out, with nothing of a held-out example in training.

The split of an example is a hash of its key, so a corpus that grows keeps its splits. What was made of a corpus is
kept in the cache folder, and made anew where the corpus or this program has changed.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import compress
from pathlib import Path

import numpy as np
from tqdm import tqdm

from core.cache import Folder, digest, kept
from core.data import Example, InputError
from core.tokenizer import normalize
from corpora.shared.corpus import Corpus
from corpora.shared.download import cache_folder
from corpora.shared.seen import Seen
from corpora.shared.store import RECORDS, Examples, Store, Writer, one_line

TEST, DEV = 0.10, 0.05  # shares; the rest is for training
FEWEST = 10
PARTS = ("train", "dev", "test")
ROOT = Path(__file__).parents[2]


@dataclass
class Dataset:
    """A corpus, cleaned and split: views of what is on disk. dropped: how many examples were left out, by reason."""

    name: str
    train: Examples
    dev: Examples
    test: Examples
    dropped: Counter[str] = field(default_factory=Counter)
    checksum: str = ""
    labelled: bool = False

    def identity(self) -> str:
        """What tells these splits, in this order, from all others."""
        return digest([self.checksum, *(data for part in PARTS for data in getattr(self, part).identity())])

    def limited(self, limit: int) -> Dataset:
        """At most `limit` training examples, and of dev and test as many in proportion. Each stays in its split."""
        if not limit or limit >= len(self.train):
            return self
        share = limit / len(self.train)
        dev, test = (part[:max(FEWEST, round(len(part) * share))] for part in (self.dev, self.test))
        return _checked(Dataset(self.name, self.train[:limit], dev, test, Counter(self.dropped), self.checksum,
                                self.labelled))


def _checked(dataset: Dataset) -> Dataset:
    """The dataset without labels to be held out that training does not show. Raises InputError for an empty split."""
    if dataset.labelled:  # such a label cannot be learned, nor fairly asked for
        labels = {e.target for e in dataset.train}
        for name in ("dev", "test"):
            part = getattr(dataset, name)
            known = np.fromiter((e.target in labels for e in part), dtype=bool, count=len(part))
            if not known.all():
                dataset.dropped["held out, with a label that training does not have"] += int((~known).sum())
                setattr(dataset, name, part.pick(known))
    for name in PARTS:
        if not getattr(dataset, name):
            raise InputError(f"--corpus {dataset.name}: the {name} split is empty; the corpus needs more examples, "
                             f"and more different sources{_reasons(dataset.dropped)}")
    return dataset


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


def prepare(corpus: Corpus, script: str = "simplified", reverse: bool = False) -> Dataset:
    """Load, clean and split a corpus, or find it as an earlier run did so. Raises InputError where too little is left.

    Nothing but numbers is held in memory: some 60 bytes an example, while it is prepared.
    """
    place, key = None, ""
    if corpus.version:
        place, key = cache_folder() / "prepared", digest([corpus.version(), *code()])
    group = digest([corpus.task, corpus.name, script, str(reverse)])
    folder = kept(place, group, key, partial(_make, corpus, script, reverse))
    store = Store(folder)
    parts = (Examples(store, np.load(folder.path / f"{part}.npy", mmap_mode="r"), reverse) for part in PARTS)
    return Dataset(corpus.name, *parts, Counter(folder.about["dropped"]), folder.about["checksum"],
                   corpus.task == "classify")


def code() -> Iterator[bytes]:
    """The program that makes examples of what a corpus reads."""
    for path in [ROOT / "core/data.py", ROOT / "core/tokenizer.py", *sorted((ROOT / "corpora").rglob("*.py"))]:
        yield path.read_bytes()


def _make(corpus: Corpus, script: str, reverse: bool, folder: Path) -> dict:
    """Write the cleaned examples and, of each split, the numbers of its examples, in the order of their hash."""
    dropped: Counter[str] = Counter()
    exclusive = corpus.exclusive
    if reverse and "source" not in exclusive:  # texts on a theme, reversed: it is still the text that must be new
        exclusive = ("source",)
    with Writer(folder) as writer:
        seen = _read(corpus.examples(script), writer, exclusive, corpus, reverse, dropped)
    order = seen.first()
    _count(dropped, "duplicate", len(seen.place) - len(order))
    if corpus.task == "classify":
        different, order = len(order), seen.with_one_label(order)
        _count(dropped, "same text under two labels", different - len(order))
    if len(order) < FEWEST:
        raise InputError(f"--corpus {corpus.name}: {len(order)} usable examples, needs at least {FEWEST}"
                         f"{_reasons(dropped)}")
    checksum = _checksum(folder, len(seen.place), order)
    order = order[np.argsort(seen.place[order], kind="stable")]
    # The hash alone decides, except that a tiny corpus may need one moved so that no split is empty.
    n_test = max(1, int((seen.place[order] < TEST).sum()))
    test, rest = order[:n_test], seen.without(order[n_test:], order[:n_test])
    n_dev = max(1, int((seen.place[rest] < TEST + DEV).sum()))
    dev, train = rest[:n_dev], seen.without(rest[n_dev:], rest[:n_dev])
    _count(dropped, "shares a text with a held-out example", len(order) - len(test) - len(dev) - len(train))
    del seen, order, rest
    store = Store(Folder(folder, {}))
    dataset = _checked(Dataset(corpus.name, *(Examples(store, part.astype(np.int32), reverse)
                                              for part in (train, dev, test)),
                               dropped, labelled=corpus.task == "classify"))
    for part in PARTS:
        np.save(folder / f"{part}.npy", getattr(dataset, part).index)
    return {"name": corpus.name, "dropped": dict(dropped), "checksum": checksum}


def _read(examples: Iterable[Example], writer: Writer, exclusive: Sequence[str], corpus: Corpus, reverse: bool,
          dropped: Counter[str]) -> Seen:
    """Clean the examples and write them."""
    places, same, sources, labels, texts, counts = (array(kind) for kind in "dqqqqi")
    empty = 0
    bar = tqdm(examples, desc=f"reading {corpus.name}", unit=" examples", delay=2, leave=False, dynamic_ncols=True,
               file=sys.stderr)
    for e in bar:
        e = Example(normalize(e.source), normalize(e.target), tuple(map(one_line, e.context)), one_line(e.key))
        if not e.source or not e.target:
            empty += 1
            continue
        writer.add(e)
        where, source = place(e), fold(e.source)
        places.append(where)
        # Of two poems with the same lines one may be held out: that is for the check between the splits.
        same.append(hash((source, e.target, e.context, where < TEST, where < TEST + DEV)))
        if corpus.task == "classify":
            sources.append(hash(source))
            labels.append(hash(e.target))
        before = len(texts)
        texts.extend(map(hash, _texts(e.reversed() if reverse else e, exclusive)))
        counts.append(len(texts) - before)
    _count(dropped, "empty source or target", empty)
    return Seen(*(np.frombuffer(a, dtype=a.typecode) for a in (places, same, sources, labels, texts, counts)))


def _checksum(folder: Path, count: int, order: np.ndarray) -> str:
    """SHA-256 of these of the `count` records, in the order of the corpus."""
    wanted = np.zeros(count, dtype=bool)
    wanted[order] = True
    total = hashlib.sha256()
    with open(folder / RECORDS, "rb") as file:
        for line in compress(file, wanted):
            total.update(line)
    return total.hexdigest()


def _texts(example: Example, parts: Sequence[str]) -> Iterator[str]:
    for part in parts:
        value = getattr(example, part)
        yield from map(fold, value) if isinstance(value, tuple) else [fold(value)]


def _count(dropped: Counter[str], reason: str, count: int) -> None:
    if count:
        dropped[reason] += count


def _reasons(dropped: Counter[str]) -> str:
    return "".join(f"; {n} left out: {reason}" for reason, n in dropped.items())
