"""Generation: the answers of every task that writes text with a decoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from core import search as searching
from core.batches import map_batches
from core.choices import most_likely, sampler
from core.constraints import Constraints
from core.data import Example
from core.ensemble import EnsembleSearch
from core.ragged import Ragged
from core.search import Hypothesis
from core.search_model import SearchModel, search_model
from core.settings import SearchSettings
from core.varied import padded, ranked, score_ids, varied
from core.vocabulary import BOS, EOS
from tasks.shared.task import Answer, Trained
from tasks.shared.verse_rules import Pattern, rules_of

INPUTS, HYPOTHESES = 512, 2560  # the most inputs, and hypotheses of them, that are searched at once
TOP_P = 0.95  # of varied samples, if the search settings name none


def generate(model: Trained, examples: Sequence[Example], search: SearchSettings, *,
             lengths: Sequence[int] | None = None, prefixes: Sequence[str] | None = None,
             patterns: Sequence[Sequence[Pattern]] | None = None, seeds: Sequence[Sequence[int]] | None = None,
             weights: bool = False) -> list[list[Answer]]:
    """For each input its n best answers, best first.

    lengths   the exact number of tokens of each answer
    patterns  for each input the forms of verse that its answers may have: samples take turns among them, a single
              answer has the first
    prefixes  the text that each answer begins with
    seeds     for each input the numbers that its random draws follow from; by default its position
    weights   with the attention weights of each answer
    """
    if not model.settings.source_dropout:  # it has not learned p(y)
        search = replace(search, mmi_weight=0.0)
    network, per_input = search_model(model.network), search.samples if search.search == "varied" else search.beam

    def answers(ids: Tensor, source_lengths: Tensor, index: np.ndarray) -> Iterator[list[Answer]]:
        forms = [patterns[i] for i in index] if patterns else []
        turns = search.samples if search.search == "varied" and any(len(own) > 1 for own in forms) else 1
        constraints = constraints_of(model, search, [lengths[i] for i in index] if lengths else None,
                                     [prefixes[i] for i in index] if prefixes else None,
                                     [own[turn % len(own)] for own in forms for turn in range(turns)])
        own = [seeds[i] if seeds else (model.settings.seed, int(i)) for i in index]
        found = _search(network, network.encode(ids, source_lengths), constraints, search, own)
        for row, best in enumerate(found):
            alpha = attention_of(model, ids[row:row + 1], source_lengths[row:row + 1], best, constraints) \
                if weights else [None] * len(best)
            yield [Answer(model.target.text(h.ids), h.score, tuple(model.target.vocabulary.tokens(h.ids)), a)
                   for h, a in zip(best, alpha)]

    return map_batches(answers, Ragged([model.source_ids(e) for e in examples]),
                       max(1, min(INPUTS, HYPOTHESES // per_input)), model.device)


def stream(model: Trained, example: Example, search: SearchSettings, seed: Sequence[int],
           length: int | None = None, pattern: Sequence[Pattern] = ()) -> Iterator[str]:
    """The answer of greedy search, or with a temperature a sample, piece by piece: each piece is what one more token
    adds to the text, and all pieces together are the answer."""
    constraints = constraints_of(model, search, None if length is None else [length], patterns=pattern[:1])
    choose = sampler(uniforms_of(constraints, [(*seed, 0)]).to(model.device), search.temperature, search.top_k,
                     search.top_p) if search.temperature else most_likely
    network, source = search_model(model.network), model.source_ids(example)
    memory = network.encode(torch.tensor([source], device=model.device),
                            torch.tensor([len(source)], device=model.device))
    ids: list[int] = []
    shown = ""
    for token in searching.stream(network, memory, constraints, choose):
        ids.append(token)
        text = model.target.text(ids)
        yield text[len(shown):]
        shown = text


def constraints_of(model: Trained, search: SearchSettings, lengths: Sequence[int] | None = None,
                   prefixes: Sequence[str] | None = None, patterns: Sequence[Pattern] = ()) -> Constraints:
    """What the answers to some inputs must be, as tensors on the model's device. patterns: one for each input, or
    several side by side; the length of an answer is that of its pattern."""
    if patterns:
        lengths = [len(p.form.tones) for p in patterns]
    prefix = None
    if prefixes is not None:
        ids = Ragged([model.target.ids(p) for p in prefixes]).padded(np.arange(len(prefixes)))
        prefix = ids.repeat_interleave(max(1, len(patterns) // len(prefixes)), dim=0).to(model.device)
    return Constraints(
        max_output=search.max_output, no_repeat_ngram_size=search.no_repeat_ngram_size * (not patterns), prefix=prefix,
        lengths=None if lengths is None else torch.tensor(lengths, device=model.device),
        rules=rules_of(model.target, patterns, model.device) if patterns else ())


def uniforms_of(constraints: Constraints, seeds: Sequence[Sequence[int]]) -> Tensor:
    """(B, steps) numbers in [0, 1), drawn for each row from its own seed: so the batch changes no sample."""
    draws = [np.random.default_rng(list(seed)).random(constraints.steps, dtype=np.float32) for seed in seeds]
    return torch.from_numpy(np.stack(draws))


def attention_of(model: Trained, source: Tensor, lengths: Tensor, found: Sequence[Hypothesis],
                 constraints: Constraints) -> list[np.ndarray | None]:
    """For each of one input's hypotheses (T, S) the weights with which its tokens, and its <eos>, were written."""
    alphas: list[np.ndarray | None] = []
    for h in found:
        ended = constraints.lengths is None and len(h.ids) < constraints.max_output
        output = torch.tensor([[*h.ids, EOS] if ended else h.ids], device=source.device)
        alpha = model.network.attention_weights(source[:, :int(lengths[0])], lengths, output)
        alphas.append(None if alpha is None else alpha[0].float().cpu().numpy())
    return alphas


def _search(network: SearchModel | EnsembleSearch, memory: searching.Source, constraints: Constraints,
            search: SearchSettings, seeds: Sequence[Sequence[int]]) -> list[list[Hypothesis]]:
    if search.search == "varied":
        return _varied(network, memory, constraints, search, seeds)
    if search.temperature:
        rounds = [searching.sample(network, memory, constraints, search.temperature, search.top_k, search.top_p,
                                   uniforms_of(constraints, [(*seed, n) for seed in seeds]))
                  for n in range(search.n_best)]
        return [sorted(found, key=lambda h: -h.score) for found in zip(*rounds)]
    if search.beam == 1:
        return [[h] for h in searching.greedy(network, memory, constraints, search.length_penalty)]
    return [found[:search.n_best]
            for found in searching.beam(network, memory, constraints, search.beam, search.length_penalty)]


def _varied(network: SearchModel | EnsembleSearch, memory: searching.Source, constraints: Constraints,
            search: SearchSettings, seeds: Sequence[Sequence[int]]) -> list[list[Hypothesis]]:
    """Of many samples of each input those that its text makes likelier by most, log p(y | x) - λ log p(y)."""
    K, device = search.samples, memory.c.device
    # By steps first: so that longer outputs in the batch change no draw of a shorter one.
    draws = [np.random.default_rng(list(seed)).random((constraints.steps, K)).T for seed in seeds]
    found = varied(network, memory, constraints, K, search.temperature, search.top_k,
                   search.top_p if search.top_p < 1 else TOP_P, torch.from_numpy(np.concatenate(draws)))
    nothing = network.encode(torch.tensor([[BOS]], device=device), torch.tensor([1], device=device))
    without = score_ids(network, nothing, padded([h for own in found for h in own], constraints)) if search.mmi_weight \
        else torch.zeros(len(found) * K)
    return [ranked(own, log_p, search.mmi_weight, search.n_best)
            for own, log_p in zip(found, without.view(-1, K).tolist())]
