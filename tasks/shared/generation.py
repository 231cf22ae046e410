"""Generation: the hooks of every task that writes text with a decoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from core import search as searching
from core.batches import Ragged
from core.constraints import Constraints
from core.data import Example
from core.settings import SearchSettings
from tasks.shared.task import Answer, Trained

INPUTS, HYPOTHESES = 512, 2560  # the most inputs, and hypotheses of them, that are searched at once


def generate(model: Trained, examples: Sequence[Example], search: SearchSettings, *,
             lengths: Sequence[int] | None = None, prefixes: Sequence[str] | None = None,
             seeds: Sequence[Sequence[int]] | None = None, weights: bool = False) -> list[list[Answer]]:
    """For each input its n best answers, best first.

    lengths   the exact number of tokens of each answer
    prefixes  the text that each answer begins with
    seeds     for each input the numbers that its random draws follow from; by default its position
    weights   with the attention weights of each answer
    """
    sources = Ragged([model.source_ids(e) for e in examples])
    size = max(1, min(INPUTS, HYPOTHESES // search.beam))
    order = np.argsort(-sources.lengths, kind="stable")  # inputs of similar length share a batch
    answers: list[list[Answer]] = [[] for _ in examples]
    for start in range(0, len(order), size):
        index = order[start:start + size]
        constraints = constraints_of(model, search, [lengths[i] for i in index] if lengths else None,
                                     [prefixes[i] for i in index] if prefixes else None)
        source, source_lengths = padded(model, sources, index)
        with torch.inference_mode():
            memory = model.search_network.encode(source, source_lengths)
        own = [seeds[i] if seeds else (model.settings.seed, int(i)) for i in index]
        for i, found in zip(index, _search(model, memory, constraints, search, own)):
            answers[i] = [answer_of(model, h) for h in found]
            if weights:
                answers[i] = with_weights(model, examples[i], found, answers[i])
    return answers


def stream(model: Trained, example: Example, search: SearchSettings, seed: Sequence[int],
           length: int | None = None) -> Iterator[str]:
    """The answer of greedy search, or with a temperature a sample, piece by piece: each piece is what one more token
    adds to the text, and all pieces together are the answer."""
    constraints = constraints_of(model, search, None if length is None else [length])
    source, source_lengths = padded(model, Ragged([model.source_ids(example)]), np.zeros(1, dtype=np.int64))
    with torch.inference_mode():
        memory = model.search_network.encode(source, source_lengths)
    ids: list[int] = []
    shown = ""
    for token in searching.stream(model.search_network, memory, constraints, search.temperature, search.top_k,
                                  search.top_p, uniform_of(model, constraints, [(*seed, 0)])):
        ids.append(token)
        text = model.target.text(ids)
        yield text[len(shown):]
        shown = text


def constraints_of(model: Trained, search: SearchSettings, lengths: Sequence[int] | None = None,
                   prefixes: Sequence[str] | None = None) -> Constraints:
    """What the answers to some inputs must be, as tensors on the model's device."""
    return Constraints(
        max_output=search.max_output, no_repeat_ngram_size=search.no_repeat_ngram_size,
        lengths=None if lengths is None else torch.tensor(lengths, device=model.device),
        prefix=None if prefixes is None else
        Ragged([model.target.ids(p) for p in prefixes]).padded(np.arange(len(prefixes))).to(model.device))


def padded(model: Trained, sources: Ragged, index: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Source ids (B, S) and lengths (B,) of these rows, on the model's device."""
    return (sources.padded(index).to(model.device),
            torch.from_numpy(sources.lengths[index].astype(np.int64)).to(model.device))


def uniform_of(model: Trained, constraints: Constraints, seeds: Sequence[Sequence[int]]) -> torch.Tensor:
    """(B, steps) numbers in [0, 1), drawn for each row from its own seed: so the batch changes no sample."""
    draws = [np.random.default_rng(list(seed)).random(constraints.steps, dtype=np.float32) for seed in seeds]
    return torch.from_numpy(np.stack(draws)).to(model.device)


def answer_of(model: Trained, found: searching.Hypothesis) -> Answer:
    return Answer(model.target.text(found.ids), found.score, tuple(model.target.vocabulary.tokens(found.ids)))


def with_weights(model: Trained, example: Example, found: Sequence[searching.Hypothesis],
                 answers: Sequence[Answer]) -> list[Answer]:
    raise NotImplementedError


def _search(model: Trained, memory, constraints: Constraints, search: SearchSettings,
            seeds: Sequence[Sequence[int]]) -> list[list[searching.Hypothesis]]:
    network = model.search_network
    if search.temperature:
        rounds = [searching.sample(network, memory, constraints, search.temperature, search.top_k, search.top_p,
                                   uniform_of(model, constraints, [(*seed, n) for seed in seeds]))
                  for n in range(search.n_best)]
        return [list(found) for found in zip(*rounds)]
    if search.beam == 1:
        return [[h] for h in searching.greedy(network, memory, constraints, search.length_penalty)]
    return [found[:search.n_best]
            for found in searching.beam(network, memory, constraints, search.beam, search.length_penalty)]
