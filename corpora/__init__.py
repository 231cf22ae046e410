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
from collections.abc import Iterable, Sequence
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

MODULE = re.compile(r"[\w.]+:\w+")
PLACES = "n2m.corpora"  # entry points of other packages, each a Corpus


def all_corpora() -> list[Corpus]:
    """Every Corpus that the modules of this folder define, and installed packages, by task."""
    found: dict[tuple[str, str], Corpus] = {}
    for info in pkgutil.iter_modules(__path__):
        if not info.ispkg:
            try:
                module = importlib.import_module(f"{__name__}.{info.name}")
            except Exception as error:  # somebody is writing it
                raise InputError(f"corpora/{info.name}.py: cannot be loaded ({_in_a_line(error)})") from error
            found |= {(c.task, c.name): c for c in vars(module).values() if isinstance(c, Corpus)}
    return sorted([*found.values(), *_of_packages(frozenset(found))], key=lambda c: c.task)


@cache
def _of_packages(known: frozenset[tuple[str, str]]) -> list[Corpus]:
    """Those that other packages announce. One that cannot be loaded, or has a name that is taken (known: task and
    name), is said, and does not stop the others."""
    found: dict[tuple[str, str], Corpus] = {}
    for point in importlib.metadata.entry_points(group=PLACES):
        try:
            corpus = point.load()
            if not isinstance(corpus, Corpus):
                raise TypeError(f"is no Corpus but {type(corpus).__name__}")
            if (key := (corpus.task, corpus.name)) in known or found.get(key, corpus) is not corpus:
                raise InputError(f"the name {corpus.name} is taken; --corpus {point.value} finds it")
            found[key] = corpus
        except Exception as error:  # whatever happens in somebody's module
            tqdm.write(f"the corpus {point.name} ({point.value}) cannot be had: {_in_a_line(error)}", file=sys.stderr)
    return [*found.values()]


def _in_a_line(error: Exception) -> str:
    return f"{type(error).__name__}: " * (not isinstance(error, InputError)) + said(error, 200)


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
    if name.startswith(("http://", "https://")):
        raise InputError(f"--corpus {name}: is an address; download the file, and give its name")
    if _is_file(name):
        return file_corpus([Path(name)], task, settings)
    if MODULE.fullmatch(name):
        corpus = _in_module(name)
        if corpus.task != task:
            raise InputError(f"--corpus {name}: is a corpus of --task {corpus.task}, not {task}")
        return _as_it_is(corpus, settings)
    other = [c.task for c in all_corpora() if c.name == name]
    if other:
        raise InputError(f"--corpus {name}: is a corpus of --task {other[0]}; for {task}: {', '.join(known)}, "
                         "or a file of your own")
    raise _unknown(name, known)


def tasks_of(names: Sequence[str]) -> list[str]:
    """The tasks that a corpus of this name is for; none where it is the user's own, and can be for any."""
    known = [c for c in all_corpora() if c.name in names]
    if len(names) > 1 or names[0].startswith(PREFIX):
        if known:
            raise InputError(f"{' '.join(names)}: {known[0].name} is a corpus of its own; name one at a time")
        return []
    if known or _is_file(names[0]):
        return [c.task for c in known]
    if MODULE.fullmatch(names[0]):
        return [_in_module(names[0]).task]
    raise _unknown(names[0], {c.name for c in all_corpora()})


def _is_file(name: str) -> bool:
    return name == "-" or Path(name).suffix.lower() in (*ENDINGS, ".zip", *PACKED) or os.path.exists(name)


def _unknown(name: str, known: Iterable[str]) -> InputError:
    return InputError(f"--corpus {name}: no such corpus or file; {suggest(name, sorted(known))}, "
                      f"or a file ending in {', '.join(ENDINGS)}, or hf:NAME")


def _as_it_is(corpus: Corpus, settings: CorpusSettings | None) -> Corpus:
    """Raises InputError where settings say how to read a file, and there is none."""
    for name in ("encoding", "source_column", "target_column"):
        if value := getattr(settings, name, ""):
            raise InputError(f"--{name.replace('_', '-')} {value}: is for files of your own; the corpus {corpus.name} "
                             "knows how it is read")
    return corpus


def _in_module(name: str) -> Corpus:
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
    return corpus
