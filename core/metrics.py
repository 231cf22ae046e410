"""Scores of answers against references. BLEU and chrF are computed by sacrebleu, with its signatures."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from core.tokenizer import HAN


def perplexity(nats: float) -> float:
    """exp of the mean loss: the number of equally likely tokens with the same uncertainty.

    >>> round(perplexity(math.log(7)), 6)
    7.0
    """
    return math.exp(min(nats, 700.0))


def bleu(answers: Sequence[str], references: Sequence[str]) -> tuple[float, str]:
    """Corpus BLEU (Papineni et al. 2002), 0 to 100, and sacrebleu's signature. Chinese is split into characters."""
    from sacrebleu.metrics import BLEU
    metric = BLEU(tokenize="zh" if _chinese(references) else "13a")
    return metric.corpus_score(list(answers), [list(references)]).score, str(metric.get_signature())


def chrf(answers: Sequence[str], references: Sequence[str]) -> tuple[float, str]:
    """Corpus chrF (Popović 2015), 0 to 100, and sacrebleu's signature."""
    from sacrebleu.metrics import CHRF
    metric = CHRF()
    return metric.corpus_score(list(answers), [list(references)]).score, str(metric.get_signature())


def distinct(texts: Iterable[Sequence[str]], n: int) -> float:
    """Distinct n-grams over all n-grams (Li et al. 2016), 0 to 1: low if phrases are repeated.

    >>> distinct(["abab"], 2)
    0.6666666666666666
    """
    grams = [tuple(t[i:i + n]) for t in texts for i in range(len(t) - n + 1)]
    return len(set(grams)) / max(len(grams), 1)


def _chinese(texts: Sequence[str]) -> bool:
    joined = "".join(texts)
    return len(re.findall(f"[{HAN}]", joined)) * 5 > len(joined)
