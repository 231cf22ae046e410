"""chat and chat-en: what somebody says in, what may be said to it out; in Chinese, and in English."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

from core.data import Example
from corpora.shared.corpus import Corpus
from corpora.shared.download import package_file, versions_of

PACKAGE = "chatterbot-corpus"


def load(language: str, script: str) -> Iterator[Example]:
    """Each sentence of a conversation with the next. The package has a folder for each language, a file for each
    topic."""
    import yaml
    language = {"traditional": "traditional"}.get(script, "") + language
    one = package_file(PACKAGE, f"chatterbot_corpus/data/{language}/conversations.yml")
    for topic in sorted(one.parent.glob("*.yml")):
        for conversation in yaml.safe_load(topic.read_text(encoding="utf-8"))["conversations"]:
            for said, answer in pairwise(map(str, conversation)):
                yield Example(said, answer)


ABOUT = {"task": "translate", "licence": "BSD 3-clause", "origin": f"Python package {PACKAGE}",
         "citation": "Gunther Cox and contributors, ChatterBot corpus", "version": versions_of(PACKAGE, "pyyaml")}
CHINESE = Corpus(name="chat", title="Chinese conversations: what is said → what is answered", size="552 pairs",
                 load=partial(load, "chinese"), scripts=("simplified", "traditional"),
                 suggested={"tokenizer": "characters", "epochs": 30, "batch_size": 16, "patience": 0}, **ABOUT)
ENGLISH = Corpus(name="chat-en", title="English conversations: what is said → what is answered", size="2,306 pairs",
                 load=partial(load, "english"), suggested={"epochs": 30, "batch_size": 32, "patience": 0}, **ABOUT)
