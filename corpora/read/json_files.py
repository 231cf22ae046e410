"""Examples from .json and .jsonl files, read one object at a time."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

from core.data import Example, InputError, Rejected
from core.settings import CorpusSettings
from corpora.read.columns import named
from corpora.read.encodings import BROKEN, LONGEST, READ_SIZE, encoding_of, lines
from corpora.shared.messages import single_line
from corpora.shared.opening import File, open_file

DECODER = json.JSONDecoder()
SPACE = re.compile(r"[ \t\n\r]*")


def _after_space(text: str, at: int = 0) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at


def json_lines(file: File, settings: CorpusSettings, poems: bool = False) -> Iterator[Example | Rejected]:
    """One object per line."""
    for item in lines(file, settings.encoding):
        if isinstance(item, Rejected):
            yield item
        elif item[1].strip():
            try:
                yield named(json.loads(item[1]), item[0], settings, poems)
            except (ValueError, RecursionError) as error:
                yield Rejected("not JSON", item[1], item[0], single_line(error))


def json_file(file: File, settings: CorpusSettings, poems: bool = False) -> Iterator[Example | Rejected]:
    """A list of objects; or JSON lines under another suffix."""
    encoding = encoding_of(file, settings.encoding)
    try:
        with open_file(file) as raw, io.TextIOWrapper(raw, encoding, errors="surrogateescape") as text:
            start = text.read(READ_SIZE)
            if start.lstrip().startswith("["):
                for number, item in enumerate(_items(file, text, start), 1):
                    yield item if isinstance(item, Rejected) else named(item, number, settings, poems)
                return
    except UnicodeError as error:
        raise InputError(f"{file}: is not JSON ({single_line(error)}); fix the file") from None
    yield from json_lines(file, settings, poems)


def _items(file: File, text: TextIO, buffer: str) -> Iterator[Any]:
    """The items of the list that starts in the buffer and continues in the text."""
    number, at, closed = 0, _after_space(buffer) + 1, False
    while not closed:
        try:
            begin = at = _after_space(buffer, at)
            if not number and buffer[at] == "]":
                at, closed = at + 1, True
                continue
            item, end = DECODER.raw_decode(buffer, at)
            end = _after_space(buffer, end)
            if buffer[end] not in ",]":
                raise ValueError("a comma is missing")
        except (ValueError, IndexError, RecursionError) as error:  # or the item continues beyond the buffer
            more = text.read(max(READ_SIZE, len(buffer) - at)) if len(buffer) - at <= LONGEST else ""
            if not more:
                reasons = {IndexError: "ends too early", RecursionError: "nested too deep"}
                raise InputError(f"{file}: is not JSON (item {number + 1}: "
                                 f"{reasons.get(type(error)) or getattr(error, 'msg', single_line(error))})") from None
            buffer, at = buffer[at:] + more, 0
            continue
        number, at, closed = number + 1, end + 1, buffer[end] == "]"
        broken = BROKEN.search(buffer, begin, end)
        yield Rejected("not UTF-8", buffer[begin:end], number) if broken else item
    if (buffer[at:] + text.read(READ_SIZE)).strip():
        raise InputError(f"{file}: is not JSON (something follows the list of {number:,} items); fix the file")
