"""Segmentation: a text in, a list of tokens out, and back. Step one of the six steps of encoding.

Every kind keeps the promise `join(split(text)) == text` for text whose white space is single spaces.
"""

from __future__ import annotations

import itertools
import logging
import re
import unicodedata
import warnings
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Protocol

from core.data import InputError

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
GLUE, GAP = "\uffed", "\u2423"  # "no space here" and "a space here", where the usual rule says otherwise
CHINESE = re.compile(f"[{HAN}]")
START = "▁"  # opens a subword that opens a word
MARKS = dict.fromkeys(map(ord, GLUE + GAP + START))  # signs of the tokenizers' own, which a text may not hold
SIGNS = re.compile(r"[^\w\s]{31,}")  # among which are combining marks
PIECE = re.compile(rf"[{HAN}]+|[^\W{HAN}]+(?:['’\-][^\W{HAN}]+)*|[^\w\s]|_", re.UNICODE)


class Tokenizer(Protocol):
    kind: str

    def split(self, text: str) -> list[str]: ...
    def join(self, tokens: list[str]) -> str: ...
    def state(self) -> str: ...


def normalize(text: str, lowercase: bool = False) -> str:
    """One form for one text: canonical composition, single spaces, no control characters, no tokenizer's signs.

    >>> normalize(" a\\u3000 b\\n")
    'a b'
    """
    if not text.isprintable():
        text = "".join(c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    text = " ".join(text.translate(MARKS).split())
    # Last, since what was taken out may have kept an accent from its letter, and lower-casing makes new letters.
    return unicodedata.normalize("NFC", few_marks(text.lower() if lowercase else text))


def few_marks(text: str) -> str:
    """At most 30 combining marks in a row, as in Unicode's stream-safe form (UAX 15): no language has more, and to
    bring n of them into order takes time n²."""
    return text if text.isascii() else SIGNS.sub(_few_marks, text)


def _few_marks(found: re.Match[str]) -> str:
    runs = itertools.groupby(found.group(), lambda c: unicodedata.combining(c) > 0)
    return "".join(c for marks, run in runs for c in (itertools.islice(run, 30) if marks else run))


@lru_cache(maxsize=1 << 14)
def wide(character: str) -> bool:
    """Does it take two columns, as Chinese characters do?"""
    return unicodedata.east_asian_width(character) in "WF"


class Characters:
    """One token a character.

    >>> Characters().split("明月光")
    ['明', '月', '光']
    """

    kind = "characters"

    def split(self, text: str) -> list[str]:
        return list(text)

    def join(self, tokens: list[str]) -> str:
        return "".join(tokens)

    def state(self) -> str:
        return ""


class Words:
    """One token a word: jieba for Chinese, words and punctuation marks for alphabetic text.

    Tokens stay plain words, so that pre-trained vectors find them. White space follows a rule (between
    alphabetic words, not before a comma, not inside Chinese); where a text differs from the rule,
    a marker token says so.

    >>> Words().split("Hello, world!")
    ['Hello', ',', 'world', '!']
    """

    kind = "words"
    opening, closing = "([{“‘¿¡", ",.!?;:)]}”’%…"

    def split(self, text: str) -> list[str]:
        tokens: list[str] = []
        end = 0
        for match in PIECE.finditer(text):
            piece = match.group()
            words = _jieba().lcut(piece, HMM=True) if CHINESE.match(piece) else [piece]
            for i, word in enumerate(words):
                spaced = i == 0 and match.start() > end
                if tokens and spaced != self._spaced(tokens[-1], word):
                    tokens.append(GAP if spaced else GLUE)
                tokens.append(word)
            end = match.end()
        return tokens

    def join(self, tokens: list[str]) -> str:
        text, last = "", ""
        for token in tokens:
            if token not in (GLUE, GAP):
                if last == GAP or (last not in ("", GLUE, GAP) and self._spaced(last, token)):
                    text += " "
                text += token
            last = token
        return text

    def state(self) -> str:
        return ""

    def _spaced(self, left: str, right: str) -> bool:
        # Chinese writing sets no spaces around its own characters.
        return not (wide(left[-1]) or wide(right[0]) or left in self.opening or right in self.closing)


class Subwords:
    """One token a byte-pair-encoding piece (Sennrich et al. 2016), learned on the training split.

    A piece that opens a word starts with ▁, so the spaces of a text are kept.
    """

    kind = "subwords"

    def __init__(self, state: str) -> None:
        from tokenizers import Tokenizer as Model
        self._model = Model.from_str(state)

    @classmethod
    def from_texts(cls, texts: Iterable[str], size: int) -> Subwords:
        """size: number of pieces in the vocabulary."""
        from tokenizers import Tokenizer as Model
        from tokenizers import models, pre_tokenizers, trainers
        model = Model(models.BPE(unk_token="<unk>"))
        model.pre_tokenizer = pre_tokenizers.Metaspace(replacement=START, prepend_scheme="always")
        model.train_from_iterator(texts, trainers.BpeTrainer(
            vocab_size=size, special_tokens=["<unk>"], show_progress=False, min_frequency=2))
        return cls(model.to_str())

    def split(self, text: str) -> list[str]:
        if not text:
            return []
        shown = START + text.replace(" ", START)
        # Offsets give every piece as it stands in the text, also where the model only knows <unk>.
        pieces, last = [], 0
        for start, end in self._model.encode(text).offsets:
            start, end = max(start, last), max(end, last)
            if end > start or not pieces:
                pieces.append((start, end))
                last = end
        return [shown[0 if i == 0 else start + 1:end + 1] for i, (start, end) in enumerate(pieces)]

    def join(self, tokens: list[str]) -> str:
        return "".join(tokens).replace(START, " ").removeprefix(" ")

    def state(self) -> str:
        return self._model.to_str()


class WordAndCharacters:
    """For 1→N: a word is its own token, followed by the tokens of its characters (as fastText does).

    >>> WordAndCharacters().split("月光")
    ['月光', '月', '光']
    """

    kind = "word and characters"

    def split(self, text: str) -> list[str]:
        return [text, *text] if len(text) > 1 else [text]

    def join(self, tokens: list[str]) -> str:
        return tokens[0]

    def state(self) -> str:
        return ""


PLAIN = {t.kind: t for t in (Characters, Words, WordAndCharacters)}


def make_tokenizer(kind: str, state: str = "", texts: Iterable[str] = (), size: int = 0) -> Tokenizer:
    """A tokenizer of this kind: from its saved state, or learned on `texts`."""
    if kind in PLAIN:
        return PLAIN[kind]()
    if kind == Subwords.kind:
        return Subwords(state) if state else Subwords.from_texts(texts, size or 8000)
    raise InputError(f"tokenizer {kind!r} is unknown; known: {', '.join([*PLAIN, Subwords.kind])}")


@cache  # it is asked for with every text
def _jieba():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its regular expressions are spelled in a way newer Pythons warn about
        import jieba  # loads its dictionary at first use, so it is not paid for by those who do not need it
    jieba.setLogLevel(logging.WARNING)
    return jieba
