"""Inputs in, generated texts out: batches, search and decoding of ids, shared by all tasks that write text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from core import search as searching
from core.batches import Ragged
from core.constraints import Constraints
from core.data import Example
from core.machine import keep_freed_memory
from core.search_model import SearchModel, search_model
from core.settings import SearchSettings

if TYPE_CHECKING:
    from tasks.shared.text_model import TextModel

INPUTS, HYPOTHESES = 512, 2560  # worked on at once, at most


def generate(model: TextModel, examples: Sequence[Example], search: SearchSettings,
             lengths: Sequence[int] | None = None,
             prefixes: Sequence[str] | None = None) -> list[list[tuple[str, float]]]:
    """For each input its n best outputs with their scores, in input order.

    lengths   the exact number of tokens of each output
    prefixes  the text each output begins with
    """
    sources = Ragged([model.source_ids(e) for e in examples])
    size = max(1, min(INPUTS, HYPOTHESES // search.beam))
    keep_freed_memory()
    network = search_model(model.network)
    order = np.argsort(-sources.lengths, kind="stable")  # inputs of like length share a batch
    answers: list[list[tuple[str, float]]] = [[] for _ in examples]
    for start in range(0, len(order), size):
        index = order[start:start + size]
        rules = Constraints(
            max_output=search.max_output, no_repeat_ngram_size=search.no_repeat_ngram_size,
            lengths=None if lengths is None else torch.tensor([lengths[i] for i in index], device=model.device),
            prefix=None if prefixes is None else
            Ragged([model.target.ids(p) for p in prefixes]).padded(index).to(model.device))
        with torch.inference_mode():
            memory = network.encode(sources.padded(index).to(model.device),
                                    torch.from_numpy(sources.lengths[index].astype(np.int64)).to(model.device))
        for i, found in zip(index, _search(network, model.settings.seed, memory, rules, search, index)):
            answers[i] = [(model.target.text(h.ids), h.score) for h in found]
    return answers


def _search(network: SearchModel, seed: int, memory, rules: Constraints, search: SearchSettings,
            index: np.ndarray) -> list[list[searching.Hypothesis]]:
    if search.temperature:
        rounds = [searching.sample(network, memory, rules, search.temperature, search.top_k, search.top_p,
                                   torch.stack([torch.rand(rules.steps, generator=torch.Generator().manual_seed(
                                       hash((seed, int(i), n)) % 2 ** 31)) for i in index]))
                  for n in range(search.n_best)]
        return [list(found) for found in zip(*rounds)]
    if search.beam == 1:
        return [[h] for h in searching.greedy(network, memory, rules, search.length_penalty)]
    return [found[:search.n_best]
            for found in searching.beam(network, memory, rules, search.beam, search.length_penalty)]
