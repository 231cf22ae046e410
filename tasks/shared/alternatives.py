"""What if: the answers of a walk that go on with another word."""

from __future__ import annotations

from dataclasses import replace

from core.data import Example
from core.events import listening
from core.settings import SearchSettings
from core.vocabulary import EOS
from tasks.shared import prosody
from tasks.shared.task import Task, Trained
from tasks.shared.walk import Walk

MOST = 60  # answers, whatever the length of the output


def add_alternatives(task: Task, model: Trained, example: Example, search: SearchSettings, walk: Walk,
                     count: int) -> Walk:
    """The walk with Candidate.answer of the first `count` allowed candidates of each step: the greedy answer that
    begins with the tokens before that step and the candidate. If these are more than MOST, the most likely ones of each
    step come first."""
    if not count or walk.start is None:  # without a decoder it does not write step by step
        return walk
    [end] = model.target.vocabulary.tokens([EOS])
    codec, written = model.target, model.target.vocabulary.ids(step.token for step in walk.steps)
    wanted: dict[tuple[int, int], str] = {}  # step, rank → the prefix
    answers: dict[tuple[int, int], str] = {}
    for t, step in enumerate(walk.steps):
        for rank, candidate in [(k, c) for k, c in enumerate(step.candidates) if c.allowed][:count]:
            place = t, rank
            [new] = codec.vocabulary.ids([candidate.token])
            prefix = codec.text([*written[:t], new])
            if candidate.token == step.token:
                answers[place] = walk.answer
            elif candidate.token == end:
                answers[place] = codec.text(written[:t])
            elif codec.ids(prefix) == [*written[:t], new]:  # a text that is cut into other tokens is no prefix
                wanted[place] = prefix
    chosen = sorted(wanted, key=lambda place: (place[1], place[0]))[:MOST]
    greedy = replace(search, search="likeliest", beam=1, n_best=1, temperature=0.0)
    with listening():  # its notes would be about answers that nobody has asked for
        found = task.answer(model, [example] * len(chosen), greedy, prefixes=[wanted[place] for place in chosen]) \
            if chosen else []
    answers |= {place: best[0].text for place, best in zip(chosen, found) if best[0].text.startswith(wanted[place])}
    walk.steps = [replace(step, candidates=[replace(c, answer=answers.get((t, k)))
                                            for k, c in enumerate(step.candidates)])
                  for t, step in enumerate(walk.steps)]
    if walk.verse:
        walk.verse |= prosody.readings("".join(answers.values()))
    return walk
