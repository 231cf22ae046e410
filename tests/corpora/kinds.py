"""Formats of examples as tasks give them, written out here: corpora depend on no task."""

from pathlib import Path

import corpora
from core.data import ExampleFormat
from corpora.prepare import splits
from corpora.read import files

STARTERS = Path(__file__).resolve().parents[2] / "tasks" / "starter"
FORMATS = {f.task: f for f in (
    ExampleFormat("word", many_targets=True, starter=STARTERS / "word.tsv"),
    ExampleFormat("classify", labels=True, starter=STARTERS / "classify.tsv"),
    ExampleFormat("poem", lines=True, starter=STARTERS / "poem.txt"),
    ExampleFormat("translate", starter=STARTERS / "translate.tsv"))}


def find(names, task, settings=None):
    return corpora.find(names, FORMATS[task], settings)


def prepare(corpus, *arguments, **more):
    return splits.prepare(corpus, FORMATS[corpus.task], *arguments, **more)


def file_corpus(paths, task, settings=None):
    return files.file_corpus(paths, FORMATS[task], settings)
