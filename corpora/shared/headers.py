"""The first rows of a table in; notes out: its first line may be a header with unknown names; columns are not read."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from core.data import Dropped, Example, InputError
from core.settings import CorpusSettings
from core.tokenizer import HAN
from corpora.shared.columns import header
from corpora.shared.opening import File
from corpora.shared.tables import Row

NAME = re.compile(rf"[A-Za-z][A-Za-z0-9_-]*(?: [A-Za-z0-9_-]+){{0,2}}|[{HAN}]{{1,6}}")
LOOKED_AT, FEWEST = 200, 5  # examples


def header_note(items: Iterable[Example | Dropped], file: File) -> Iterator[str]:
    """items: as read from the file, of which only the first are taken."""
    found: list[Example] = []
    with contextlib.suppress(InputError):  # told when the file is read
        found = [item for item in itertools.islice(items, LOOKED_AT) if isinstance(item, Example)]
    if len(found) > FEWEST and found[0].line == 1 and may_be_header(*([*column] for column in zip(
            *((e.source.strip(), e.target.strip()) for e in found)))):
        yield (f'{file}: the first line ("{found[0].source}", "{found[0].target}") was read as an example; if it is a '
               "header, name its columns with --source-column and --target-column")


def unread_note(rows: Iterable[Row], file: File, settings: CorpusSettings, poems: bool) -> Iterator[str]:
    """Where nothing says which columns are meant, and there are more than two."""
    with contextlib.suppress(InputError):
        first = next((row[1] for row in rows if not isinstance(row, Dropped) and any(map(str.strip, row[1]))), [])
        (source, target, _), is_header = header(first, file, settings, poems)
        both = settings.source_column and settings.target_column
        if len(first) > 2 and target is not None and not is_header and not both:
            yield (f"{file}: of {len(first)} columns, column {source + 1} is the source and column {target + 1} the "
                   "target; --source-column and --target-column choose others")


def may_be_header(*columns: Sequence[str]) -> bool:
    """Is what stands first a name that comes up nowhere else in its column, and something else than what follows it?
    Another script or a number in one column is enough; longer texts, or few and repeated ones, must be in all.

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
