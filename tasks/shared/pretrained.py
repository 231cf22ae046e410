"""Pre-trained vectors as the start of the source embedding."""

from __future__ import annotations

from pathlib import Path

from core.batches import EncodedSplit
from core.cache import digest
from core.data import InputError
from core.embedding import Embedding
from core.settings import Settings
from core.text import Codec
from core.vocabulary import SPECIALS
from tasks.shared.model import TextModel


def load_vectors(embedding: Embedding, source: Codec, settings: Settings, cache_dir: Path | None) -> dict:
    """Copy the vectors of `vectors` into the source embedding. Returns facts about them to save with the model.

    cache_dir: where they are cached in a form that loads fast. Raises InputError if they do not fit.
    """
    path, size = settings.vectors, embedding.embedding_dim
    table, mask, unused = source.vocabulary.vectors(path, cache_dir)
    if table.size(1) != size:
        raise InputError(f"`vectors` {path} has {table.size(1)} numbers per token, but the model has {size}; "
                         f"set `embedding_size` {table.size(1)}")
    tokens = len(source) - len(SPECIALS)
    if not mask.any():
        raise InputError(f"`vectors` {path} has none of the {tokens:,} source tokens of the corpus; try another "
                         "`tokenizer`")
    embedding.load(table, mask, settings.freeze_vectors)
    return {"tokens": int(mask.sum()), "of": tokens, "unused rows": unused,
            "checksum": digest(part.numpy().tobytes() for part in (table, mask))}


def coverage(model: TextModel, dev: EncodedSplit) -> list[str]:
    """How much of the source the vectors cover, one line each; saved with the model, too. The running text is that of
    the dev split."""
    mask, metadata = model.network.encoder.embedding.pretrained_mask, model.metadata.get("vectors")
    if metadata is None:
        return []
    counts = dev.sources.counts(len(model.source))
    share = metadata["running text"] = float(counts[mask.numpy()].sum() / max(counts.sum(), 1))
    lines = [f"vectors: {metadata['tokens']:,} of {metadata['of']:,} source tokens have one "
             f"({metadata['tokens'] / metadata['of']:.1%}), {share:.1%} of the running text"
             + (f"; {metadata['unused rows']:,} rows of the file are unusable" if metadata["unused rows"] else "")]
    if share < 0.5:
        lines.append(f"warning: only {share:.0%} of the running text has a vector, so the tokens may be cut "
                     "differently from those of the file; try another `tokenizer` (words, characters), `lowercase` or "
                     "`script`")
    return lines
