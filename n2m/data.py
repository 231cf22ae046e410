"""Tasks and corpora by their names: the only place that brings the two together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import corpora as all_corpora
import tasks as registry
from core import events
from core.data import InputError
from core.settings import CorpusSettings
from corpora.fetch.sources import use_mirror
from corpora.prepare.cleaning import script_converter
from corpora.prepare.splits import Dataset
from corpora.prepare.splits import prepare as prepare_splits
from corpora.shared.corpus import Corpus
from n2m.options import split_options
from tasks.shared.task import Answer, Task

SCRIPTS = ("simplified", "traditional", "as-written")


def tasks() -> list[Task]:
    """All task types, from 1→N to N→M."""
    return registry.all_tasks()


def corpora(task: str) -> list[Corpus]:
    """All named corpora for this task, its default first."""
    found = registry.find(task)
    return sorted(all_corpora.of_task(found.format), key=lambda c: (c.name != found.default_corpus, c.name))


def corpus(name: str | Path | Sequence[str | Path], task: str, *, script: str | None = None, reverse: bool = False,
           mirror: str | None = None, rejects: str | Path | None = None, limit: int = 0, **reading: Any) -> Dataset:
    """A corpus, cleaned and split.

    name     a named corpus (n2m.corpora lists them), a file, two aligned files, a directory, hf:OWNER/NAME or
             module:NAME
    task     the task it is for
    script   "simplified" or "traditional", where the corpus has both; your own text is converted to it
    reverse  swap source and target
    mirror   where files are looked for before they are downloaded, a directory or a URL
    rejects  a file to which rejected examples are written, each with its line and reason
    limit    at most this many training examples, with dev and test in proportion
    reading  the fields of core.settings.CorpusSettings: encoding, source_column, max_ratio …
    Returns the splits `train`, `dev` and `test`, sequences of Example, and `rejected`, a Counter of reasons.
    Raises InputError if the corpus cannot be read.
    """
    (chosen,) = split_options(reading, CorpusSettings)
    settings = CorpusSettings(**chosen)
    found = registry.find(task)
    with use_mirror(mirror):
        return prepare(find(name, found, settings), found, script, reverse, settings,
                       Path(rejects) if rejects else None, limit)


def find(name: str | Path | Sequence[str | Path], task: Task, settings: CorpusSettings,
         modules: bool = True) -> Corpus:
    """The corpus of this name for a task, see corpora.find."""
    names = [str(name)] if isinstance(name, (str, Path)) else [str(part) for part in name]
    return all_corpora.find(names, task.format, settings, modules)


def prepare(found: Corpus, task: Task, script: str | None, reverse: bool, settings: CorpusSettings,
            rejects: Path | None = None, limit: int = 0) -> Dataset:
    """The corpus, cleaned and split, with notes on what was read and what was rejected."""
    if script not in (None, *SCRIPTS):
        raise InputError(f"`script` {script} is unknown; use simplified or traditional")
    if reverse and not task.reversible:
        raise InputError(f"`reverse` does not fit the task {task.name}, whose corpora have one direction; remove it")
    for text in found.notes:
        events.note(text)
    dataset = prepare_splits(found, task.format, script, reverse, settings, rejects).limited(limit)
    if rejects:
        events.note(f"{rejects}: {'the rejected examples, with line and reason' if dataset.rejected else 'empty'}")
    reasons = "".join(f"; rejected {n:,}: {reason}" for reason, n in dataset.rejected.items())
    events.note(f"{found.name}: {len(dataset.train):,} train, {len(dataset.dev):,} dev, {len(dataset.test):,} test"
                f"{reasons}")
    return dataset


def without_notes(found: Corpus) -> Corpus:
    return replace(found, notes=())


def of_model(about: dict[str, Any], task: Task, limit: int, names: Any = None, rejects: Path | None = None) -> Dataset:
    """The splits that a model was trained on.

    about  what the model remembers of its corpus; it is data of a directory, so it never names code to run
    names  the corpus, named again by the user
    Raises InputError if only the user can name it.
    """
    saved = about.get("given") or [about["name"]]
    if not isinstance(saved, list) or not all(isinstance(name, str) for name in saved):
        raise InputError("training.json of this model is damaged: its corpus is not a list of names; name it again "
                         "with `corpus`")
    if names is None and saved == ["-"]:
        raise InputError("the corpus of this model came through standard input; name it again with `corpus`")
    reading = CorpusSettings(**about.get("reading", {}))
    found = find(saved, task, reading, modules=False) if names is None else find(names, task, reading)
    script = None if found.scripts == ("as-written",) else about["script"]  # version 0.1.0 saved "simplified" for these
    dataset = prepare(found, task, script, about["reverse"], reading, rejects, limit)
    if dataset.checksum != about["checksum"]:
        events.note(f"warning: the corpus {about['name']} has changed since this model was trained")
    return dataset


def answer_converter(script: str | None, own: str) -> Callable[[Answer], Answer]:
    """Converts answers to a script. own: the script of the model; None or the same script changes nothing."""
    if script not in (None, *SCRIPTS):
        raise InputError(f"`script` {script} is unknown; use simplified or traditional")
    if script is None or script in ("as-written", own):
        return lambda answer: answer
    convert = script_converter(script)
    return lambda a: replace(a, text=convert(a.text), tokens=tuple(convert(t) for t in a.tokens))
