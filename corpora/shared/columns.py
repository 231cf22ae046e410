"""Rows of columns in, as .tsv and .csv have them; examples out, of the columns that hold source and target."""

from __future__ import annotations

import contextlib
import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from core.data import Dropped, Example, InputError
from core.settings import CorpusSettings
from corpora.shared.encodings import LONGEST, lines
from corpora.shared.opening import File
from corpora.shared.places import printable, said

SOURCE_NAMES = ("source", "text", "input", "word", "line", "sentence", "content", "review", "question", "prompt")
TARGET_NAMES = ("target", "label", "output", "answer", "next", "category", "class", "sentiment", "response",
                "translation")
PARTS = {"train": "train", "training": "train", "dev": "dev", "val": "dev", "valid": "dev", "validation": "dev",
         "test": "test", "testing": "test"}
LOOKED_AT = 1000  # rows
DOUBLED = re.compile('"(?=.*"".*")(?:[^"]|"")*"')  # a text between quotes that has some itself
csv.field_size_limit(2 * LONGEST)  # a longer row is refused before that
Row = tuple[int, list[str]] | Dropped  # a row with the number of its line


def tab_rows(file: File, settings: CorpusSettings) -> Iterator[Row]:
    for item in lines(file, settings.encoding):
        if isinstance(item, Dropped):
            yield item
        else:
            number, text = item
            yield number, text.split("\t" if "\t" in text or " ||| " not in text else " ||| ")


def is_quoted(file: File, settings: CorpusSettings) -> bool:
    """Are the columns of this .tsv between quotes, as spreadsheets write them, where they hold tabs, line ends or
    quotes? Only if most of its first rows then have as many columns, and no quote seems to belong to a text."""
    with contextlib.suppress(InputError):
        rows = [*itertools.islice(csv_rows(file, settings, "\t"), LOOKED_AT)]
        widths = Counter(0 if isinstance(row, Dropped) else len(row[1]) for row in rows)
        [(width, count)] = widths.most_common(1) or [(0, 0)]
        if width < 2 or count < 0.9 * len(rows):
            return False
        cells = [cell for row in rows if not isinstance(row, Dropped) for cell in row[1]]
        odd = [("\t" in cell) + ("\n" in cell) for cell in cells]
        if odd.count(2) * 10 > len(odd) - odd.count(0):  # a quote that a later line closes takes in tabs and line ends
            return False
        plain = (cell for row in itertools.islice(tab_rows(file, settings), LOOKED_AT)
                 if not isinstance(row, Dropped) for cell in row[1])
        return any(odd) or any(map(DOUBLED.fullmatch, plain))
    return False


def csv_rows(file: File, settings: CorpusSettings, divider: str = "") -> Iterator[Row]:
    """The rows of a CSV, each with the number of the line it begins in. divider: if it is known"""
    dropped: list[Dropped] = []
    size = 0  # of the row, so far

    def good() -> Iterator[str]:
        nonlocal size
        for item in lines(file, settings.encoding):
            text = item.text if isinstance(item, Dropped) else item[1]
            if size > LONGEST:
                raise csv.Error(f"a row of more than {LONGEST:,} characters")
            size += len(text) + 1
            if isinstance(item, Dropped):
                dropped.append(item)
                yield "\n"
            else:
                yield text + "\n"

    texts = good()
    first = next(texts, "")
    divider, is_setting = (divider, False) if divider else _divider(first)
    texts = itertools.chain(["\n" if is_setting else first], texts)
    reader, begin = csv.reader(texts, delimiter=divider, strict=True, skipinitialspace=True), 1
    while True:
        size = 0
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            endless = any(sign in str(error) for sign in ("end of data", "a row of more"))
            if endless or reader.line_num > begin:
                raise InputError(f"{file}: not readable as CSV from line {begin} on ({error}); close every quote, and "
                                 "quote fields that hold commas or quotes") from None
            row = Dropped("not readable as CSV", "", begin, str(error))
        yield from dropped
        dropped.clear()
        yield row if isinstance(row, Dropped) else (begin, row)
        begin = reader.line_num + 1


def _divider(first: str) -> tuple[str, bool]:
    """What divides the columns, by the first line of a CSV; and whether that line does nothing but say so: sep=; as
    Excel writes it, which divides by semicolons wherever a comma is the decimal sign.

    >>> _divider("sep=;\\n"), _divider("text;label\\n"), _divider("text,label; of a kind\\n"), _divider("text|label\\n")
    ((';', True), (';', False), (',', False), ('|', False))
    """
    if first[:4].lower() == "sep=" and first[4:5] in tuple(";,|\t") and not first[5:].strip():
        return first[4], True
    return next((sign for sign in ",;\t|" if sign in first and first.count('"') % 2 == 0), ","), False


def examples_of_rows(rows: Iterable[Row], file: File, settings: CorpusSettings, divider: str,
                     poems: bool = False) -> Iterator[Example | Dropped]:
    """poems: may a source be a whole poem, and have no target? Raises InputError where the columns asked for are not
    there."""
    chosen: tuple[int, int | None, int | None] | None = None
    width = 0  # of the first row
    for item in rows:
        if isinstance(item, Dropped):
            yield item
            continue
        number, row = item
        if not any(cell.strip() for cell in row):
            continue
        if chosen is None:
            width = len(row)
            chosen, is_header = header(row, file, settings, poems)
            if is_header:
                continue
        source, target, part = chosen
        if len(row) <= max(source, target or 0):
            yield Dropped(f"fewer columns than needed, divided by {divider}", "\t".join(row), number)
        elif any(cell.strip() for cell in row[width:]):  # one of its texts was cut in two, nobody knows which
            yield Dropped(f"more columns than the first line, divided by {divider}", "\t".join(row), number)
        elif part is not None and (len(row) <= part or row[part].strip().lower() not in PARTS):
            yield Dropped("unknown split", "\t".join(row), number)
        else:
            yield Example(row[source], "" if target is None else row[target], line=number,
                          part="" if part is None else PARTS[row[part].strip().lower()])


def header(row: list[str], file: File, settings: CorpusSettings,
           poems: bool = False) -> tuple[tuple[int, int | None, int | None], bool]:
    """Where source, target and split stand, and whether this row is a header. It is one if it has a name asked for, or
    one of the usual names for both; without a header, the first two columns are meant. Of poems a source may stand
    alone, unless both have usual names."""
    names = [cell.strip().lower() for cell in row]
    asked = [name.strip().lower() for name in (settings.source_column, settings.target_column)]
    numbers = [int(name) - 1 if name.isdecimal() and int(name) else None for name in asked]
    known = [next((names.index(n) for n in usual if n in names), None) for usual in (SOURCE_NAMES, TARGET_NAMES)]
    usual = None not in known and known[0] != known[1]
    alone = poems and not usual and not asked[1] and bool(asked[0] or (known[0] is not None and known[1] is None))
    by_name = any(name and number is None for name, number in zip(asked, numbers))
    is_header = usual or by_name or (alone and not asked[0])
    found = [names.index(name) if name and number is None and name in names else number
             for name, number in zip(asked, numbers)]
    for i, side in enumerate(("source", "target")):
        if side == "target" and alone:
            continue
        if found[i] is None and not asked[i]:  # of two columns one tells the other
            places = [known[i], known[1 - i]][:1 + usual] * is_header + [i, 1 - i] * (not is_header or len(row) == 2)
            found[i] = next((place for place in places if place not in (None, found[1 - i])), None)
        if found[i] is None:
            what = f"{printable(asked[i])}: is no column of {file}" if asked[i] else f"must be given for {file}"
            raise InputError(f"--{side}-column {what}; it has: {_columns(row)}")
    if found[0] == found[1] and asked[0] != asked[1]:
        raise InputError(f"--source-column {printable(asked[0])} and --target-column {printable(asked[1])}: are one "
                         f"column of {file}; it has: {_columns(row)}")
    return (found[0], found[1], names.index("split") if is_header and "split" in names else None), is_header


def _columns(row: list[str]) -> str:
    return f"{said(', '.join(row), 200)} (a number, from 1, names a column too)"
