"""Examples from the rows of a table, by the columns that hold source and target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.data import Example, InputError, Rejected
from core.settings import CorpusSettings
from corpora.read.tables import Row
from corpora.shared.messages import printable, single_line
from corpora.shared.opening import File

SOURCE_NAMES = ("source", "text", "input", "word", "line", "sentence", "content", "review", "question", "prompt",
                "原文", "文本", "正文", "内容", "句子", "上句", "上联", "词", "词语", "评论", "问", "问题", "输入",
                "中文")
TARGET_NAMES = ("target", "label", "output", "answer", "next", "category", "class", "sentiment", "response",
                "translation", "译文", "标签", "类别", "情感", "下句", "下联", "释义", "答", "答案", "回答", "输出",
                "英文")
SPLIT_NAMES = {"train": "train", "training": "train", "dev": "dev", "val": "dev", "valid": "dev", "validation": "dev",
         "test": "test", "testing": "test"}


def by_name(names: Iterable[str], settings: CorpusSettings, poems: bool) -> list[str]:
    """The names of source and target: those asked for, or the first usual ones; empty if there are none."""
    there, asked, found = [*names], (settings.source_column, settings.target_column), []
    for given, other, usual in ((*asked, SOURCE_NAMES), (*asked[::-1], TARGET_NAMES)):
        if not poems and not given and other in there and len(there) == 2:  # with two, naming one is enough
            given = next(name for name in there if name != other)
        found.append(given or next((name for name in usual if name in there), ""))
    return found


def examples_of_rows(rows: Iterable[Row], file: File, settings: CorpusSettings, delimiter: str,
                     poems: bool = False) -> Iterator[Example | Rejected]:
    """poems: a source without a target is a whole poem. Raises InputError if a column asked for is missing."""
    chosen: tuple[int, int | None, int | None] | None = None
    width = 0  # of the first row
    for item in rows:
        if isinstance(item, Rejected):
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
        source, target, split = chosen
        if len(row) <= max(source, target or 0):
            yield Rejected(f"fewer columns than needed, separated by {delimiter}", "\t".join(row), number)
        elif any(cell.strip() for cell in row[width:]):  # one of its texts contains a delimiter, but which is unknown
            yield Rejected(f"more columns than the first line, separated by {delimiter}", "\t".join(row), number)
        elif split is not None and (len(row) <= split or row[split].strip().lower() not in SPLIT_NAMES):
            yield Rejected("unknown split", "\t".join(row), number)
        else:
            yield Example(row[source], "" if target is None else row[target], line=number,
                          split="" if split is None else SPLIT_NAMES[row[split].strip().lower()])


def header(row: list[str], file: File, settings: CorpusSettings,
           poems: bool = False) -> tuple[tuple[int, int | None, int | None], bool]:
    """The columns of source, target and split, and whether this row is a header. It is one if it has a name asked for,
    or a usual name for both; without a header, they are the first two columns. Poems may have a source alone, unless
    both have usual names."""
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
        if found[i] is None and not asked[i]:  # with two columns, naming one is enough
            places = [known[i], known[1 - i]][:1 + usual] * is_header + [i, 1 - i] * (not is_header or len(row) == 2)
            found[i] = next((place for place in places if place not in (None, found[1 - i])), None)
        if found[i] is None:
            what = f"{printable(asked[i])} is not a column of {file}" if asked[i] else f"must be given for {file}"
            raise InputError(f"`{side}_column` {what}, which has: {_columns(row)}")
    if found[0] == found[1] and asked[0] != asked[1]:
        raise InputError(f"`source_column` {printable(asked[0])} and `target_column` {printable(asked[1])} are the "
                         f"same column of {file}, which has: {_columns(row)}")
    return (found[0] or 0, found[1], names.index("split") if is_header and "split" in names else None), is_header


def _columns(row: list[str]) -> str:
    return f"{single_line(', '.join(row), 200)} (or a number, from 1)"
