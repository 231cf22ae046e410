"""The data of a walk: every step from a text to its answer, with the real values as arrays. Loads without torch."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Candidate:
    """A token (or label) that a step can choose: its probability, and whether the constraints allow it.

    answer  the whole output if this one is written instead; None if it was not asked for
    steps   the steps that then follow; None if they were not asked for
    """

    token: str
    probability: float
    allowed: bool = True
    answer: str | None = None
    steps: list[Step] | None = None


@dataclass(frozen=True)
class Step:
    """One step of the output, in natural logarithms and plain probabilities.

    token        what is chosen, with its probability
    candidates   the most likely ones, best first
    reads        the token y_{t-1} that the decoder reads; empty where the output is not written step by step
    state        s_t (H,), of the top layer; None without a decoder
    memory_cell  m_t (H,) of an LSTM, else None
    gates        (H,) each, by the names of the cell's equations: r, z and n of a GRU, i, f, o and g of an LSTM
    scores       (S,) score(s, h_i) of each source state; None without attention
    weights      (S,) α = softmax(scores)
    context      (D,) Σ α_i h_i; None without attention
    readout      ŝ_t (E,), of which the output layer makes the logits; None without a decoder
    logit        of the chosen token; log_total: log Σ exp(logit) of all, so that probability = exp(logit - log_total)
    """

    token: str
    probability: float
    candidates: list[Candidate]
    reads: str = ""
    state: np.ndarray | None = None
    scores: np.ndarray | None = None
    weights: np.ndarray | None = None
    memory_cell: np.ndarray | None = None
    gates: dict[str, np.ndarray] = field(default_factory=dict)
    context: np.ndarray | None = None
    readout: np.ndarray | None = None
    logit: float | None = None
    log_total: float | None = None


@dataclass
class BeamNode:
    """A token that a beam search considered, behind those on the way to it.

    parent       the node before it, as its place in the list; -1 behind the start symbol
    step         which step of the output writes it, from 1
    probability  p(token | source, tokens before)
    log_p        of the output as far as this token; score: log_p / length^length_penalty, what it is ranked by
    kept_until   the last step after which the beam has it or goes on from it: the next one gave it up. Less than `step`
                 if it was never in the beam, but only among the continuations that came next
    finished     the output is complete with it
    """

    token: str
    parent: int
    step: int
    probability: float
    log_p: float
    score: float
    kept_until: int
    finished: bool = False


@dataclass(frozen=True)
class Beam:
    """A beam search of the same text as a tree. search: what the model's own answers are searched by."""

    size: int
    length_penalty: float
    search: str
    nodes: list[BeamNode]


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
    score        the kind of attention, "additive" or "dot"; empty without
    cell         the kind of cell, as of the setting
    directions   of the encoder: 1 or 2, of which the first half of each state is the forward one; 0 for a lookup
    layers       recurrent layers of encoder and decoder, of which the top one is shown
    start_memory_cell   m_0 (H,) of an LSTM decoder
    steps        the steps of the output
    answer       the whole output as text
    ngrams       of a classifier with `ngrams`: each n-gram that training had, and what it adds to the answer's score,
                 largest first; parts: the answer's scores by the network and by all n-grams with their bias
    verse        where the answer is verse: tone (平, 仄, or 平仄 for either) and rhymes of each of its characters and
                 of those that it could have had
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
    score: str = ""
    cell: str = ""
    directions: int = 0
    start_memory_cell: np.ndarray | None = None
    verse: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    beam: Beam | None = None

    @property
    def attended(self) -> list[str]:
        """A name for each state that attention weighs: the tokens, or the one unit."""
        return self.tokens if len(self.states) == len(self.tokens) else self.tokens[:1]

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data that json.dumps takes, under the names of the fields, with `attended`. Arrays are
        nested lists; numbers have four significant digits, and one that is not finite is None."""
        return {**_plain(self), "attended": self.attended}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        value = vars(value)
    if hasattr(value, "tolist"):  # an array
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return float(f"{value:.4g}") if math.isfinite(value) else None
    return value
