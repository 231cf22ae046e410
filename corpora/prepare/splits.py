"""The splits of a corpus: train, dev and test, with no text of a held-out example in training.

The split of an example is a hash of its key, so a corpus that grows keeps its splits. They are kept in the cache folder
for later runs, until the corpus or FORMAT changes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import compress
from pathlib import Path

import numpy as np

from core.cache import Folder, digest, get_or_build
from core.data import SPLITS, Example, ExampleFormat, InputError, Rejected
from core.events import tracked
from core.settings import CorpusSettings
from corpora.fetch.download import cache_folder
from corpora.prepare.cleaning import Cleaner, as_rejected
from corpora.prepare.hashes import DEV, TEST, WRONG_FORMAT, ExampleHashes, read
from corpora.prepare.store import RECORDS, REJECTS, Examples, Rejects, Store, Writer
from corpora.shared.corpus import FIELDS, Corpus

# Raise it with any change to the code of corpora, or to normalisation, that changes the examples made of the same files
# and settings, or how they are stored; what earlier runs have kept is then prepared again.
FORMAT = 6
FEWEST = 10
UNKNOWN_LABEL = "held out, with a label that training does not have"


@dataclass
class Dataset:
    """A corpus, cleaned and split: views of what is on disk.

    rejected: how many examples were rejected, by reason; changed: texts changed, by step; labels: is a target one of a
    few labels? many_targets: are there many right targets for one source? wrong: where the first example that is not in
    the task's format is, and why; rejects: the file of all rejected
    """

    name: str
    train: Examples
    dev: Examples
    test: Examples
    rejected: Counter[str] = field(default_factory=Counter)
    checksum: str = ""
    labels: bool = False
    many_targets: bool = False
    changed: Counter[str] = field(default_factory=Counter)
    wrong: str = ""
    rejects: Path | None = field(default=None, compare=False)

    def identity(self) -> str:
        """A digest that differs for other splits and for another order."""
        return digest([self.checksum, *(data for split in SPLITS for data in getattr(self, split).identity())])

    def limited(self, limit: int) -> Dataset:
        """At most `limit` training examples, and dev and test examples in proportion. Each stays in its split."""
        if not limit or limit >= len(self.train):
            return self
        fraction = limit / len(self.train)
        dev, test = (split[:max(FEWEST, round(len(split) * fraction))] for split in (self.dev, self.test))
        return _checked(replace(self, train=self.train[:limit], dev=dev, test=test, rejected=Counter(self.rejected)))


def _checked(dataset: Dataset) -> Dataset:
    """The dataset without held-out labels that training does not have. Raises InputError for an empty split."""
    if dataset.labels:  # such a label cannot be learned, nor fairly tested
        labels = {e.target for e in dataset.train}
        for name in ("dev", "test"):
            split = getattr(dataset, name)
            known = np.fromiter((e.target in labels for e in split), dtype=bool, count=len(split))
            if not known.all():
                dataset.rejected[UNKNOWN_LABEL] += int((~known).sum())
                setattr(dataset, name, split.pick(known))
    for name in SPLITS:
        if not getattr(dataset, name):
            raise InputError(f"`corpus` {dataset.name}: the {name} split is empty; the corpus needs more examples, "
                             f"and more different sources{_reasons(dataset.rejected)}")
    return dataset


def prepare(corpus: Corpus, format: ExampleFormat, script: str | None = None, reverse: bool = False,
            settings: CorpusSettings | None = None, rejects: Path | None = None) -> Dataset:
    """Read, clean and split a corpus, or find the result of an earlier run.

    format: of its task's examples; script: one of the corpus's, None for the first; reverse: exchange source and
    target; rejects: where to write whatever is rejected, even if that is everything
    Raises InputError if too little is left. Only numbers are held in memory: some 75 bytes per example, while it is
    prepared.
    """
    if rejects:
        Rejects.check(rejects)
    cache_dir, key, script, settings = None, "", script or corpus.scripts[0], settings or CorpusSettings()
    if corpus.version:
        cache_dir = cache_folder() / "prepared"
        key = digest([str(FORMAT), corpus.current_version(), str(settings), str(format.version)])
    group = digest([corpus.task, *corpus.names, script, str(reverse)])
    folder = get_or_build(cache_dir, group, key, partial(_build, corpus, format, script, reverse, settings, rejects))
    if rejects:
        Rejects.copy(folder.path / REJECTS, rejects)
    store, known = Store(folder), folder.metadata
    train, dev, test = (Examples(store, np.load(folder.path / f"{split}.npy", mmap_mode="r"), reverse)
                        for split in SPLITS)
    return Dataset(corpus.name, train, dev, test, Counter(known["rejected"]), known["checksum"], format.labels,
                   known["many_targets"], Counter(known["changed"]), known["wrong"], folder.path / REJECTS)


def _build(corpus: Corpus, format: ExampleFormat, script: str, reverse: bool, settings: CorpusSettings,
           rejects_path: Path | None, folder: Path) -> dict:
    """Write the cleaned examples, the numbers of those in each split, in the order of their hash, and the rejects."""
    fields = corpus.disjoint_fields or (FIELDS if corpus.disjoint_fields is None and format.lines else ("source",))
    if reverse and "source" not in fields:  # texts about a theme, reversed: it is still the text that must be new
        fields = ("source",)
    cleaner = Cleaner(settings, script if corpus.converted else "")
    with Rejects(folder, rejects_path) as rejects:
        with Writer(folder) as writer:
            items = tracked(corpus.examples(script), f"reading {corpus.name}")
            hashes = read(items, format, cleaner, writer, fields, reverse, rejects.add)
        many_targets = format.many_targets and hashes.has_many_targets()
        if not many_targets or corpus.disjoint_fields is not None:
            checksum = _split(corpus, format, reverse, hashes, rejects, folder)
            return {"rejected": dict(rejects.counts), "changed": dict(cleaner.texts.changed), "checksum": checksum,
                    "many_targets": many_targets and not reverse,
                    "wrong": rejects.first.get(WRONG_FORMAT, "")}

    def load(script: str) -> Iterator[Example | Rejected]:
        return (replace(e, key=e.key or e.target) if isinstance(e, Example) else e for e in corpus.load(script))

    # With many texts for one word, it is the text that must be new in test.
    return _build(replace(corpus, load=load, disjoint_fields=("target",)), format, script, reverse, settings,
                  rejects_path, folder)


def _split(corpus: Corpus, format: ExampleFormat, reverse: bool, hashes: ExampleHashes, rejects: Rejects,
           folder: Path) -> str:
    """Write the numbers of each split's examples. Returns the checksum of all usable ones."""
    store = Store(Folder(folder, {}))

    def keep(before: np.ndarray, after: np.ndarray, reason: str) -> np.ndarray:
        gone = np.setdiff1d(before, after, assume_unique=True)
        for number, e in zip(gone.tolist(), store.read(gone)):
            item = as_rejected(reason, replace(e, file=hashes.names[hashes.file[number]]))
            rejects.add(item, int(hashes.line[number]))
        return after

    order = keep(np.arange(len(hashes.split_hash)), hashes.first(), "duplicate")
    if format.labels:
        order = keep(order, hashes.with_one_label(order), "same text under two labels")
    if len(order) < FEWEST:
        first = f" (the first in {next(iter(rejects.first.values()))})" if rejects.first else ""
        raise InputError(f"`corpus` {corpus.name}: {len(order)} usable examples; at least {FEWEST} required"
                         f"{_reasons(rejects.counts)}{first}")
    checksum = _checksum(folder, len(hashes.split_hash), order)
    order = order[np.argsort(hashes.split_hash[order], kind="stable")]
    n_test = hashes.count_below(order, TEST)
    test, rest = order[:n_test], hashes.without(order[n_test:], order[:n_test])
    n_dev = hashes.count_below(rest, TEST + DEV)
    dev, train = rest[:n_dev], hashes.without(rest[n_dev:], rest[:n_dev])
    keep(order, np.concatenate([test, dev, train]), "shares a text with a held-out example")
    views = [Examples(store, split.astype(np.int32), reverse) for split in (train, dev, test)]
    dataset = _checked(Dataset(corpus.name, views[0], views[1], views[2], Counter(rejects.counts),
                               labels=format.labels))
    for name, split in zip(SPLITS, (train, dev, test)):
        np.save(folder / f"{name}.npy", keep(split, getattr(dataset, name).numbers, UNKNOWN_LABEL))
    return checksum


def _checksum(folder: Path, count: int, order: np.ndarray) -> str:
    """SHA-256 of these of the `count` records, in the order of the corpus."""
    wanted = np.zeros(count, dtype=bool)
    wanted[order] = True
    total = hashlib.sha256()
    with open(folder / RECORDS, "rb") as file:
        for line in compress(file, wanted):
            total.update(line)
    return total.hexdigest()


def _reasons(rejected: Counter[str]) -> str:
    return "".join(f"; {n} rejected: {reason}" for reason, n in rejected.items())
