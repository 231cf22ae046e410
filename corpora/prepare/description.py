"""A description of a corpus as lines of text, and advice: counts, lengths, labels, vocabulary, samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from core.data import SPLITS, Example
from core.events import tracked
from core.tokenizer import Tokenizer, make_tokenizer, wide
from corpora.prepare.hashes import WRONG_FORMAT
from corpora.prepare.splits import Dataset
from corpora.shared.corpus import Corpus

MAX_CHARACTERS = 10_000_000  # for vocabularies; of a larger corpus, so many in equal steps
SAMPLE = 20_000  # examples for advice
BARS = 10
WIDTH = 36  # columns of a shown text


def description(corpus: Corpus, dataset: Dataset) -> Iterator[str]:
    """Splits count all examples; lengths, vocabulary and samples are of the training split."""
    yield f"{corpus.name} (`task` {corpus.task}): {corpus.title}"
    yield f"  {corpus.size}; licence: {corpus.licence}"
    yield f"  from {corpus.origin}"
    yield from [f"  cite: {corpus.citation}"] * bool(corpus.citation)
    yield from (f"  {note}" for note in corpus.notes)
    yield f"  checksum of the examples: {dataset.checksum}"
    yield ""
    yield "splits     " + ", ".join(f"{len(getattr(dataset, split)):,} {split}" for split in SPLITS)
    yield from counted("rejected", dataset.rejected)
    yield from counted("changed", Counter({f"texts {step}": n for step, n in dataset.changed.items()}))
    sides = ("source",) if dataset.labels else ("source", "target")
    known = {side: np.fromiter((len(getattr(e, side)) for e in tracked(dataset.train, "lengths", len(dataset.train))),
                               np.int64) for side in sides}
    yield ""
    yield from lengths(known)
    if dataset.labels:
        yield ""
        yield from labels(Counter(e.target for e in dataset.train))
    yield ""
    step = max(1, -(-sum(map(np.sum, known.values())) // MAX_CHARACTERS))
    yield from vocabularies(sides, dataset.train[::step], dataset.dev[::step], len(dataset.train))
    yield ""
    yield "samples"
    for e in dataset.train[::max(1, len(dataset.train) // 10)][:10]:
        yield f"  {cut(' / '.join([*e.context, e.source]))} → {cut(e.target)}".rstrip()


def counted(title: str, counts: Counter[str]) -> Iterator[str]:
    for reason, n in counts.most_common():
        yield f"{title:<10} {n:,}: {reason}"


def lengths(counts: dict[str, np.ndarray]) -> Iterator[str]:
    """Quantiles for each side, and a histogram for the source."""
    percentages = (0, 5, 25, 50, 75, 95, 100)
    names = {0: "minimum", 100: "maximum"}
    yield "characters " + "".join(f"{names.get(p, f'{p}%'):>8}" for p in percentages)
    for side, of in counts.items():
        yield f"  {side:<9}" + "".join(f"{round(q):>8,}" for q in np.percentile(of, percentages))
    yield "sources by number of characters"
    yield from histogram(counts["source"])


def histogram(counts: np.ndarray) -> Iterator[str]:
    """The number of sources by length; the last bar is for the longest hundredth."""
    least, most = int(counts.min()), int(counts.max())
    top = max(int(np.percentile(counts, 99)), least + 1)
    edges = [edge for edge in np.unique(np.linspace(least, top + 1, BARS + 1).astype(int)) if edge <= most]
    edges = [*edges[:BARS], most + 1]
    found, _ = np.histogram(counts, bins=edges)
    for low, high, n in zip(edges, edges[1:], found):
        span = f"{low}" if high == low + 1 else f"{low}–{high - 1}"
        yield f"  {span:>12} {'█' * round(40 * n / max(found)) or '▏' * bool(n)} {n:,}"


def labels(counts: Counter[str]) -> Iterator[str]:
    known = counts.most_common()
    yield f"labels     {len(known)}; the most frequent is {known[0][1] / counts.total():.1%}"
    for label, n in known[:20]:
        yield f"  {cut(label, 20)} {'█' * round(30 * n / known[0][1]) or '▏'} {n:,}"
    if len(known) > 20:
        yield f"  and {len(known) - 20:,} more, the rarest {known[-1][1]:,} times"


def vocabularies(sides: Sequence[str], train: Sequence[Example], dev: Sequence[Example], total: int) -> Iterator[str]:
    """For each tokenizer: distinct tokens, those seen once, how many cover 95% of the text, tokens per text, and the
    fraction unknown in the dev split."""
    yield ("vocabulary of " + (f"{len(train):,} of {total:,}" if len(train) < total else f"all {total:,}")
           + " training examples, by `tokenizer`, with `min_count` 1")
    yield f"{'':<22}   distinct  seen once  cover 95%   per text  unknown in dev"
    for side in sides:
        texts, others = ([getattr(e, side) for e in split] for split in (train, dev))
        for kind in ("characters", "words", "subwords"):
            yield f"  {side}, {kind:<13}" + "".join(coverage(make_tokenizer(kind, texts=texts), texts, others))


def coverage(tokenizer: Tokenizer, texts: Sequence[str], others: Sequence[str]) -> Iterator[str]:
    """
    >>> from core.tokenizer import Characters
    >>> "".join(coverage(Characters(), ["abc", "ab"], ["ad"])).split()
    ['3', '1', '3', '2.5', '50.00%']
    """
    counts, new = Counter[str](), Counter[bool]()
    for text in tracked(texts, tokenizer.kind, len(texts)):
        counts.update(tokenizer.split(text))
    for text in others:
        new.update(token not in counts for token in tokenizer.split(text))
    running = np.cumsum([n for _, n in counts.most_common()])
    yield f"{len(counts):>9,}{sum(n == 1 for n in counts.values()):>11,}"
    yield f"{int(np.searchsorted(running, 0.95 * counts.total())) + 1:>11,}{counts.total() / len(texts):>11.1f}"
    yield f"{new[True] / max(1, new.total()):>16.2%}"


def cut(text: str, width: int = WIDTH) -> str:
    """The text in this many terminal columns, padded or shortened.

    >>> cut("明月光", 5), cut("ab", 3)
    ('明月…', 'ab ')
    """
    shown, used = "", 0
    for c in text:
        columns = 1 + wide(c)
        if used + columns > width - (len(text) > len(shown) + 1):
            return shown + "…" + " " * (width - used - 1)
        shown, used = shown + c, used + columns
    return shown + " " * (width - used)


def advice(dataset: Dataset, notes: Sequence[str] = ()) -> Iterator[str]:
    """What to change before training, if anything, as far as that does not depend on the task. notes: the corpus's."""
    yield from notes
    if dataset.wrong:
        yield (f"{dataset.rejected[WRONG_FORMAT]:,} examples are not in the format of this task; the first in "
               f"{dataset.wrong}")
    sample = dataset.train[::max(1, -(-len(dataset.train) // SAMPLE))]
    sources, targets = ([getattr(e, side) for e in sample] for side in ("source", "target"))
    if len(dataset.train) < 1000:
        yield f"{len(dataset.train):,} training examples are few: enough to try things, too few for good results"
    if dataset.rejected.total() > len(dataset.train):
        yield "more examples were rejected than kept; `rejects` FILE lists them"
    if np.mean([a == b for a, b in zip(sources, targets)]) > 0.5:
        yield "most targets equal their source; to choose other columns, use `source_column` and `target_column`"
    if dataset.labels:
        counts = Counter(e.target for e in dataset.train)
        n, (label, most) = counts.total(), counts.most_common(1)[0]
        if len(counts) == 1:
            yield f"there is only one label, {label!r}: nothing can be learned"
        elif most > 0.9 * n and len(counts) <= n / 3:
            yield f"{most / n:.0%} of the texts have the label {label!r}: look at macro F1, not at accuracy"
        rare = sum(count < 10 for count in counts.values())
        if rare and len(counts) <= n / 3:
            yield f"labels with fewer than ten training texts: {rare} of {len(counts)}"
    longest = max(np.percentile([len(text) for text in side], 99) for side in (sources, targets))
    if longest > 200:
        yield (f"one text in a hundred has more than {longest:,.0f} characters; training truncates texts at "
               "`max_length` tokens, and `max_characters` rejects such pairs")
