"""Forms of classical verse as plain data: the tones, rhymes and punctuation of lines and poems.

Regulated verse (近体诗) as Wang Li, 汉语诗律学 (1958), sets it out: four kinds of line, of which the kind of one line
decides that of the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from tasks.shared.prosody import LEVEL, OBLIQUE, groups, rhyme_named, rhyme_names, tones

EITHER, NO_RHYME, MARKS = "中", "0", "，。、？！；："
REGULATED = (5, 7)


@dataclass(frozen=True)
class Form:
    """The form of one text, a symbol for each of its characters.

    tones   平 level, 仄 oblique, 中 either; any other character stands for itself (punctuation)
    rhymes  0 no rhyme; 1, 2 … the number of the chain of places that rhyme with each other
    groups  rhymes that chain 1 may have, as `prosody.groups` names them; empty: any
    ci      rhymes are the parts of 词林正韵, by which ci rhyme, and not those of the Pingshui table
    """

    tones: str
    rhymes: str
    groups: frozenset[str] = frozenset()
    ci: bool = False


class Template(NamedTuple):
    """One of the four patterns of regulated verse: the tone of the first line's second place, and whether that line
    ends on the rhyme."""

    starts_level: bool
    first_line_rhymes: bool


def templates(length: int) -> list[Template]:
    """The four templates for lines of this length, the most usual one first: 5 characters begin without a rhyme, 7 with
    one."""
    return [Template(level, rhymes) for rhymes in (length == 7, length != 7) for level in (False, True)]


def line_tones(length: int, number: int, template: Template) -> str:
    """The tones of line `number` (from 0) of a poem: every second place and the last are fixed (一三五不论), and so is
    the third from the end where three equal tones would end the line. Lengths other than 5 and 7 have no tones.

    >>> [line_tones(5, number, Template(False, False)) for number in range(4)]
    ['中仄中平仄', '中平中仄平', '中平平仄仄', '中仄仄平平']
    """
    if length not in REGULATED:
        return EITHER * length
    # Two lines of a couplet are opposed (对), and each couplet begins as the one before it ends (粘).
    level = template.starts_level != (number % 4 in (1, 2))
    line = [EITHER] * length
    for turn, place in enumerate(range(1, length, 2)):
        line[place] = LEVEL if level != bool(turn % 2) else OBLIQUE
    line[-1] = LEVEL if number % 2 or (number == 0 and template.first_line_rhymes) else OBLIQUE
    if line[-1] == line[-2]:
        line[-3] = OBLIQUE if line[-1] == LEVEL else LEVEL
    return "".join(line)


def next_line(before: Sequence[str], length: int, rhyme: str = "", template: Template | None = None) -> Form:
    """The form of the line that follows the lines `before`; of the first line of a poem if there are none.

    length    of the line, in characters; 5 or 7 is regulated verse, of others only the even lines rhyme
    rhyme     the rhyme to use (阳, 七阳, or any character of it); empty: that of the lines before
    template  by default the one that the lines before fit best
    Lines that rhyme on an oblique tone are old-style verse (古体): the line keeps their rhyme and has no tones. Raises
    InputError for an unknown rhyme.

    >>> next_line(["白日依山尽"], 5).tones, next_line(["白日依山尽", "黄河入海流"], 5).tones
    ('中平中仄平', '中平平仄仄')
    """
    old_style = frozenset() if rhyme or template else _oblique_rhyme(before, length)
    if old_style:
        second = len(before) % 2
        return Form(EITHER * length, NO_RHYME * (length - 1) + "01"[second], old_style if second else frozenset())
    template = template or find_template(before, length)
    rhymes = bool(len(before) % 2 or (not before and template.first_line_rhymes))
    return Form(line_tones(length, len(before), template), NO_RHYME * (length - 1) + ("1" if rhymes else NO_RHYME),
                _rhyme_groups(before, length, rhyme, template) if rhymes else frozenset())


def find_template(before: Sequence[str], length: int) -> Template:
    """The template that these lines of a poem break in the fewest places. Of lines that are no regulated verse (on
    average more than one place of each line is wrong) only the last one counts, so that it and the next fit."""
    first_rhymes = templates(length)[0].first_line_rhymes
    if before and length in REGULATED:
        ends = tones(before[0][-1])
        if len(ends) == 1:
            first_rhymes = LEVEL in ends
        elif len(before) > 1:
            first_rhymes = bool(groups(before[0][-1], tone=LEVEL) & groups(before[1][-1], tone=LEVEL))
    choices = [t for t in templates(length) if t.first_line_rhymes == first_rhymes]
    lines = [(number, line) for number, line in enumerate(before) if len(line) == length]

    def broken(template: Template, lines: Sequence[tuple[int, str]]) -> tuple[int, int]:
        each = [(line, line_tones(length, number, template)) for number, line in lines]
        # Poets often write 平平仄平仄 for 平平平仄仄, and that counts as regular (拗救).
        return (sum(min(_clashes(line, way) for way in (form, form.replace("平仄仄", "仄平仄")))
                    for line, form in each), sum(_clashes(line[1], form[1]) for line, form in each))

    best = min(choices, key=lambda t: broken(t, lines))
    return best if broken(best, lines)[0] <= len(lines) else min(choices, key=lambda t: broken(t, lines[-1:]))


def poem(lines: int, length: int, template: Template | None = None, rhyme: str = "") -> Form:
    """The form of a whole poem as one text, with ， after odd lines and 。 after even ones. Raises InputError for an
    unknown rhyme."""
    template = template or templates(length)[0]
    each = [(line_tones(length, number, template), number % 2 or (not number and template.first_line_rhymes))
            for number in range(lines)]
    return Form("".join(line + "，。"[number % 2] for number, (line, _) in enumerate(each)),
                "".join(NO_RHYME * (length - 1) + ("1" if rhymes else NO_RHYME) + NO_RHYME for _, rhymes in each),
                _rhyme_groups((), length, rhyme, template))


def quatrain(length: int, first_line_rhymes: bool, starts_level: bool, rhyme: str = "") -> Form:
    """The form of a quatrain as one text: X，X。X，X。

    >>> quatrain(5, first_line_rhymes=False, starts_level=True).tones
    '中平平仄仄，中仄仄平平。中仄中平仄，中平中仄平。'
    """
    return poem(4, length, Template(starts_level, first_line_rhymes), rhyme)


def with_rhyme(form: Form, rhyme: str) -> Form:
    """The form with this rhyme in chain 1. Raises InputError for an unknown rhyme."""
    there = {tone for tone, chain in zip(form.tones, form.rhymes) if chain == "1"}
    tone = there.pop() if len(there) == 1 and there <= {LEVEL, OBLIQUE} else LEVEL + OBLIQUE
    return replace(form, groups=rhyme_named(rhyme, form.ci, tone))


def faults(text: str, form: Form, repeats: bool = False, copies: Sequence[int] = (), used: str = "") -> list[str]:
    """What of the form a finished text breaks, each as a short clause; places count from 1.

    repeats  also report characters that occur twice, other than in doublings (悠悠)
    copies   per place: the earlier place whose character has to stand here again; -1: none
    used     characters that may not occur

    >>> faults("白日依山月", next_line(["白日依山尽"], 5))
    ['日 (place 2) must have a level tone', '山 (place 4) must have an oblique tone', \
'月 (place 5) must have a level tone']
    """
    if len(text) != len(form.tones):
        return [f"it has {len(text)} characters; {len(form.tones)} required"]
    found: list[str] = []
    heads: dict[str, str] = {}
    shared, seen = {"1": form.groups}, Counter[str]()
    belongs = {LEVEL: "have a level tone", OBLIQUE: "have an oblique tone", EITHER: "be a character"}
    for place, (character, tone, chain) in enumerate(zip(text, form.tones, form.rhymes)):
        copied = copies[place] if copies else -1
        fits = tone in tones(character) if tone in (LEVEL, OBLIQUE) else tone in (EITHER, character)
        if not fits or (tone in belongs and character in MARKS):
            found.append(f"{character} (place {place + 1}) must {belongs.get(tone, 'be ' + tone)}")
        if copied >= 0 and character != text[copied]:
            found.append(f"{character} (place {place + 1}) must repeat {text[copied]}")
        if character in used:
            found.append(f"{character} occurs in an earlier line")
        if tone in belongs and copied < 0 and (place == 0 or character != text[place - 1]):
            seen[character] += 1
        have = groups(character, form.ci, tone if tone in (LEVEL, OBLIQUE) else LEVEL + OBLIQUE)
        if chain != NO_RHYME and have:
            allowed = shared.get(chain) or have
            if not allowed & have:
                found.append(f"{character} does not rhyme with {heads[chain]}" if chain in heads
                             else f"{character} is not of the rhyme {' or '.join(map(_short, sorted(allowed)))}")
            shared[chain] = allowed & have or allowed
            heads.setdefault(chain, character)
    return found + [f"{c} occurs {'twice' if n == 2 else f'{n} times'}" for c, n in seen.items() if repeats and n > 1]


def _clashes(line: str, form: str) -> int:
    return sum(wanted != EITHER and wanted not in tones(character) for character, wanted in zip(line, form))


def _short(group: str) -> str:
    return rhyme_names(LEVEL + OBLIQUE).get(group, group)


def _oblique_rhyme(before: Sequence[str], length: int) -> frozenset[str]:
    """The rhymes of the last even line, if no reading of its end is level; those that the even line before it shares,
    where there are any. Empty for lines of other lengths than regulated verse has, whose rhymes are of any tone."""
    ends = [line[-1] for line in before[1::2][-2:]]
    if length not in REGULATED or not ends or LEVEL in tones(ends[-1]):
        return frozenset()
    return frozenset.intersection(*(groups(end) for end in ends)) or groups(ends[-1])


def _rhyme_groups(before: Sequence[str], length: int, rhyme: str, template: Template) -> frozenset[str]:
    """The rhymes left by the rhyme words of the lines before; the last of them decides if they share none."""
    tone = LEVEL if length in REGULATED else LEVEL + OBLIQUE
    if rhyme:
        return rhyme_named(rhyme, tone=tone)
    words = [groups(line[-1], tone=tone) for line in before[1::2]]
    if before and template.first_line_rhymes and (not words or groups(before[0][-1], tone=tone) & words[0]):
        words.insert(0, groups(before[0][-1], tone=tone))
    words = [word for word in words if word]
    return (frozenset.intersection(*words) or words[-1]) if words else frozenset(
        rhyme_names() if length in REGULATED else ())
