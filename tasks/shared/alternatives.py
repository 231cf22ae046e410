"""What if: the answers of a walk that go on with another word, and their steps."""

from __future__ import annotations

from dataclasses import replace

import torch

from core.data import Example
from core.settings import SearchSettings
from core.vocabulary import EOS, PAD
from tasks.shared import prosody
from tasks.shared.decoding_task import DecodingTask
from tasks.shared.explaining import greedy_outputs
from tasks.shared.task import Task, Trained
from tasks.shared.walk import Step, Walk

MOST = 60  # answers, whatever the length of the output
CANDIDATES = 5  # of each of their steps
NUMBERS = 100_000  # in all their steps
IN_FULL = 50_000  # in those with all values; further ones have only their attention and their candidates
PER_STEP = 60  # the names and probabilities of a step's candidates take as much room as so many numbers


def add_alternatives(task: Task, model: Trained, example: Example, search: SearchSettings, walk: Walk, count: int,
                     with_steps: int = 0) -> Walk:
    """The walk with Candidate.answer of the first `count` allowed candidates of each step: the greedy answer that
    begins with the tokens before that step and the candidate; of the first `with_steps` of them that are not what the
    walk writes also with Candidate.steps. If these are more than MOST, the most likely ones of each step come first."""
    if not count or not isinstance(task, DecodingTask):
        return walk
    constraints = task.constraints(model, example, search)
    codec, [end] = model.target, model.target.vocabulary.tokens([EOS])
    written = codec.vocabulary.ids(step.token for step in walk.steps)
    candidates = [list(step.candidates) for step in walk.steps]
    prefixes: dict[tuple[int, int, int], list[int]] = {}  # step, rank among the others, place → ids
    for t, own in enumerate(candidates):
        rank = 0
        for k in [k for k, candidate in enumerate(own) if candidate.allowed][:count]:
            if own[k].token == walk.steps[t].token:
                own[k] = replace(own[k], answer=walk.answer)
                continue
            if own[k].token == end:
                own[k] = replace(own[k], answer=codec.text(written[:t]), steps=[] if rank < with_steps else None)
            else:
                prefixes[t, rank, k] = [*written[:t], *codec.vocabulary.ids([own[k].token])]
            rank += 1
    chosen = sorted(prefixes, key=lambda place: (place[1], place[0]))[:MOST]
    if chosen:
        N, P = len(chosen), max(len(prefixes[place]) for place in chosen)
        prefix = torch.tensor([prefixes[place] + [PAD] * (P - len(prefixes[place])) for place in chosen])
        ids = torch.tensor([walk.ids], device=model.device)
        memory = model.network.encode(ids, torch.tensor([len(walk.ids)], device=model.device))
        found = greedy_outputs(model, memory.rows(torch.zeros(N, dtype=torch.long, device=model.device)),
                               replace(constraints.repeated(N), prefix=prefix.to(model.device)), CANDIDATES,
                               after=[t + 1 if rank < with_steps else constraints.steps for t, rank, _ in chosen])
        room = _Room()
        for (t, rank, k), (answer, steps) in zip(chosen, found):
            candidates[t][k] = replace(candidates[t][k], answer=answer,
                                       steps=room.fitted(steps) if rank < with_steps else None)
    walk.steps = [replace(step, candidates=own) for step, own in zip(walk.steps, candidates)]
    if walk.verse:
        walk.verse |= prosody.readings("".join([c.answer or "" for own in candidates for c in own]))
    return walk


class _Room:
    """Lets steps in as long as there is room for them."""

    def __init__(self) -> None:
        self.taken = 0

    def fitted(self, steps: list[Step]) -> list[Step] | None:
        """The steps; without their vectors, or None, if there is no room for more."""
        if self.taken + _size(steps) > IN_FULL:
            steps = [replace(step, state=None, memory_cell=None, context=None, readout=None, gates={})
                     for step in steps]
        if self.taken + _size(steps) > NUMBERS:
            return None
        self.taken += _size(steps)
        return steps


def _size(steps: list[Step]) -> int:
    return sum(PER_STEP + sum(len(vector) for vector in (
        step.scores, step.weights, step.state, step.memory_cell, step.context, step.readout, *step.gates.values())
        if vector is not None) for step in steps)
