"""classical: sentences of classical Chinese → modern Chinese (`reverse`: the other direction)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from core.data import Example, InputError, Rejected
from core.settings import CorpusSettings
from corpora.fetch.sources import folder, from_web
from corpora.read.formats import aligned
from corpora.read.listing import files_of
from corpora.shared.corpus import Corpus
from corpora.shared.opening import File

REPOSITORY, COMMIT = "NiuTrans/Classical-Modern", "9287b4378f2a730306c04948322f9cfdb99cc7f4"
ARCHIVE = "Classical-Modern.zip"  # GitHub repacks it from time to time; the commit, not a checksum, fixes its content
FOLDER = "双语数据"


def archive() -> Path:
    return folder("classical", {ARCHIVE: ""},
                  [from_web(f"https://github.com/{REPOSITORY}/archive", {ARCHIVE: f"{COMMIT}.zip"})]) / ARCHIVE


def load(script: str) -> Iterator[Example | Rejected]:
    """A chapter of a book is a folder with a file of sentences, and a file of their translations line by line."""
    files = {file.member: file for file in files_of(archive())}
    pairs = [(file, target) for name, file in files.items()
             if (path := PurePosixPath(name)).name == "source.txt" and FOLDER in path.parts
             and (target := files.get(str(path.with_name("target.txt"))))]
    if not pairs:
        raise InputError(f"{archive()}: has no {FOLDER}/…/source.txt with a target.txt beside it; delete it to have it "
                         "fetched again")
    for source, target in pairs:
        yield from chapter(source, target)


def chapter(source: File, target: File) -> Iterator[Example | Rejected]:
    """A chapter that is empty or not aligned is rejected as a whole."""
    try:
        found = list(aligned(source, target, CorpusSettings(encoding="utf-8")))
    except InputError as error:
        yield Rejected("chapter that is not aligned", str(error), file=str(source))
    else:
        yield from (replace(e, file=str(source)) for e in found)


CLASSICAL = Corpus(
    name="classical", task="translate", title="classical → modern Chinese sentences of 97 books",
    size="some 970,000 pairs", licence="MIT (the collection); texts and translations are their sources'",
    origin=f"github.com/{REPOSITORY}", load=load, scripts=("simplified", "traditional"), converted=True,
    disjoint_fields=("source", "target"), version=lambda: COMMIT, citation="NiuTrans, Classical-Modern parallel corpus",
    suggested={"tokenizer": "characters", "shared_vocabulary": True, "attention": "dot", "max_length": 60})
