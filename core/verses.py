"""The lines of a poem: the one rule by which corpora and tasks divide its text. Loads without torch."""

from __future__ import annotations

import re

from core.tokenizer import HAN

NOTE = re.compile(r"（[^（）]*）|\([^()]*\)")
LETTER = rf"[^\W\d_{HAN}]"  # of any script but Chinese
BRACKETS = re.compile(rf"[\[\]《》「」『』“”‘]|(?<!{LETTER})’|’(?!{LETTER})")  # within a word, ’ is an apostrophe
SIGNS = "，。？！；：、,.?!;:"
ROWS = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029/|]+")
SENTENCES = re.compile(rf"[{SIGNS}]+(?!\S)|[，。？！；：、\t|/]+")
CHINESE = re.compile(rf"[{SIGNS}|/\n\r]+|(?<!{LETTER})\s+|\s+(?!{LETTER}|\s)")
HAS_CHINESE = re.compile(f"[{HAN}]")


def lines_of(poem: str) -> list[str]:
    """The lines of a poem, without editors' notes and without the punctuation around them.

    Punctuation, line ends, / and | divide lines; in a poem with Chinese characters so do spaces, but for those between
    words of other scripts. Where a poem without any has rows, divided by line ends, / or |, nothing else divides: a row
    may hold commas.

    >>> lines_of("床前明月光，疑是地上霜。"), lines_of("roses are red, violets are blue")
    (['床前明月光', '疑是地上霜'], ['roses are red', 'violets are blue'])
    >>> lines_of("Tyger, tyger, burning bright / In the forests of the night")
    ['Tyger, tyger, burning bright', 'In the forests of the night']
    """
    plain = BRACKETS.sub("", NOTE.sub("", poem))
    if HAS_CHINESE.search(plain):
        found = CHINESE.split(plain)
    else:
        rows = [row for row in ROWS.split(plain) if row.strip()]
        found = rows if len(rows) > 1 else SENTENCES.split(plain)
    return [line for line in (" ".join(row.split()).strip(SIGNS + " ") for row in found) if line]
