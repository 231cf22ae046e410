"""Rows of columns in, as .tsv and .csv have them; examples out, of the columns that hold source and target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.data import Dropped, Example, InputError
from core.settings import CorpusSettings
from corpora.shared.opening import File
from corpora.shared.places import printable, said
from corpora.shared.tables import Row

SOURCE_NAMES = ("source", "text", "input", "word", "line", "sentence", "content", "review", "question", "prompt",
                "原文", "文本", "正文", "内容", "句子", "上句", "上联", "词", "词语", "评论", "问", "问题", "输入",
                "中文")
TARGET_NAMES = ("target", "label", "output", "answer", "next", "category", "class", "sentiment", "response",
                "translation", "译文", "标签", "类别", "情感", "下句", "下联", "释义", "答", "答案", "回答", "输出",
                "英文")
PARTS = {"train": "train", "training": "train", "dev": "dev", "val": "dev", "valid": "dev", "validation": "dev",
         "test": "test", "testing": "test"}


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
