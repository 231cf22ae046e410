"""Texts in, answers out, in their order: by this process, or by a group whose processes take blocks in turn."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from core.data import Example, InputError
from core.distributed import Group
from core.settings import SearchSettings
from tasks.shared.text_model import TextModel

BLOCK = 512  # texts answered at once


def answers(model: TextModel, blocks: Iterator[list[str]], lines: int, search: SearchSettings,
            group: Group) -> Iterator[list[str | InputError]]:
    """For each block, one answer a text, or why there is none; all of them on the first process, which alone reads the
    blocks, and on every other.

    lines: how many lines a poem goes on for.
    """
    while at_once := group.run_on_rank0(lambda: list(islice(blocks, group.world_size))):
        mine = at_once[group.rank] if group.rank < len(at_once) else []
        yield from filter(None, group.gather(_answer(model, mine, lines, search)))


def _answer(model: TextModel, texts: list[str], lines: int, search: SearchSettings) -> list[str | InputError]:
    read: list[Example | InputError] = []
    for text in texts:
        try:
            read.append(model.read_input(text))
        except InputError as error:
            read.append(error)
    found = _respond(model, [e for e in read if isinstance(e, Example)], lines, search)
    return [next(found) if isinstance(e, Example) else e for e in read]


def _respond(model: TextModel, examples: list[Example], lines: int, search: SearchSettings) -> Iterator[str]:
    """One answer an input; several best ones on lines of their own, with their scores."""
    if lines > 1:
        from tasks.poem import continue_poem, punctuate
        return (punctuate(continue_poem(model, e, lines, search), start=len(e.context) + 1) for e in examples)
    found = model.task.answer(model, examples, search) if examples else []
    if search.n_best > 1:
        return ("\n".join(f"{score:.3f}\t{text}" for text, score in best) for best in found)
    return (f"{best[0][0]}\t{best[0][1]:.3f}" if "linear" in model.task.parts else best[0][0] for best in found)


def is_stream(text: str) -> bool:
    return text == "-" or os.path.isfile(text)  # which, unlike pathlib, bears texts longer than any file name


def inputs(given: list[str], endings: tuple[str, ...]) -> Iterator[list[str]]:
    """The texts to answer, in blocks: arguments and files many at once, standard input line by line as it comes.
    What ends as a file does (endings) and is none is refused."""
    for text in given:
        if text == "-":
            yield from ([line] for line in lines_of(sys.stdin.buffer, text))
        elif is_stream(text):
            with open(text, "rb") as file:
                lines = lines_of(file, text)
                while block := list(islice(lines, BLOCK)):
                    yield block
        elif Path(text[:255]).suffix.lower() in endings:
            raise InputError(f"--input {text}: no such file")
        else:
            yield [text]


def lines_of(stream: BinaryIO, name: str) -> Iterator[str]:
    """Raises InputError where the stream is empty, or a line of it not UTF-8."""
    number = 0
    for number, line in enumerate(stream, 1):
        try:
            yield line.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise InputError(f"--input {name}: line {number} is not UTF-8 (byte 0x{line[error.start]:02x}); "
                             "send UTF-8 text") from None
    if not number:
        raise InputError(f"--input {name}: is empty; send one text a line")
