"""Raw text in, ids out, and back: a Codec (a tokenizer with its vocabulary) for texts, Labels for classes."""

from __future__ import annotations

from collections.abc import Iterable

from core.tokenizer import Tokenizer, make_tokenizer, normalize
from core.vocabulary import SPECIALS, UNK, Vocabulary


class Codec:
    """text → tokens → ids, ids → tokens → text."""

    def __init__(self, tokenizer: Tokenizer, vocabulary: Vocabulary, lowercase: bool = False) -> None:
        self.tokenizer, self.vocabulary, self.lowercase = tokenizer, vocabulary, lowercase

    @classmethod
    def learn(cls, kind: str, texts: Iterable[str], lowercase: bool = False, min_count: int = 1,
              max_size: int = 0) -> Codec:
        """Tokenizer and vocabulary from the texts of the training split."""
        clean = [normalize(text, lowercase) for text in texts]
        tokenizer = make_tokenizer(kind, texts=clean, size=max_size)
        return cls(tokenizer, Vocabulary.learn(map(tokenizer.split, clean), min_count, max_size), lowercase)

    def __len__(self) -> int:
        return len(self.vocabulary)

    def tokens(self, text: str) -> list[str]:
        return self.tokenizer.split(normalize(text, self.lowercase))

    def ids(self, text: str) -> list[int]:
        return self.vocabulary.ids(self.tokens(text))

    def text(self, ids: Iterable[int]) -> str:
        return self.tokenizer.join(self.vocabulary.tokens(i for i in ids if i >= len(SPECIALS) or i == UNK))

    def unknown_share(self, texts: Iterable[str]) -> float:
        """Share of the tokens of these texts that the vocabulary does not hold."""
        ids = [i for text in texts for i in self.ids(text)]
        return ids.count(UNK) / max(len(ids), 1)

    def to_json(self) -> dict:
        return {"tokenizer": self.tokenizer.kind, "tokenizer_state": self.tokenizer.state(),
                "lowercase": self.lowercase, "vocabulary": self.vocabulary.words()}

    @classmethod
    def from_json(cls, saved: dict) -> Codec:
        return cls(make_tokenizer(saved["tokenizer"], saved["tokenizer_state"]), Vocabulary(saved["vocabulary"]),
                   saved["lowercase"])


class Labels:
    """A classifier's answers: label ↔ its number, from 0."""

    def __init__(self, labels: list[str]) -> None:
        self.names = labels
        self._ids = {name: i for i, name in enumerate(labels)}

    def __len__(self) -> int:
        return len(self.names)

    def ids(self, label: str) -> list[int]:
        return [self._ids[label]]

    def text(self, ids: Iterable[int]) -> str:
        return ", ".join(self.names[i] for i in ids)

    def to_json(self) -> dict:
        return {"labels": self.names}

    @classmethod
    def from_json(cls, saved: dict) -> Labels:
        return cls(saved["labels"])
