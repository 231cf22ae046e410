"""Files of word vectors, as word2vec and fastText write them: a file in, its header and a binary one's rows out."""

from __future__ import annotations

import contextlib
import gzip
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.cache import digest
from core.data import InputError

FASTTEXT_MODEL = (793712314).to_bytes(4, "little")  # with this such a file begins
FIRST_LINE = re.compile(rb"(\d{1,18}) (\d{1,18})[ \t\r]*\n")
TEXT = bytes([*range(32, 127), *b"\t\r\n"])
BLOCK = 1 << 20  # bytes read at a time
LONGEST_WORD = 1 << 16  # bytes
DEFLATED = 1032  # times its size in a packed file, no content can be longer


class Header(NamedTuple):
    """The first line "V D": V words with D numbers each. binary: are the numbers float32, or written in digits?"""

    words: int
    numbers: int
    binary: bool


class Pretrained(NamedTuple):
    """A vocabulary's vectors: table (V, E), zero where the file has none; pretrained_mask (V,), True where it has
    one; unused, how many rows of the file say nothing: without a vector, not UTF-8, or of a word that comes again."""

    table: Tensor
    pretrained_mask: Tensor
    unused: int


def checksum(path: Path) -> str:
    """SHA-256 of the content."""
    with open(path, "rb") as file:
        return digest(iter(partial(file.read, BLOCK), b""))


def header_of(path: Path) -> Header | None:
    """What the first line says; None where it is no header, for a text needs none."""
    with _opened(path) as file:
        first, row = file.readline(100), file.readline(BLOCK)
    if first.startswith(FASTTEXT_MODEL):
        raise InputError(f"--vectors {path}: is a fastText model; give the .vec file that belongs to it")
    if not (match := FIRST_LINE.fullmatch(first)):
        return None
    V, D = map(int, match.groups())
    numbers = row.partition(b" ")[2]  # D numbers in digits are at least 2D - 1 characters
    return Header(V, D, binary=len(numbers) < 2 * D - 1 or bool(numbers.translate(None, TEXT)))


def read_binary(path: Path, header: Header) -> tuple[list[str], Tensor]:
    """The words that are UTF-8, and their vectors (words, D).

    After the header each row is a word, a space, D little-endian float32 and, in some files, the end of a line
    (Mikolov et al. 2013). Raises InputError for a file that holds less than its header says, before it takes memory
    for that.
    """
    V, D = header.words, header.numbers
    most = path.stat().st_size * (DEFLATED if _packed(path) else 1)
    if not V * D or most < V * (4 * D + 1):
        raise not_held(path, header)
    words: list[str] = []
    table, rows = np.empty((V, D), np.float32), 0
    with _opened(path) as file:
        file.readline()
        for rows, (word, numbers) in enumerate(_rows(file, V, 4 * D), 1):  # noqa: B007
            with contextlib.suppress(UnicodeDecodeError):
                words.append(word.decode("utf-8"))
                table[len(words) - 1] = np.frombuffer(numbers, "<f4")
    if rows < V:
        raise not_held(path, header)
    return words, torch.from_numpy(table[:len(words)])


def not_held(path: Path, header: Header) -> InputError:
    return InputError(f"--vectors {path}: its first line says {header.words:,} words of {header.numbers:,} numbers, "
                      "which it does not hold; get the whole file, or mend that line")


def _rows(file: IO[bytes], count: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """(word, its numbers of `size` bytes), `count` times, or fewer where the file ends or a word does not."""
    block, at = b"", 0
    for _ in range(count):
        while (end := block.find(b" ", at, at + LONGEST_WORD)) < 0 or len(block) - end - 1 < size:
            more = file.read(max(BLOCK, size))
            if not more or (end < 0 and len(block) - at > LONGEST_WORD):
                return
            block, at = block[at:] + more, 0
        yield block[at:end].removeprefix(b"\n"), block[end + 1:end + 1 + size]
        at = end + 1 + size


def _packed(path: Path) -> bool:
    return path.suffix == ".gz"  # as torchtext sees it


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path) if _packed(path) else open(path, "rb")
