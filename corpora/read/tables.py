"""The rows of a .tsv or .csv, with any delimiter and quoting."""

from __future__ import annotations

import contextlib
import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterator

from core.data import InputError, Rejected
from core.settings import CorpusSettings
from corpora.read.encodings import LONGEST, lines
from corpora.shared.messages import single_line
from corpora.shared.opening import File

Row = tuple[int, list[str]] | Rejected  # a row with the number of its line
SAMPLE = 1000  # rows
DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
DOUBLED = re.compile('"(?=.*"".*")(?:[^"]|"")*"')  # a quoted text that contains quotes
csv.field_size_limit(2 * LONGEST)  # longer rows are refused earlier


def rows_of(file: File, settings: CorpusSettings) -> Iterator[Row]:
    if file.suffix == ".csv":
        return csv_rows(file, settings)
    return csv_rows(file, settings, "\t") if is_quoted(file, settings) else tab_rows(file, settings)


def layout_note(file: File, settings: CorpusSettings) -> str:
    """What the user should know about how the columns are separated, if anything."""
    with contextlib.suppress(InputError):
        if file.suffix != ".csv" and is_quoted(file, settings):
            return f"{file}: read with quoted texts, as spreadsheets write them"
        if file.suffix == ".csv" and (delimiter := delimiter_of(file, settings)) != DELIMITERS[","]:
            return f"{file}: its columns are separated by {delimiter}"
    return ""


def delimiter_of(file: File, settings: CorpusSettings) -> str:
    """What separates the columns, in words."""
    return DELIMITERS[_delimiter(_start(file, settings))[0] if file.suffix == ".csv" else "\t"]


def tab_rows(file: File, settings: CorpusSettings) -> Iterator[Row]:
    for item in lines(file, settings.encoding):
        if isinstance(item, Rejected):
            yield item
        else:
            number, text = item
            yield number, text.split("\t" if "\t" in text or " ||| " not in text else " ||| ")


def csv_rows(file: File, settings: CorpusSettings, delimiter: str = "") -> Iterator[Row]:
    """The rows of a CSV, each with the number of its first line. delimiter: if it is known"""
    rejected: list[Rejected] = []
    raw: list[str] = []  # the lines of the row, so far
    size = 0  # their characters

    def good() -> Iterator[str]:
        nonlocal size
        for item in lines(file, settings.encoding):
            text = item.text if isinstance(item, Rejected) else item[1]
            if size > LONGEST:
                raise csv.Error(f"a row of more than {LONGEST:,} characters")
            size += len(text) + 1
            raw.append(text)
            if isinstance(item, Rejected):
                rejected.append(item)
                yield "\n"
            else:
                yield text + "\n"

    delimiter, is_setting = (delimiter, False) if delimiter else _delimiter(_start(file, settings))
    texts = good()
    if is_setting:
        next(texts)
        texts = itertools.chain(["\n"], texts)
    reader, begin = csv.reader(texts, delimiter=delimiter, strict=True, skipinitialspace=True), 1
    while True:
        size = 0
        raw.clear()
        try:
            row: list[str] | Rejected = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            endless = any(sign in str(error) for sign in ("end of data", "a row of more"))
            if endless or reader.line_num > begin:
                raise InputError(f"{file}: not readable as CSV from line {begin} on ({single_line(error)}); close "
                                 "every quote, and quote fields that contain commas or quotes") from None
            row = Rejected("not readable as CSV", "".join(raw), begin, single_line(error))
        yield from rejected
        rejected.clear()
        yield row if isinstance(row, Rejected) else (begin, row)
        begin = reader.line_num + 1


def _start(file: File, settings: CorpusSettings) -> list[str]:
    """The first lines."""
    found = itertools.islice(lines(file, settings.encoding), SAMPLE)
    return [item[1] for item in found if not isinstance(item, Rejected)]


def _delimiter(start: list[str]) -> tuple[str, bool]:
    """The delimiter, from the first lines of a CSV, and whether the first only declares it: sep=; as Excel
    writes, which uses semicolons where a comma is the decimal sign. It is the character that gives nearly all rows the
    same number of columns; of a comma and another, the other if a space follows every comma.

    >>> [_delimiter([line]) for line in ("sep=;", "text;label", "text,label; of a kind", "Hi, you;Hallo")]
    [(';', True), (';', False), (',', False), (';', False)]
    """
    first = start[0] if start else ""
    if first[:4].lower() == "sep=" and first[4:5] in DELIMITERS and not first[5:].strip():
        return first[4], True
    first = next(filter(str.strip, start), "")
    fits = [sign for sign in "\t;|," if sign in first and _fits(start, sign)]
    if "\t" not in fits and "," in fits and any(re.search(r",\S", line) for line in start):
        return ",", False
    return fits[0] if fits else next((sign for sign in DELIMITERS if sign in first), ","), False


def _fits(start: list[str], delimiter: str) -> bool:
    with contextlib.suppress(csv.Error):
        return _width([row for row in csv.reader(start, delimiter=delimiter, skipinitialspace=True) if row]) > 1
    return False


def _width(rows: list[list[str]]) -> int:
    """The number of columns of nearly all rows; 0 if they differ."""
    [(width, count)] = Counter(map(len, rows)).most_common(1) or [(0, 0)]
    return width if count >= 0.9 * len(rows) else 0


def is_quoted(file: File, settings: CorpusSettings) -> bool:
    """Are columns of this .tsv quoted, as spreadsheets do if a text contains tabs, line ends or quotes, or for a whole
    column? Only if nearly all of its first rows then have the same number of columns, and no quote seems to belong to
    a text."""
    with contextlib.suppress(InputError):
        rows = [[] if isinstance(row, Rejected) else row[1]
                for row in itertools.islice(csv_rows(file, settings, "\t"), SAMPLE)
                if isinstance(row, Rejected) or row[1]]
        if not rows or (width := _width(rows)) < 2:
            return False
        plain = [row[1] for row in itertools.islice(tab_rows(file, settings), SAMPLE)
                 if not isinstance(row, Rejected) and any(row[1])]
        odd = [("\t" in cell) + ("\n" in cell) for row in rows for cell in row]
        # A quote that only a later line closes encloses tabs and line ends; then each line is a row of its own.
        if _width(plain) and odd.count(2) * 10 > len(odd) - odd.count(0):
            return False
        plain = [row for row in plain if len(row) == width]
        throughout = len(plain) > 2 and any(all(cell[:1] == cell[-1:] == '"' != cell for cell in column)
                                            for column in zip(*plain[1:]))  # the first may be a header
        return any(odd) or throughout or any(DOUBLED.fullmatch(cell) for row in plain for cell in row)
    return False
