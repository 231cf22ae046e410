"""Notes on the first rows of a table: an unrecognised header, columns that are not read."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from core.data import Example, InputError, Rejected
from core.settings import CorpusSettings
from core.tokenizer import HAN
from corpora.read.columns import header
from corpora.read.tables import Row
from corpora.shared.opening import File

NAME = re.compile(rf"[A-Za-z][A-Za-z0-9_-]*(?: [A-Za-z0-9_-]+){{0,2}}|[{HAN}]{{1,6}}")
SAMPLE, FEWEST = 200, 5  # examples


def header_note(items: Iterable[Example | Rejected], file: File) -> Iterator[str]:
    """items: as read from the file; only the first are used."""
    found: list[Example] = []
    with contextlib.suppress(InputError):  # reported when the file is read
        found = [item for item in itertools.islice(items, SAMPLE) if isinstance(item, Example)]
    if len(found) > FEWEST and found[0].line == 1 and may_be_header(*([*column] for column in zip(
            *((e.source.strip(), e.target.strip()) for e in found)))):
        yield (f'{file}: the first line ("{found[0].source}", "{found[0].target}") was read as an example; if it is a '
               "header, name its columns with `source_column` and `target_column`")


def unread_note(rows: Iterable[Row], file: File, settings: CorpusSettings, poems: bool) -> Iterator[str]:
    """For a table of more than two columns without a header, unless both columns are given."""
    with contextlib.suppress(InputError):
        first = next((row[1] for row in rows if not isinstance(row, Rejected) and any(map(str.strip, row[1]))), [])
        (source, target, _), is_header = header(first, file, settings, poems)
        both = settings.source_column and settings.target_column
        if len(first) > 2 and target is not None and not is_header and not both:
            yield (f"{file}: of {len(first)} columns, column {source + 1} is the source and column {target + 1} the "
                   "target; `source_column` and `target_column` choose others")


def may_be_header(*columns: Sequence[str]) -> bool:
    """Is the first entry of each column a name that occurs nowhere else in it and differs from the others? Entries of
    another script, or numbers, in one column are enough; longer or few repeated entries must be in all columns.

    >>> may_be_header(["zh", "好", "不好"], ["en", "good", "bad"]), may_be_header(["cat", "dog"], ["Katze", "Hund"])
    (True, False)
    """
    sure = False
    for name, *others in columns:
        if not NAME.fullmatch(name) or name.lower() in (text.lower() for text in others):
            return False
        sure = sure or most(text.isascii() != name.isascii() or text.isdecimal() for text in others)
    return sure or all(most(len(text) > 2 * len(name) for text in others) or len(set(others)) * 5 <= len(others)
                       for name, *others in columns)


def most(true: Iterable[bool]) -> bool:
    true = list(true)
    return sum(true) >= 0.9 * len(true)
