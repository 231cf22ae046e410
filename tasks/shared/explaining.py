"""Walks through a model: the six steps of encoding, which every task shares, and greedy decoding."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from core.cells import State
from core.encoder import Lookup, Memory
from core.settings import SearchSettings
from core.stack import Stack
from core.vocabulary import BOS, EOS, UNK
from tasks.shared.generation import constraints_of
from tasks.shared.task import Trained
from tasks.shared.verse_rules import Pattern
from tasks.shared.walk import Candidate, Step, Walk


@torch.inference_mode()
def encoding_walk(model: Trained, text: str) -> tuple[Walk, Memory]:
    """The six steps of encoding one text. Returns the walk so far, and the encoder's Memory of it (B = 1)."""
    tokens, ids = model.source.tokens(text), model.source.ids(text)
    encoder, s = model.network.encoder, model.settings
    source = torch.tensor([ids], device=model.device)
    memory = encoder(source, torch.tensor([len(ids)], device=model.device))
    embeddings = encoder.embedding(source)[0]
    if isinstance(encoder, Lookup):
        how, c_is = "a lookup: one unit needs no recurrence, so the sum of its embeddings is both h_1 and c", "h_1"
    else:
        directions = "both directions" if s.bidirectional else "one direction"
        how = f"{s.layers} layer{'s' * (s.layers > 1)} of {s.cell.upper()}, {directions}"
        c_is = "the last state of each direction" if s.bidirectional else "the last state"
    return Walk(text, model.source.tokenizer.kind, tokens, ids, [t for t, i in zip(tokens, ids) if i == UNK],
                tuple(encoder.embedding.weight.shape), array(embeddings), how, array(memory.states[0]),
                array(memory.c[0]), c_is, layers=s.layers, cell=s.cell,
                directions=0 if isinstance(encoder, Lookup) else 2 if s.bidirectional else 1), memory


@torch.inference_mode()
def decoding_walk(model: Trained, text: str, search: SearchSettings, length: int | None = None,
                  candidates: int = 3, pattern: Sequence[Pattern] = ()) -> Walk:
    """The walk of a text through encoder and decoder: s_0, and every greedy step under the search's constraints.

    length   the exact number of output tokens; None where the model decides
    pattern  the form of verse of the answer, if it has one
    """
    walk, memory = encoding_walk(model, text)
    decoder, vocabulary = model.network.decoder, model.target.vocabulary
    memory = decoder.prepare(memory)
    state = decoder.start(memory)
    walk.start, walk.attention = array(decoder.stack.top(state)[0]), decoder.placement
    walk.score = model.settings.attention if decoder.attention is not None else ""
    walk.start_memory_cell = memory_cell(decoder.stack, state)
    constraints = constraints_of(model, search, None if length is None else [length], patterns=pattern[:1])
    written = torch.empty(1, 0, dtype=torch.long, device=model.device)
    y = torch.full((1,), BOS, device=model.device)
    for _ in range(constraints.steps):
        found = decoder.inspect(y, state, memory)
        state, logits = found.state, decoder.logits(found.readout).float()
        log_p = torch.log_softmax(logits, dim=-1)
        p = log_p[0].exp()
        constraints.mask_log_probs(log_p, written)
        reads = vocabulary.tokens([int(y)])[0]
        y = log_p.argmax(dim=-1)
        written = torch.cat([written, y.unsqueeze(1)], dim=1)
        walk.steps.append(Step(
            vocabulary.tokens([int(y)])[0], p[y].item(),
            best_candidates(p, vocabulary.tokens, candidates, log_p[0].isfinite()), reads,
            array(decoder.stack.top(state)[0]), None if found.scores is None else array(found.scores[0]),
            None if found.weights is None else array(found.weights[0]), memory_cell(decoder.stack, state),
            {name: array(gate[0]) for name, gate in found.gates.items()},
            None if found.weights is None else array(found.context[0]), array(found.readout[0]),
            logits[0, y].item(), logits[0].logsumexp(0).item()))
        if constraints.finished(written).all():
            break
    walk.answer = model.target.text([i for i in written[0].tolist() if i != EOS])
    return walk


def best_candidates(p: Tensor, names: Callable[[list[int]], list[str]], count: int,
                    allowed: Tensor | None = None) -> list[Candidate]:
    """The most likely of a distribution p (V,), best first. names: ids → tokens; allowed (V,): True where possible."""
    best = p.topk(min(count, len(p)))
    ids = best.indices.tolist()
    possible = [True] * len(ids) if allowed is None else allowed[best.indices].tolist()
    return [Candidate(*found) for found in zip(names(ids), best.values.tolist(), possible)]


def memory_cell(stack: Stack, state: State) -> np.ndarray | None:
    """m_t (H,) of the top layer of LSTMs; None for other cells."""
    return array(state[-1][0]) if stack.per_layer > 1 else None


def array(x: Tensor) -> np.ndarray:
    """A tensor of any precision and device as a numpy array."""
    return x.detach().float().cpu().numpy()
