"""A corpus in, what there is to know of it out, as lines of text: counts, lengths, labels, vocabulary, samples."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from tqdm import tqdm

from core.data import Example
from core.tokenizer import Tokenizer, make_tokenizer, wide
from corpora.shared.corpus import Corpus
from corpora.shared.splits import Dataset

MOST = 10_000_000  # characters of which the vocabulary is counted; of a larger corpus, that many in equal steps
LOOKED_AT = 20_000  # examples for advice
BARS = 10
WIDTH = 36  # columns of a shown text


def description(corpus: Corpus, dataset: Dataset) -> Iterator[str]:
    """Everything. The splits count all examples; lengths, vocabulary and samples are of the training split."""
    yield f"{corpus.name} (--task {corpus.task}): {corpus.title}"
    yield f"  {corpus.size}; licence: {corpus.licence}"
    yield f"  from {corpus.origin}"
    yield from [f"  cite: {corpus.citation}"] * bool(corpus.citation)
    yield from (f"  {note}" for note in corpus.notes)
    yield f"  checksum of the examples: {dataset.checksum}"
    parts = {part: getattr(dataset, part) for part in ("train", "dev", "test")}
    yield ""
    yield "splits     " + ", ".join(f"{len(examples):,} {part}" for part, examples in parts.items())
    yield from counted("left out", dataset.dropped)
    yield from counted("changed", Counter({f"texts {step}": n for step, n in dataset.changed.items()}))
    sides = ("source",) if corpus.task == "classify" else ("source", "target")
    known = {side: np.fromiter((len(getattr(e, side)) for e in bar(dataset.train, "lengths")), np.int64)
             for side in sides}
    yield ""
    yield from lengths(known)
    if corpus.task == "classify":
        yield ""
        yield from labels(Counter(e.target for e in dataset.train))
    yield ""
    step = max(1, -(-sum(map(np.sum, known.values())) // MOST))
    yield from vocabularies(sides, dataset.train[::step], dataset.dev[::step], len(dataset.train))
    yield ""
    yield "samples"
    for e in dataset.train[::max(1, len(dataset.train) // 10)][:10]:
        yield f"  {cut(' / '.join([*e.context, e.source]))} → {cut(e.target)}".rstrip()


def bar(items: Iterable, what: str) -> tqdm:
    return tqdm(items, desc=what, delay=2, leave=False, dynamic_ncols=True, file=sys.stderr)


def counted(title: str, counts: Counter[str]) -> Iterator[str]:
    for reason, n in counts.most_common():
        yield f"{title:<10} {n:,}: {reason}"


def lengths(counts: dict[str, np.ndarray]) -> Iterator[str]:
    """Quantiles of each side's, and a histogram of the source's."""
    shares = (0, 5, 25, 50, 75, 95, 100)
    yield "characters " + "".join(f"{f'{share}%' if 0 < share < 100 else 'least' if not share else 'most':>8}"
                                  for share in shares)
    for side, of in counts.items():
        yield f"  {side:<9}" + "".join(f"{round(q):>8,}" for q in np.percentile(of, shares))
    yield "sources of so many characters"
    yield from histogram(counts["source"])


def histogram(counts: np.ndarray) -> Iterator[str]:
    """How many sources are how long; the last bar holds all that are longer than nearly all."""
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
    yield f"labels     {len(known)}; the most frequent one makes up {known[0][1] / counts.total():.1%}"
    for label, n in known[:20]:
        yield f"  {cut(label, 20)} {'█' * round(30 * n / known[0][1]) or '▏'} {n:,}"
    if len(known) > 20:
        yield f"  and {len(known) - 20:,} more, the rarest {known[-1][1]:,} times"


def vocabularies(sides: Sequence[str], train: Sequence[Example], dev: Sequence[Example], total: int) -> Iterator[str]:
    """What each tokenizer makes of the texts: how many different tokens; how many of them cover 95 in 100 of the text;
    how many a text has; and how many of the dev split's are unknown."""
    yield ("vocabulary of " + (f"{len(train):,} of {total:,}" if len(train) < total else f"all {total:,}")
           + " training examples, by --tokenizer, with --min-count 1")
    yield f"{'':<22}  different  seen once  cover 95%  in a text  unknown on dev"
    for side in sides:
        texts, others = ([getattr(e, side) for e in part] for part in (train, dev))
        for kind in ("characters", "words", "subwords"):
            yield f"  {side}, {kind:<13}" + "".join(coverage(make_tokenizer(kind, texts=texts), texts, others))


def coverage(tokenizer: Tokenizer, texts: Sequence[str], others: Sequence[str]) -> Iterator[str]:
    """
    >>> from core.tokenizer import Characters
    >>> "".join(coverage(Characters(), ["abc", "ab"], ["ad"])).split()
    ['3', '1', '3', '2.5', '50.00%']
    """
    counts, new = Counter[str](), Counter[bool]()
    for text in bar(texts, tokenizer.kind):
        counts.update(tokenizer.split(text))
    for text in others:
        new.update(token not in counts for token in tokenizer.split(text))
    running = np.cumsum([n for _, n in counts.most_common()])
    yield f"{len(counts):>9,}{sum(n == 1 for n in counts.values()):>11,}"
    yield f"{int(np.searchsorted(running, 0.95 * counts.total())) + 1:>11,}{counts.total() / len(texts):>11.1f}"
    yield f"{new[True] / max(1, new.total()):>16.2%}"


def cut(text: str, width: int = WIDTH) -> str:
    """The text in so many columns, filled up or shortened.

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


# will it work?


def advice(task: str, dataset: Dataset, notes: Sequence[str] = ()) -> Iterator[str]:
    """What to change before training, if anything. notes: the corpus's own."""
    yield from notes
    sample = dataset.train[::max(1, -(-len(dataset.train) // LOOKED_AT))]
    sources, targets = ([getattr(e, side) for e in sample] for side in ("source", "target"))
    different, n = len(set(targets)), len(sample)
    if len(dataset.train) < 1000:
        yield f"{len(dataset.train):,} training examples are few: enough to try things, too few for good results"
    left_out = dataset.dropped.total()
    if left_out > len(dataset.train):
        yield "more is left out than is used; --rejects FILE shows all of it"
    if np.mean([a == b for a, b in zip(sources, targets)]) > 0.5:
        yield "most targets equal their source: are these the columns you mean? See --source-column and --target-column"
    if task == "classify":
        counts = Counter(e.target for e in dataset.train)
        different, n = len(counts), counts.total()
        label, most = counts.most_common(1)[0]
        if different == 1:
            yield f"there is one label only, {label!r}: nothing can be learned"
        elif different > n / 3:
            yield f"{different:,} different labels for {n:,} texts: these look like texts; --task translate takes pairs"
        elif most > 0.9 * n:
            yield f"{most / n:.0%} of the texts have the label {label!r}: look at macro F1, not at accuracy"
        rare = sum(count < 10 for count in counts.values())
        if rare and different <= n / 3:
            yield f"labels with fewer than ten texts to learn from: {rare} of {different}"
    elif different < 50 and n >= 1000:
        yield f"only {different} different targets: these look like labels; --task classify tells texts apart"
    if task == "poem":
        uneven = np.mean([len(a) != len(b) for a, b in zip(sources, targets)])
        if uneven:
            yield (f"{uneven:.0%} of the pairs have lines of different length, and a poem's next line is held to the "
                   "length of the one before; --task translate takes any pair")
    elif task == "word" and np.median([len(text) for text in sources]) > 12:
        yield "sources are longer than a word is; --task translate reads whole sentences"
    longest = max(np.percentile([len(text) for text in side], 99) for side in (sources, targets))
    if longest > 200:
        yield (f"one text in a hundred has more than {longest:,.0f} characters; training cuts what goes beyond "
               "--max-length tokens, and --max-characters leaves such pairs out")
