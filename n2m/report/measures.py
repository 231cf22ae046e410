"""Measures of answers that a single score hides: by length of the source, and copied against generated words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.metrics import chrf
from core.ragged import Ragged
from core.text import Codec
from core.tokenizer import GAP, GLUE, make_tokenizer, normalize
from core.vocabulary import EOS

if TYPE_CHECKING:
    from torch import Tensor

    from n2m.model import Model

Answered = Sequence[Sequence[str]]  # (source, answer, reference) of each example
BATCH = 64


def source_length(text: str) -> int:
    """Length of a text whatever its language: Chinese characters, words and signs.

    >>> source_length("我喜欢 Python。")
    5
    """
    return sum(token not in (GLUE, GAP) for token in make_tokenizer("units").split(normalize(text)))


def length_bins(lengths: Sequence[int], most: int = 6, fewest: int = 20) -> list[tuple[int, int]]:
    """Ranges (shortest, longest) with about the same number of texts each: at most `most`, with at least `fewest`.

    >>> length_bins([1, 1, 2, 3, 3, 9], most=3, fewest=1)
    [(1, 1), (2, 3), (9, 9)]
    """
    wanted, bins, here, first = max(len(lengths) / most, fewest), [], 0, 0
    for length, count in sorted(Counter(lengths).items()):
        first, here = first if here else length, here + count
        if here >= wanted:
            bins.append((first, length))
            here = 0
    if here and bins and here < wanted / 2:
        bins[-1] = bins[-1][0], max(lengths)
    elif here:
        bins.append((first, max(lengths)))
    return bins


def score_by_length(answered: Answered, bins: Sequence[tuple[int, int]], main: str) -> list[float | None]:
    """For each bin the score of the answers to sources of its lengths; None where there is none.

    main: "accuracy" (fraction of answers that equal their reference) or "chrF"
    """
    lengths = [source_length(source) for source, _, _ in answered]
    return [_score([e for e, n in zip(answered, lengths) if low <= n <= high], main) for low, high in bins]


def _score(answered: Answered, main: str) -> float | None:
    if not answered:
        return None
    if main == "accuracy":
        return sum(answer == reference for _, answer, reference in answered) / len(answered)
    return chrf([answer for _, answer, _ in answered], [reference for *_, reference in answered])[0]


def copying(model: Model, answered: Answered) -> dict[str, Any]:
    """Copied and generated tokens of answers, see `copied_counts`; empty for a model that does not write."""
    text_model = model.text_model
    if model.task.answers_with == "label" or not answered:
        return {}
    source, target = text_model.source, text_model.target
    assert isinstance(target, Codec)
    tokens = [[codec.tokens(text) for codec, text in zip((source, target, target), texts)] for texts in answered]
    return copied_counts(tokens, _attended(model, answered))


def copied_counts(tokens: Sequence[Sequence[Sequence[str]]],
                  attended: Sequence[Sequence[int]] | None) -> dict[str, Any]:
    """How many tokens are copied, that is stand in their source too, and how many are generated.

    tokens    (source, answer, reference) tokens of each example
    attended  for each answer the position in the source that attention weighs most at each of its tokens; None without
              attention
    Returns the numbers of tokens
        written, copied     of answers: all; those that stand in the source
        at_peak             copied ones where attention was on that very token of the source; None without attention
        should_copy, copied_right          of references: those that stand in the source; those that the answer has too
        should_generate, generated_right   all other tokens of references; those that the answer has too

    >>> list(copied_counts([(["张", "3"], ["Zhang", "3"], ["Zhang", "has", "3"])], [[0, 1]]).values())
    [2, 1, 1, 1, 1, 2, 1]
    """
    counts = dict.fromkeys(("written", "copied", "at_peak", "should_copy", "copied_right", "should_generate",
                            "generated_right"), 0)
    for i, (source, answer, reference) in enumerate(tokens):
        there = {*source} - {GLUE, GAP}
        for t, token in enumerate(answer):
            counts["written"] += token not in (GLUE, GAP)
            if token in there:
                counts["copied"] += 1
                counts["at_peak"] += attended is not None and source[attended[i][t]] == token
        own = Counter(answer)
        for token, count in Counter(reference).items():
            if token not in (GLUE, GAP):
                wanted, right = ("should_copy", "copied_right") if token in there else \
                    ("should_generate", "generated_right")
                counts[wanted] += count
                counts[right] += min(count, own[token])
    return {**counts, "at_peak": counts["at_peak"] if attended is not None else None}


def _attended(model: Model, answered: Answered) -> list[list[int]] | None:
    """For each answer the source position with the largest weight α at each of its tokens; None without attention."""
    from core.batches import map_batches
    from core.data import Example
    text_model = model.text_model
    outputs = [[*text_model.target.ids(answer), EOS] for _, answer, _ in answered]

    def of_batch(ids: Tensor, lengths: Tensor, index: np.ndarray) -> Iterator[list[int] | None]:
        written = Ragged([outputs[i] for i in index]).padded(np.arange(len(index))).to(ids.device)
        weights = text_model.network.attention_weights(ids, lengths, written)
        yield from [None] * len(index) if weights is None else weights.argmax(dim=2).tolist()

    sources = Ragged([text_model.source_ids(Example(source, "")) for source, _, _ in answered])
    found = map_batches(of_batch, sources, BATCH, text_model.device)
    known = [positions for positions in found if positions is not None]
    return known if len(known) == len(found) else None
