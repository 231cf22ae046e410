"""multi30k-…: captions of photographs, German, French or Czech → English, in the official splits."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from core.data import Example, Rejected
from core.settings import CorpusSettings
from corpora.fetch.sources import folder, from_github
from corpora.read.files import checksum
from corpora.read.formats import aligned, of_split
from corpora.shared.corpus import Corpus
from corpora.shared.opening import File

SPLITS = {"train": "train", "dev": "val", "test": "test_2016_flickr"}
SUMS = {  # MD5 of each language's splits, in this order, as in torchtext's code
    "en": ("0065d13af80720a55ca8153d126e6627", "2b69aa9253948ac9f67e94917272dd40", "ff2c0fcb4893a13bd73414306bc250ae"),
    "de": ("81ff90b99829c0cd4b1b587d394afd39", "6e0e229eb049e3fc99a1ef02fb2d5f91", "efd67d314d98489b716b145475101932"),
    "fr": ("6cb767741dcad3931f966fefbc05203f", "93fc564584b7e5ba410c761ea5a1c682", "08dc7cd4a662f31718412de95ca9bfe3"),
    "cs": ("d9a5fc268917725a2b0efce3a0cc8607", "83cdc082f646b769095615384cf5c0ca", "3104872229daa1bef3b401d44dd2220b")}


def files(language: str) -> list[File]:
    """Source and target of each split."""
    names = {f"{name}.{code}.gz": md5 for code in (language, "en") for name, md5 in zip(SPLITS.values(), SUMS[code])}
    there = folder("multi30k", names, from_github("multi30k/dataset", "master", "data/task1/raw"))
    return [File(there / f"{name}.{code}.gz") for name in SPLITS.values() for code in (language, "en")]


def load(language: str, script: str) -> Iterator[Example | Rejected]:
    found = files(language)
    for split, source, target in zip(SPLITS, found[::2], found[1::2]):
        yield from of_split(split, aligned(source, target, CorpusSettings(encoding="utf-8")))


def captions(language: str, name: str, paper: str) -> Corpus:
    return Corpus(
        name=f"multi30k-{language}-en", task="translate", title=f"{name} → English captions of photographs",
        size="some 31,000 pairs", licence="for research; none stated", origin="github.com/multi30k/dataset, task 1",
        load=partial(load, language), scripts=("as-written",), version=lambda: checksum(files(language)),
        citation=f"Elliott et al. 2016, Multi30K: Multilingual English-German Image Descriptions{paper}")


GERMAN = captions("de", "German", "")
FRENCH = captions("fr", "French", "; Elliott et al. 2017, WMT shared task on multimodal translation")
CZECH = captions("cs", "Czech", "; Barrault et al. 2018, WMT shared task on multimodal translation")
