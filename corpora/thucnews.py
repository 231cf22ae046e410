"""thucnews and thucnews-small: titles of Chinese news articles → one of ten topics."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from core.data import Example, Rejected
from core.settings import CorpusSettings
from corpora.fetch.sources import folder, from_github
from corpora.read.files import checksum
from corpora.read.tables import tab_rows
from corpora.shared.corpus import Corpus
from corpora.shared.opening import File

REPOSITORY, COMMIT = "649453932/Chinese-Text-Classification-Pytorch", "6cb26819af7b646275aff8a4693676f2849e67f6"
SUMS = {"class.txt": "4c20bac1a8a6be2c207f0e97be4c279651d76d21",
        "train.txt": "ffe8979a12879da0747847aca49e9a6c1d29898f",
        "dev.txt": "cf7f8de6fc3e3c72284ab59e7ed850f49b7185c0",
        "test.txt": "9c216ace7d0cf2c89fec1b4c9d49a92dc1791d0a"}


def files(splits: tuple[str, ...]) -> list[File]:
    """The topics, and the titles of these splits."""
    names = ["class.txt", *(f"{split}.txt" for split in splits)]
    there = folder("thucnews-titles", {name: SUMS[name] for name in names},
                   from_github(REPOSITORY, COMMIT, "THUCNews/data"))
    return [File(there / name) for name in names]


def load(splits: tuple[str, ...], script: str) -> Iterator[Example | Rejected]:
    topics, *titles = files(splits)
    known = topics.path.read_text(encoding="utf-8").split()
    for split, file in zip(splits, titles):
        for row in tab_rows(file, CorpusSettings(encoding="utf-8")):
            if isinstance(row, Rejected):
                yield row
            elif len(row[1]) != 2 or not row[1][1].isdecimal() or int(row[1][1]) >= len(known):
                yield Rejected("no title and topic", "\t".join(row[1]), row[0])
            else:
                yield Example(row[1][0], known[int(row[1][1])], split=split if len(splits) > 1 else "", line=row[0])


def titles(name: str, size: str, splits: tuple[str, ...], **more: Any) -> Corpus:
    return Corpus(
        name=name, task="classify", title="titles of Chinese news in ten topics", size=size, load=partial(load, splits),
        licence="MIT (the collection); the titles are their publishers'",
        origin=f"THUCNews, as in github.com/{REPOSITORY}", version=lambda: checksum(files(splits)),
        citation="Sun, Li, Guo, Zhao, Zheng, Si and Liu 2016, THUCTC: an efficient Chinese text classifier", **more)


THUCNEWS = titles("thucnews", "some 200,000 titles", ("train", "dev", "test"),
                  suggested={"epochs": 3, "batch_size": 128, "min_count": 2})
SMALL = titles("thucnews-small", "9,993 titles, the dev split of thucnews", ("dev",))
