"""Walks through a model: the six steps of encoding, which every task shares, and greedy decoding."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from core.cells import State
from core.constraints import Constraints
from core.encoder import Lookup, Memory
from core.stack import Stack
from core.vocabulary import BOS, EOS, PAD, UNK
from tasks.shared.task import Trained
from tasks.shared.walk import Candidate, Step, Walk


@torch.inference_mode()
def encoding_walk(model: Trained, text: str) -> tuple[Walk, Memory]:
    """The six steps of encoding one text. Returns the walk so far, and the encoder's Memory of it (B = 1)."""
    encoder, s = model.network.encoder, model.settings
    tokens, ids = model.source.tokens(text)[:s.max_length], model.source.ids(text)[:s.max_length]
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
def decoding_walk(model: Trained, text: str, constraints: Constraints, candidates: int = 3) -> Walk:
    """The walk of a text through encoder and decoder: s_0, and every greedy step under the constraints."""
    walk, memory = encoding_walk(model, text)
    decoder = model.network.decoder
    memory = decoder.prepare(memory)
    state = decoder.start(memory)
    walk.start, walk.attention = array(decoder.stack.top(state)[0]), decoder.placement
    walk.score = model.settings.attention if decoder.attention is not None else ""
    walk.start_memory_cell = memory_cell(decoder.stack, state, 0)
    [(walk.answer, walk.steps)] = greedy_outputs(model, memory, constraints, candidates, after=[0])
    return walk


@torch.inference_mode()
def greedy_outputs(model: Trained, memory: Memory, constraints: Constraints, candidates: int,
                   after: Sequence[int]) -> list[tuple[str, list[Step]]]:
    """For each row of the memory the greedy output, and its steps after the first `after`, with all their values."""
    decoder, vocabulary = model.network.decoder, model.target.vocabulary
    state, N = decoder.start(memory), memory.c.size(0)
    y = torch.full((N,), BOS, device=model.device)
    written = torch.empty(N, 0, dtype=torch.long, device=model.device)
    finished = torch.zeros(N, dtype=torch.bool, device=model.device)
    steps: list[list[Step]] = [[] for _ in range(N)]
    for t in range(constraints.steps):
        found = decoder.inspect(y, state, memory)
        state, logits = found.state, decoder.logits(found.readout).float()
        log_p = torch.log_softmax(logits, dim=-1)
        p = log_p.exp()
        constraints.mask_log_probs(log_p, written)
        read, y = vocabulary.tokens(y.tolist()), log_p.argmax(dim=-1).masked_fill(finished, PAD)
        written = torch.cat([written, y.unsqueeze(1)], dim=1)
        for n in [n for n in (~finished).nonzero().flatten().tolist() if t >= after[n]]:
            steps[n].append(Step(
                vocabulary.tokens([int(y[n])])[0], p[n, y[n]].item(),
                best_candidates(p[n], vocabulary.tokens, candidates, log_p[n].isfinite()), read[n],
                array(decoder.stack.top(state)[n]), None if found.scores is None else array(found.scores[n]),
                None if found.weights is None else array(found.weights[n]), memory_cell(decoder.stack, state, n),
                {name: array(gate[n]) for name, gate in found.gates.items()},
                None if found.weights is None else array(found.context[n]), array(found.readout[n]),
                logits[n, y[n]].item(), logits[n].logsumexp(0).item()))
        finished = constraints.finished(written)
        if finished.all():
            break
    return [(model.target.text([i for i in ids if i not in (EOS, PAD)]), own)
            for ids, own in zip(written.tolist(), steps)]


def best_candidates(p: Tensor, names: Callable[[list[int]], list[str]], count: int,
                    allowed: Tensor | None = None) -> list[Candidate]:
    """The most likely of a distribution p (V,), best first. names: ids → tokens; allowed (V,): True where possible."""
    best = p.topk(min(count, len(p)))
    ids = best.indices.tolist()
    possible = [True] * len(ids) if allowed is None else allowed[best.indices].tolist()
    return [Candidate(*found) for found in zip(names(ids), best.values.tolist(), possible)]


def memory_cell(stack: Stack, state: State, row: int) -> np.ndarray | None:
    """m_t (H,) of the top layer of LSTMs; None for other cells."""
    return array(state[-1][row]) if stack.per_layer > 1 else None


def array(x: Tensor) -> np.ndarray:
    """A tensor of any precision and device as a numpy array."""
    return x.detach().float().cpu().numpy()
