"""Forms of verse as rules of a search: from the characters of a form to the ids of a vocabulary.

Shapes: B outputs, T their length, V vocabulary, C classes, G rhymes, U characters that may not come.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.ragged import Ragged
from core.rules import Alike, Different, NoRepeats, Positions, Rule
from core.text import Codec
from core.tokenizer import HAN
from core.vocabulary import PAD, SPECIALS
from tasks.shared import prosody, verse
from tasks.shared.prosody import LEVEL, OBLIQUE
from tasks.shared.rhyme_table import DOUBLED, VARIANTS
from tasks.shared.verse import MARKS, NO_RHYME, Form

ANY = "任"  # in a form: any token, also none of Chinese
LOST = "囗"  # how editions print a character that is lost
STANDARD = dict(zip(VARIANTS[::2], VARIANTS[1::2]))  # variant → the form to write
CHARACTER = re.compile(f"[{HAN}]")
CLASSES = ("any", "a character", LEVEL, OBLIQUE, *MARKS)  # what a place may ask for


class Pattern(NamedTuple):
    """What one output has to be.

    form     tones, rhymes and length
    used     characters that may not come
    copies   per place: the earlier place whose character stands here again, -1: none; empty: none at all
    repeats  whether a character may come twice
    doubles  whether one that poets double (悠悠) may, where none may come twice
    """

    form: Form
    used: str = ""
    copies: tuple[int, ...] = ()
    repeats: bool = False
    doubles: bool = True

    def faults(self, text: str) -> list[str]:
        """What of this a text breaks, as short clauses."""
        return [] if ANY in self.form.tones else verse.faults(text, self.form, not self.repeats, self.copies, self.used)


def free(length: int) -> Pattern:
    """No form but so many tokens."""
    return Pattern(Form(ANY * length, NO_RHYME * length), repeats=True)


def rules_of(codec: Codec, patterns: Sequence[Pattern], device: torch.device | str = "cpu") -> tuple[Rule, ...]:
    """The rules of B outputs, the most important first: punctuation, rhyme, no repeats, tones."""
    ci = patterns[0].form.ci
    classes, groups, names = _tables(tuple(codec.vocabulary.words()), ci)
    number = {name: i for i, name in enumerate(CLASSES)}
    layout = padded([[number[symbol] if symbol in MARKS else int(symbol != ANY) for symbol in p.form.tones]
                     for p in patterns])
    tones = padded([[number[symbol] if symbol in LEVEL + OBLIQUE else 0 for symbol in p.form.tones] for p in patterns])
    chain = padded([[int(symbol) for symbol in p.form.rhymes] for p in patterns])
    start = torch.tensor([[not p.form.groups or name in p.form.groups for name in names] for p in patterns])
    rules: list[Rule] = [Positions("punctuation", classes, layout)]
    if names and chain.any():
        rules.append(Alike("rhyme", groups, chain, start))
        if any(p.repeats for p in patterns):  # of others no character comes twice
            copied = padded([[int(place >= 0) for place in p.copies] or [0] * len(p.form.tones) for p in patterns])
            rules.append(Different("rhyme words", chain * (1 - copied)))
    if not all(p.repeats for p in patterns):
        T = layout.size(1)
        ids = {c: i for i, c in enumerate(codec.vocabulary.words(), len(SPECIALS))}
        rules.append(NoRepeats(
            "repeats", padded([[ids.get(c, PAD) for c in p.used] for p in patterns]),
            torch.tensor([[p.doubles and place > 0 for place in range(T)] for p in patterns]),
            padded([[place + 1 for place in p.copies] or [0] * T for p in patterns]) - 1,
            classes[number[MARKS[0]]:].any(dim=0).nonzero()[:, 0],
            torch.tensor([False] * len(SPECIALS) + [c in DOUBLED for c in codec.vocabulary.words()])))
    return tuple(rule.to(device) for rule in [*rules, Positions("tones", classes, tones)])


def padded(rows: Sequence[Sequence[int]]) -> Tensor:
    """Rows of numbers as one tensor, (B, longest), padded with 0."""
    return Ragged(rows).padded(np.arange(len(rows)))


@lru_cache(maxsize=4)
def _tables(words: tuple[str, ...], ci: bool) -> tuple[Tensor, Tensor, list[str]]:
    """CLASSES (C, V), the rhymes of each id (V, G), and their names. A character that the table of readings does not
    have fits any tone and no rhyme."""
    known = [prosody.groups(word, ci) for word in words]
    names = sorted(frozenset().union(*known))
    column = {name: i for i, name in enumerate(names)}
    classes = torch.zeros(len(CLASSES), len(SPECIALS) + len(words), dtype=torch.bool)
    groups = torch.zeros(classes.size(1), len(names), dtype=torch.bool)
    classes[0] = True
    known_words = frozenset(words)
    for i, (word, rhymes) in enumerate(zip(words, known), len(SPECIALS)):
        classes[list(_classes_of(word, known_words)), i] = True
        groups[i, [column[name] for name in rhymes]] = True
    return classes, groups, names


def _classes_of(word: str, words: frozenset[str]) -> Iterator[int]:
    """The classes of a word. Not written are a lost character, and a variant of one in the vocabulary (猨 of 猿)."""
    if word in MARKS:
        yield CLASSES.index(word)
    elif CHARACTER.fullmatch(word) and word != LOST and STANDARD.get(word) not in words:
        yield 1
        yield from (CLASSES.index(tone) for tone in prosody.tones(word))

