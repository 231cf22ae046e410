"""Examples in; train, dev and test out, with nothing of a held-out example in training.

The split of an example is a hash of its key, so a corpus that grows keeps its splits. What was made of a corpus is
kept in the cache folder, and made anew where the corpus or this program has changed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import compress
from pathlib import Path

import numpy as np

from core.cache import Folder, digest, get_or_build
from core.data import InputError
from core.settings import CorpusSettings
from corpora.shared.cleaning import Cleaner
from corpora.shared.corpus import PARTS, Corpus
from corpora.shared.download import cache_folder
from corpora.shared.rejects import REJECTS, Rejects, check, copied
from corpora.shared.seen import DEV, TEST, read
from corpora.shared.store import RECORDS, Examples, Store, Writer

FEWEST = 10
LABEL_NOT_TAUGHT = "held out, with a label that training does not have"
ROOT = Path(__file__).parents[2]


@dataclass
class Dataset:
    """A corpus, cleaned and split: views of what is on disk.

    dropped: how many examples were left out, by reason; rejects: a file of them; changed: texts changed, by step
    """

    name: str
    train: Examples
    dev: Examples
    test: Examples
    dropped: Counter[str] = field(default_factory=Counter)
    checksum: str = ""
    labelled: bool = False
    changed: Counter[str] = field(default_factory=Counter)
    rejects: Path | None = field(default=None, compare=False)

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
                                self.labelled, self.changed, self.rejects))


def _checked(dataset: Dataset) -> Dataset:
    """The dataset without labels to be held out that training does not show. Raises InputError for an empty split."""
    if dataset.labelled:  # such a label cannot be learned, nor fairly asked for
        labels = {e.target for e in dataset.train}
        for name in ("dev", "test"):
            part = getattr(dataset, name)
            known = np.fromiter((e.target in labels for e in part), dtype=bool, count=len(part))
            if not known.all():
                dataset.dropped[LABEL_NOT_TAUGHT] += int((~known).sum())
                setattr(dataset, name, part.pick(known))
    for name in PARTS:
        if not getattr(dataset, name):
            raise InputError(f"--corpus {dataset.name}: the {name} split is empty; the corpus needs more examples, "
                             f"and more different sources{_reasons(dataset.dropped)}")
    return dataset


def prepare(corpus: Corpus, script: str | None = None, reverse: bool = False,
            settings: CorpusSettings | None = None, rejects: Path | None = None) -> Dataset:
    """Load, clean and split a corpus, or find it as an earlier run did so. Raises InputError where too little is left.

    rejects: where what is left out shall be written, even if that is everything
    Nothing but numbers is held in memory: some 75 bytes an example, while it is prepared.
    """
    if rejects:
        check(rejects)
    place, key, script, settings = None, "", script or corpus.scripts[0], settings or CorpusSettings()
    if corpus.version:
        place, key = cache_folder() / "prepared", digest([corpus.current_version(), str(settings), *code()])
    group = digest([corpus.task, corpus.name, script, str(reverse)])
    folder = get_or_build(place, group, key, partial(_make, corpus, script, reverse, settings, rejects))
    if rejects:
        copied(folder.path / REJECTS, rejects)
    store = Store(folder)
    parts = (Examples(store, np.load(folder.path / f"{part}.npy", mmap_mode="r"), reverse) for part in PARTS)
    return Dataset(corpus.name, *parts, Counter(folder.metadata["dropped"]), folder.metadata["checksum"],
                   corpus.task == "classify", Counter(folder.metadata["changed"]), folder.path / REJECTS)


def code() -> Iterator[bytes]:
    """The program that makes examples of what a corpus reads."""
    for path in [ROOT / "core/data.py", ROOT / "core/tokenizer.py", *sorted((ROOT / "corpora").rglob("*.py"))]:
        yield path.read_bytes()


def _make(corpus: Corpus, script: str, reverse: bool, settings: CorpusSettings, asked: Path | None,
          folder: Path) -> dict:
    """Fill the folder. asked: for the rejects, also where it cannot be filled"""
    try:
        return _fill(corpus, script, reverse, settings, folder)
    except InputError:
        if asked and (folder / REJECTS).is_file():
            copied(folder / REJECTS, asked)
        raise


def _fill(corpus: Corpus, script: str, reverse: bool, settings: CorpusSettings, folder: Path) -> dict:
    """Write the cleaned examples and, of each split, the numbers of its examples, in the order of their hash; and what
    was left out, with the reason."""
    exclusive = corpus.exclusive
    if reverse and "source" not in exclusive:  # texts on a theme, reversed: it is still the text that must be new
        exclusive = ("source",)
    cleaner = Cleaner(settings, script if corpus.converted else "")
    with Rejects(folder) as rejects:
        with Writer(folder) as writer:
            seen = read(corpus, script, cleaner, writer, exclusive, reverse, rejects.add)
        store = Store(Folder(folder, {}))

        def keep(before: np.ndarray, after: np.ndarray, reason: str) -> np.ndarray:
            rejects.add_all(reason, store, np.setdiff1d(before, after, assume_unique=True), seen)
            return after

        order = keep(np.arange(len(seen.place)), seen.first(), "duplicate")
        if corpus.task == "classify":
            order = keep(order, seen.with_one_label(order), "same text under two labels")
        if len(order) < FEWEST:
            raise InputError(f"--corpus {corpus.name}: usable examples: {len(order)}, needed: at least {FEWEST}"
                             f"{_reasons(rejects.counts)}{rejects.first()}")
        checksum = _checksum(folder, len(seen.place), order)
        order = order[np.argsort(seen.place[order], kind="stable")]
        n_test = seen.up_to(order, TEST)
        test, rest = order[:n_test], seen.without(order[n_test:], order[:n_test])
        n_dev = seen.up_to(rest, TEST + DEV)
        dev, train = rest[:n_dev], seen.without(rest[n_dev:], rest[:n_dev])
        keep(order, np.concatenate([test, dev, train]), "shares a text with a held-out example")
        dataset = _checked(Dataset(corpus.name, *(Examples(store, part.astype(np.int32), reverse)
                                                  for part in (train, dev, test)),
                                   rejects.counts, labelled=corpus.task == "classify"))
        for name, part in zip(PARTS, (train, dev, test)):
            kept = getattr(dataset, name).index
            rejects.write(LABEL_NOT_TAUGHT, store, np.setdiff1d(part, kept), seen)
            np.save(folder / f"{name}.npy", kept)
    return {"name": corpus.name, "dropped": dict(dataset.dropped), "changed": dict(cleaner.changed),
            "checksum": checksum}


def _checksum(folder: Path, count: int, order: np.ndarray) -> str:
    """SHA-256 of these of the `count` records, in the order of the corpus."""
    wanted = np.zeros(count, dtype=bool)
    wanted[order] = True
    total = hashlib.sha256()
    with open(folder / RECORDS, "rb") as file:
        for line in compress(file, wanted):
            total.update(line)
    return total.hexdigest()


def _reasons(dropped: Counter[str]) -> str:
    return "".join(f"; {n} left out: {reason}" for reason, n in dropped.items())
