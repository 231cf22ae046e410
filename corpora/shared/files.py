"""A file of the user's in, a Corpus out: .tsv, .csv and .jsonl pairs, or .txt with one poem (or pair) a line."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from core.data import Example, InputError
from corpora.shared.corpus import Corpus
from corpora.shared.poems import line_pairs, lines_of

ENDINGS = (".tsv", ".csv", ".jsonl", ".txt")
SOURCE_NAMES = ("source", "text", "input", "word", "line")
TARGET_NAMES = ("target", "label", "output", "answer", "next")


def file_corpus(path: Path, task: str) -> Corpus:
    """The file as a corpus of this task."""
    examples = list(read(path, task))
    exclusive = ("source", "target", "context") if task == "poem" else ("source",)
    if task == "word" and many_texts_a_word(examples):
        examples = [replace(e, key=e.target) for e in examples]
        exclusive = ("target",)
    return Corpus(name=str(path), task=task, title="a file of your own", size=f"{len(examples):,} examples",
                  licence="yours", origin=str(path), load=lambda script: examples,
                  scripts=("simplified", "traditional"), exclusive=exclusive)


def many_texts_a_word(examples: Sequence[Example]) -> bool:
    """Does a source stand for a theme, with many texts about it? Then a text, not the word, must be new in test."""
    return len({e.source for e in examples}) * 3 < len(examples)


def read(path: Path, task: str) -> Iterator[Example]:
    """The examples of a file. Raises InputError naming the file, the line and the remedy."""
    text = read_text(path)
    if not text.strip():
        raise InputError(f"{path}: is empty; needs one example a line")
    ending = path.suffix.lower()
    if ending == ".txt" and task == "poem" and "\t" not in text:
        pairs = [pair for poem in text.split("\n") for pair in line_pairs(lines_of(poem), key=poem)]
        if not pairs:
            raise InputError(f"{path}: no two neighbouring lines of equal length; write one poem a line, "
                             "its lines divided by ， and 。")
        yield from pairs
    elif ending == ".jsonl":
        yield from _json_lines(path, text)
    elif ending == ".csv":
        yield from _rows(path, _csv_rows(text), "commas")
    else:
        yield from _rows(path, enumerate((line.split("\t") for line in text.split("\n")), 1), "a tab")


def read_text(path: Path) -> str:
    """The whole file as text: UTF-8, with or without a byte order mark, any line ends."""
    try:
        if Path(path).is_char_device():
            raise InputError(f"{path}: is a device, not a file; give a file of text")
        data = Path(path).read_bytes()
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        data = error.object  # without the byte order mark
        line = len(re.findall(rb"\r\n|\r|\n", data[:error.start])) + 1
        raise InputError(f"{path}: line {line} is not UTF-8 (byte 0x{data[error.start]:02x}); save it as UTF-8, "
                         f"for example: iconv -f GB18030 -t UTF-8 {path}") from None
    if "\0" in text:
        raise InputError(f"{path}: contains NUL bytes, so it is no text file; save it as UTF-8 text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _csv_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
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


def _json_lines(path: Path, text: str) -> Iterator[Example]:
    for number, line in enumerate(text.split("\n"), 1):
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
