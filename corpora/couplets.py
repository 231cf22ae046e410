"""couplets and couplets-large: Chinese couplets (对联): the first line → the second."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from core.data import Example, Rejected
from core.settings import CorpusSettings
from core.tokenizer import HAN
from corpora.fetch.archives import from_archive
from corpora.fetch.sources import folder, from_github
from corpora.read.files import checksum
from corpora.read.formats import aligned
from corpora.read.tables import tab_rows
from corpora.shared.corpus import Corpus
from corpora.shared.opening import File

READING = CorpusSettings(encoding="utf-8")
NO_HAN = re.compile(f"[^{HAN}]")
NAME, SHA256 = "couplets.txt", "9497ff095f4699aa7b1d88375e244a03c986cfa1a1e36a3cc5428b71154ccbf1"
REMOTE_NAME = "cldldq+zgdl+zgdldq+zgdlw.txt"
REPOSITORY, COMMIT = "ZiJianZhao/Couplet-Machine", "134405411ec64a985fb031fcbfa2276bfa322441"
LARGE, LARGE_MD5 = "https://bj.bcebos.com/paddlenlp/datasets/couplet.tar.gz", "5c0dcde8eec6a517492227041c2e2d54"
LARGE_SUMS = {
    "train_src.tsv": "ad137385ad5e264ac4a54fe8c95d1583", "train_tgt.tsv": "daf4dd79dbf26040696eee0d645ef5ad",
    "dev_src.tsv": "65bf9e72fa8fdf0482751c1fd6b6833c", "dev_tgt.tsv": "3bc3b300b19d170923edfa8491352951",
    "test_src.tsv": "f0a7366dfa0acac884b9f4901aac2cc1", "test_tgt.tsv": "56664bff3f2edfd7a751a55a689f90c2"}


def couplet(first: str, second: str, number: int, split: str = "") -> Example | Rejected:
    """Without punctuation: many couplets are in the file twice, with it and without.

    >>> couplet("明月松间照；", "清泉石上流。", 1)
    Example(source='明月松间照', target='清泉石上流', context=(), key='', split='')
    """
    a, b = [NO_HAN.sub("", line) for line in (first, second)]
    if len(a) != len(b):
        return Rejected("lines of different length, without punctuation", f"{first}\t{second}", number)
    return Example(a, b, split=split, line=number)


def file() -> File:
    paths = {NAME: REMOTE_NAME}
    return File(folder("couplets", {NAME: SHA256}, from_github(REPOSITORY, COMMIT, "data/final", paths)) / NAME)


def load(script: str) -> Iterator[Example | Rejected]:
    """A line is the first line, => and the second."""
    for row in tab_rows(file(), READING):
        yield row if isinstance(row, Rejected) else couplet(row[1][0], row[1][-1], row[0])


def large_files() -> list[File]:
    members = {name: f"couplet/{name}" for name in LARGE_SUMS}
    there = folder("couplets-large", LARGE_SUMS, [from_archive(LARGE, members, LARGE_MD5)])
    return [File(there / name) for name in LARGE_SUMS]


def load_large(script: str) -> Iterator[Example | Rejected]:
    """Its characters are separated by \\x02, which no text contains."""
    found = large_files()
    for split, first, second in zip(("train", "dev", "test"), found[::2], found[1::2]):
        for e in aligned(first, second, READING):
            yield e if isinstance(e, Rejected) else couplet(e.source, e.target, e.line, split)


ABOUT: dict[str, Any] = {"task": "translate", "disjoint_fields": ("source", "target"), "converted": True,
                         "scripts": ("simplified", "traditional")}
# A few couplets have hundreds of characters; truncated, they do not slow down a whole batch.
SUGGESTED = {"tokenizer": "characters", "min_count": 1, "max_length": 40, "batch_size": 128, "source_dropout": 0.1}
COUPLETS = Corpus(
    name="couplets", title="couplets (对联): the first line → the second", size="32,101 couplets",
    licence="none stated", origin=f"github.com/{REPOSITORY}", load=load, version=lambda: checksum([file()]),
    citation="Zhao Zijian, Couplet-Machine, on GitHub",
    suggested={**SUGGESTED, "epochs": 10, "dropout": 0.4, "word_dropout": 0.1}, **ABOUT)
COUPLETS_LARGE = Corpus(
    name="couplets-large", title="many more couplets (对联): the first line → the second", size="some 740,000 couplets",
    licence="MIT", origin="github.com/v-zich/couplet-clean-dataset, as PaddleNLP distributes it", load=load_large,
    citation="Zixuan Chen, couplet-clean-dataset, made of wb14123, couplet-dataset; both on GitHub",
    version=lambda: checksum(large_files()), suggested={**SUGGESTED, "epochs": 2}, **ABOUT)
