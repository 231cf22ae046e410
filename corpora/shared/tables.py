"""A .tsv or .csv in, its rows out, however its columns are divided and quoted."""

from __future__ import annotations

import contextlib
import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterator

from core.data import Dropped, InputError
from core.settings import CorpusSettings
from corpora.shared.encodings import LONGEST, lines
from corpora.shared.opening import File
from corpora.shared.places import said

Row = tuple[int, list[str]] | Dropped  # a row with the number of its line
LOOKED_AT = 1000  # rows
DIVIDERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
DOUBLED = re.compile('"(?=.*"".*")(?:[^"]|"")*"')  # a text between quotes that has some itself
csv.field_size_limit(2 * LONGEST)  # a longer row is refused before that


def rows_of(file: File, settings: CorpusSettings) -> Iterator[Row]:
    if file.kind == ".csv":
        return csv_rows(file, settings)
    return csv_rows(file, settings, "\t") if is_quoted(file, settings) else tab_rows(file, settings)


def layout_note(file: File, settings: CorpusSettings) -> str:
    """What the user should know of how the columns are told apart, if anything."""
    with contextlib.suppress(InputError):
        if file.kind != ".csv" and is_quoted(file, settings):
            return f"{file}: read with quotes around texts, as spreadsheets write them"
        if file.kind == ".csv" and (divider := divider_of(file, settings)) != DIVIDERS[","]:
            return f"{file}: its columns are divided by {divider}"
    return ""


def divider_of(file: File, settings: CorpusSettings) -> str:
    """What divides the columns, in words."""
    return DIVIDERS[_divider(_start(file, settings))[0] if file.kind == ".csv" else "\t"]


def tab_rows(file: File, settings: CorpusSettings) -> Iterator[Row]:
    for item in lines(file, settings.encoding):
        if isinstance(item, Dropped):
            yield item
        else:
            number, text = item
            yield number, text.split("\t" if "\t" in text or " ||| " not in text else " ||| ")


def csv_rows(file: File, settings: CorpusSettings, divider: str = "") -> Iterator[Row]:
    """The rows of a CSV, each with the number of the line it begins in. divider: if it is known"""
    dropped: list[Dropped] = []
    raw: list[str] = []  # the lines of the row, so far
    size = 0  # their characters

    def good() -> Iterator[str]:
        nonlocal size
        for item in lines(file, settings.encoding):
            text = item.text if isinstance(item, Dropped) else item[1]
            if size > LONGEST:
                raise csv.Error(f"a row of more than {LONGEST:,} characters")
            size += len(text) + 1
            raw.append(text)
            if isinstance(item, Dropped):
                dropped.append(item)
                yield "\n"
            else:
                yield text + "\n"

    divider, is_setting = (divider, False) if divider else _divider(_start(file, settings))
    texts = good()
    if is_setting:
        next(texts)
        texts = itertools.chain(["\n"], texts)
    reader, begin = csv.reader(texts, delimiter=divider, strict=True, skipinitialspace=True), 1
    while True:
        size = 0
        raw.clear()
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            endless = any(sign in str(error) for sign in ("end of data", "a row of more"))
            if endless or reader.line_num > begin:
                raise InputError(f"{file}: not readable as CSV from line {begin} on ({said(error)}); close every "
                                 "quote, and quote fields that hold commas or quotes") from None
            row = Dropped("not readable as CSV", "".join(raw), begin, said(error))
        yield from dropped
        dropped.clear()
        yield row if isinstance(row, Dropped) else (begin, row)
        begin = reader.line_num + 1


def _start(file: File, settings: CorpusSettings) -> list[str]:
    """The first lines."""
    found = itertools.islice(lines(file, settings.encoding), LOOKED_AT)
    return [item[1] for item in found if not isinstance(item, Dropped)]


def _divider(start: list[str]) -> tuple[str, bool]:
    """What divides the columns, by the first lines of a CSV; and whether the first does nothing but say so: sep=; as
    Excel writes it, which divides by semicolons wherever a comma is the decimal sign. It is the sign by which nearly
    all rows have as many columns; of a comma and another, the other, if after each comma a space follows.

    >>> _divider(["sep=;"]), _divider(["text;label"]), _divider(["text,label; of a kind"]), _divider(["Hi, you;Hallo"])
    ((';', True), (';', False), (',', False), (';', False))
    """
    first = start[0] if start else ""
    if first[:4].lower() == "sep=" and first[4:5] in DIVIDERS and not first[5:].strip():
        return first[4], True
    first = next(filter(str.strip, start), "")
    fits = [sign for sign in "\t;|," if sign in first and _fits(start, sign)]
    if "\t" not in fits and "," in fits and any(re.search(r",\S", line) for line in start):
        return ",", False
    return fits[0] if fits else next((sign for sign in DIVIDERS if sign in first), ","), False


def _fits(start: list[str], sign: str) -> bool:
    with contextlib.suppress(csv.Error):
        rows = [row for row in csv.reader(start, delimiter=sign, skipinitialspace=True) if row]
        return len(rows) > 0 and _width(rows) > 1
    return False


def _width(rows: list[list[str]]) -> int:
    """How many columns nearly all of them have; 0 where they differ."""
    [(width, count)] = Counter(map(len, rows)).most_common(1) or [(0, 0)]
    return width if count >= 0.9 * len(rows) else 0


def is_quoted(file: File, settings: CorpusSettings) -> bool:
    """Are the columns of this .tsv between quotes, as spreadsheets write them? Some then hold tabs, line ends or
    quotes, or a column is between quotes throughout. Only if nearly all of its first rows then have as many columns,
    and no quote seems to belong to a text."""
    with contextlib.suppress(InputError):
        rows = [[] if isinstance(row, Dropped) else row[1]
                for row in itertools.islice(csv_rows(file, settings, "\t"), LOOKED_AT)
                if isinstance(row, Dropped) or row[1]]
        if not rows or (width := _width(rows)) < 2:
            return False
        plain = [row[1] for row in itertools.islice(tab_rows(file, settings), LOOKED_AT)
                 if not isinstance(row, Dropped) and any(row[1])]
        odd = [("\t" in cell) + ("\n" in cell) for row in rows for cell in row]
        # A quote that a later line closes takes in tabs and line ends, and then each line is a row of its own.
        if _width(plain) and odd.count(2) * 10 > len(odd) - odd.count(0):
            return False
        plain = [row for row in plain if len(row) == width]
        throughout = len(plain) > 2 and any(all(cell[:1] == cell[-1:] == '"' != cell for cell in column)
                                            for column in zip(*plain[1:]))  # the first may be a header
        return any(odd) or throughout or any(DOUBLED.fullmatch(cell) for row in plain for cell in row)
    return False
