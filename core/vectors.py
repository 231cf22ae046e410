"""Files of word vectors from word2vec and fastText: their headers, and the rows of binary ones."""

from __future__ import annotations

import contextlib
import gzip
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.cache import digest
from core.data import InputError

FASTTEXT_MODEL = (793712314).to_bytes(4, "little")  # its first bytes
FIRST_LINE = re.compile(rb"(\d{1,18}) (\d{1,18})[ \t\r]*\n")
TEXT = bytes([*range(32, 127), *b"\t\r\n"])
CHUNK_BYTES = 1 << 20  # read at once
MAX_WORD_BYTES = 1 << 16
MAX_DEFLATE_RATIO = 1032


class Header(NamedTuple):
    """The first line "V D": V words with D numbers each. binary: the numbers are float32, not decimal text."""

    words: int
    numbers: int
    binary: bool


class Pretrained(NamedTuple):
    """The vectors of a vocabulary.

    table            (V, E), zero for tokens that are not in the file
    pretrained_mask  (V,), True for tokens that are in the file
    unused           number of useless rows of the file: without a vector, not UTF-8, or of a repeated word
    """

    table: Tensor
    pretrained_mask: Tensor
    unused: int


def checksum(path: Path) -> str:
    """SHA-256 of the content of a file."""
    with open(path, "rb") as file:
        return digest(iter(partial(file.read, CHUNK_BYTES), b""))


def header_of(path: Path) -> Header | None:
    """The header of a file; None if it has none, as text files may."""
    with _opened(path) as file:
        first, row = file.readline(100), file.readline(CHUNK_BYTES)
    if first.startswith(FASTTEXT_MODEL):
        raise InputError(f"`vectors` {path} is a fastText model; use the .vec file next to it")
    if not (match := FIRST_LINE.fullmatch(first)):
        return None
    V, D = map(int, match.groups())
    numbers = row.partition(b" ")[2]  # D numbers in digits are at least 2D - 1 characters
    return Header(V, D, binary=len(numbers) < 2 * D - 1 or bool(numbers.translate(None, TEXT)))


def read_binary(path: Path, header: Header) -> tuple[list[str], Tensor]:
    """The words that are valid UTF-8, and their vectors (words, D).

    After the header each row is a word, a space, D little-endian float32 and, in some files, a line end (Mikolov et al.
    2013). Raises InputError for a file with fewer rows than its header says, before it allocates memory for them.
    """
    V, D = header.words, header.numbers
    limit = path.stat().st_size * (MAX_DEFLATE_RATIO if _packed(path) else 1)
    if not V * D or limit < V * (4 * D + 1):
        raise incomplete(path, header)
    words: list[str] = []
    table, rows = np.empty((V, D), np.float32), 0
    with _opened(path) as file:
        file.readline()
        for rows, (word, numbers) in enumerate(_rows(file, V, 4 * D), 1):  # noqa: B007
            with contextlib.suppress(UnicodeDecodeError):
                words.append(word.decode("utf-8"))
                table[len(words) - 1] = np.frombuffer(numbers, "<f4")
    if rows < V:
        raise incomplete(path, header)
    return words, torch.from_numpy(table[:len(words)])


def incomplete(path: Path, header: Header) -> InputError:
    return InputError(f"`vectors` {path}: the header says {header.words:,} words of {header.numbers:,} numbers, but "
                      "the file is incomplete; download it again or fix the header")


def _rows(file: IO[bytes], count: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """(word, its numbers in `size` bytes), `count` times; fewer if the file ends or a word is endless."""
    block, at = b"", 0
    for _ in range(count):
        while (end := block.find(b" ", at, at + MAX_WORD_BYTES)) < 0 or len(block) - end - 1 < size:
            more = file.read(max(CHUNK_BYTES, size))
            if not more or (end < 0 and len(block) - at > MAX_WORD_BYTES):
                return
            block, at = block[at:] + more, 0
        yield block[at:end].removeprefix(b"\n"), block[end + 1:end + 1 + size]
        at = end + 1 + size


def _packed(path: Path) -> bool:
    return path.suffix == ".gz"  # as torchtext decides


def _opened(path: Path) -> Any:
    return gzip.open(path) if _packed(path) else open(path, "rb")
