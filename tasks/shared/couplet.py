"""The form of the second line of a couplet (对联), which answers the first one place by place."""

from __future__ import annotations

import re
from typing import NamedTuple

from tasks.shared.prosody import LEVEL, OBLIQUE, tones
from tasks.shared.verse import EITHER, MARKS, NO_RHYME, Form


class SecondLine(NamedTuple):
    """What the second line of a couplet has to be.

    copies  per place: the earlier place whose character stands here again; -1: none
    used    characters of the first line, which may not occur
    """

    form: Form
    copies: list[int]
    used: str


def second_line(first: str) -> SecondLine:
    """What answers the first line of a couplet (对联): tones opposed at every second place of a clause and at its end,
    characters doubled exactly where the first line doubles them, and none of its characters. A character with readings
    of both tones, or none, leaves its place free; but the line ends level unless the first one does.

    >>> second_line("春风又绿江南岸").form.tones
    '中仄中平中仄平'
    """
    opposed = {frozenset(LEVEL): OBLIQUE, frozenset(OBLIQUE): LEVEL}
    line = [character if character in MARKS else EITHER for character in first]
    for clause in re.finditer(f"[^{MARKS}]+", first):
        # In 34,929 couplets 84 % of such places are opposed in clauses of 7, but only 54 % in those of 3.
        fixed = range(clause.start() + 1, clause.end(), 2) if len(clause[0]) > 3 else ()
        for place in {*fixed, clause.end() - 1}:
            line[place] = opposed.get(frozenset(tones(first[place])), EITHER)
    end = max((place for place, symbol in enumerate(line) if symbol not in MARKS), default=-1)
    if end >= 0 and line[end] == EITHER:
        line[end] = LEVEL
    copies = [-1 if character in MARKS or first.index(character) == place else first.index(character)
              for place, character in enumerate(first)]
    return SecondLine(Form("".join(line), NO_RHYME * len(first)), copies,
                      "".join(c for c in dict.fromkeys(first) if c not in MARKS))
