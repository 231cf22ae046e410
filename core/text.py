"""Raw text ↔ ids: a Codec (tokenizer and vocabulary) for texts, Labels for classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from core.data import InputError
from core.tokenizer import Tokenizer, make_tokenizer, normalize
from core.vocabulary import SPECIALS, UNK, Vocabulary


class Texts:
    """Texts that are read more than once and need not be in memory.

    >>> Texts(["ab", "b"], ["c"]).counts(list)
    Counter({'b': 2, 'a': 1, 'c': 1})
    """

    def __init__(self, *parts: Iterable[str]) -> None:
        self.parts = [list(part) if iter(part) is part else part for part in parts]

    def __iter__(self) -> Iterator[str]:
        for part in self.parts:
            yield from part

    def counts(self, split: Callable[[str], list[str]]) -> Counter[str]:
        """Frequency of each token. split: function from a text to its tokens."""
        total: Counter[str] = Counter()
        for part in self.parts:
            total.update(part.counts(split) if isinstance(part, Texts)
                         else (token for text in part for token in split(text)))
        return total


class Codec:
    """text → tokens → ids, ids → tokens → text."""

    def __init__(self, tokenizer: Tokenizer, vocabulary: Vocabulary, lowercase: bool = False) -> None:
        self.tokenizer, self.vocabulary, self.lowercase = tokenizer, vocabulary, lowercase

    @classmethod
    def from_texts(cls, kind: str, texts: Iterable[str], lowercase: bool = False, min_count: int = 1,
              max_size: int = 0) -> Codec:
        """Tokenizer and vocabulary from the texts of the training split. kind: a tokenizer in core.registry; the others
        as in Settings. Raises InputError if no token is left."""
        texts = Texts(texts)
        tokenizer = make_tokenizer(kind, texts=(normalize(text, lowercase) for text in texts), size=max_size)
        counts = texts.counts(partial(tokens, tokenizer, lowercase))
        vocabulary = Vocabulary.from_counts(counts, min_count, max_size)
        if not vocabulary.words():
            why = (f"no token occurs `min_count` {min_count} times; lower `min_count`, or use `tokenizer` "
                   "characters" if counts
                   else "the training split contains no text; use another corpus")
            raise InputError(f"the vocabulary is empty: {why}")
        return cls(tokenizer, vocabulary, lowercase)

    def __len__(self) -> int:
        return len(self.vocabulary)

    def tokens(self, text: str) -> list[str]:
        return tokens(self.tokenizer, self.lowercase, text)

    def ids(self, text: str) -> list[int]:
        return self.vocabulary.ids(self.tokens(text))

    def text(self, ids: Iterable[int]) -> str:
        return self.tokenizer.join(self.vocabulary.tokens(i for i in ids if i >= len(SPECIALS) or i == UNK))

    def unknown_fraction(self, texts: Iterable[str]) -> float:
        """Fraction of the tokens of these texts that are not in the vocabulary."""
        ids = [i for text in texts for i in self.ids(text)]
        return ids.count(UNK) / max(len(ids), 1)

    def unknown(self, text: str) -> list[str]:
        """The tokens of a text that are not in the vocabulary, each once."""
        return [token for token in dict.fromkeys(self.tokens(text)) if token not in self.vocabulary]

    def to_json(self) -> dict:
        return {"tokenizer": self.tokenizer.kind, "tokenizer_state": self.tokenizer.state(),
                "lowercase": self.lowercase, "vocabulary": self.vocabulary.words()}

    @classmethod
    def from_json(cls, saved: dict) -> Codec:
        return cls(make_tokenizer(saved["tokenizer"], saved["tokenizer_state"]), Vocabulary(saved["vocabulary"]),
                   saved["lowercase"])


def tokens(tokenizer: Tokenizer, lowercase: bool, text: str) -> list[str]:
    return tokenizer.split(normalize(text, lowercase))


class Labels:
    """The labels of a classifier: label ↔ id. Ids count from 1, since 0 is <pad>.

    >>> labels = Labels.from_texts(["spam", "ham", "spam"])
    >>> labels.names, labels.ids("spam"), labels.text([1])
    (['ham', 'spam'], [2], 'ham')
    """

    def __init__(self, labels: list[str]) -> None:
        self.names = labels
        self._ids = {name: i for i, name in enumerate(labels, 1)}

    @classmethod
    def from_texts(cls, labels: Iterable[str]) -> Labels:
        """The distinct labels of the training split, sorted."""
        return cls(sorted(Texts(labels).counts(whole_text)))

    def __len__(self) -> int:
        return len(self.names)

    def ids(self, label: str) -> list[int]:
        """Raises InputError for a label that is not in the training split."""
        if label not in self._ids:
            raise InputError(f"label {label[:40]!r} is not in the training split; known: {', '.join(self.names[:20])}")
        return [self._ids[label]]

    def text(self, ids: Iterable[int]) -> str:
        return ", ".join(self.names[i - 1] for i in ids)

    def to_json(self) -> dict:
        return {"labels": self.names}

    @classmethod
    def from_json(cls, saved: dict) -> Labels:
        return cls(saved["labels"])


def whole_text(text: str) -> list[str]:
    return [text]
