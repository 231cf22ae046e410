"""Vocabulary: tokens ↔ ids. Steps two and three of encoding. The only module that uses torchtext."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import ssl
import zlib
from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import torch
from torchtext.vocab import Vectors, Vocab

from core.cache import get_or_build
from core.data import InputError
from core.vectors import Pretrained, checksum, header_of, incomplete, read_binary

PAD, BOS, EOS, UNK = range(4)
SPECIALS = ["<pad>", "<bos>", "<eos>", "<unk>"]


class Vocabulary:
    """An id for each token that is frequent enough; all others share <unk>.

    Ids 0 to 3 are <pad>, <bos>, <eos> and <unk>; then come the tokens by decreasing frequency, ties by spelling.

    >>> v = Vocabulary.from_texts([["月", "光"], ["月"]])
    >>> v.ids(["月", "山"]), v.tokens([4, 3])
    ([4, 3], ['月', '<unk>'])
    """

    def __init__(self, tokens: list[str]) -> None:
        """tokens: the tokens of ids 4, 5, …, in that order."""
        if len(set(tokens)) != len(tokens) or set(tokens) & set(SPECIALS):
            raise InputError("the vocabulary contains a token twice, or a special symbol; use `retrain` to train again")
        ranked = Counter({token: len(tokens) - rank for rank, token in enumerate(tokens)})
        self._vocab = Vocab(ranked, specials=SPECIALS)
        # A text may contain "<eos>", which is not the symbol.
        self._ids = {token: i for token, i in self._vocab.stoi.items() if i >= len(SPECIALS)}

    @classmethod
    def from_texts(cls, texts: Iterable[list[str]], min_count: int = 1, max_size: int = 0) -> Vocabulary:
        """The tokens that occur at least min_count times in `texts`; of these the max_size most frequent (0: all)."""
        return cls.from_counts(Counter(token for tokens in texts for token in tokens), min_count, max_size)

    @classmethod
    def from_counts(cls, counts: Counter[str], min_count: int = 1, max_size: int = 0) -> Vocabulary:
        """As from_texts, from the frequencies of the tokens."""
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
        """The tokens of ids 4, 5, …, which `__init__` takes."""
        return self._vocab.itos[len(SPECIALS):]

    def vectors(self, path: str, cache_dir: Path | None = None) -> Pretrained:
        """Pretrained vectors for this vocabulary, from a file in word2vec (text or binary) or fastText (.vec) format.

        cache_dir: where torchtext keeps the parsed vectors for later calls, until the file changes; None keeps
        nothing. Raises InputError for any other file.
        """
        file = Path(path).resolve()
        if not file.is_file():
            why = "is not a file" if file.exists() else "does not exist"
            raise InputError(f"`vectors` {path} {why}; use a file in word2vec (text or binary) or fastText (.vec) "
                             "format")
        try:
            key = checksum(file)
        except OSError as error:
            raise InputError(f"`vectors` {path} cannot be read ({error.strerror}); use another file") from None
        build = partial(get_or_build, cache_dir, str(file), key, partial(_parse, file, key))
        folder = build()
        if checksum(_parsed_file(file, folder.path)) != folder.metadata["checksum"]:  # a disk may lose bits
            shutil.rmtree(folder.path)
            folder = build()
        found = _torchtext(file, folder.path)
        table, pretrained_mask = torch.zeros(len(self), found.dim), torch.zeros(len(self), dtype=torch.bool)
        if hits := {i: found.stoi[token] for token, i in self._ids.items() if token in found.stoi}:
            table[list(hits)], pretrained_mask[list(hits)] = found.vectors[list(hits.values())], True
        return Pretrained(table, pretrained_mask, folder.metadata["unused"])


def _parsed_file(file: Path, folder: Path) -> Path:
    return folder / f"{file.name}.pt"  # as torchtext names it


def _torchtext(file: Path, folder: Path) -> Vectors:
    """The vectors in NAME.pt in the folder. If it is missing, it is made from the file, which must be text."""
    trusted = ssl._create_default_https_context
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # torchtext draws a progress bar
            return Vectors(file, cache=folder)
    finally:
        ssl._create_default_https_context = trusted  # torchtext disables the check of certificates


def _parse(file: Path, key: str, folder: Path) -> dict:
    """Write NAME.pt, in torchtext's format. Returns its checksum and the number of useless rows of the file."""
    parsed = _parsed_file(file, folder)
    try:
        header = header_of(file)
        if header and header.binary:
            rows, size, _ = header
            words, vectors = read_binary(file, header)
            ids = {word: i for i, word in enumerate(words)}
            torch.save((words, ids, vectors, size), parsed)
        else:
            found = _torchtext(file, folder)
            ids, vectors, rows, size = found.stoi, found.vectors, len(found.vectors), found.dim
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"`vectors` {file} is too large for the memory; remove its rarer words") from None
    except (ValueError, RuntimeError, TypeError, OSError, EOFError, zlib.error) as error:
        if parsed.exists():  # the file was read, so the disk is full
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(parsed)) from None
        why = "no row of three or more numbers" if isinstance(error, TypeError) else str(error)[:60]
        why = why.rpartition(" b'")[0] if why.count("'") % 2 else why  # a truncated token
        raise InputError(f"`vectors` {file} is not in word2vec or fastText format ({why}); each line must contain a "
                         "token and its numbers, as plain text or .gz") from None
    if checksum(file) != key:
        raise InputError(f"`vectors` {file} changed while it was read; run the command again when it is complete")
    if header and (rows < header.words or size != header.numbers):
        raise incomplete(file, header)
    if not vectors.isfinite().all():
        raise InputError(f"`vectors` {file} contains numbers that are not finite; fix or remove their lines")
    return {"checksum": checksum(parsed), "unused": rows - len(ids)}
