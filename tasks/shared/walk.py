"""The data of a walk: every step from a text to its answer, with the real values as arrays. Loads without torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Candidate:
    """A token (or label) that a step can choose: its probability, and whether the constraints allow it."""

    token: str
    probability: float
    allowed: bool = True


@dataclass(frozen=True)
class Step:
    """One step of the output, in natural logarithms and plain probabilities.

    token        what is chosen, with its probability
    candidates   the most likely ones, best first
    reads        the token y_{t-1} that the decoder reads; empty where the output is not written step by step
    state        s_t (H,), of the top layer; None without a decoder
    scores       (S,) score(s, h_i) of each source state; None without attention
    weights      (S,) α = softmax(scores)
    """

    token: str
    probability: float
    candidates: list[Candidate]
    reads: str = ""
    state: np.ndarray | None = None
    scores: np.ndarray | None = None
    weights: np.ndarray | None = None


@dataclass
class Walk:
    """A text on its way through a model. Shapes: S source tokens, V vocabulary, E embedding, D memory, H state.

    text         what the encoder reads
    tokenizer    the kind of segmentation
    tokens, ids  step 1: S tokens; step 3: their S ids. unknown: the tokens that the vocabulary does not hold
    table        step 2 and 4: (V, E), the shape of the embedding table
    embeddings   step 4: (S, E)
    encoder      how step 5 makes the states, in words
    states       step 5: (S, D) h_1 … h_S; (1, D) where the input is one unit
    c            step 6: (D,); c_is: what it is, in words
    start        s_0 (H,); None without a decoder
    attention    "before" or "after" the state update, "pooling" where a learned query attends once, or "none"
    layers       recurrent layers in the decoder, of which the top one is shown
    steps        the steps of the output
    answer       the whole output as text
    ngrams       of a classifier with `ngrams`: each n-gram that training had, and what it adds to the answer's score,
                 largest first; parts: the answer's scores by the network and by all n-grams with their bias
    """

    text: str
    tokenizer: str
    tokens: list[str]
    ids: list[int]
    unknown: list[str]
    table: tuple[int, int]
    embeddings: np.ndarray
    encoder: str
    states: np.ndarray
    c: np.ndarray
    c_is: str
    start: np.ndarray | None = None
    attention: str = "none"
    layers: int = 1
    steps: list[Step] = field(default_factory=list)
    answer: str = ""
    ngrams: list[tuple[str, float]] = field(default_factory=list)
    parts: tuple[float, float] = (0.0, 0.0)

    @property
    def attended(self) -> list[str]:
        """A name for each state that attention weighs: the tokens, or the one unit."""
        return self.tokens if len(self.states) == len(self.tokens) else self.tokens[:1]
