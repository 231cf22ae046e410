"""starter: a few hundred short examples for each task, written for this project, here with no network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from corpora.shared.corpus import Corpus
from corpora.shared.files import file_corpus

FOLDER = Path(__file__).parent / "starter"


def starter(task: str, file: str, size: str) -> Corpus:
    return replace(file_corpus([FOLDER / file], task), name="starter", title="a small corpus written for this project",
                   size=size, licence="MIT", origin=f"corpora/starter/{file}", scripts=("simplified",), converted=False,
                   suggested=SMALL)


SMALL = {"epochs": 20, "batch_size": 16, "learning_rate": 2e-3, "patience": 0, "min_count": 1}
POEM = starter("poem", "poem.txt", "90 poems, 270 pairs")
WORD = starter("word", "word.tsv", "320 phrases on 64 themes")
CLASSIFY = starter("classify", "classify.tsv", "320 reviews")
TRANSLATE = starter("translate", "translate.tsv", "320 pairs")
