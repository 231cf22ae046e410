"""The forms of verse that a corpus shows, and the patterns that follow from them for each answer."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from core.data import Example, InputError
from core.settings import SearchSettings
from core.tokenizer import HAN
from tasks.shared import tunes, verse
from tasks.shared.couplet import second_line
from tasks.shared.prosody import share, table
from tasks.shared.tunes import Tune
from tasks.shared.verse_rules import Pattern

LOOKED_AT = 20_000  # texts
FEWEST = 50  # texts of a source that has a form of its own
NOT_VERSE = re.compile(f"[^{HAN}{verse.MARKS}]")


def forms_of(examples: Sequence[Example]) -> dict[str, Any]:
    """The forms that the targets share ("": [form, …]) or, if they do not, those that the targets of each source share:
    quatrains have two forms, the lyrics of each tune another one. Empty for texts that are not Chinese verse."""
    by_source = defaultdict(list)
    for e in examples[:10 * LOOKED_AT]:
        if not NOT_VERSE.search(e.target):
            by_source[e.source].append(e.target)
    texts = list(dict.fromkeys(text for found in by_source.values() for text in found))
    if not table() or len(texts) < min(len(examples), LOOKED_AT) / 4:
        return {}
    shared = tunes.derive(texts[:LOOKED_AT])
    found = {"": shared} if shared else {
        source: tunes.derive(own) for source, own in by_source.items() if len(own) >= FEWEST}
    return {source: [tunes.to_json(tune) for tune in own] for source, own in found.items() if own}


def patterns_of(forms: dict[str, Any], sources: Sequence[str], search: SearchSettings) -> list[list[Pattern]] | None:
    """For each source the patterns that its text may have; none for a source without a form.

    Raises InputError for a tune that is none of the forms.
    """
    if search.tune and search.tune not in forms:
        known = [name for name in forms if name]
        raise InputError(f"`tune` {search.tune} is unknown to this model; known: {', '.join(known)}" if known else
                         "`tune` has no effect on this model, which was not trained on tunes; remove it")
    if search.form == "free" or not forms:
        return None
    names = [name if name in forms else "" for name in (search.tune or source for source in sources)]
    named = {name: _patterns([tunes.from_json(saved) for saved in forms.get(name, ())], search) for name in set(names)}
    return [named[name] for name in names]


def _patterns(found: Sequence[Tune], search: SearchSettings) -> list[Pattern]:
    """Those of each tune; if all are quatrains, all templates of regulated verse, in turn."""
    regulated = all(tune.lengths in ((5,) * 4, (7,) * 4) for tune in found)
    each = [[Pattern(verse.quatrain(tune.lengths[0], t.first_line_rhymes, t.starts_level, search.rhyme))
             for t in verse.templates(tune.lengths[0])]
            if regulated else
            [Pattern(verse.with_rhyme(tune.form, search.rhyme) if search.rhyme else tune.form, copies=tune.copies,
                     repeats=True)] for tune in found]
    return [own[turn] for turn in range(max(map(len, each), default=0)) for own in each if turn < len(own)]


def are_couplets(pairs: Sequence[Example]) -> bool:
    """Are nearly all of these pairs of equal length, in Chinese characters, of which hardly any is in both lines?"""
    def answers(e: Example) -> bool:
        return len(e.source) == len(e.target) and not NOT_VERSE.search(e.source + e.target) \
            and len(set(e.source) & set(e.target)) <= len(e.source) / 10

    return bool(table()) and len(pairs) > 0 and share(map(answers, pairs)) > 0.85


def couplet_patterns(lines: Sequence[str]) -> list[list[Pattern]]:
    """For each first line of a couplet what its second line has to be."""
    found = [second_line(line) for line in lines]
    return [[Pattern(line.form, line.used, tuple(line.copies), doubles=False)] for line in found]
