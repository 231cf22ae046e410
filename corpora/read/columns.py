"""Examples from the rows of a table or from objects, by the columns or names that hold source and target."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from core.data import Example, InputError, Rejected
from core.settings import CorpusSettings
from core.tokenizer import HAN
from corpora.read.encodings import LONGEST
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
NAME = re.compile(rf"[A-Za-z][A-Za-z0-9_-]*(?: [A-Za-z0-9_-]+){{0,2}}|[{HAN}]{{1,6}}")
SAMPLE, FEWEST = 200, 5  # examples


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
    is_named = any(name and number is None for name, number in zip(asked, numbers))
    is_header = usual or is_named or (alone and not asked[0])
    columns = f"which has: {single_line(', '.join(row), 200)} (or a number, from 1)"
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
            raise InputError(f"`{side}_column` {what}, {columns}")
    if found[0] == found[1] and asked[0] != asked[1]:
        raise InputError(f"`source_column` {printable(asked[0])} and `target_column` {printable(asked[1])} are the "
                         f"same column of {file}, {columns}")
    return (found[0] or 0, found[1], names.index("split") if is_header and "split" in names else None), is_header


def named(item: Any, number: int, settings: CorpusSettings, poems: bool = False) -> Example | Rejected:
    """An example from a dictionary, in which a value may be a dictionary too: translation.de is de in translation.

    poems: a source may be a whole poem, or a list of its lines, without a target
    """
    if not isinstance(item, dict):
        return Rejected("not an object with names and texts", shown(item), number)
    texts = []
    for side, name in zip(("source", "target"), by_name(item, settings, poems)):
        value: Any = item.get(name)
        if value is None and "." in name:
            value = item
            for part in name.split("."):
                value = value.get(part) if isinstance(value, dict) else None
        if poems and side == "target" and not settings.target_column and value is None:
            value = ""
        if poems and isinstance(value, list) and all(isinstance(line, str) for line in value):
            value = "\n".join(value)
        if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
            value = str(value).lower()  # a label is often a number, or true or false
        if not isinstance(value, str):
            usual, given = {"source": SOURCE_NAMES, "target": TARGET_NAMES}[side], getattr(settings, f"{side}_column")
            wanted = f'"{printable(given)}"' if given else " or ".join(f'"{n}"' for n in usual[:2])
            why = "the value is not a text" if name in item else (
                f"it has {single_line(', '.join(item) or 'nothing', 200)}; give `{side}_column`")
            return Rejected(f"no text under {wanted}", shown(item), number, why)
        if len(value) > LONGEST:
            return Rejected(f"text of more than {LONGEST:,} characters", value[:100], number)
        texts.append(value)
    split = item.get("split")
    split = SPLIT_NAMES.get(split.lower(), "") if isinstance(split, str) else ""
    return Example(texts[0], texts[1], split=split, line=number)


def shown(item: Any) -> str:
    """The item as JSON, for a message."""
    try:
        return json.dumps(item, ensure_ascii=False, default=str)
    except RecursionError:
        return "nested too deep"


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
