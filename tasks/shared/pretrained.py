"""Pre-trained vectors: a file of them in, an embedding that begins with them and what they cover out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.batches import EncodedSplit
from core.cache import digest
from core.data import InputError
from core.embedding import Embedding
from core.settings import Settings
from core.text import Codec
from core.vocabulary import SPECIALS

if TYPE_CHECKING:
    from tasks.shared.text_model import TextModel


def start(embedding: Embedding, source: Codec, settings: Settings, place: Path | None) -> dict:
    """The vectors of --vectors as the source embedding's start. Returns what to remember of them.

    place: where they are kept once they are read. Raises InputError where they do not fit.
    """
    path, size = settings.vectors, embedding.embedding_dim
    table, given, unused = source.vocabulary.vectors(path, place)
    if table.size(1) != size:
        raise InputError(f"--vectors {path}: has {table.size(1)} numbers a token, the model {size}; "
                         f"add --embedding-size {table.size(1)}")
    tokens = len(source) - len(SPECIALS)
    if not given.any():
        raise InputError(f"--vectors {path}: has none of the {tokens:,} source tokens of the corpus; "
                         "another --tokenizer may fit it better")
    embedding.load(table, given, settings.freeze_vectors)
    return {"tokens": int(given.sum()), "of": tokens, "unused rows": unused,
            "checksum": digest(part.numpy().tobytes() for part in (table, given))}


def coverage(model: TextModel, dev: EncodedSplit) -> list[str]:
    """What of the source the vectors cover, for the user to read before training; remembered with the model, too.

    The running text is that of the dev split, as the encoder reads it.
    """
    given, about = model.network.encoder.embedding.pretrained_mask, model.about.get("vectors")
    if about is None:
        return []
    counts = dev.sources.counts(len(model.source))
    share = about["running text"] = float(counts[given.numpy()].sum() / max(counts.sum(), 1))
    lines = [f"vectors: {about['tokens']:,} of {about['of']:,} source tokens have one "
             f"({about['tokens'] / about['of']:.1%}), {share:.1%} of the running text"
             + (f"; rows of the file without use: {about['unused rows']:,}" if about["unused rows"] else "")]
    if share < 0.5:
        lines.append(f"warning: only {share:.0%} of the running text has a vector; the tokens may not be cut as those "
                     "of the file were: try another --tokenizer (words, characters), --lowercase or --script")
    return lines
