"""Who writes in benchmarks/writing.py: a trained model with a search of its own, and the poets themselves."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import n2m
from core.data import Example, InputError
from core.verses import lines_of
from tasks.shared import evaluation

POEM = 4  # lines of a whole poem
FREE: dict[str, Any] = {"search": "likeliest", "form": "free"}
SEARCHES: dict[str, tuple[str, dict[str, Any]]] = {
    "varied": ("varied, in form (the default)", {"search": "varied"}),
    "beam": ("beam 5, free (the default before)", FREE | {"beam": 5}),
    "greedy": ("greedy, free", FREE | {"beam": 1}),
    "sampling": ("sampling at temperature 1, free", FREE | {"temperature": 1.0})}
YI_LI_SUN: dict[str, Any] = {"attention": "additive", "placement": "before", "bidirectional": True, "cell": "gru",
                             "max_length": 16}


class Contestant:
    """Writes an output for each input, and whole poems of which it gets the first line.

    title       what it is, in a few words
    minutes     of its training, if it was trained
    parameters  of its network
    real        whether its outputs are the poets' own
    """

    title = ""
    minutes: float | None = None
    parameters: int | None = None
    real = False

    def texts(self, asked: Sequence[Example]) -> list[str]:
        raise NotImplementedError

    def log_p(self, asked: Sequence[Example], outputs: Sequence[Sequence[str]]) -> np.ndarray | None:
        """log p of K outputs of each input, (inputs, K); None without such a model."""
        return None

    def preference(self, asked: Sequence[Example], outputs: Sequence[Sequence[str]]) -> np.ndarray | None:
        """What it ranks K outputs of each input by, (inputs, K)."""
        return self.log_p(asked, outputs)

    def poems(self, known: Sequence[Sequence[str]]) -> list[list[str]]:
        """For each poem of a poet one with the same first line, written line by line."""
        poems = [[lines[0]] for lines in known]
        while len(poems[0]) < POEM:
            asked = [Example(lines[-1], "", tuple(lines[:-1])) for lines in poems]
            poems = [[*lines, text] for lines, text in zip(poems, self.texts(asked))]
        return poems


class Ours(Contestant):
    """A model of this toolkit with a search. backwards: its outputs are written from their end to their beginning."""

    def __init__(self, model: n2m.Model, title: str, search: dict, seed: int, backwards: bool = False) -> None:
        self.model, self.title, self.seed, self.step = model, title, seed, -1 if backwards else 1
        self.search = model.search_settings(**search)
        self.minutes = model.metadata["history"].get("seconds", 0.0) / 60
        self.parameters = sum(p.numel() for p in model.text_model.network.parameters())

    def texts(self, asked: Sequence[Example]) -> list[str]:
        seeds = [(self.seed, i) for i in range(len(asked))]
        found = self.model.task.answer(self.model.text_model, asked, self.search, seeds=seeds)
        return [answers[0].text[::self.step] for answers in found]

    def log_p(self, asked: Sequence[Example], outputs: Sequence[Sequence[str]]) -> np.ndarray:
        return evaluation.log_p(self.model.text_model, asked, self._turned(outputs))

    def preference(self, asked: Sequence[Example], outputs: Sequence[Sequence[str]]) -> np.ndarray:
        return evaluation.preference(self.model.text_model, asked, self._turned(outputs), self.search)

    def _turned(self, outputs: Sequence[Sequence[str]]) -> list[list[str]]:
        return [[text[::self.step] for text in own] for own in outputs]

    def poems(self, known: Sequence[Sequence[str]]) -> list[list[str]]:
        """Varied poems are compared when they are whole, so each is written for itself."""
        if self.search.search != "varied":
            return super().poems(known)
        found = [self.model.task.continued(self.model.text_model, Example(lines[0], ""), POEM - 1, self.search,
                                           (self.seed, i))[0].text for i, lines in enumerate(known)]
        return [[lines[0], *lines_of(text)] for lines, text in zip(known, found)]


class Poets(Contestant):
    title = "(the poets)"
    real = True

    def texts(self, asked: Sequence[Example]) -> list[str]:
        return [e.target for e in asked]

    def poems(self, known: Sequence[Sequence[str]]) -> list[list[str]]:
        return [list(lines) for lines in known]


class Shuffled(Contestant):
    """The poets' texts, each at the place of another one of the same length and, in a couplet, at the same place."""

    title = "(the poets, shuffled)"
    real = True

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def texts(self, asked: Sequence[Example]) -> list[str]:
        return exchanged([e.target for e in asked], list(map(kind, asked)), self.seed)

    def poems(self, known: Sequence[Sequence[str]]) -> list[list[str]]:
        columns = [exchanged(column, [len(line) for line in column], self.seed + place) if place else list(column)
                   for place, column in enumerate(zip(*known))]
        return [list(lines) for lines in zip(*columns)]


def kind(e: Example) -> tuple[int, int]:
    """Length of the text, and its place in a couplet."""
    return len(e.target), len(e.context) % 2


def exchanged(texts: Sequence[str], kinds: Sequence[Hashable], seed: int) -> list[str]:
    """The texts of each kind in another, random order, in which none keeps its place (but one that is alone).

    >>> exchanged(["a", "b", "c", "d"], [1, 2, 1, 2], seed=1)
    ['c', 'd', 'a', 'b']
    """
    places = defaultdict(list)
    for place, kind in enumerate(kinds):
        places[kind].append(place)
    found = list(texts)
    for own in places.values():
        random.Random(seed).shuffle(own)
        for place, other in zip(own, own[1:] + own[:1]):
            found[place] = texts[other]
    return found


def yi_li_sun(model: n2m.Model, folder: Path, seed: int) -> Ours:
    """Yi, Li and Sun (2016), arXiv 1604.01537, on our core: a bidirectional GRU encoder of the two lines before, an
    attention before the update, target lines reversed. Sizes, corpus and epochs are those of the model."""
    reversed_corpora = {"tang": "TANG", "song": "SONG", "tang-song": "BOTH"}
    name = model.metadata["corpus"]["name"]
    if name not in reversed_corpora:
        raise InputError(f"--only yi-li-sun needs a model of {', '.join(reversed_corpora)}, not of {name}")
    same: dict[str, Any] = {key: getattr(model.settings, key) for key in (
        "embedding_size", "hidden_size", "layers", "epochs", "batch_size", "batch_tokens", "learning_rate", "dropout",
        "common_tokens", "min_count", "max_vocabulary", "limit", "schedule",
        "warmup", "average", "average_epochs", "ema_decay", "patience", "seed")}
    trained = n2m.train("poem", f"benchmarks.writing_reversed:{reversed_corpora[name]}", folder, **same, **YI_LI_SUN)
    return Ours(trained, "Yi, Li and Sun, beam 5, free", FREE | {"beam": 5}, seed, backwards=True)


def poems_of(test: Sequence[Example], count: int) -> list[list[str]]:
    """The first four lines of as many poems of the test split."""
    return [[*e.context, e.source, e.target] for e in test if len(e.context) == POEM - 2][:count]


def with_text(asked: Sequence[Example], texts: Sequence[str]) -> list[Example]:
    return [replace(e, target=text) for e, text in zip(asked, texts)]
