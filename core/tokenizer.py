"""Tokenizers: the first of the six steps of encoding.

Each satisfies `join(split(text)) == text` for text whose white space is single spaces.
"""

from __future__ import annotations

import itertools
import logging
import re
import unicodedata
import warnings
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

import regex

from core.data import InputError
from core.registry import TASK_TOKENIZERS, TOKENIZERS, load_class

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
GLUE, GAP = "\uffed", "\u2423"  # tokens for "no space here" and "a space here": exceptions to the spacing rule
CHINESE = re.compile(f"[{HAN}]+")
MARK = re.compile(f"\\s*([{HAN}])[:：]\\s*")  # of the kind of a text, before it: 宋：床前明月光
START = "▁"  # first character of a subword that begins a word
RESERVED = dict.fromkeys(map(ord, GLUE + GAP + START))  # removed from text
SIGNS = re.compile(r"[^\w\s]{31,}")  # among which are combining marks
# A word is letters, digits and their combining marks: \w as Unicode defines it (UTS 18), which `re` does not.
PIECE = regex.compile(rf"[{HAN}]+(?!\p{{M}})|[^\W{HAN}]+(?:['’\-][^\W{HAN}]+)*|[^\w\s]\p{{M}}*|[{HAN}]\p{{M}}*")
ASCII_PIECE = re.compile(r"\w+(?:['\-]\w+)*|[^\w\s]")  # the same for ASCII text, in half the time


class Tokenizer:
    """A subclass writes `split` and `join`; one that learns from text also `from_texts`, `state` and `__init__`."""

    kind: str  # its name in core.registry

    def __init__(self, state: str = "") -> None:
        """state: what `state` returned before."""

    @classmethod
    def from_texts(cls, texts: Iterable[str], size: int) -> Tokenizer:
        """A tokenizer for these texts. size: number of tokens to learn; 0: the tokenizer's own default."""
        return cls()

    def split(self, text: str) -> list[str]:
        raise NotImplementedError

    def join(self, tokens: list[str]) -> str:
        raise NotImplementedError

    def state(self) -> str:
        """What has been learned, for `__init__`."""
        return ""


def normalize(text: str, lowercase: bool = False) -> str:
    """The canonical form of a text: NFC, single spaces, no control characters, no reserved characters.

    >>> normalize(" a\\u3000 b\\n")
    'a b'
    """
    if not text.isprintable():
        text = "".join(c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    text = " ".join(text.translate(RESERVED).split())
    # Last: a removed character may have separated an accent from its letter, and lowercasing makes new letters.
    return unicodedata.normalize("NFC", few_marks(text.lower() if lowercase else text))


def few_marks(text: str) -> str:
    """The text with at most 30 combining marks in a row, as in Unicode's stream-safe form (UAX 15): no language has
    more, and sorting n of them takes time n²."""
    return text if text.isascii() else SIGNS.sub(_few_marks, text)


def _few_marks(found: re.Match[str]) -> str:
    runs = itertools.groupby(found.group(), lambda c: unicodedata.combining(c) > 0)
    return "".join(c for marks, run in runs for c in (itertools.islice(run, 30) if marks else run))


@lru_cache(maxsize=1 << 14)
def wide(character: str) -> bool:
    """Whether the character takes two columns in a terminal, as Chinese characters do."""
    return unicodedata.east_asian_width(character) in "WF"


class Characters(Tokenizer):
    """One token per character.

    >>> Characters().split("明月光")
    ['明', '月', '光']
    """

    kind = "characters"

    def split(self, text: str) -> list[str]:
        return list(text)

    def join(self, tokens: list[str]) -> str:
        return "".join(tokens)


class Spaces(Tokenizer):
    """One token per piece between spaces: for text that is tokenized already, such as tags of words.

    >>> Spaces().split("B-PER I-PER O")
    ['B-PER', 'I-PER', 'O']
    """

    kind = "spaces"

    def split(self, text: str) -> list[str]:
        return text.split()

    def join(self, tokens: list[str]) -> str:
        return " ".join(tokens)


class Words(Tokenizer):
    """One token per word or punctuation mark; Chinese is segmented by jieba.

    Tokens are plain words, so that pretrained vectors match them. White space follows a rule (between alphabetic
    words, not before a comma, not inside Chinese); a marker token notes each exception. A combining mark is never
    separated from its character.

    >>> Words().split("Hello, world!")
    ['Hello', ',', 'world', '!']
    """

    kind = "words"
    opening, closing = "([{“‘¿¡", ",.!?;:)]}”’%…"

    def split(self, text: str) -> list[str]:
        tokens: list[str] = []
        end = 0
        for match in (ASCII_PIECE if text.isascii() else PIECE).finditer(text):
            piece = match.group()
            words = self.segment(piece) if CHINESE.fullmatch(piece) else [piece]
            for i, word in enumerate(words):
                spaced = i == 0 and match.start() > end
                if tokens and spaced != self._spaced(tokens[-1], word):
                    tokens.append(GAP if spaced else GLUE)
                tokens.append(word)
            end = match.end()
        return tokens

    def segment(self, chinese: str) -> list[str]:
        return _jieba().lcut(chinese, HMM=True)

    def join(self, tokens: list[str]) -> str:
        text, last = "", ""
        for token in tokens:
            if token not in (GLUE, GAP):
                if last == GAP or (last not in ("", GLUE, GAP) and self._spaced(last, token)):
                    text += " "
                text += token
            last = token
        return text

    def _spaced(self, left: str, right: str) -> bool:
        # Chinese is written without spaces.
        return not (wide(left[-1]) or wide(right[0]) or left in self.opening or right in self.closing)


class Units(Words):
    """One token per Chinese character, word of another language or punctuation mark.

    >>> Units().split("我用Python 3。")
    ['我', '用', 'Python', '3', '。']
    """

    kind = "units"

    def segment(self, chinese: str) -> list[str]:
        return list(chinese)


class WordAndCharacters(Tokenizer):
    """For 1→N: the word itself, then its characters, as in fastText, and a mark that stands before it.

    >>> WordAndCharacters().split("月光"), WordAndCharacters().split("宋：月光")
    (['月光', '月', '光'], ['月光', '月', '光', '宋：'])
    """

    kind = "word and characters"

    def split(self, text: str) -> list[str]:
        mark = MARK.match(text)
        word = text[mark.end():] if mark else text
        if not mark or not word:
            return [text, *text] if len(text) > 1 else [text]
        return [word, *(word if len(word) > 1 else ""), f"{mark[1]}："]

    def join(self, tokens: list[str]) -> str:
        return (tokens[-1] if MARK.fullmatch(tokens[-1]) else "") + tokens[0]


def make_tokenizer(kind: str, state: str = "", texts: Iterable[str] = (), size: int = 0) -> Tokenizer:
    """The tokenizer of this name in core.registry: from its saved state, or from `texts`. size: see from_texts."""
    known = TOKENIZERS | TASK_TOKENIZERS
    if kind not in known:
        raise InputError(f"`tokenizer` {kind} is unknown; known: {', '.join(known)}")
    made = load_class(known[kind])
    return made(state) if state else made.from_texts(texts, size)


@cache  # used for each text
def _jieba() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer Pythons warn about its regular expressions
        import jieba  # late: it loads its dictionary, which only `words` needs
    jieba.setLogLevel(logging.WARNING)
    return jieba
