"""Pairs of neighbouring lines of a poem."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from core.data import Example
from core.tokenizer import HAN

LINE = re.compile(f"[{HAN}]+")
BETWEEN = " '’-"  # within and between words


def line_pairs(lines: Sequence[str], key: str, lengths: tuple[int, ...] = (), number: int = 0,
               any_script: bool = False) -> Iterator[Example]:
    """Each line with the next if both are equally long, with the lines of the same run before it as context.

    key: of all pairs; lengths: the line lengths to keep, empty for all; number: line number of the poem in its file;
    any_script: also lines that are not Chinese. A line with anything but letters ends a run.

    >>> [(e.context, e.source, e.target) for e in line_pairs(["一二", "三四", "五六"], key="k")]
    [((), '一二', '三四'), (('一二',), '三四', '五六')]
    """
    run: list[str] = []
    for line in lines:
        good = (LINE.fullmatch(line) or (any_script and _is_words(line))) and (not lengths or len(line) in lengths)
        if run and (not good or len(line) != len(run[-1])):
            run = []
        if good:
            if run:
                yield Example(run[-1], line, tuple(run[:-1]), key, line=number)
            run = [*run, line]


def _is_words(line: str) -> bool:
    letters = [unicodedata.category(c)[0] for c in line if c not in BETWEEN and c not in ",;:.!?"]
    return "L" in letters and {*letters} <= {"L", "M"}
