"""tang and song: all Tang poems and all Song poems: a line → the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from core.data import Example
from corpora.fetch.chinese_poetry import ABOUT, version, works
from corpora.shared.corpus import Corpus
from corpora.shared.poems import line_pairs

SUMS = {dynasty: Path(__file__).with_name(f"{dynasty}.sha256") for dynasty in ("tang", "song")}
SCRIPTS = ("simplified", "traditional")


def poems(dynasty: str, script: str) -> Iterator[list[str]]:
    """Every poem as its lines. The package has them in traditional characters."""
    for poem in works(SUMS[dynasty], "quantangshi", "t2s" if script == "simplified" else ""):
        yield poem["lines"]


def load(dynasty: str, script: str) -> Iterator[Example]:
    for lines in poems(dynasty, script):
        yield from line_pairs(lines, key="".join(lines), lengths=(5, 7))


def line_by_line(dynasty: str, name: str, size: str) -> Corpus:
    read: Callable[[str], Iterator[Example]] = partial(load, dynasty)
    return Corpus(
        name=dynasty, task="poem", size=size, load=read, scripts=SCRIPTS,
        disjoint_fields=("source", "target", "context"),
        title=f"{name} poems: a line, and the next line of equal length (5 or 7 characters)",
        version=partial(version, SUMS[dynasty]),
        suggested={"epochs": 1, "batch_size": 128, "learning_rate": 3e-3, "dropout": 0.1}, **ABOUT)


TANG = line_by_line("tang", "Tang", "413,303 pairs")
SONG = line_by_line("song", "Song", "1,772,302 pairs")
