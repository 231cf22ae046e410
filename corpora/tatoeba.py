"""tatoeba-…: everyday sentences, Chinese, Japanese, French, German or Spanish → English."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from core.data import Example, Rejected
from core.settings import CorpusSettings
from corpora.fetch.archives import from_archive
from corpora.fetch.sources import folder
from corpora.read.files import checksum
from corpora.read.tables import tab_rows
from corpora.shared.corpus import Corpus
from corpora.shared.opening import File

URL = "https://www.manythings.org/anki"
LATER = {  # tried after the first has failed
    "spa": ("https://storage.googleapis.com/download.tensorflow.org/data/spa-eng.zip", "spa-eng/spa.txt")}


def file(code: str, name: str) -> File:
    """The pairs change at their source from time to time, so they have no checksum."""
    sources = [from_archive(f"{URL}/{code}-eng.zip", {f"{code}.txt": f"{code}.txt"})]
    if code in LATER:
        url, member = LATER[code]
        sources.append(from_archive(url, {f"{code}.txt": member}))
    return File(folder(name, {f"{code}.txt": ""}, sources) / f"{code}.txt")


def load(code: str, name: str, script: str) -> Iterator[Example | Rejected]:
    """A line is English, the other language and, in most versions, the authors."""
    for row in tab_rows(file(code, name), CorpusSettings(encoding="utf-8")):
        if isinstance(row, Rejected):
            yield row
        elif len(row[1]) < 2:
            yield Rejected("no pair of sentences", "\t".join(row[1]), row[0])
        else:
            yield Example(row[1][1], row[1][0].replace(" ,", ","), line=row[0])  # as in "10 ,000" of some versions


def pairs(code: str, short: str, language: str, size: str, scripts: tuple[str, ...] = ("as-written",),
          **more: Any) -> Corpus:
    name = f"tatoeba-{short}-en"
    return Corpus(
        name=name, task="translate", title=f"{language} → English everyday sentences", size=size,
        licence="CC BY 2.0 FR", origin=f"tatoeba.org, as {code}-eng.zip of manythings.org/anki",
        load=partial(load, code, name), scripts=scripts, disjoint_fields=("source", "target"),
        version=lambda: checksum([file(code, name)]),
        citation="the contributors of Tatoeba, tatoeba.org", **more)


CHINESE = pairs("cmn", "zh", "Chinese", "20,000 pairs and more", scripts=("simplified", "traditional"), converted=True)
JAPANESE = pairs("jpn", "ja", "Japanese", "100,000 pairs and more", suggested={"source_tokenizer": "characters"})
FRENCH = pairs("fra", "fr", "French", "200,000 pairs and more")
GERMAN = pairs("deu", "de", "German", "200,000 pairs and more")
SPANISH = pairs("spa", "es", "Spanish", "100,000 pairs and more")
