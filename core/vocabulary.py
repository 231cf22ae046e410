"""Vocabulary: tokens in, ids out, and back. Steps two and three of encoding. The only cache_dir torchtext is used."""

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
from core.vectors import Pretrained, checksum, header_of, not_held, read_binary

PAD, BOS, EOS, UNK = range(4)
SPECIALS = ["<pad>", "<bos>", "<eos>", "<unk>"]


class Vocabulary:
    """Every token that occurs often enough has an id; all others share <unk>.

    Ids 0 to 3 are <pad>, <bos>, <eos> and <unk>; then come tokens by falling frequency, ties by spelling.

    >>> v = Vocabulary.from_texts([["月", "光"], ["月"]])
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
    def from_texts(cls, texts: Iterable[list[str]], min_count: int = 1, max_size: int = 0) -> Vocabulary:
        """The tokens of `texts` seen at least min_count times; of these the max_size most frequent (0: all)."""
        return cls.from_counts(Counter(token for tokens in texts for token in tokens), min_count, max_size)

    @classmethod
    def from_counts(cls, counts: Counter[str], min_count: int = 1, max_size: int = 0) -> Vocabulary:
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

    def vectors(self, path: str, cache_dir: Path | None = None) -> Pretrained:
        """Pre-trained vectors for this vocabulary, from a file that word2vec (text or binary) or fastText (.vec) wrote.

        cache_dir: a folder in which torchtext keeps what it read; a later call finds it there while the file's
        content is the same. Raises InputError for any other file.
        """
        file = Path(path).resolve()
        if not file.is_file():
            why = "is no file" if file.exists() else "no such file"
            raise InputError(f"--vectors {path}: {why}; give one that word2vec (text or binary) or fastText (.vec) "
                             "wrote")
        try:
            key = checksum(file)
        except OSError as error:
            raise InputError(f"--vectors {path}: {error.strerror}; give a file that can be read") from None
        made = partial(get_or_build, cache_dir, str(file), key, partial(_parse, file, key))
        folder = made()
        if checksum(_made(file, folder.path)) != folder.metadata["checksum"]:  # a disk may lose bits
            shutil.rmtree(folder.path)
            folder = made()
        found = _torchtext(file, folder.path)
        table, pretrained_mask = torch.zeros(len(self), found.dim), torch.zeros(len(self), dtype=torch.bool)
        if hits := {i: found.stoi[token] for token, i in self._ids.items() if token in found.stoi}:
            table[list(hits)], pretrained_mask[list(hits)] = found.vectors[list(hits.values())], True
        return Pretrained(table, pretrained_mask, folder.metadata["unused"])


def _made(file: Path, folder: Path) -> Path:
    return folder / f"{file.name}.pt"  # torchtext's choice


def _torchtext(file: Path, folder: Path) -> Vectors:
    """The vectors in NAME.pt in the folder; where it is missing those of the file, a text, which become NAME.pt."""
    trusted = ssl._create_default_https_context
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # torchtext draws its own bar
            return Vectors(file, cache=folder)
    finally:
        ssl._create_default_https_context = trusted  # torchtext turns the checking of certificates off


def _parse(file: Path, key: str, folder: Path) -> dict:
    """Write NAME.pt, in torchtext's form. Returns its checksum, and how many rows of the file are without use."""
    made = _made(file, folder)
    try:
        header = header_of(file)
        if header and header.binary:
            rows, size, _ = header
            words, vectors = read_binary(file, header)
            ids = {word: i for i, word in enumerate(words)}
            torch.save((words, ids, vectors, size), made)
        else:
            found = _torchtext(file, folder)
            ids, vectors, rows, size = found.stoi, found.vectors, len(found.vectors), found.dim
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"--vectors {file}: takes more memory than there is; leave out its rarer words") from None
    except (ValueError, RuntimeError, TypeError, OSError, EOFError, zlib.error) as error:
        if made.exists():  # so the file was read, and the disk is full
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(made)) from None
        why = "no row of three or more numbers" if isinstance(error, TypeError) else str(error)[:60]
        why = why.rpartition(" b'")[0] if why.count("'") % 2 else why  # a token that was cut through
        raise InputError(f"--vectors {file}: not in the format of word2vec or fastText ({why}); needs a token and "
                         "its numbers on each line, plain or packed as .gz") from None
    if checksum(file) != key:
        raise InputError(f"--vectors {file}: changed while it was read; repeat the command once it is complete")
    if header and (rows < header.words or size != header.numbers):
        raise not_held(file, header)
    if not vectors.isfinite().all():
        raise InputError(f"--vectors {file}: holds numbers that are not finite; mend or leave out their lines")
    return {"checksum": checksum(made), "unused": rows - len(ids)}
