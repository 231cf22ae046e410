"""A trained model as plain data, with its tensors in their places: what the scripts in n2m/export/js compute with."""

from __future__ import annotations

import json
import unicodedata
from functools import lru_cache
from typing import Any

from core.data import InputError
from core.encoder import Lookup
from core.models import Classifier, Seq2Seq
from core.text import Codec, Labels
from core.tokenizer import CHINESE
from corpora.prepare.cleaning import script_converter
from n2m.export.network import network_data
from n2m.export.verse import verse_data
from n2m.model import Model

TASKS = ("word", "classify", "poem", "translate")
CELLS, ATTENTIONS = ("rnn", "gru", "lstm"), ("none", "additive", "dot")
TOKENIZERS = ("characters", "units", "spaces", "subwords", "word and characters")
ONNX = "export it with `onnx` FOLDER instead"


def collect(model: Model) -> dict[str, Any]:
    """All that the scripts of the page need, with tensors in their places. Raises InputError for a model that they
    cannot compute."""
    check(model)
    own, s = model.text_model, model.settings
    search = own.task.search_settings({"beam": 1}, s)
    lookup = isinstance(own.network.encoder, Lookup)
    verse = verse_data(own)
    corpus = own.metadata["corpus"]
    return {
        "task": own.task.name, "sizes": own.task.sizes, "corpus": corpus["name"], "sample": sample(model),
        "max_length": s.max_length, "max_output": search.max_output,
        "no_repeat_ngram_size": search.no_repeat_ngram_size, "cell": s.cell, "layers": s.layers,
        "score": s.attention if s.attention != "none" else "",
        "directions": 0 if lookup else 2 if s.bidirectional else 1,
        "normalization": corpus.get("reading", {}).get("normalization", "nfc"),
        "script": script_table(corpus.get("script", "as-written"), own.source, verse is not None),
        "wide": wide_ranges(), "source": codec_data(own.source),
        "target": "source" if own.target is own.source else codec_data(own.target),
        "network": network_data(own.network, s.cell), "verse": verse}


def check(model: Model) -> None:
    """Raises InputError for a model with a task or part that the scripts do not know."""
    own, s = model.text_model, model.settings
    if own.task.name not in TASKS or type(own.network) not in (Seq2Seq, Classifier):
        raise InputError(f"`html` does not know the task {own.task.name}; it knows {', '.join(TASKS)}")
    for name, value, known in (("cell", s.cell, CELLS), ("attention", s.attention, ATTENTIONS)):
        if value not in known:
            raise InputError(f"`html` does not know `{name}` {value}; it knows {', '.join(known)}")
    source = own.source
    if source.tokenizer.kind == "words":
        if any(map(CHINESE.search, source.vocabulary.words())):
            raise InputError("`html` cannot cut Chinese into words, which needs the dictionary of jieba; train with "
                             f"`source_tokenizer` units, characters or subwords, or {ONNX}")
    elif source.tokenizer.kind not in TOKENIZERS:
        raise InputError(f"`html` does not know `tokenizer` {source.tokenizer.kind}; it knows {', '.join(TOKENIZERS)}")


def sample(model: Model) -> str:
    """An input to begin with, empty if the task's own does not fit the model."""
    try:
        model.read_input(model.task.sample_input)
    except InputError:
        return ""
    return model.task.sample_input


# texts


def codec_data(codec: Codec | Labels) -> dict[str, Any]:
    if isinstance(codec, Labels):
        return {"labels": codec.names}
    merges = []
    if codec.tokenizer.kind == "subwords":
        learned = json.loads(codec.tokenizer.state())["model"]["merges"]
        merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in learned]
    return {"tokenizer": codec.tokenizer.kind, "lowercase": codec.lowercase, "words": codec.vocabulary.words(),
            "merges": merges}


def script_table(script: str, codec: Codec, verse: bool) -> dict[str, str] | None:
    """The characters that the model's script writes in another way, and how: of those that its vocabulary holds or, for
    verse, of all, since the table of rhymes knows more. OpenCC's phrases are left out."""
    if script not in ("simplified", "traditional"):
        return None
    known = {c for word in codec.vocabulary.words() for c in word}
    every = [chr(c) for start, end in ((0x3400, 0x9fff), (0xf900, 0xfaff), (0x20000, 0x2ffff))
             for c in range(start, end + 1)]
    converted = script_converter(script)("\n".join(every)).split("\n")
    pairs = [(a, b) for a, b in zip(every, converted) if a != b and len(b) == 1 and (verse or b in known)]
    return {"from": "".join(a for a, _ in pairs), "to": "".join(b for _, b in pairs)}


@lru_cache(maxsize=1)
def wide_ranges() -> list[list[int]]:
    """The ranges of characters that take two columns, as core.tokenizer.wide."""
    ranges: list[list[int]] = []
    for c in range(0x110000):
        if unicodedata.east_asian_width(chr(c)) in "WF":
            if ranges and ranges[-1][1] == c - 1:
                ranges[-1][1] = c
            else:
                ranges.append([c, c])
    return ranges
