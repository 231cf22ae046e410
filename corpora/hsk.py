"""hsk and topics: sentences for learners of Chinese, with a translation and a topic."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from core.data import Example
from corpora.fetch.download import package_file, versions_of
from corpora.shared.corpus import Corpus

ABOUT: dict[str, Any] = {"licence": "CC BY-SA 4.0", "origin": "Python package hsk-sentences-audio",
         "scripts": ("simplified", "traditional"), "version": versions_of("hsk-sentences-audio")}


def sentences(script: str) -> Iterator[tuple[str, str, str]]:
    """Chinese, English and topic of every sentence."""
    path = package_file("hsk-sentences-audio", "hsk_sentences_audio/data/sentences.json")
    for item in json.loads(path.read_text(encoding="utf-8")):
        chinese = item["traditional" if script == "traditional" else "chinese"]
        yield chinese, item["translation"]["en"], item["topic"]


def load_pairs(script: str) -> Iterator[Example]:
    for chinese, english, _ in sentences(script):
        if english != "placeholder":  # where the package has no translation
            yield Example(chinese, english)


def load_topics(script: str) -> Iterator[Example]:
    for chinese, _, topic in sentences(script):
        yield Example(chinese, topic)


HSK = Corpus(name="hsk", task="translate", title="Chinese → English sentences for learners, also reversed",
             size="4,277 pairs", load=load_pairs, disjoint_fields=("source", "target"), **ABOUT)
TOPICS = Corpus(name="topics", task="classify", title="Chinese sentences in 19 topics", size="4,347 sentences",
                load=load_topics, suggested={"tokenizer": "characters", "epochs": 30, "min_count": 1}, **ABOUT)
