"""tang, song, and both: all Tang and all Song poems: a line → the next one; and the npm package chinese-poetry."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from core.data import Example
from core.verses import lines_of
from corpora.fetch.archives import from_npm
from corpora.fetch.download import versions_of
from corpora.fetch.sources import folder, from_github, from_web
from corpora.shared.corpus import Corpus
from corpora.shared.poems import line_pairs

PACKAGE, VERSION = "chinese-poetry", "2.0.1"
COMMIT = "fa1814a8044db4fb0c7a9e0a0449974e8c3463b7"  # of the same files
ABOUT: dict[str, Any] = {"licence": "MIT", "origin": f"npm package {PACKAGE} {VERSION}, from github.com/chinese-poetry",
         "citation": "chinese-poetry/chinese-poetry, the most comprehensive database of Chinese poetry, on GitHub"}
GITHUB = {"quantangshi": "全唐诗", "songci": "宋词"}
SUMS = {dynasty: Path(__file__).with_name(f"{dynasty}.sha256") for dynasty in ("tang", "song")}
SCRIPTS = ("simplified", "traditional")


def poetry_version(sums: Path) -> str:
    """Everything that determines the poems."""
    return sums.read_text(encoding="utf-8") + versions_of("opencc", "scikit-learn")()


def all_versions(*sums: Path) -> str:
    return "".join(map(poetry_version, sums))


def works(sums: Path, path: str, conversion: str) -> Iterator[dict]:
    """Every poem of the files with these checksums, in the package's folder `path`, with its lines as "lines".

    conversion: between scripts, by OpenCC's name for it; empty leaves the text as it is
    """
    rows = sums.read_text(encoding="utf-8").split()
    known = dict(zip(rows[1::2], rows[::2]))
    files = folder(f"{PACKAGE}-{VERSION}", known, [
        from_npm(PACKAGE, VERSION, f"dist/{path}"),
        from_web(f"https://cdn.jsdelivr.net/npm/{PACKAGE}@{VERSION}/dist/{path}"),
        *from_github("chinese-poetry/chinese-poetry", COMMIT, GITHUB[path])])
    convert: Callable[[str], str] = str
    if conversion:
        from opencc import OpenCC
        convert = OpenCC(conversion).convert
    for name in known:
        for work in json.loads(convert((files / name).read_text(encoding="utf-8"))):
            yield work | {"lines": lines_of("".join(work["paragraphs"]))}


def poems(dynasty: str, script: str) -> Iterator[list[str]]:
    """Every poem as its lines. The package has them in traditional characters."""
    for poem in works(SUMS[dynasty], "quantangshi", "t2s" if script == "simplified" else ""):
        yield poem["lines"]


def load(dynasty: str, script: str) -> Iterator[Example]:
    for lines in poems(dynasty, script):
        yield from line_pairs(lines, key="".join(lines), lengths=(5, 7))


def load_both(read: Callable[[str, str], Iterator[Example]], script: str) -> Iterator[Example]:
    """What `read` makes of the Tang poems, and behind it of those of the Song, marked, for training only: so dev and
    test are those of the Tang alone. read: as `load`, which takes the dynasty and the script."""
    yield from read("tang", script)
    yield from (replace(e, mark="宋", split="train") for e in read("song", script))


def line_by_line(name: str, title: str, size: str, epochs: int, read: Callable[[str], Iterator[Example]],
                 *dynasties: str) -> Corpus:
    return Corpus(
        name=name, task="poem", size=size, load=read, scripts=SCRIPTS,
        disjoint_fields=("source", "target", "context"),
        title=f"{title}: a line, and the next line of equal length (5 or 7 characters)",
        version=partial(all_versions, *(SUMS[dynasty] for dynasty in dynasties)),
        suggested={"epochs": epochs, "batch_size": 128, "learning_rate": 3e-3, "dropout": 0.1}, **ABOUT)


TANG = line_by_line("tang", "Tang poems", "413,303 pairs", 2, partial(load, "tang"), "tang")
SONG = line_by_line("song", "Song poems", "1,772,302 pairs", 1, partial(load, "song"), "song")
BOTH = line_by_line("tang-song", "Tang poems, with Song poems, marked 宋, to train on", "2,185,605 pairs", 1,
                    partial(load_both, load), "tang", "song")
