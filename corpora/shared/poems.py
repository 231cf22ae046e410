"""Poems as lines: a poem's text in, its lines and the pairs of neighbouring lines out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from core.data import Example
from core.tokenizer import HAN

NOTE = re.compile(r"（[^（）]*）|\([^()]*\)")
DIVIDER = re.compile(r"[，。？！；：、,.?!;:\s|/]+")
LINE = re.compile(f"[{HAN}]+")


def lines_of(poem: str) -> list[str]:
    """The lines of a poem, without punctuation and editors' notes.

    >>> lines_of("床前明月光，疑是地上霜。")
    ['床前明月光', '疑是地上霜']
    """
    plain = re.sub(r"[\[\]《》「」『』“”‘’]", "", NOTE.sub("", poem))
    return [line for line in DIVIDER.split(plain) if line]


def line_pairs(lines: Sequence[str], key: str, lengths: tuple[int, ...] = (),
               number: int = 0) -> Iterator[Example]:
    """Each line with the next, where both are equally long, with the lines of the same run before it as context.

    lengths: the line lengths to keep; empty keeps all. number: where the poem stands. A line that
    holds anything but Chinese characters ends a run.

    >>> [(e.context, e.source, e.target) for e in line_pairs(["一二", "三四", "五六"], key="k")]
    [((), '一二', '三四'), (('一二',), '三四', '五六')]
    """
    run: list[str] = []
    for line in lines:
        good = LINE.fullmatch(line) and (not lengths or len(line) in lengths)
        if run and (not good or len(line) != len(run[-1])):
            run = []
        if good:
            if run:
                yield Example(run[-1], line, tuple(run[:-1]), key, line=number)
            run = [*run, line]
