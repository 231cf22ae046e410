"""What is measured of written texts in benchmarks/writing.py, each beside the poets' own."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import n2m
from benchmarks.writing_contestants import POEM, Contestant, kind, with_text
from core.data import Example, InputError
from core.metrics import distinct
from core.settings import SearchSettings
from tasks.shared import baselines, evaluation
from tasks.shared.prosody import rhyme_names, share
from tasks.shared.verse import EITHER, MARKS, NO_RHYME
from tasks.shared.verse_rules import ANY, Pattern

HELD_OUT = 0.2  # of the texts that are to be told apart
RHYMES, TONES, WHOLE, SHARED = "rhyme", "tones", "faultless", "shared characters"
Patterns = Sequence[Sequence[Pattern]]


def knowledge(contestant: Contestant, model: n2m.Model, asked: Sequence[Example],
              test: Sequence[Example]) -> dict[str, float]:
    """Perplexity of the poets' texts, and how often the poet's own is the best of ten."""
    scores = contestant.log_p(asked, [[e.target] for e in asked])
    if scores is None:
        return {}
    found = {"perplexity": math.exp(-scores.sum() / tokens(model, asked))}
    ranked, ten = evaluation.lines_of_ten(test)
    if ranked:
        among = contestant.preference(ranked, ten)
        assert among is not None
        found["true of ten"] = evaluation.first_of_ten(among)
    return found


def tokens(model: n2m.Model, examples: Sequence[Example]) -> int:
    """Of their targets, as the model's perplexity counts them."""
    return sum(len(model.text_model.target_ids(e)) for e in examples)


class Judge:
    """An independent model that knows p(text) as well as p(text | input)."""

    def __init__(self, model: n2m.Model, asked: Sequence[Example]) -> None:
        if not model.settings.source_dropout:
            raise InputError("the judge has to know p(output); train it with `source_dropout` 0.1")
        self.model, self.asked = model, asked
        self.poets = self._scores([e.target for e in asked])

    def measures(self, texts: Sequence[str]) -> dict[str, float]:
        """fluency: perplexity of the texts alone, over that of the poets'; coherence: log p(text | input) - log p(text)
        on average, over that of the poets'."""
        (alone, gain), (poets_alone, poets_gain) = self._scores(texts), self.poets
        return {"fluency": math.exp(poets_alone - alone), "coherence": gain / poets_gain}

    def _scores(self, texts: Sequence[str]) -> tuple[float, float]:
        """log p(text) per token; log p(text | input) - log p(text), per text."""
        examples, outputs = with_text(self.asked, texts), [[text] for text in texts]
        without, given = (evaluation.log_p(self.model.text_model, examples, outputs, empty) for empty in (True, False))
        return float(without.sum()) / tokens(self.model, examples), float((given - without).mean())


def of_same_kinds(asked: Sequence[Example], pool: Sequence[Example]) -> list[tuple[int, Example]]:
    """For each of the examples, by its number, another one of the pool of its length and place, so that neither tells
    the two apart. Both are in their own order; examples for which the pool is too small are left out."""
    own, others = defaultdict(list), defaultdict(list)
    for i, e in enumerate(asked):
        own[kind(e)].append(i)
    for e in pool:
        others[kind(e)].append(e)
    pairs = []
    for name, numbers in own.items():
        n = min(len(numbers), len(others[name]))
        pairs += [(numbers[i * len(numbers) // n], others[name][i * len(others[name]) // n]) for i in range(n)]
    return sorted(pairs, key=lambda pair: pair[0])


def told_apart(name: str, written: Sequence[Example], poets: Sequence[Example], folder: Path) -> float:
    """Accuracy with which our own classifier tells written texts from those of poets, on texts held out; each is read
    behind its input. The examples of the two are of different poems, and so are those held out."""
    labelled = [[(f"{e.source}，{e.target}", label) for e in examples]
                for label, examples in (("written", written), ("poet", poets))]
    cut = [round(len(rows) * (1 - HELD_OUT)) for rows in labelled]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.tsv"
    file.write_text("".join(f"{text}\t{label}\n" for rows, n in zip(labelled, cut) for text, label in rows[:n]),
                    encoding="utf-8")
    judge = n2m.train("classify", file, None, tokenizer="characters")
    held_out = [row for rows, n in zip(labelled, cut) for row in rows[n:]]
    found = judge.answer([text for text, _ in held_out], errors="return")
    return share(isinstance(best, list) and best[0].text == label for best, (_, label) in zip(found, held_out))


# form


def form(patterns: Patterns, asked: Sequence[Example], texts: Sequence[str]) -> dict[str, float]:
    """The fractions of texts that keep the rhyme and the tones of one of the patterns that their input allows; where a
    pattern forbids characters (of the first line of a couplet), the fraction with one of them."""
    rows = [(own, text, e) for own, text, e in zip(patterns, texts, asked) if own and ANY not in own[0].form.tones]
    found = {}
    if rhyming := [(own, text, [*e.context, e.source]) for own, text, e in rows if any(map(binds_rhyme, own))]:
        found[RHYMES] = share(any(keeps_rhyme(p, text, before) for p in own) for own, text, before in rhyming)
    if rows:
        found[TONES] = share(any(keeps_tones(p, text) for p in own) for own, text, _ in rows)
    if couplets := [(own[0], text) for own, text, e in rows if own[0].used and not own[0].doubles]:
        found[SHARED] = share(not set(text).isdisjoint(p.used) for p, text in couplets)
    return found


def binds_rhyme(p: Pattern) -> bool:
    """Whether lines before, or other lines of the text, decide the rhyme."""
    return len(set(p.form.rhymes) - {NO_RHYME}) < len(p.form.rhymes) - p.form.rhymes.count(NO_RHYME) \
        or 0 < len(p.form.groups) < len(rhyme_names())


def keeps_rhyme(p: Pattern, text: str, before: Sequence[str]) -> bool:
    """Rhymes are of one group, and never the same character, nor that at the end of a line before."""
    words = [(chain, c) for chain, c in zip(p.form.rhymes, text) if chain != NO_RHYME]
    anything = "".join(symbol if symbol in MARKS else EITHER for symbol in p.form.tones)
    return len(set(words)) == len(words) and not any(c == line[-1] for _, c in words for line in before) \
        and not Pattern(replace(p.form, tones=anything), repeats=True).faults(text)


def keeps_tones(p: Pattern, text: str) -> bool:
    return not Pattern(replace(p.form, rhymes=NO_RHYME * len(p.form.rhymes)), repeats=True).faults(text)


def whole(patterns: Patterns, texts: Sequence[str]) -> dict[str, float]:
    """The fraction of texts without any fault."""
    rows = [(own, text) for own, text in zip(patterns, texts) if own and ANY not in own[0].form.tones]
    return {WHOLE: share(any(not p.faults(text) for p in own) for own, text in rows)} if rows else {}


def whole_poems(model: n2m.Model, task: Any, search: SearchSettings,
                poems: Sequence[Sequence[str]]) -> dict[str, float]:
    """The fraction of poems that have no fault in the lines behind the first one."""
    asked = [Example(lines[i], lines[i + 1], tuple(lines[:i])) for lines in poems for i in range(POEM - 1)]
    patterns = task.patterns(model.text_model, asked, search)
    good = np.array([bool(whole([own], [e.target]).get(WHOLE, 1)) for own, e in zip(patterns, asked)])
    return {WHOLE: float(good.reshape(-1, POEM - 1).all(axis=1).mean())}


# variety


def variety(texts: Sequence[str], poets: Sequence[str], known: set[str]) -> dict[str, float]:
    """Different pairs of characters over the poets', and the fraction of texts that stand in training."""
    return {"pairs": distinct(texts, 2) / distinct(poets, 2), "copied": share(text in known for text in texts)}


def repeated_by_poets(train: Sequence[Example]) -> float:
    """The fraction of training texts that stand in another poem of the training split. (Test texts do not stand there
    at all, since they are held out.)"""
    found = np.unique(np.array([[hash(e.target), hash(e.key or e.source)] for e in train]), axis=0)  # text, poem
    _, counts = np.unique(found[:, 0], return_counts=True)
    return float(counts[counts > 1].sum() / len(found))


def themes(asked: Sequence[Example], texts: Sequence[str], judge: baselines.Pipeline) -> dict[str, float]:
    """Of the texts about a theme of one character: how often a classifier finds it, and how often it is written."""
    rows = [(e.source, text) for e, text in zip(asked, texts) if re.fullmatch(r"\w", e.source)]
    return {"theme found": share(a == b for a, (b, _) in zip(judge.predict([text for _, text in rows]), rows)),
            "theme written": sum(text.count(theme) for theme, text in rows) / len(rows)} if rows else {}
