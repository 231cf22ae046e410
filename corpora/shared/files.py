"""A file of the user's in, a Corpus out: .tsv, .csv and .jsonl pairs, or .txt with one poem (or pair) a line."""

from __future__ import annotations

import atexit
import contextlib
import csv
import functools
import hashlib
import io
import json
import re
import shutil
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from core.data import Example, InputError
from corpora.shared.corpus import Corpus
from corpora.shared.poems import line_pairs, lines_of

ENDINGS = (".tsv", ".csv", ".jsonl", ".txt")
SOURCE_NAMES = ("source", "text", "input", "word", "line")
TARGET_NAMES = ("target", "label", "output", "answer", "next")


def file_corpus(path: Path, task: str) -> Corpus:
    """The file as a corpus of this task. Its examples are read, and refused, when they are asked for."""
    with _opened(path):
        pass  # what cannot be read at all is better refused now
    themes = task == "word" and many_texts_a_word(read(path, task))

    def load(script: str) -> Iterator[Example]:
        return (replace(e, key=e.target) for e in read(path, task)) if themes else read(path, task)

    exclusive = ("target",) if themes else ("source", "target", "context") if task == "poem" else ("source",)
    return Corpus(name=str(path), task=task, title="a file of your own", size=f"{path.stat().st_size:,} bytes",
                  licence="yours", origin=str(path), load=load, scripts=("simplified", "traditional"),
                  exclusive=exclusive, version=lambda: checksum(path))


def many_texts_a_word(examples: Iterable[Example]) -> bool:
    """Does a source stand for a theme, with many texts about it? Then a text, not the word, must be new in test."""
    sources = array("q", (hash(e.source) for e in examples))  # 8 bytes an example
    if len(sources) < 100_000:
        return len(set(sources)) * 3 < len(sources)
    import numpy as np  # numbers in a set would take ten times the memory
    return len(np.unique(np.frombuffer(sources, dtype=np.int64))) * 3 < len(sources)


def checksum(path: Path) -> str:
    """SHA-256 of the file's bytes."""
    total = hashlib.sha256()
    with _opened(path) as file:
        while block := file.read(1 << 20):
            total.update(block)
    return total.hexdigest()


def read(path: Path, task: str) -> Iterator[Example]:
    """The examples of a file, one after the other. Raises InputError naming the file, the line and the remedy."""
    ending = path.suffix.lower()
    if ending == ".txt" and task == "poem" and not any("\t" in line for line in lines(path)):
        none = True
        for poem in lines(path):
            for pair in line_pairs(lines_of(poem), key=poem):
                none = False
                yield pair
        if none:
            raise InputError(f"{path}: no two neighbouring lines of equal length; write one poem a line, "
                             "its lines divided by ， and 。")
    elif ending == ".jsonl":
        yield from _json_lines(path)
    elif ending == ".csv":
        yield from _rows(path, _csv_rows(path), "commas")
    else:
        yield from _rows(path, enumerate((line.split("\t") for line in lines(path)), 1), "a tab")


def lines(path: Path) -> Iterator[str]:
    """The lines of a file that is UTF-8 text, with or without a byte order mark, of any line ends; without these.
    Raises InputError for what is no text, and for a file with nothing but white space."""
    empty = True
    try:
        with _opened(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig") as text:
            for line in text:
                if "\0" in line:
                    raise InputError(f"{path}: contains NUL bytes, so it is no text file; save it as UTF-8 text")
                empty = empty and not line.strip()
                yield line[:-1] if line.endswith("\n") else line
    except UnicodeDecodeError:
        raise _not_utf8(path) from None
    if empty:
        raise InputError(f"{path}: is empty; needs one example a line")


def read_text(path: Path) -> str:
    """The whole file as text."""
    try:
        with _opened(path) as file:
            text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _not_utf8(path) from None
    if "\0" in text:
        raise InputError(f"{path}: contains NUL bytes, so it is no text file; save it as UTF-8 text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        if Path(path).is_char_device():
            raise InputError(f"{path}: is a device, not a file; give a file of text")
        file = open(_copied(path) if Path(path).is_fifo() else path, "rb")  # noqa: SIM115
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    with file:
        yield file


@functools.cache
def _copied(pipe: Path) -> str:
    """A pipe can be read once only, and a file is read several times: so it is copied to one, deleted at exit."""
    copy = tempfile.NamedTemporaryFile(prefix="n2m-")  # noqa: SIM115
    atexit.register(copy.close)
    with open(pipe, "rb") as file:
        shutil.copyfileobj(file, copy)
    copy.flush()
    return copy.name


def _not_utf8(path: Path) -> InputError:
    """Where the file is no UTF-8, counting lines as an editor does."""
    number = 1
    with _opened(path) as file:
        for line in file:
            try:
                line.decode("utf-8")
                number += _line_ends(line)
            except UnicodeDecodeError as error:
                number += _line_ends(line[:error.start])
                return InputError(f"{path}: line {number} is not UTF-8 (byte 0x{line[error.start]:02x}); save it as "
                                  f"UTF-8, for example: iconv -f GB18030 -t UTF-8 {path}")
    return InputError(f"{path}: changed while it was read; try again")


def _line_ends(data: bytes) -> int:
    return len(re.findall(rb"\r\n|\r|\n", data))


def _csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((line + "\n" for line in lines(path)), strict=True)
    for row in reader:
        yield reader.line_num, row


def _rows(path: Path, rows: Iterable[tuple[int, list[str]]], divider: str) -> Iterator[Example]:
    source, target, width, first = 0, 1, 2, True
    try:
        for number, row in rows:
            if not any(cell.strip() for cell in row):
                continue
            header, first = _header(row) if first else None, False
            if header:
                source, target = header
                width = max(header) + 1
                continue
            if len(row) < width:
                raise InputError(f"{path}: line {number} has {len(row)} column{'s' * (len(row) > 1)}, needs source "
                                 f"and target (or label) divided by {divider}")
            yield Example(row[source], row[target])
    except csv.Error as error:
        raise InputError(f"{path}: not readable as CSV ({error}); quote fields that hold commas or quotes") from None


def _header(row: list[str]) -> tuple[int, int] | None:
    names = [cell.strip().lower() for cell in row]
    sources = [i for i, n in enumerate(names) if n in SOURCE_NAMES]
    targets = [i for i, n in enumerate(names) if n in TARGET_NAMES]
    return (sources[0], targets[0]) if sources and targets else None


def _json_lines(path: Path) -> Iterator[Example]:
    for number, line in enumerate(lines(path), 1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}: line {number} is not JSON ({str(error)[:80]})") from None
        source, target = (next((item[n] for n in names if n in item), None) if isinstance(item, dict) else None
                          for names in (SOURCE_NAMES, TARGET_NAMES))
        if not isinstance(source, str) or not isinstance(target, str):
            raise InputError(f'{path}: line {number} needs texts under "source" and "target" (or "text", "label")')
        yield Example(source, target)
