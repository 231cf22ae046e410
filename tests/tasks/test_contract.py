"""What every task × cell × attention must keep. Tasks, cells and attentions are found in their registries, so a new one
is tested unasked."""

import itertools
from functools import cache

import numpy as np
import pytest
import torch

import corpora
import tasks
from core.data import InputError
from core.events import listening
from core.registry import ATTENTIONS, CELLS
from core.training_run import evaluate
from corpora.prepare.splits import prepare
from n2m.cli.explain import explanation
from tasks.shared import saving
from tasks.shared.training import create, fit

torch.set_num_threads(1)
TASKS = tasks.all_tasks()
FORMS = [("none", "after"), *itertools.product([a for a in ATTENTIONS if a != "none"], ("before", "after"))]
GRID = [pytest.param(t, cell, *form, id=f"{t.name}-{cell}-{form[0]}-{form[1]}")
        for t in TASKS for cell in CELLS for form in FORMS]
TINY = {"embedding_size": 24, "hidden_size": 64, "dropout": 0.0, "word_dropout": 0.0, "min_count": 1,
        "learning_rate": 1e-2, "epochs": 24, "batch_size": 5, "warmup": 5, "patience": 0, "schedule": "constant",
        "weight_decay": 0.0, "label_smoothing": 0.0, "precision": "fp32"}
each_task = pytest.mark.parametrize("task", TASKS, ids=lambda t: t.name)


@cache
def starter(name):
    task = tasks.find(name)
    if task.format.starter is None:
        pytest.skip(f"the task {name} has no starter")
    return prepare(corpora.find("starter", task.format), task.format)


def a_few(task, count=5):
    """Short pairs with different sources, so that each has one right answer."""
    pairs = {e.source: e for e in starter(task.name).train}.values()
    return sorted(pairs, key=lambda e: (len(e.target) if task.ends_with_eos else 0, e.source))[:count]


def make(task, cell="gru", attention="additive", placement="after", **others):
    settings = task.settings(TINY, {"cell": cell, "attention": attention, "placement": placement, **others})
    return create(task, settings, a_few(task))


def answers(model, examples, **search):
    found = model.task.answer(model, examples, model.task.search_settings(search))
    return [best[0].text for best in found]


@each_task
def test_a_task_has_a_starter_beside_it(task):
    assert task.format.starter is not None, f"write a few hundred examples into tasks/starter/{task.name}.tsv"


@each_task
def test_the_starter_passes_the_tasks_own_check(task):
    assert [task.check(e) for e in starter(task.name).train if task.check(e)] == []


@pytest.mark.parametrize(("task", "cell", "attention", "placement"), GRID)
def test_a_handful_of_pairs_is_memorised_and_survives_saving(task, cell, attention, placement, tmp_path):
    model = make(task, cell, attention, placement, common_tokens=3 * (cell == "lstm"))  # a softmax of two levels too
    examples = a_few(task)
    targets = [e.target for e in examples]
    done = []  # training ends once it has done what is wanted of it
    fit(model, examples * 20, examples, None, should_stop=lambda: "interrupted" if any(done) else "",
        on_epoch=lambda epoch: done.append(epoch.best and answers(model, examples, beam=1) == targets))
    saving.save(model, tmp_path / "model")
    assert answers(model, examples, beam=1) == targets
    again = saving.load(tmp_path / "model")
    assert answers(again, examples, beam=3) == answers(model, examples, beam=3)
    assert again.settings == model.settings and again.task.name == task.name


@pytest.mark.parametrize(("task", "cell", "attention", "placement"), GRID)
def test_every_parameter_gets_a_gradient(task, cell, attention, placement):
    model = make(task, cell, attention, placement, layers=2, common_tokens=3)
    data = model.encode(a_few(task))
    loss, _ = model.network.loss(data.batch(np.arange(len(data))))
    loss.backward()
    still = [name for name, p in model.network.named_parameters()
             if p.requires_grad and (p.grad is None or not p.grad.abs().sum())]
    # A sole input state has the weight 1 whatever is asked, so the scores of 1→N attention cannot be learned.
    single = ("W_a", "U_a", "v_a") if "encoder" not in task.parts else ()
    assert [name for name in still if not name.split(".")[-1].startswith(single)
            and not any(part in single for part in name.split("."))] == []


@pytest.mark.parametrize(("task", "cell", "attention", "placement"), GRID)
def test_padding_and_batch_size_change_no_result(task, cell, attention, placement):
    model = make(task, cell, attention, placement)
    if hasattr(model.network, "decoder"):  # further from uniform: between ties, rounding decides, and not the batch
        with torch.no_grad():
            model.network.decoder.output.weight.mul_(4)
    examples = a_few(task)
    together = model.task.answer(model, examples, task.search_settings({"beam": 2}))
    alone = [model.task.answer(model, [e], task.search_settings({"beam": 2}))[0] for e in examples]
    for a, b in zip(together, alone):
        assert [answer.text for answer in a] == [answer.text for answer in b]
        assert [answer.score for answer in a] == pytest.approx([answer.score for answer in b], abs=1e-5)
    data = model.encode(examples)
    losses = [evaluate(model.network, data.sorted_batches(size)) for size in (1, 2, len(examples))]
    assert losses == pytest.approx([losses[0]] * 3, abs=1e-5)


@each_task
def test_beam_of_one_equals_greedy_and_the_stream(task):
    if "decoder" not in task.parts:
        assert not hasattr(make(task).network, "decoder")
        return
    from core import search
    model = make(task)
    batch = model.encode(a_few(task)).batch(np.arange(len(a_few(task))))
    memory = model.network.encode(batch.source, batch.source_lengths)
    constraints = search.Constraints(max_output=12)
    one = [found[0] for found in search.beam(model.network, memory, constraints, 1, 0.7)]
    greedy = search.greedy(model.network, memory, constraints, 0.7)
    assert [h.ids for h in one] == [h.ids for h in greedy]
    assert [h.score for h in one] == pytest.approx([h.score for h in greedy], abs=1e-5)
    settings = task.search_settings({"beam": 1, "max_output": 12})
    for example, text in zip(a_few(task), answers(model, a_few(task), beam=1, max_output=12)):
        pieces = list(task.stream(model, example, settings, (1,)))
        assert "".join(pieces) == text and (len(pieces) > 1 or len(text) < 2)


@each_task
def test_samples_follow_from_seed_and_input_number_whatever_the_batch(task):
    model, examples = make(task), a_few(task) * 2
    search = task.search_settings({"temperature": 1.0, "max_output": 12})

    def sampled(some, seeds):
        return [found[0].text for found in task.answer(model, some, search, seeds=seeds)]

    seeds = [(3, i) for i in range(len(examples))]
    together = sampled(examples, seeds)
    assert [sampled([e], [s])[0] for e, s in zip(examples, seeds)] == together
    if "decoder" in task.parts:
        assert together[:len(examples) // 2] != together[len(examples) // 2:]  # the same inputs, other draws
        assert sampled(examples, [(4, i) for i in range(len(examples))]) != together


@each_task
def test_weights_are_those_of_the_answer_also_of_a_beam(task):
    model, examples = make(task), a_few(task)
    for best, example in zip(task.answer(model, examples, task.search_settings({"beam": 3, "n_best": 2}), weights=True),
                             examples):
        for answer in best:
            if not {"attention", "decoder"} & {*task.parts}:
                assert answer.weights is None
                continue
            states = len(model.source_ids(example)) if "encoder" in task.parts else 1
            assert answer.weights.shape[1] == states and answer.weights.sum(axis=1) == pytest.approx(1, abs=1e-4)
            assert len(answer.weights) in (1, len(answer.tokens), len(answer.tokens) + 1)
    assert task.answer(make(task, attention="none"), examples, task.search_settings({}), weights=True)[0][0].weights \
        is None


@each_task
def test_same_seed_same_numbers_and_another_seed_others(task):
    def trained(seed):
        model = make(task, epochs=2, dropout=0.3, seed=seed)
        fit(model, a_few(task), a_few(task), None)
        return torch.cat([p.detach().flatten() for p in model.network.parameters()])
    assert torch.equal(trained(3), trained(3))
    assert not torch.equal(trained(3), trained(4))


@each_task
def test_evaluation_reports_the_model_beside_a_baseline_on_the_main_metric(task):
    dataset = starter(task.name)
    report = task.evaluate(make(task), dataset.limited(8), task.search_settings({"max_output": 9}))
    assert report.main in report.rows["this model"]
    assert report.beaten(), "no baseline has the main metric"
    assert not {"right length", "no <unk>"} & {*report.rows["this model"]}  # the search guarantees them
    assert len(report.examples) == 5
    text = "\n".join(report.lines())
    assert report.main in text and "baseline" in text


@each_task
def test_the_walk_shows_every_step_with_its_values(task):
    model = make(task)
    example = model.read_input(a_few(task)[0].source)
    walk = task.walk(model, example, task.search_settings({}))
    assert walk.ids == model.source_ids(example) and len(walk.tokens) == len(walk.ids) == len(walk.embeddings)
    assert walk.embeddings.shape[1] == walk.table[1] and walk.states.shape[1:] == walk.c.shape
    assert walk.answer == answers(model, [example], beam=1)[0]
    assert (walk.start is not None) == ("decoder" in task.parts)
    for step in walk.steps:
        assert step.candidates[0].probability >= step.probability > 0 or not step.candidates[0].allowed
        if step.weights is not None:
            assert step.weights.sum() == pytest.approx(1, abs=1e-4) and step.scores.shape == step.weights.shape
    lines = "\n".join(explanation(walk))
    for step in ("1 segmentation", "2 vocabulary", "3 ids", "4 embedding", "5 states", "6 c"):
        assert step in lines
    assert str(walk.ids) in lines and walk.answer in lines
    assert ("y_1 =" in lines) == ("decoder" in task.parts)


@each_task
@pytest.mark.parametrize(("text", "says"), [("", "empty"), ("  \n", "empty"),
                                            ("\U0001f9ff", "knows no part|has no line")])
def test_input_that_cannot_be_answered_says_why(task, text, says):
    with pytest.raises(InputError, match=says) as error:
        make(task).read_input(text)
    assert "\n" not in str(error.value)


@each_task
def test_an_input_longer_than_the_model_reads_is_refused_or_for_a_label_cut(task):
    if task.labels:
        notes = []
        with listening(note=notes.append):
            assert make(task, max_length=7).read_input(a_few(task)[0].source[0] * 300)
        assert "of which the model reads the first 7" in notes[0]
        return
    with pytest.raises(InputError, match="shorten"):
        make(task, max_length=7).read_input(a_few(task)[0].source[0] * 300)


@each_task
def test_whatever_a_model_was_trained_on_it_can_be_asked(task):
    model = make(task)
    assert all(model.source_ids(model.read_input(task.source_text(e, model.settings))) for e in a_few(task))
    words = " and ".join([a_few(task)[0].source] * 2)  # a question of several words, for example
    assert model.read_input(words).source


@each_task
def test_the_table_of_task_types_is_true(task):
    """A task says which parts it uses; its network must have just these."""
    model = make(task)
    network = model.network
    kinds = {type(module).__name__ for module in network.modules()}
    assert ("Encoder" in kinds) == ("encoder" in task.parts)
    assert ("Decoder" in kinds) == ("decoder" in task.parts)
    assert isinstance(network.loss(model.encode(a_few(task)).batch(np.array([0])))[1], int)
    for name in (task.default_corpus, *task.fallback_corpora):
        assert corpora.find(name, task.format).task == task.name
    assert task.answers_with in ("text", "label") and task.sample_input.strip()


@each_task
def test_an_empty_vocabulary_is_refused_before_training(task):
    with pytest.raises(InputError, match="no token occurs `min_count` 1000 times"):
        make(task, min_count=1000)
