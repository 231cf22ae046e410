"""Examples in; train, dev and test out, with nothing of a held-out example in training.

The split of an example is a hash of its key, so a corpus that grows keeps its splits.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from core.data import Example, InputError
from core.tokenizer import normalize
from corpora.shared.corpus import Corpus

TEST, DEV = 0.10, 0.05  # shares; the rest is for training
FEWEST = 10


@dataclass
class Dataset:
    """A corpus, cleaned and split. dropped: how many examples were left out, by reason."""

    name: str
    train: list[Example]
    dev: list[Example]
    test: list[Example]
    dropped: Counter[str] = field(default_factory=Counter)
    checksum: str = ""
    labelled: bool = False

    def __post_init__(self) -> None:
        if self.labelled:  # a label that training never shows cannot be learned, nor fairly asked for
            labels = {e.target for e in self.train}
            for part in (self.dev, self.test):
                known = [e for e in part if e.target in labels]
                if len(known) < len(part):
                    self.dropped["held out, with a label that training does not have"] += len(part) - len(known)
                    part[:] = known
        for name in ("train", "dev", "test"):
            if not getattr(self, name):
                why = "".join(f"; {n} left out: {reason}" for reason, n in self.dropped.items())
                raise InputError(f"--corpus {self.name}: the {name} split is empty; the corpus needs more examples, "
                                 f"and more different sources{why}")

    def limited(self, limit: int) -> Dataset:
        """At most `limit` training examples, and of dev and test as many in proportion. Each stays in its split."""
        if not limit or limit >= len(self.train):
            return self
        share = limit / len(self.train)
        dev, test = (sorted(part, key=place)[:max(FEWEST, round(len(part) * share))] for part in (self.dev, self.test))
        return Dataset(self.name, sorted(self.train, key=place)[:limit], dev, test, Counter(self.dropped),
                       self.checksum, self.labelled)


def place(example: Example) -> float:
    """Where the example's key hashes to, in [0, 1): below TEST it is for testing, below TEST + DEV for dev."""
    return _place(fold(example.key or example.source))


@lru_cache(maxsize=1 << 18)
def _place(key: str) -> float:
    return int.from_bytes(hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:8], "big") / 2 ** 64


@lru_cache(maxsize=1 << 20)  # the lines of a poem come up once for each line after them
def fold(text: str) -> str:
    """The form in which two texts count as the same."""
    return normalize(text, lowercase=True)


def prepare(corpus: Corpus, script: str = "simplified", reverse: bool = False) -> Dataset:
    """Load, clean and split a corpus. Raises InputError where too little is left."""
    dropped: Counter[str] = Counter()
    examples = list(_clean(corpus.examples(script), dropped))
    if corpus.task == "classify":
        examples = _one_label(examples, dropped)
    checksum = hashlib.sha256()
    for e in examples:
        checksum.update("\t".join((e.source, e.target, *e.context, e.key, "\n")).encode("utf-8", "surrogatepass"))
    places = sorted((place(e), i) for i, e in enumerate(examples))
    if len(examples) < FEWEST:
        why = "".join(f"; {n} left out: {reason}" for reason, n in dropped.items())
        raise InputError(f"--corpus {corpus.name}: {len(examples)} usable examples, needs at least {FEWEST}{why}")
    exclusive = corpus.exclusive
    if reverse and "source" not in exclusive:  # texts on a theme, reversed: it is still the text that must be new
        exclusive = ("source",)
    # The hash alone decides, except that a tiny corpus may need one moved so that no split is empty.
    n_test = max(1, sum(p < TEST for p, _ in places))
    order = [examples[i].reversed() if reverse else examples[i] for _, i in places]
    test = order[:n_test]
    rest = list(_without(order[n_test:], set(_texts(test, exclusive)), exclusive, dropped))
    n_dev = max(1, sum(place(e) < TEST + DEV for e in rest))
    dev = rest[:n_dev]
    train = list(_without(rest[n_dev:], set(_texts(dev, exclusive)), exclusive, dropped))
    return Dataset(corpus.name, train, dev, test, dropped, checksum.hexdigest(), corpus.task == "classify")


def _clean(examples: Iterable[Example], dropped: Counter[str]) -> Iterator[Example]:
    seen = set()
    for e in examples:
        e = Example(normalize(e.source), normalize(e.target), e.context, e.key)
        if not e.source or not e.target:
            dropped["empty source or target"] += 1
        # Of two poems with the same lines one may be held out: that is for the check between the splits.
        elif (same := hash((fold(e.source), e.target, e.context, place(e) < TEST, place(e) < TEST + DEV))) in seen:
            dropped["duplicate"] += 1
        else:
            seen.add(same)
            yield e


def _one_label(examples: list[Example], dropped: Counter[str]) -> list[Example]:
    labels = defaultdict(set)
    for e in examples:
        labels[fold(e.source)].add(e.target)
    kept = [e for e in examples if len(labels[fold(e.source)]) == 1]
    if len(kept) < len(examples):
        dropped["same text under two labels"] += len(examples) - len(kept)
    return kept


def _texts(examples: Iterable[Example], parts: tuple[str, ...]) -> Iterator[str]:
    for e in examples:
        for part in parts:
            value = getattr(e, part)
            yield from map(fold, value) if isinstance(value, tuple) else [fold(value)]


def _without(examples: Iterable[Example], held: set[str], parts: tuple[str, ...],
             dropped: Counter[str]) -> Iterator[Example]:
    for e in examples:
        if held.isdisjoint(_texts([e], parts)):
            yield e
        else:
            dropped["shares a text with a held-out example"] += 1
