"""ci and tunes: Song ci, the lyrics of set tunes: a line → the next one, or a tune → a ci to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from core.data import Example
from corpora.shared.corpus import Corpus
from corpora.shared.poems import line_pairs
from corpora.tang import ABOUT, poetry_version, works

SUMS = Path(__file__).with_suffix(".sha256")
FEWEST = 60  # ci per tune, so that its form can be learned
SCRIPTS = ("simplified", "traditional")


def all_ci(script: str) -> Iterator[dict]:
    """The package mixes the two scripts."""
    return works(SUMS, "songci", "t2s" if script == "simplified" else "s2t")


def load_lines(script: str) -> Iterator[Example]:
    """Neighbouring lines of equal length; a ci has lines of many lengths, and the others are skipped."""
    for ci in all_ci(script):
        yield from line_pairs(ci["lines"], key="".join(ci["lines"]))


def load_tunes(script: str) -> Iterator[Example]:
    """Tunes with their ci, punctuated. Of a tune's two names, the first is used."""
    found = [(ci["rhythmic"].split("・")[0], "".join(ci["paragraphs"])) for ci in all_ci(script)]
    counts = Counter(tune for tune, _ in found)
    for tune, text in found:
        if counts[tune] >= FEWEST and tune not in ("失调名", "失調名"):  # "tune lost"
            yield Example(tune, text, key=text)


CI = Corpus(
    name="ci", task="poem", title="Song ci: a line, and the next line of equal length",
    size="86,185 pairs", load=load_lines, scripts=SCRIPTS, disjoint_fields=("source", "target", "context"),
    version=partial(poetry_version, SUMS), suggested={"epochs": 5, "batch_size": 128, "learning_rate": 3e-3}, **ABOUT)
TUNES = Corpus(
    name="tunes", task="word", title="the name of a tune → a Song ci to it", size="14,843 ci to 68 tunes",
    load=load_tunes, scripts=SCRIPTS, disjoint_fields=("target",), version=partial(poetry_version, SUMS),
    suggested={"epochs": 4, "learning_rate": 2e-3, "dropout": 0.1, "min_count": 2, "source_dropout": 0.1}, **ABOUT)
