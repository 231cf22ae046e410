"""A beam search of a walk's text as a tree: what it keeps at each step, and what it gives up."""

from __future__ import annotations

import math

import torch

from core.data import Example
from core.search import BeamStep, beam
from core.search_model import search_model
from core.settings import SearchSettings
from core.vocabulary import PAD
from tasks.shared.decoding_task import DecodingTask
from tasks.shared.task import Task, Trained
from tasks.shared.walk import Beam, BeamNode, Walk


def beam_tree(task: Task, model: Trained, example: Example, search: SearchSettings, walk: Walk,
              size: int) -> Beam | None:
    """The tree of a beam search of this size; None for a task that does not write step by step.

    search: the model's own, whose length penalty and constraints hold here too
    """
    if not isinstance(task, DecodingTask):
        return None
    network = search_model(model.network)
    memory = network.encode(torch.tensor([walk.ids], device=model.device),
                            torch.tensor([len(walk.ids)], device=model.device))
    constraints = task.constraints(model, example, search)
    tree = Beam(size, search.length_penalty, search.search, [])
    held = [-1]  # the node of each hypothesis in the beam

    def record(found: BeamStep) -> None:
        nonlocal held
        ids, log_p, score, kept, finished = (x[0].flatten().tolist() for x in found)
        M, step = found.ids.size(2), tree.nodes[-1].step + 1 if tree.nodes else 1
        beaten = sorted({*range(len(ids))} - {*kept}, key=lambda place: -score[place])[:size]

        def node_of(place: int, complete: bool) -> int:
            parent = held[place // M]
            if log_p[place] == -math.inf:  # fewer continuations are allowed than the beam has places
                return -1
            if ids[place] == PAD:
                return parent
            before = tree.nodes[parent].log_p if parent >= 0 else 0.0
            tree.nodes.append(BeamNode(model.target.vocabulary.tokens([ids[place]])[0], parent, step,
                                       math.exp(log_p[place] - before), log_p[place], score[place], step - 1, complete))
            return len(tree.nodes) - 1

        for place in beaten:
            node_of(place, False)
        held = [node_of(place, complete) for place, complete in zip(kept, finished)]
        for n in held:
            while n >= 0 and tree.nodes[n].kept_until < step:
                tree.nodes[n].kept_until = step
                n = tree.nodes[n].parent

    beam(network, memory, constraints, size, search.length_penalty, record)
    return tree
