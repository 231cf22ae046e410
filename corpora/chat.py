"""chat, chat-en and chat-movies: conversations in Chinese and English: an utterance → a reply."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

from core.data import Example, Rejected
from corpora.fetch.archives import from_archive
from corpora.fetch.download import package_file, versions_of
from corpora.fetch.sources import folder
from corpora.read.encodings import lines
from corpora.read.files import checksum
from corpora.shared.corpus import Corpus
from corpora.shared.opening import File

PACKAGE = "chatterbot-corpus"
MOVIES = ("https://www.cs.cornell.edu/~cristian/data/cornell_movie_dialogs_corpus.zip",
          "https://s3.amazonaws.com/pytorch-tutorial-assets/cornell_movie_dialogs_corpus.zip")
SHA256 = "3bde8a571f615201bc2d2453e22878090719638592f774720eddec739de8c900"
LINES, CONVERSATIONS = "movie_lines.txt", "movie_conversations.txt"
BETWEEN = " +++$+++ "  # columns


def load(language: str, script: str) -> Iterator[Example]:
    """Each sentence of a conversation with the next. The package has a folder for each language, a file for each
    topic."""
    import yaml
    language = {"traditional": "traditional"}.get(script, "") + language
    one = package_file(PACKAGE, f"chatterbot_corpus/data/{language}/conversations.yml")
    for topic in sorted(one.parent.glob("*.yml")):
        for conversation in yaml.safe_load(topic.read_text(encoding="utf-8"))["conversations"]:
            if isinstance(conversation, str):  # one sentence without a reply
                continue
            for utterance, reply in pairwise(map(str, conversation)):
                yield Example(utterance, reply)


def movie_files() -> list[File]:
    members = {name: f"cornell movie-dialogs corpus/{name}" for name in (LINES, CONVERSATIONS)}
    there = folder("cornell-movie-dialogs", dict.fromkeys(members, ""),
                   [from_archive(url, members, SHA256) for url in MOVIES])
    return [File(there / name) for name in members]


def load_movies(script: str) -> Iterator[Example | Rejected]:
    """One file has the lines with their ids, such as L194, the other the ids of the lines of each conversation."""
    utterances, conversations = movie_files()
    texts = {row[0]: row[-1] for row in _rows(utterances)}
    for row in _rows(conversations):
        for a, b in pairwise(re.findall(r"L\d+", row[-1])):
            if a in texts and b in texts:
                yield Example(texts[a], texts[b])


def _rows(file: File) -> Iterator[list[str]]:
    return (item[1].split(BETWEEN) for item in lines(file, "cp1252") if not isinstance(item, Rejected))


ABOUT: dict[str, Any] = {"task": "translate", "licence": "BSD 3-clause", "origin": f"Python package {PACKAGE}",
         "citation": "Gunther Cox and contributors, ChatterBot corpus", "version": versions_of(PACKAGE, "pyyaml")}
CHINESE = Corpus(name="chat", title="Chinese conversations: utterance → reply", size="550 pairs",
                 load=partial(load, "chinese"), scripts=("simplified", "traditional"),
                 suggested={"tokenizer": "characters", "epochs": 30, "batch_size": 16, "learning_rate": 1e-3}, **ABOUT)
ENGLISH = Corpus(name="chat-en", title="English conversations: utterance → reply", size="1,176 pairs",
                 load=partial(load, "english"), scripts=("as-written",),
                 suggested={"epochs": 30, "batch_size": 32, "learning_rate": 1e-3}, **ABOUT)
FILMS = Corpus(name="chat-movies", task="translate", title="dialogues of films: utterance → reply",
               size="some 220,000 pairs", licence="none stated", origin="cs.cornell.edu, Cornell movie dialogs",
               load=load_movies, scripts=("as-written",), version=lambda: checksum(movie_files()),
               suggested={"epochs": 3, "batch_size": 128, "min_count": 5, "max_length": 40, "source_dropout": 0.1},
               citation="Danescu-Niculescu-Mizil and Lee 2011, Chameleons in imagined conversations")
