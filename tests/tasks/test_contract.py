"""What every task × cell × attention must keep. Tasks are found by themselves, so a new file is tested unasked."""

import itertools

import numpy as np
import pytest
import torch

import corpora
import tasks
from core.batches import Data
from core.data import InputError
from core.training_run import evaluate
from corpora.prepare.splits import prepare
from tasks.shared import text_model

torch.set_num_threads(1)
TASKS = tasks.all_tasks()
FORMS = [("none", "after"), *itertools.product(("additive", "dot"), ("before", "after"))]
GRID = [pytest.param(t, cell, *form, id=f"{t.name}-{cell}-{form[0]}-{form[1]}")
        for t in TASKS for cell in ("rnn", "gru", "lstm") for form in FORMS]
TINY = {"embedding_size": 12, "state_size": 32, "dropout": 0.0, "word_dropout": 0.0, "min_count": 1,
        "learning_rate": 1e-2, "epochs": 260, "batch_size": 8, "warmup": 5, "patience": 0, "schedule": "constant",
        "weight_decay": 0.0, "precision": "fp32"}
STARTERS = {t.name: prepare(corpora.find("starter", t.format), t.format) for t in TASKS}


def a_few(task, count=5):
    """Short pairs with different sources, so that each has one right answer."""
    pairs = {e.source: e for e in STARTERS[task.name].train}.values()
    return sorted(pairs, key=lambda e: (len(e.target) if task.ends_with_eos else 0, e.source))[:count]


def make(task, cell="gru", attention="additive", placement="after", **others):
    settings = task.settings(TINY, {"cell": cell, "attention": attention, "placement": placement, **others})
    return text_model.create(task, settings, a_few(task))


def answers(model, examples, **search):
    return [found[0][0] for found in model.task.answer(model, examples, model.task.search_settings(search))]


@pytest.mark.parametrize(("task", "cell", "attention", "placement"), GRID)
def test_a_handful_of_pairs_is_memorised_and_survives_saving(task, cell, attention, placement, tmp_path):
    model = make(task, cell, attention, placement)
    examples = a_few(task)
    text_model.fit(model, examples, examples, None)
    model.save(tmp_path / "model")
    assert answers(model, examples, beam=1) == [e.target for e in examples]
    again = text_model.TextModel.load(tmp_path / "model")
    assert answers(again, examples, beam=3) == answers(model, examples, beam=3)
    assert again.settings == model.settings and again.task.name == task.name


@pytest.mark.parametrize(("task", "cell", "attention", "placement"), GRID)
def test_every_parameter_gets_a_gradient(task, cell, attention, placement):
    model = make(task, cell, attention, placement, layers=2)
    data = model.encode(a_few(task))
    loss, _ = model.network.loss(data.batch(np.arange(len(data))))
    loss.backward()
    still = [name for name, p in model.network.named_parameters() if p.grad is None or not p.grad.abs().sum()]
    # A sole input state has the weight 1 whatever is asked, so the scores of 1→N attention cannot be learned.
    single = ("W_a", "U_a", "v_a") if task.sizes.startswith("1") else ()
    assert [name for name in still if not name.split(".")[-1].startswith(single)
            and not any(part in single for part in name.split("."))] == []


@pytest.mark.parametrize(("task", "cell", "attention", "placement"), GRID)
def test_padding_and_batch_size_change_no_result(task, cell, attention, placement):
    model = make(task, cell, attention, placement)
    examples = a_few(task)
    together = model.task.answer(model, examples, task.search_settings({"beam": 2}))
    alone = [model.task.answer(model, [e], task.search_settings({"beam": 2}))[0] for e in examples]
    for a, b in zip(together, alone):
        assert [text for text, _ in a] == [text for text, _ in b]
        assert [score for _, score in a] == pytest.approx([score for _, score in b], abs=1e-5)
    data = model.encode(examples)
    losses = [evaluate(model.network, data.in_order(size)) for size in (1, 2, len(examples))]
    assert losses == pytest.approx([losses[0]] * 3, abs=1e-5)


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.name)
def test_beam_of_one_equals_greedy(task):
    if task.sizes.endswith("1"):
        assert not hasattr(make(task).network, "decoder")  # a label is not searched for
        return
    from core import search
    model = make(task)
    data = model.encode(a_few(task))
    batch = data.batch(np.arange(len(data)))
    memory = model.network.encode(batch.source, batch.source_lengths)
    rules = search.Rules(max_output=12)
    one = [found[0] for found in search.beam(model.network, memory, rules, 1, 0.7)]
    greedy = search.greedy(model.network, memory, rules, 0.7)
    assert [h.ids for h in one] == [h.ids for h in greedy]
    assert [h.score for h in one] == pytest.approx([h.score for h in greedy], abs=1e-5)


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.name)
def test_same_seed_same_numbers_and_another_seed_others(task):
    def trained(seed):
        model = make(task, epochs=2, dropout=0.3, seed=seed)
        text_model.fit(model, a_few(task), a_few(task), None)
        return torch.cat([p.detach().flatten() for p in model.network.parameters()])
    assert torch.equal(trained(3), trained(3))
    assert not torch.equal(trained(3), trained(4))


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.name)
def test_evaluation_reports_the_model_beside_a_baseline_on_the_main_metric(task):
    dataset = STARTERS[task.name]
    model = make(task)
    report = task.evaluate(model, dataset.train, dataset.dev, dataset.test[:8], task.search_settings({"max_output": 9}))
    assert report.main in report.rows["this model"]
    assert report.beaten(), "no baseline has the main metric"
    assert len(report.examples) == 5
    text = "\n".join(report.lines())
    assert report.main in text and "baseline" in text


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.name)
def test_the_walk_through_a_text_shows_every_step_with_its_values(task):
    model = make(task)
    example = model.read_input(a_few(task)[0].source)
    lines = "\n".join(task.explain(model, example, task.search_settings({})))
    for step in ("1 segmentation", "2 vocabulary", "3 ids", "4 embedding", "5 states", "6 c"):
        assert step in lines
    assert str(model.source_ids(example)) in lines
    assert "α" in lines and "score" in lines
    assert ("LABEL" if task.sizes.endswith("1") else "y_1 =") in lines


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.name)
@pytest.mark.parametrize(("text", "says"), [("", "empty"), ("  \n", "empty"),
                                            ("\U0001f9ff", "knows no part|holds no line")])
def test_input_that_cannot_be_answered_says_why(task, text, says):
    with pytest.raises(InputError, match=says) as error:
        make(task).read_input(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.name)
def test_an_input_longer_than_the_model_reads_is_refused(task):
    with pytest.raises(InputError, match=r"shorten|more than one word"):
        make(task, max_length=7).read_input(a_few(task)[0].source[0] * 300)


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.name)
def test_the_table_of_task_types_is_true(task):
    """A task says which parts it uses; its network must have just these."""
    network = make(task).network
    kinds = {type(module).__name__ for module in network.modules()}
    assert ("Encoder" in kinds) == ("encoder" in task.parts)
    assert ("Decoder" in kinds) == ("decoder" in task.parts)
    assert isinstance(network.loss(Data([[4]], [[1]]).batch(np.array([0])))[1], int)
    assert corpora.find(task.default_corpus, task.format).task == task.name
