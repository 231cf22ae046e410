"""Vocabulary: tokens in, ids out, and back. Steps two and three of encoding. The only place torchtext is used."""

from __future__ import annotations

import contextlib
import io
import ssl
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor
from torchtext.vocab import Vectors, Vocab

from core.data import InputError

PAD, BOS, EOS, UNK = range(4)
SPECIALS = ["<pad>", "<bos>", "<eos>", "<unk>"]


class Vocabulary:
    """Every token that occurs often enough has an id; all others share <unk>.

    Ids 0 to 3 are <pad>, <bos>, <eos> and <unk>; then come tokens by falling frequency, ties by spelling.

    >>> v = Vocabulary.learn([["月", "光"], ["月"]])
    >>> v.ids(["月", "山"]), v.tokens([4, 3])
    ([4, 3], ['月', '<unk>'])
    """

    def __init__(self, tokens: list[str]) -> None:
        """tokens: the tokens of ids 4, 5, …, in that order."""
        if len(set(tokens)) != len(tokens) or set(tokens) & set(SPECIALS):
            raise InputError("vocabulary: a token stands twice, or is a special symbol")
        ranked = Counter({token: len(tokens) - rank for rank, token in enumerate(tokens)})
        self._vocab = Vocab(ranked, specials=SPECIALS)
        # Text may spell "<eos>"; that is no <eos>.
        self._ids = {token: i for token, i in self._vocab.stoi.items() if i >= len(SPECIALS)}

    @classmethod
    def learn(cls, texts: Iterable[list[str]], min_count: int = 1, max_size: int = 0) -> Vocabulary:
        """The tokens of `texts` seen at least min_count times; of these the max_size most frequent (0: all)."""
        return cls.of(Counter(token for tokens in texts for token in tokens), min_count, max_size)

    @classmethod
    def of(cls, counts: Counter[str], min_count: int = 1, max_size: int = 0) -> Vocabulary:
        """The same, of tokens counted before."""
        counts = counts.copy()
        for special in SPECIALS:
            counts.pop(special, None)
        vocab = Vocab(counts, min_freq=min_count, max_size=max_size or None, specials=SPECIALS)
        return cls(vocab.itos[len(SPECIALS):])

    def __len__(self) -> int:
        return len(self._vocab.itos)

    def __contains__(self, token: str) -> bool:
        return token in self._ids

    def ids(self, tokens: Iterable[str]) -> list[int]:
        return [self._ids.get(token, UNK) for token in tokens]

    def tokens(self, ids: Iterable[int]) -> list[str]:
        return [self._vocab.itos[i] for i in ids]

    def words(self) -> list[str]:
        """The tokens of ids 4, 5, …: what to save."""
        return self._vocab.itos[len(SPECIALS):]

    def vectors(self, path: str) -> tuple[Tensor, int]:
        """Pre-trained vectors for this vocabulary, from a file in the word2vec text format: a token and its numbers a
        line. Returns a (V, E) tensor, zero where the file has no vector, and the number of tokens found."""
        if not Path(path).is_file():
            raise InputError(f"--vectors {path}: no such file; give a file in the word2vec text format")
        trusted = ssl._create_default_https_context
        try:
            # torchtext keeps what it parsed under the file's name, where it would go stale; and draws its own bar.
            with tempfile.TemporaryDirectory() as cache, contextlib.redirect_stderr(io.StringIO()):
                found = Vectors(Path(path).resolve(), cache=cache)
        except (ValueError, RuntimeError, TypeError, OSError, EOFError, zlib.error) as error:
            raise InputError(f"--vectors {path}: not in the word2vec text format "
                             f"({str(error)[:60]!r}); needs a token and its numbers on each line") from None
        finally:
            ssl._create_default_https_context = trusted  # torchtext turns the checking of certificates off
        table = torch.zeros(len(self), found.dim)
        if not found.vectors.isfinite().all():
            raise InputError(f"--vectors {path}: holds numbers that are not finite; mend or leave out their lines")
        hits = [(i, found.stoi[t]) for t, i in self._ids.items() if t in found.stoi]
        for ours, theirs in hits:
            table[ours] = found.vectors[theirs]
        return table, len(hits)
