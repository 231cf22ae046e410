"""Answering texts, files and standard input, in order, by one process or by a group that shares the work."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import corpora
import tasks
from core.checkpoint import is_finished, is_model
from core.data import InputError
from core.distributed import join
from core.events import note
from core.settings import CorpusSettings, Settings
from n2m.cli.flags import command_of, given
from n2m.cli.language import say
from n2m.ensembles import ensemble
from n2m.finding import corpus_of, pretrained
from n2m.model import Model
from n2m.model import load as load_model
from n2m.training import check_same
from tasks.shared.task import Answer

BATCH = 512  # texts answered at once


def load(args: argparse.Namespace, models: Path) -> Model:
    """The model to answer with, alone or in an ensemble. Raises InputError if the flags ask for another one than the
    directory holds."""
    task, directory = tasks.find(args.task), args.model_dir or models / args.task
    corpus = " ".join(args.corpus or [])
    ready_made = None if args.model_dir else pretrained(args.task, corpus) or pretrained(args.task)
    if ready_made and is_model(directory) and (not corpus or corpus_of(directory) == corpus
                                               or corpus_of(ready_made) != corpus):
        ready_made = None  # the user's own comes first, unless the other one alone is of the corpus asked for
    reading = given(args, CorpusSettings)
    asked = {**given(args, Settings), **reading, **({"reverse": True} if args.reverse else {})}
    asked.pop("seed", None)  # with an input it is the answer's
    train = shlex.join(["python", "run.py", "--task", args.task, *["--corpus"] * bool(corpus), *(args.corpus or []),
                        *command_of(asked)])
    if args.lines is not None and not task.writes_lines:
        raise InputError(f"`lines` does not fit the task {task.name}, which writes no lines; remove it")

    def ready() -> Model:
        model = load_model(ready_made or directory, device=getattr(args, "device", "auto"))
        try:
            check_same(model, task, args.corpus, CorpusSettings(**reading), asked)
        except InputError as error:
            found, other, _ = str(error).partition("; use another `model_dir`")
            if not ready_made or not other:
                raise
            raise InputError(f"{found}; it comes with n2m, so train your own: {train}") from None
        return model

    model = join(getattr(args, "device", "auto")).local_rank0_first(ready)
    if ready_made:
        note(say("answering with {model}, which comes with n2m; to train your own: {command}", model=ready_made,
                 command=train))
    elif not is_finished(directory):
        note(say("the training of {model} has not finished; answering with its best weights so far", model=directory))
    if not args.ensemble:
        return model
    try:
        return ensemble([model, *args.ensemble], device=getattr(args, "device", "auto"))
    except InputError as error:
        raise InputError(str(error).replace("`model_dir`", "`ensemble`")) from None


def printed_answers(model: Model, texts: Sequence[str], standard_input: BinaryIO, lines: int | None,
                    options: dict[str, Any]) -> Iterator[str | InputError]:
    """For each input the lines to print, or why there is no answer. All of them come out on the first process of a
    group, which alone reads the input, and on every other.

    texts    texts, files with a text per line, or - for standard input
    options  of n2m.Model.answer
    """
    group, n_best = join(), options.get("n_best", 1)
    if lines is not None:
        options = {**options, "lines": lines}
    several = len(texts) > 1 or is_stream(texts[0])
    batches = read_batches(texts, standard_input)
    done = 0
    while at_once := group.run_on_rank0(lambda: list(islice(batches, group.world_size))):
        mine = at_once[group.rank] if group.rank < len(at_once) else []
        first = done + sum(map(len, at_once[:group.rank]))
        done += sum(map(len, at_once))
        found = model.answer(mine, errors="return", first=first, **options) if mine else []
        shown = [answers if isinstance(answers, InputError) else
                 lines_of(model, answers, text if several else "", n_best)
                 for text, answers in zip(mine, found)]
        for batch in group.gather(shown):
            yield from batch


def lines_of(model: Model, answers: Sequence[Answer], text: str, n_best: int) -> str:
    """The answers to one input, one per line: several with their scores, and behind their input where there are
    several inputs (text is then not empty)."""
    if n_best > 1:
        name = " ".join(text.split()) + "\t" if text else ""
        return "\n".join(f"{name}{a.score:.3f}\t{a.text}" for a in answers)
    return f"{answers[0].text}\t{answers[0].score:.3f}" if model.task.answers_with == "label" else answers[0].text


def is_stream(text: str) -> bool:
    return text == "-" or os.path.isfile(text)  # unlike pathlib, this takes texts longer than any file name


def read_batches(texts: Sequence[str], standard_input: BinaryIO) -> Iterator[list[str]]:
    """The texts to answer: lines of files in batches, those of standard input one by one as they come."""
    for text in texts:
        if text == "-":
            yield from ([line] for line in read_lines(standard_input, text))
        elif is_stream(text):
            with open(text, "rb") as file:
                lines = read_lines(file, text)
                while batch := list(islice(lines, BATCH)):
                    yield batch
        elif os.path.isdir(text):
            raise InputError(f"`input` {text} is a directory; name a file with one text per line")
        elif Path(text[:255]).suffix.lower() in (*corpora.ENDINGS, *corpora.PACKED, ".zip"):
            raise InputError(f"`input` {text}: no such file; check its name")
        else:
            yield [text]


def read_lines(stream: BinaryIO, name: str) -> Iterator[str]:
    """Raises InputError for an empty stream, and for a line that is not UTF-8."""
    number = 0
    for number, line in enumerate(stream, 1):
        try:
            yield line.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise InputError(f"`input` {name}: line {number} is not UTF-8 (byte 0x{line[error.start]:02x}); convert it "
                             "to UTF-8") from None
    if not number:
        raise InputError(f"`input` {name} is empty; enter one text per line")


