"""A file in, its examples out, by its ending; what is no example comes out as Dropped, with the reason."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace

from core.data import Dropped, Example, InputError
from core.settings import CorpusSettings
from corpora.shared.columns import examples_of_rows
from corpora.shared.encodings import LONGEST, lines
from corpora.shared.objects import json_file, json_lines, parquet_file
from corpora.shared.opening import File
from corpora.shared.poems import line_pairs, lines_of
from corpora.shared.tables import divider_of, rows_of

ENDINGS = (".tsv", ".csv", ".json", ".jsonl", ".ndjson", ".txt", ".parquet")
Item = Example | Dropped
MOST_LINES = 1000  # of a poem, as each line has all before it as context


def examples_of(file: File, task: str, settings: CorpusSettings) -> Iterator[Item]:
    """The examples of one file. Raises InputError naming the file, the line and the remedy."""
    if task == "poem":
        return pairs_of(_items(file, settings, poems=True), file)
    return _items(file, settings)


def _items(file: File, settings: CorpusSettings, poems: bool = False) -> Iterator[Item]:
    if file.kind == ".parquet":
        return parquet_file(file, settings, poems)
    if file.kind in (".jsonl", ".ndjson"):
        return json_lines(file, settings, poems)
    if file.kind == ".json":
        return json_file(file, settings, poems)
    if poems and file.kind not in (".csv", ".tsv") and not any("\t" in text for _, text in _texts(file, settings)):
        return texts_of(file, "", settings)
    return examples_of_rows(rows_of(file, settings), file, settings, divider_of(file, settings), poems)


def pairs_of(items: Iterable[Item], file: File) -> Iterator[Item]:
    """The same items, but of a source without a target, a poem whose lines are divided by punctuation, its pairs of
    lines."""
    none = True
    for item in items:
        if isinstance(item, Dropped) or item.target:
            none = none and isinstance(item, Dropped)
            yield item
            continue
        poem, number = item.source, item.line
        verses = lines_of(poem)
        if len(verses) > MOST_LINES:
            yield Dropped(f"poem of more than {MOST_LINES:,} lines", poem, number)
            continue
        pairs = list(line_pairs(verses, key=poem, number=number))
        none = none and not pairs
        yield from (replace(pair, part=item.part) for pair in pairs)
        if not pairs and poem.strip():
            yield Dropped("no two neighbouring lines of equal length", poem, number)
    if none:
        raise InputError(f"{file}: no two neighbouring lines of equal length; write one poem a line, "
                         "its lines divided by ， and 。")


def texts_of(file: File, label: str, settings: CorpusSettings) -> Iterator[Item]:
    """Every line of the file under this label."""
    for item in lines(file, settings.encoding):
        yield item if isinstance(item, Dropped) else Example(item[1], label, line=item[0])


def document(file: File, label: str, settings: CorpusSettings) -> Iterator[Item]:
    """The whole file as one text under this label. One that cannot be read is counted: there may be thousands."""
    text, length = [], 0
    try:
        for item in lines(file, settings.encoding):
            if isinstance(item, Dropped):
                yield Dropped(item.reason, str(file), item.line)
                return
            text.append(item[1])
            length += len(item[1]) + 1
            if length > LONGEST:
                yield Dropped(f"text of more than {LONGEST:,} characters", str(file), item[0])
                return
    except InputError as error:
        yield Dropped("file that cannot be read", str(file), detail=str(error).removeprefix(f"{file}: "))
        return
    yield Example(" ".join(text), label)


def aligned(source: File, target: File, settings: CorpusSettings) -> Iterator[Item]:
    """Line n of the one file with line n of the other."""
    number = 0
    for number, (a, b) in enumerate(itertools.zip_longest(*(lines(f, settings.encoding) for f in (source, target))), 1):
        if a is None or b is None:
            raise InputError(f"{source} and {target}: line {number} stands in one of them only; aligned files have as "
                             "many lines")
        bad = next((item for item in (a, b) if isinstance(item, Dropped)), None)
        yield bad or Example(a[1], b[1], line=number)


def of_split(part: str, items: Iterable[Item]) -> Iterator[Item]:
    """The items as the corpus's own train, dev or test split."""
    return (replace(e, part=part) if isinstance(e, Example) else e for e in items)


def _texts(file: File, settings: CorpusSettings) -> Iterator[tuple[int, str]]:
    return (item for item in lines(file, settings.encoding) if not isinstance(item, Dropped))
