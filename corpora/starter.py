"""starter: a few hundred short examples for each task, written for this project, here with no network."""

from __future__ import annotations

from pathlib import Path

from corpora.shared.corpus import Corpus
from corpora.shared.files import read

FOLDER = Path(__file__).parent / "starter"


def starter(task: str, file: str, size: str, exclusive: tuple[str, ...], suggested: dict) -> Corpus:
    return Corpus(name="starter", task=task, title="a small corpus written for this project", size=size,
                  licence="MIT", origin=f"corpora/starter/{file}", exclusive=exclusive, suggested=suggested,
                  load=lambda script: read(FOLDER / file, task))


SMALL = {"epochs": 20, "batch_size": 16, "learning_rate": 2e-3, "patience": 0}
POEM = starter("poem", "poem.txt", "90 poems, 270 pairs", ("source", "target", "context"), SMALL)
WORD = starter("word", "word.tsv", "320 phrases on 64 themes", ("target",), SMALL)
CLASSIFY = starter("classify", "classify.tsv", "320 reviews", ("source",), SMALL)
TRANSLATE = starter("translate", "translate.tsv", "320 pairs", ("source", "target"), SMALL)
