"""The examples of one file, by its suffix; whatever is not usable as an example is Rejected, with the reason."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace

from core.data import Example, ExampleFormat, InputError, Rejected
from core.settings import CorpusSettings
from core.verses import lines_of
from corpora.read.columns import examples_of_rows
from corpora.read.encodings import LONGEST, lines
from corpora.read.json_files import json_file, json_lines
from corpora.read.parquet import parquet_file
from corpora.read.tables import delimiter_of, rows_of
from corpora.shared.opening import File
from corpora.shared.poems import line_pairs

ENDINGS = (".tsv", ".csv", ".json", ".jsonl", ".ndjson", ".txt", ".parquet")
Item = Example | Rejected
MAX_LINES = 1000  # of a poem, as each line has all before it as context


def examples_of(file: File, format: ExampleFormat, settings: CorpusSettings) -> Iterator[Item]:
    """Raises InputError naming the file, the line and the remedy."""
    poems = format.lines
    if file.suffix == ".parquet":
        items = parquet_file(file, settings, poems)
    elif file.suffix in (".jsonl", ".ndjson"):
        items = json_lines(file, settings, poems)
    elif file.suffix == ".json":
        items = json_file(file, settings, poems)
    elif poems and is_plain(file, settings):
        items = (paragraphs_of if in_paragraphs(file, settings) else texts_of)(file, "", settings)
    else:
        items = examples_of_rows(rows_of(file, settings), file, settings, delimiter_of(file, settings), poems)
    return pairs_of(items, file) if poems else items


def pairs_of(items: Iterable[Item], file: File) -> Iterator[Item]:
    """The items; a source without a target is a whole poem, and its pairs of lines replace it."""
    none = True
    for item in items:
        if isinstance(item, Rejected) or item.target:
            none = none and isinstance(item, Rejected)
            yield item
            continue
        poem, number = item.source, item.line
        verses = lines_of(poem)
        if len(verses) > MAX_LINES:
            yield Rejected(f"poem of more than {MAX_LINES:,} lines", poem, number)
            continue
        pairs = list(line_pairs(verses, key=poem, number=number, any_script=True))
        none = none and not pairs
        yield from (replace(pair, split=item.split) for pair in pairs)
        if not pairs and poem.strip():
            yield Rejected("no two neighbouring lines of equal length", poem, number)
    if none:
        raise InputError(f"{file}: no two neighbouring lines of equal length; write one poem per row, "
                         "its lines separated by ， and 。 or by /, or separate poems by blank rows")


def texts_of(file: File, label: str, settings: CorpusSettings) -> Iterator[Item]:
    """Each line of the file under this label."""
    for item in lines(file, settings.encoding):
        yield item if isinstance(item, Rejected) else Example(item[1], label, line=item[0])


def in_paragraphs(file: File, settings: CorpusSettings) -> bool:
    """Are poems separated by blank rows, and written in rows of one or two lines of verse?"""
    text = blank = separated = False
    for item in lines(file, settings.encoding):
        if isinstance(item, Rejected):
            continue
        verses = len(lines_of(item[1]))
        if verses > 2:
            return False
        separated |= bool(verses) and blank
        text |= bool(verses)
        blank = text and not item[1].strip()
    return separated


def paragraphs_of(file: File, label: str, settings: CorpusSettings) -> Iterator[Item]:
    """The rows between blank ones as one text, which keeps its line ends, under this label."""
    rows: list[str] = []
    first = 0
    for item in itertools.chain(lines(file, settings.encoding), [(0, "")]):
        if isinstance(item, Rejected):
            yield item
        elif item[1].strip():
            first = first if rows else item[0]
            rows.append(item[1])
        elif rows:
            yield Example("\n".join(rows), label, line=first)
            rows = []


def document(file: File, label: str, settings: CorpusSettings) -> Iterator[Item]:
    """The whole file as one text under this label. One that cannot be read is Rejected: there may be thousands."""
    text, length = [], 0
    try:
        for item in lines(file, settings.encoding):
            if isinstance(item, Rejected):
                yield Rejected(item.reason, str(file), item.line)
                return
            text.append(item[1])
            length += len(item[1]) + 1
            if length > LONGEST:
                yield Rejected(f"text of more than {LONGEST:,} characters", str(file), item[0])
                return
    except InputError as error:
        yield Rejected("file that cannot be read", str(file), detail=str(error).removeprefix(f"{file}: "))
        return
    yield Example(" ".join(text), label)


def aligned(source: File, target: File, settings: CorpusSettings) -> Iterator[Item]:
    """Line n of the one file with line n of the other."""
    for number, (a, b) in enumerate(itertools.zip_longest(*(lines(f, settings.encoding) for f in (source, target))), 1):
        if a is None or b is None:
            raise InputError(f"{source} and {target}: only one has a line {number}; aligned files have the same number "
                             "of lines")
        if isinstance(a, Rejected):
            yield a
        else:
            yield b if isinstance(b, Rejected) else Example(a[1], b[1], line=number)


def of_split(split: str, items: Iterable[Item], file: str = "") -> Iterator[Item]:
    """The items, the examples among them in this split unless it is empty. file: where they are, if several are read"""
    for e in items:
        e = replace(e, file=file) if file else e
        yield replace(e, split=split) if split and isinstance(e, Example) else e


def is_plain(file: File, settings: CorpusSettings) -> bool:
    """Is it a text without columns?"""
    return file.suffix not in {*ENDINGS} - {".txt"} and not has_tab(file, settings)


def has_tab(file: File, settings: CorpusSettings, first: int | None = None) -> bool:
    """Does one of the first lines contain a tab? first: how many; None for all"""
    return any("\t" in item[1] for item in itertools.islice(lines(file, settings.encoding), first)
               if not isinstance(item, Rejected))
