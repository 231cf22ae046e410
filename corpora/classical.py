"""classical: a sentence of classical Chinese in, the same in modern Chinese out (--reverse: the other way round)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from core.data import Dropped, Example, InputError
from core.settings import CorpusSettings
from corpora.shared.corpus import Corpus
from corpora.shared.formats import aligned
from corpora.shared.listing import files_of
from corpora.shared.opening import File
from corpora.shared.sources import folder, from_web

REPOSITORY, COMMIT = "NiuTrans/Classical-Modern", "9287b4378f2a730306c04948322f9cfdb99cc7f4"
ARCHIVE = "Classical-Modern.zip"  # the commit says what is in it; packed anew now and then, it has no checksum
INSIDE = "双语数据"


def archive() -> Path:
    return folder("classical", {ARCHIVE: ""},
                  [from_web(f"https://github.com/{REPOSITORY}/archive", {ARCHIVE: f"{COMMIT}.zip"})]) / ARCHIVE


def load(script: str) -> Iterator[Example | Dropped]:
    """A chapter of a book is a folder with a file of sentences, and a file of their translations line by line."""
    files = {file.inside: file for file in files_of(archive())}
    for name, source in files.items():
        path = PurePosixPath(name)
        target = files.get(str(path.with_name("target.txt")))
        if path.name == "source.txt" and INSIDE in path.parts and target:
            yield from chapter(source, target)


def chapter(source: File, target: File) -> Iterator[Example | Dropped]:
    """One that is empty, or not aligned, is left out as a whole."""
    try:
        found = list(aligned(source, target, CorpusSettings(encoding="utf-8")))
    except InputError as error:
        yield Dropped("chapter that is not aligned", str(error), file=str(source))
    else:
        yield from (replace(e, file=str(source)) for e in found)


CLASSICAL = Corpus(
    name="classical", task="translate", title="classical → modern Chinese sentences of 97 books",
    size="some 970,000 pairs", licence="MIT (the collection); texts and translations are their sources'",
    origin=f"github.com/{REPOSITORY}", load=load, scripts=("simplified", "traditional"), converted=True,
    exclusive=("source", "target"), version=lambda: COMMIT, citation="NiuTrans, Classical-Modern parallel corpus",
    suggested={"tokenizer": "characters", "epochs": 2, "max_length": 60, "min_count": 2})
