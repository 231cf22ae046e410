"""The corpora of poems with each target line from its end to its beginning, for the contestant Yi, Li and Sun."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from core.data import Example, Rejected
from corpora import tang
from corpora.shared.corpus import Corpus


def reversed_targets(corpus: Corpus) -> Corpus:
    def load(script: str) -> Iterator[Example | Rejected]:
        for e in corpus.load(script):
            yield replace(e, target=e.target[::-1]) if isinstance(e, Example) else e

    return replace(corpus, name=f"{corpus.name}-reversed", load=load, names=())


TANG, SONG, BOTH = map(reversed_targets, (tang.TANG, tang.SONG, tang.BOTH))
