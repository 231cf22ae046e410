"""chnsenticorp: Chinese reviews of hotels, books and computers → positive or negative."""

from __future__ import annotations

from collections.abc import Iterator

from core.data import Example, Rejected
from core.settings import CorpusSettings
from corpora.fetch.archives import from_archive
from corpora.fetch.sources import folder
from corpora.read.columns import examples_of_rows
from corpora.read.files import checksum
from corpora.read.formats import of_split
from corpora.read.tables import tab_rows
from corpora.shared.corpus import Corpus
from corpora.shared.opening import File

URL, MD5 = "https://bj.bcebos.com/paddlenlp/datasets/ChnSentiCorp.zip", "7ef61b08ad10fbddf2ba97613f071561"
SUMS = {"train.tsv": "689360c4a4a9ce8d8719ed500ae80907", "dev.tsv": "20c77cc2371634731a367996b097ec0a"}
LABELS = {"0": "negative", "1": "positive"}
READING = CorpusSettings(encoding="utf-8", source_column="text_a", target_column="label")


def files() -> list[File]:
    """The archive's test.tsv has no labels; so the test split comes from the training data."""
    members = {name: f"ChnSentiCorp/{name}" for name in SUMS}
    there = folder("chnsenticorp", SUMS, [from_archive(URL, members, MD5)])
    return [File(there / name) for name in SUMS]


def load(script: str) -> Iterator[Example | Rejected]:
    for file in files():
        rows = examples_of_rows(tab_rows(file, READING), file, READING, "a tab")
        for e in of_split(file.path.stem, rows):
            if isinstance(e, Rejected) or e.target not in LABELS:
                yield e if isinstance(e, Rejected) else Rejected("unknown label", f"{e.source}\t{e.target}", e.line)
            else:
                yield Example(e.source, LABELS[e.target], split=e.split, line=e.line)


CHNSENTICORP = Corpus(
    name="chnsenticorp", task="classify", title="Chinese reviews of hotels, books and computers: positive or negative",
    size="some 10,800 reviews", licence="for research; none stated", origin="ChnSentiCorp, as PaddleNLP distributes it",
    load=load, version=lambda: checksum(files()), suggested={"epochs": 6, "max_length": 120},
    citation="Tan and Zhang 2008, An empirical study of sentiment analysis for Chinese documents")
