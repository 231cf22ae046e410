"""The data of a walk, for every task × cell × attention: as plain JSON, and with what the cell's equations say."""

import json

import numpy as np
import pytest

from core.data import Example
from tasks.shared import alternatives as what_if
from tasks.shared import prosody
from tasks.shared.alternatives import MOST, add_alternatives
from tasks.shared.beam_tree import beam_tree
from tests.tasks.test_contract import GRID, TASKS, a_few, make

each_model = pytest.mark.parametrize(("task", "cell", "attention", "placement"), GRID)
WRITING = [t for t in TASKS if "decoder" in t.parts]
GATES = {"gru": {"r", "z"}, "lstm": {"i", "f", "o"}}
CANDIDATES = {"gru": {"n"}, "lstm": {"g"}}
WALK = {"text", "tokenizer", "tokens", "ids", "unknown", "table", "embeddings", "encoder", "states", "c", "c_is",
        "start", "start_memory_cell", "attention", "score", "cell", "directions", "layers", "steps", "answer", "ngrams",
        "parts", "verse", "attended", "beam"}
STEP = {"token", "probability", "candidates", "reads", "state", "memory_cell", "gates", "scores", "weights", "context",
        "readout", "logit", "log_total"}
CANDIDATE = {"token", "probability", "allowed", "answer", "steps"}


def a_walk(task, *form, alternatives=0, with_steps=0, candidates=3, **others):
    model = make(task, *form, **others)
    example = model.read_input(a_few(task)[0].source)
    search = task.search_settings({"max_output": 9} if task.ends_with_eos and "decoder" in task.parts else {})
    walk = task.walk(model, example, search, candidates)
    return add_alternatives(task, model, example, search, walk, alternatives, with_steps)


@each_model
def test_a_walk_is_plain_json_with_the_documented_keys_and_shapes(task, cell, attention, placement):
    walk = a_walk(task, cell, attention, placement)
    data = json.loads(json.dumps(walk.to_json(), allow_nan=False))
    assert {*data} == WALK and data["cell"] == cell
    S, (V, E), D = len(data["tokens"]), data["table"], len(data["c"])
    assert len(data["ids"]) == S and max(data["ids"]) < V
    assert np.shape(data["embeddings"]) == (S, E) and np.shape(data["states"]) == (len(data["attended"]), D)
    assert data["directions"] == (0 if "encoder" not in task.parts else 2 if walk.directions == 2 else 1)
    assert (data["attention"] == "none") == (attention == "none") == (data["score"] == "")
    for step in data["steps"]:
        assert {*step} == STEP and all({*candidate} == CANDIDATE for candidate in step["candidates"])
        assert step["probability"] == pytest.approx(np.exp(step["logit"] - step["log_total"]), rel=0.02)
        if attention != "none":
            assert np.shape(step["scores"]) == np.shape(step["weights"]) == (len(data["attended"]),)
            assert sum(step["weights"]) == pytest.approx(1, abs=1e-3)
        if "decoder" in task.parts:
            H = len(data["start"])
            assert len(step["state"]) == H and len(step["readout"]) == E
            assert {*step["gates"]} == GATES.get(cell, set()) | CANDIDATES.get(cell, set())
            assert all(len(gate) == H for gate in step["gates"].values())
            assert all(0 <= x <= 1 for name in GATES.get(cell, ()) for x in step["gates"][name])
            assert (step["memory_cell"] is not None) == (cell == "lstm")
            assert (step["context"] is None) == (attention == "none")


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("task", "cell", "attention", "placement"),
                         [p for p in GRID if p.values[0].name == "translate"])
def test_states_follow_from_the_gates_and_the_context_from_the_weights(task, cell, attention, placement, layers):
    walk = a_walk(task, cell, attention, placement, layers=layers)
    s, m = walk.start, walk.start_memory_cell
    for step in walk.steps:
        g = step.gates
        if cell == "gru":
            assert step.state == pytest.approx((1 - g["z"]) * g["n"] + g["z"] * s, abs=1e-5)
        if cell == "lstm":
            assert step.memory_cell == pytest.approx(g["f"] * m + g["i"] * g["g"], abs=1e-5)
            assert step.state == pytest.approx(g["o"] * np.tanh(step.memory_cell), abs=1e-5)
        if step.weights is not None:
            assert step.context == pytest.approx(step.weights @ walk.states, abs=1e-5)
            assert step.weights == pytest.approx(np.exp(step.scores) / np.exp(step.scores).sum(), abs=1e-5)
        s, m = step.state, step.memory_cell


def test_numbers_have_four_digits_and_none_is_infinite():
    walk = a_walk(TASKS[0])
    walk.parts = (1 / 3, float("inf"))
    assert walk.to_json()["parts"] == [0.3333, None]


@pytest.mark.parametrize("task", WRITING, ids=lambda t: t.name)
def test_another_word_goes_on_from_the_words_before_it(task):
    walk = a_walk(task, alternatives=4, candidates=5)
    others = 0
    for t, step in enumerate(walk.steps):
        for candidate in step.candidates:
            if candidate.answer is None:
                continue
            assert candidate.allowed
            if candidate.token == step.token:
                assert candidate.answer == walk.answer
            elif candidate.token == "<eos>":
                assert walk.answer.startswith(candidate.answer) and len(candidate.answer) < len(walk.answer)
            else:
                others += 1
                before = "".join([*(one.token for one in walk.steps[:t]), candidate.token])
                assert candidate.answer.replace(" ", "").startswith(before.replace(" ", ""))
    assert 0 < others <= MOST


def test_where_only_the_chosen_word_is_listed_there_is_nothing_else_to_write():
    for task in WRITING:
        walk = a_walk(task, alternatives=1)
        assert {c.answer for step in walk.steps for c in step.candidates} <= {None, walk.answer}


def test_an_output_may_end_instead():
    translate = next(t for t in TASKS if t.name == "translate")
    walk = a_walk(translate, alternatives=300, candidates=300)
    ends = [c.answer for step in walk.steps[1:] for c in step.candidates if c.token == "<eos>" != step.token]
    assert ends and None not in ends and ends == sorted(ends, key=len)


def test_labels_have_no_alternatives_and_a_walk_none_unasked():
    [labels] = [t for t in TASKS if t.answers_with == "label"]
    for walk in (a_walk(labels, alternatives=3), a_walk(WRITING[0])):
        assert {c.answer for step in walk.steps for c in step.candidates} == {None}


def test_a_long_output_has_the_most_likely_alternatives():
    [task] = [t for t in TASKS if t.name == "translate"]
    model, example = make(task), Example(a_few(task)[0].source, "")
    search = task.search_settings({"max_output": 70})
    walk = task.walk(model, example, search, 10)
    walk.steps = (walk.steps * 70)[:70]  # as if it had not ended
    found = add_alternatives(task, model, example, search, walk, 10)
    others = [c for step in found.steps for c in step.candidates if c.answer is not None and c.token != step.token]
    assert len([c for c in others if c.token != "<eos>"]) <= MOST


def test_verse_has_its_tones_and_rhymes():
    assert prosody.table()
    poem = next(t for t in TASKS if t.name == "poem")
    walk = a_walk(poem, alternatives=3)
    assert walk.verse and {tone for tone, _ in walk.verse.values()} <= {"平", "仄", "平仄"}
    assert {*walk.answer} <= {*walk.verse}
    translate = next(t for t in TASKS if t.name == "translate")
    assert a_walk(translate).verse == {}


@pytest.mark.parametrize("task", WRITING, ids=lambda t: t.name)
def test_another_answer_has_the_steps_that_write_it(task):
    walk = a_walk(task, "lstm", alternatives=3, with_steps=2, candidates=5)
    followed = 0
    for t, step in enumerate(walk.steps):
        others = [c for c in step.candidates if c.steps]
        assert len(others) <= 2
        for candidate in others:
            followed += 1
            first, before = candidate.steps[0], step
            tokens = [*(one.token for one in walk.steps[:t]), candidate.token, *(one.token for one in candidate.steps)]
            text = "".join(token for token in tokens if token != "<eos>")
            assert candidate.answer.replace(" ", "") == text.replace(" ", "") and first.reads == candidate.token
            g = first.gates
            assert first.memory_cell == pytest.approx(g["f"] * before.memory_cell + g["i"] * g["g"], abs=1e-5)
            assert len(first.candidates) == what_if.CANDIDATES
    assert followed


def test_the_vectors_of_other_answers_have_a_limit(monkeypatch):
    translate = next(t for t in TASKS if t.name == "translate")
    monkeypatch.setattr(what_if, "NUMBERS", 0)
    walk = a_walk(translate, alternatives=2, with_steps=1, candidates=5)
    assert not any(c.steps for one in walk.steps for c in one.candidates)
    monkeypatch.undo()
    monkeypatch.setattr(what_if, "IN_FULL", 0)
    walk = a_walk(translate, alternatives=2, with_steps=1, candidates=5)
    steps = [step for one in walk.steps for c in one.candidates for step in c.steps or ()]
    assert steps and {step.state is None and step.readout is None and step.gates == {} for step in steps} == {True}
    assert all(step.weights is not None for step in steps)


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.name)
def test_the_tree_of_a_beam_search_ends_in_its_answers(task):
    model = make(task)
    example = model.read_input(a_few(task)[0].source)
    search = task.search_settings({"max_output": 9} if task in WRITING and task.ends_with_eos else {})
    walk = task.walk(model, example, search)
    tree = beam_tree(task, model, example, search, walk, size=3)
    if task not in WRITING:
        assert tree is None
        return
    nodes, end = tree.nodes, max(node.step for node in tree.nodes)
    for n, node in enumerate(nodes):
        parent = nodes[node.parent] if node.parent >= 0 else None
        assert node.parent < n and node.step == (parent.step + 1 if parent else 1)
        assert node.log_p == pytest.approx((parent.log_p if parent else 0) + np.log(node.probability), abs=1e-4)
        assert node.score == pytest.approx(node.log_p / node.step ** tree.length_penalty)
        assert node.step - 1 <= node.kept_until <= end
        assert parent is None or parent.kept_until >= min(node.kept_until, node.step - 1)
    for step in range(1, end + 1):  # the beam has three hypotheses, finished ones among them
        held = [n for n in nodes if n.kept_until >= step >= n.step and (n.step == step or n.finished)]
        assert len(held) <= 3 and (step == 1 or any(n.kept_until < n.step == step for n in nodes))
    ends = sorted((n for n in nodes if n.finished and n.kept_until == end), key=lambda n: -n.score)
    found = task.answer(model, [example], task.search_settings({**vars(search), "beam": 3, "n_best": 3}))[0]
    assert [n.score for n in ends] == pytest.approx([answer.score for answer in found], abs=1e-4)
