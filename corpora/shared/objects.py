"""Objects with names in, as .json, .jsonl and .parquet have them; examples out, of the names for source and target."""

from __future__ import annotations

import io
import json
import math
import re
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any, TextIO

from core.data import Dropped, Example, InputError
from core.settings import CorpusSettings
from corpora.shared.columns import PARTS, SOURCE_NAMES, TARGET_NAMES
from corpora.shared.encodings import BLOCK, BROKEN, LONGEST, encoding_of, lines
from corpora.shared.opening import FREE, TIMES, File, opened
from corpora.shared.places import printable, said

DECODER = json.JSONDecoder()
SPACE = re.compile(r"[ \t\n\r]*")


def named(item: Any, number: int, settings: CorpusSettings, poems: bool = False) -> Example | Dropped:
    """An example of a dictionary, of which a column may be a dictionary too: translation.de is de in translation.

    poems: may a source be a whole poem, or a list of its lines, and have no target?
    """
    if not isinstance(item, dict):
        return Dropped("no object with names and texts", _shown(item), number)
    texts, asked = [], (settings.source_column, settings.target_column)
    for side, given, other, known in (("source", *asked, SOURCE_NAMES), ("target", *asked[::-1], TARGET_NAMES)):
        if not poems and not given and other in item and len(item) == 2:  # of two names one tells the other
            given = next(name for name in item if name != other)
        value: Any = next((item[n] for n in ([given] if given else known) if n in item), None)
        if value is None and given:
            value = item
            for name in given.split("."):
                value = value.get(name) if isinstance(value, dict) else None
        if poems and side == "target" and not given and value is None:
            value = ""
        if poems and isinstance(value, list) and all(isinstance(line, str) for line in value):
            value = "\n".join(value)
        if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
            value = str(value).lower()  # a label is often a number, or true or false
        if not isinstance(value, str):
            wanted = f'"{printable(given)}"' if given else " or ".join(f'"{n}"' for n in known[:2])
            there = any(name in item for name in ([given] if given else known))
            why = "what is there is no text" if there else (f"it has {said(', '.join(item) or 'nothing', 200)}; "
                                                            f"--{side}-column says which to take")
            return Dropped(f"no text under {wanted}", _shown(item), number, why)
        if len(value) > LONGEST:
            return Dropped(f"text of more than {LONGEST:,} characters", value[:100], number)
        texts.append(value)
    part = item.get("split")
    part = PARTS.get(part.lower(), "") if isinstance(part, str) else ""
    return Example(texts[0], texts[1], part=part, line=number)


def json_lines(file: File, settings: CorpusSettings, poems: bool = False) -> Iterator[Example | Dropped]:
    for item in lines(file, settings.encoding):
        if isinstance(item, Dropped):
            yield item
        elif item[1].strip():
            try:
                yield named(json.loads(item[1]), item[0], settings, poems)
            except (ValueError, RecursionError) as error:
                yield Dropped("not JSON", item[1], item[0], said(error))


def json_file(file: File, settings: CorpusSettings, poems: bool = False) -> Iterator[Example | Dropped]:
    """A list of objects, read one at a time; or JSON lines under another name."""
    encoding = encoding_of(file, settings.encoding)
    try:
        with opened(file) as raw, io.TextIOWrapper(raw, encoding, errors="surrogateescape") as text:
            start = text.read(BLOCK)
            if start.lstrip().startswith("["):
                for number, item in enumerate(_items(file, text, start), 1):
                    yield item if isinstance(item, Dropped) else named(item, number, settings, poems)
                return
    except UnicodeError as error:
        raise InputError(f"{file}: is not JSON ({said(error)})") from None
    yield from json_lines(file, settings, poems)


def _items(file: File, text: TextIO, buffer: str) -> Iterator[Any]:
    """The items of the list that begins in the buffer and goes on in the text."""
    number, at, closed = 0, SPACE.match(buffer).end() + 1, False
    while not closed:
        try:
            begin = at = SPACE.match(buffer, at).end()
            if not number and buffer[at] == "]":
                at, closed = at + 1, True
                continue
            item, end = DECODER.raw_decode(buffer, at)
            end = SPACE.match(buffer, end).end()
            if buffer[end] not in ",]":
                raise ValueError("a comma is missing")
        except (ValueError, IndexError, RecursionError) as error:  # or the item goes on beyond the buffer
            more = text.read(max(BLOCK, len(buffer) - at)) if len(buffer) - at <= LONGEST else ""
            if not more:
                reasons = {IndexError: "ends too early", RecursionError: "nested too deep"}
                raise InputError(f"{file}: is not JSON (item {number + 1}: "
                                 f"{reasons.get(type(error)) or getattr(error, 'msg', said(error))})") from None
            buffer, at = buffer[at:] + more, 0
            continue
        number, at, closed = number + 1, end + 1, buffer[end] == "]"
        broken = BROKEN.search(buffer, begin, end)
        yield Dropped("not UTF-8", buffer[begin:end], number) if broken else item
    if (buffer[at:] + text.read(BLOCK)).strip():
        raise InputError(f"{file}: is not JSON (something follows the list of {number:,} items)")


def _shown(item: Any) -> str:
    try:
        return json.dumps(item, ensure_ascii=False, default=str)
    except RecursionError:
        return "nested too deep"


def parquet_file(file: File, settings: CorpusSettings, poems: bool = False) -> Iterator[Example | Dropped]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError(f"{file}: needs the package pyarrow; pip install pyarrow") from None
    with opened(file) as raw, tempfile.TemporaryFile() as whole:
        if not raw.seekable():  # Parquet is read from its end, and a stream has none
            shutil.copyfileobj(raw, whole)
            raw = whole
        try:
            table = pyarrow.parquet.ParquetFile(raw)
            groups = (table.metadata.row_group(i) for i in range(table.metadata.num_row_groups))
            if sum(group.total_byte_size for group in groups) > max(FREE, raw.seek(0, io.SEEK_END) * TIMES):
                raise ValueError(f"unpacks to more than {TIMES} times its size; that is no text")
            rows = (item for batch in table.iter_batches(128) for item in batch.to_pylist())
            for number, item in enumerate(rows, 1):
                yield named(item, number, settings, poems)
        except Exception as error:  # for a damaged file pyarrow has many, of all kinds
            raise InputError(f"{file}: is no Parquet file ({said(error)})") from None
