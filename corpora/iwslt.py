"""iwslt15-en-vi: sentences of talks, English → Vietnamese; tokenised, as published results use them."""

from __future__ import annotations

from collections.abc import Iterator

from core.data import Example, Rejected
from core.settings import CorpusSettings
from corpora.fetch.sources import folder, from_web
from corpora.read.files import checksum
from corpora.read.formats import aligned, of_split
from corpora.shared.corpus import Corpus
from corpora.shared.opening import File

URL = "https://nlp.stanford.edu/projects/nmt/data/iwslt15.en-vi"
SPLITS = {"train": "train", "dev": "tst2012", "test": "tst2013"}
SUMS = {"train.en": "c26dfeed74b6bf3752f5ca552f2412456f0de153f7c804df8717931fb3a5c78a",
        "train.vi": "707206edf2dc0280273952c7b70544ea8a1363aa69aaeb9d70514b888dc3067d",
        "tst2012.en": "b8fbcd0d4199d41276421d1f7228298df67dd9e2c5c134c2ee8cdf3ec27801e2",
        "tst2012.vi": "01004078b3f36b0c46e81b65fc6851230b3c823405c76d1d82ef3b786b512ff0",
        "tst2013.en": "3860ce60bc5b85d96cc2d3d580cf1bc9d62440e939c1b964676d3607c4e8f1df",
        "tst2013.vi": "29af16842808da2812b8fd4d47fc05d082ba870e60ab7755090ad04b380994cd"}


def files() -> list[File]:
    there = folder("iwslt15-en-vi", SUMS, [from_web(URL)])
    return [File(there / f"{name}.{code}") for name in SPLITS.values() for code in ("en", "vi")]


def load(script: str) -> Iterator[Example | Rejected]:
    found = files()
    for split, source, target in zip(SPLITS, found[::2], found[1::2]):
        yield from of_split(split, aligned(source, target, CorpusSettings(encoding="utf-8")))


VIETNAMESE = Corpus(
    name="iwslt15-en-vi", task="translate", title="English → Vietnamese sentences of talks", size="some 136,000 pairs",
    licence="for research; none stated", origin="nlp.stanford.edu/projects/nmt, IWSLT'15", load=load,
    scripts=("as-written",), version=lambda: checksum(files()),
    suggested={"epochs": 12, "dropout": 0.3, "word_dropout": 0.1, "max_length": 60},
    citation="Luong and Manning 2015, Stanford neural machine translation systems for spoken language domains")
