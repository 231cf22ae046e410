"""Corpora: each .py file in this folder defines a family of corpora and is found automatically.

A corpus loads without torch: ids and special symbols belong to the model. An ExampleFormat describes a task to it.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import pkgutil
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from core.data import ExampleFormat, InputError
from core.events import note
from core.options import suggest
from core.settings import CorpusSettings
from corpora.fetch.hub import PREFIX
from corpora.read.files import file_corpus
from corpora.read.formats import ENDINGS
from corpora.read.hub import hub_corpus
from corpora.shared.corpus import Corpus
from corpora.shared.messages import single_line
from corpora.shared.opening import PACKED

MODULE = re.compile(r"[\w.]+:\w+")
ENTRY_POINTS = "n2m.corpora"  # the group in which other packages announce corpora
STARTER = "starter"
SMALL = {"epochs": 20, "batch_size": 16, "learning_rate": 2e-3, "patience": 0, "min_count": 1}  # settings for a starter


def all_corpora() -> list[Corpus]:
    """Every Corpus that the modules of this folder and installed packages define, by task, without the starters."""
    found: dict[tuple[str, str], Corpus] = {}
    for info in pkgutil.iter_modules(__path__):
        if not info.ispkg:
            try:
                module = importlib.import_module(f"{__name__}.{info.name}")
            except Exception as error:  # it may be unfinished
                raise InputError(f"corpora/{info.name}.py: cannot be loaded ({_in_a_line(error)})") from error
            found |= {(c.task, c.name): c for c in vars(module).values() if isinstance(c, Corpus)}
    return sorted([*found.values(), *_of_packages(frozenset(found))], key=lambda c: c.task)


def of_task(format: ExampleFormat) -> list[Corpus]:
    """The named corpora for the task with this format, its starter corpus first."""
    starter = [_starter(format, format.starter)] if format.starter else []
    return [*starter, *(c for c in all_corpora() if c.task == format.task and c.name != STARTER)]


@cache
def _starter(format: ExampleFormat, path: Path) -> Corpus:
    """The few examples that come with a task, available without a network."""
    with open(path, encoding="utf-8") as file:
        size = sum(1 for _ in file)
    return replace(file_corpus([path], format), name=STARTER, names=(STARTER,), licence="MIT",
                   title="a small corpus written for this project", size=f"{size} lines",
                   origin="/".join(path.parts[-3:]), scripts=("simplified",), converted=False,
                   suggested=SMALL)


@cache
def _of_packages(known: frozenset[tuple[str, str]]) -> list[Corpus]:
    """The corpora of other packages. One that cannot be loaded, or whose task and name are taken, is reported, and does
    not stop the others."""
    found: dict[tuple[str, str], Corpus] = {}
    for point in importlib.metadata.entry_points(group=ENTRY_POINTS):
        try:
            corpus = point.load()
            if not isinstance(corpus, Corpus):
                raise TypeError(f"is not a Corpus but {type(corpus).__name__}")
            if (key := (corpus.task, corpus.name)) in known or found.get(key, corpus) is not corpus:
                raise InputError(f"the name {corpus.name} is taken; `corpus` {point.value} finds it")
            found[key] = corpus
        except Exception as error:  # another author's module may raise anything
            note(f"corpus {point.name} ({point.value}) is unavailable: {_in_a_line(error)}")
    return [*found.values()]


def _in_a_line(error: Exception) -> str:
    return f"{type(error).__name__}: " * (not isinstance(error, InputError)) + single_line(error, 200)


def find(names: str | Sequence[str], format: ExampleFormat, settings: CorpusSettings | None = None,
         modules: bool = True) -> Corpus:
    """Find the corpus of this name for the task with this format, or the user's own.

    names: a corpus, a file, a folder, two aligned files, "-" for standard input, hf:NAME for a data set of the hub, or
    MODULE:NAME for a Corpus in a module; settings: how files are read; modules: whether MODULE:NAME, whose code
    runs, is allowed
    """
    if not isinstance(names, str) and len(names) > 1:
        return file_corpus([Path(name) for name in names], format, settings)
    name = names if isinstance(names, str) else names[0]
    if name.startswith(PREFIX):
        return hub_corpus(name, format, settings)
    known = {c.name: c for c in of_task(format)}
    if name in known:
        return _without_reading(known[name], settings)
    if name.startswith(("http://", "https://")):
        raise InputError(f"`corpus` {name}: URLs are not supported; download the file and pass its path")
    if _is_file(name):
        return file_corpus([Path(name)], format, settings)
    if MODULE.fullmatch(name):
        if not modules:
            raise InputError(f"`corpus` {name}: is a Python module, which a model directory may not import; name it "
                             "again with `corpus`")
        corpus = _in_module(name)
        if corpus.task != format.task:
            raise InputError(f"`corpus` {name}: is for `task` {corpus.task}, not {format.task}")
        return _without_reading(replace(corpus, names=(name,)), settings)
    other = [c.task for c in all_corpora() if c.name == name]
    if other:
        raise InputError(f"`corpus` {name}: is for `task` {other[0]}; for {format.task}: {', '.join(known)}, "
                         "or a file of your own")
    raise _unknown(name, known)


def tasks_of(names: Sequence[str]) -> list[str]:
    """The tasks that a corpus of this name is for; none for the user's own or for the starter, as each task has one."""
    known = [c for c in all_corpora() if c.name in names]
    if len(names) > 1 or names[0].startswith(PREFIX):
        if known:
            raise InputError(f"{' '.join(names)}: {known[0].name} is a corpus of its own; name one at a time")
        return []
    if known or names[0] == STARTER or _is_file(names[0]):
        return [c.task for c in known]
    if MODULE.fullmatch(names[0]):
        return [_in_module(names[0]).task]
    raise _unknown(names[0], {STARTER, *(c.name for c in all_corpora())})


def _is_file(name: str) -> bool:
    return name == "-" or Path(name).suffix.lower() in (*ENDINGS, ".zip", *PACKED) or os.path.exists(name)


def _unknown(name: str, known: Iterable[str]) -> InputError:
    return InputError(f"`corpus` {name}: no such corpus or file; {suggest(name, sorted(known))}, "
                      f"or a file ending in {', '.join(ENDINGS)}, or hf:NAME")


def _without_reading(corpus: Corpus, settings: CorpusSettings | None) -> Corpus:
    """The corpus. Raises InputError for settings on how a file is read, as there is none."""
    for name in ("encoding", "source_column", "target_column"):
        if value := getattr(settings, name, ""):
            raise InputError(f"`{name}` {value} is for files of your own; the corpus {corpus.name} has a fixed format")
    return corpus


def _in_module(name: str) -> Corpus:
    """my_module:MY_CORPUS, from where Python finds modules and from the working directory."""
    module, attribute = name.split(":")
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        corpus = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # a user's module may raise anything
        raise InputError(f"`corpus` {name}: is unavailable ({_in_a_line(error)})") from None
    if not isinstance(corpus, Corpus):
        raise InputError(f"`corpus` {name}: is not a Corpus (corpora/shared/corpus.py) but {type(corpus).__name__}")
    return corpus
