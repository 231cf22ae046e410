"""ag-news: English news articles, title and first sentences → one of four topics."""

from __future__ import annotations

from collections.abc import Iterator

from core.data import Example, Rejected
from core.settings import CorpusSettings
from corpora.fetch.sources import folder, from_github
from corpora.read.files import checksum
from corpora.read.tables import csv_rows
from corpora.shared.corpus import Corpus
from corpora.shared.opening import File

TOPICS = {"1": "World", "2": "Sports", "3": "Business", "4": "Sci/Tech"}
SUMS = {"train.csv": "76a0a2d2f92b286371fe4d4044640910a04a803fdd2538e0f3f29a5c6f6b672e",
        "test.csv": "521465c2428ed7f02f8d6db6ffdd4b5447c1c701962353eb2c40d548c3c85699"}


def files() -> list[File]:
    there = folder("ag-news", SUMS, from_github("mhjabreel/CharCnn_Keras", "master", "data/ag_news_csv"))
    return [File(there / name) for name in SUMS]


def load(script: str) -> Iterator[Example | Rejected]:
    """A row is the topic's number, the title and the description; a backslash marks a line end."""
    for file in files():
        for row in csv_rows(file, CorpusSettings(encoding="utf-8"), ","):
            if isinstance(row, Rejected):
                yield row
            elif len(row[1]) != 3 or row[1][0] not in TOPICS:
                yield Rejected("no topic, title and description", ",".join(row[1]), row[0])
            else:
                topic, title, description = row[1]
                yield Example(f"{title} {description}".replace("\\", " "), TOPICS[topic], split=file.path.stem,
                              line=row[0])


AG_NEWS = Corpus(
    name="ag-news", task="classify", title="English news in four topics", size="some 127,600 texts",
    licence="for research and other non-commercial use", origin="AG's corpus, as in github.com/mhjabreel/CharCnn_Keras",
    load=load, scripts=("as-written",), version=lambda: checksum(files()),
    suggested={"epochs": 3, "lowercase": True, "min_count": 3},
    citation="Zhang, Zhao and LeCun 2015, Character-level convolutional networks for text classification")
