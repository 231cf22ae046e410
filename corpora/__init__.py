"""Where text comes from. Every .py file of this folder is a corpus family, found by itself.

A corpus loads without torch: ids and special symbols are the model's business.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import pkgutil
import re
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tqdm import tqdm

from core.data import InputError
from core.settings import CorpusSettings, suggest
from corpora.shared.corpus import Corpus
from corpora.shared.files import ENDINGS, file_corpus
from corpora.shared.hub import PREFIX, hub_corpus
from corpora.shared.opening import PACKED
from corpora.shared.places import said

PLACES = "n2m.corpora"  # entry points of other packages, each a Corpus


def all_corpora() -> list[Corpus]:
    """Every Corpus that the modules of this folder define, and installed packages, by task; of one name the first."""
    found: dict[tuple[str, str], Corpus] = {}
    for info in pkgutil.iter_modules(__path__):
        if not info.ispkg:
            module = importlib.import_module(f"{__name__}.{info.name}")
            found |= {(c.task, c.name): c for c in vars(module).values() if isinstance(c, Corpus)}
    for corpus in _of_packages():
        found.setdefault((corpus.task, corpus.name), corpus)
    return sorted(found.values(), key=lambda c: c.task)


@cache
def _of_packages() -> list[Corpus]:
    """Those that other packages announce. One that cannot be loaded is said, and does not stop the others."""
    found = []
    for point in importlib.metadata.entry_points(group=PLACES):
        try:
            corpus = point.load()
            if not isinstance(corpus, Corpus):
                raise TypeError(f"is no Corpus but {type(corpus).__name__}")
            found.append(corpus)
        except Exception as error:  # whatever happens in somebody's module
            tqdm.write(f"the corpus {point.name} ({point.value}) cannot be had: {_in_a_line(error)}", file=sys.stderr)
    return found


def _in_a_line(error: Exception) -> str:
    return f"{type(error).__name__}: {said(error, 200)}"


def find(names: str | Sequence[str], task: str, settings: CorpusSettings | None = None) -> Corpus:
    """The corpus of this name for this task; or of the user's own: a file, a folder, two aligned files, - for standard
    input, hf:name for a data set of the hub, module:name for a Corpus in a module. settings: how files are read."""
    if not isinstance(names, str) and len(names) > 1:
        return file_corpus([Path(name) for name in names], task, settings)
    name = names if isinstance(names, str) else names[0]
    if name.startswith(PREFIX):
        return hub_corpus(name, task, settings)
    known = {c.name: c for c in all_corpora() if c.task == task}
    if name in known:
        return _as_it_is(known[name], settings)
    if name == "-" or Path(name).suffix.lower() in (*ENDINGS, ".zip", *PACKED) or os.path.exists(name):
        return file_corpus([Path(name)], task, settings)
    if re.fullmatch(r"[\w.]+:\w+", name):
        return _as_it_is(_in_module(name, task), settings)
    other = [c.task for c in all_corpora() if c.name == name]
    if other:
        raise InputError(f"--corpus {name}: is a corpus of --task {other[0]}; for {task}: {', '.join(known)}, "
                         "or a file of your own")
    raise InputError(f"--corpus {name}: no such corpus or file; {suggest(name, list(known))}, "
                     f"or a file ending in {', '.join(ENDINGS)}, or hf:NAME")


def _as_it_is(corpus: Corpus, settings: CorpusSettings | None) -> Corpus:
    """Raises InputError where settings say how to read a file, and there is none."""
    for name in ("encoding", "source_column", "target_column"):
        if value := getattr(settings, name, ""):
            raise InputError(f"--{name.replace('_', '-')} {value}: is for files of your own; the corpus {corpus.name} "
                             "knows how it is read")
    return corpus


def _in_module(name: str, task: str) -> Corpus:
    """my_module:MY_CORPUS, found where Python finds modules, and in the folder we were started in."""
    module, attribute = name.split(":")
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        corpus = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # whatever happens in a module of the user's is for the user to mend
        raise InputError(f"--corpus {name}: cannot be had ({_in_a_line(error)})") from None
    if not isinstance(corpus, Corpus):
        raise InputError(f"--corpus {name}: is no Corpus (corpora/shared/corpus.py) but {type(corpus).__name__}")
    if corpus.task != task:
        raise InputError(f"--corpus {name}: is a corpus of --task {corpus.task}, not {task}")
    return corpus
