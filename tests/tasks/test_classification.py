"""N→1 with its linear classifier over n-grams."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

import n2m
from core.data import Example
from n2m.cli.explain import explanation
from tasks import find
from tasks.shared.saving import load, save
from tasks.shared.training import create, fit

GOOD, BAD = "好美香甜净", "坏脏臭吵旧"
QUICK = {"embedding_size": 8, "hidden_size": 8, "epochs": 3, "min_count": 1, "precision": "fp32"}


def reviews(count, seed):
    """One character of each text says whether it is good."""
    random = np.random.default_rng(seed)
    return [Example("".join(random.permutation([*"这家店的菜真是很", random.choice(list(GOOD if i % 2 else BAD))])),
                    "good" if i % 2 else "bad") for i in range(count)]


def trained(folder=None, **options):
    task = find("classify")
    model = create(task, task.settings({}, {**QUICK, **options}), reviews(60, 1))
    fit(model, reviews(60, 1), reviews(10, 2), folder)
    return model


def test_ngrams_answer_and_are_saved(tmp_path):
    model, test = trained(tmp_path / "model"), reviews(40, 3)
    for found in (model, load(tmp_path / "model")):
        answers = found.task.answer(found, test, found.task.search_settings({}))
        assert np.mean([best[0].text == e.target for best, e in zip(answers, test)]) > 0.8
    assert trained(ngrams=0).network.ngrams is None


def test_the_score_of_the_linear_classifier_alone_is_reported():
    notes = []
    with n2m.listening(note=notes.append):
        trained()
    assert any("the linear classifier over n-grams alone labels" in note for note in notes)


def test_the_walk_shows_what_each_ngram_adds_to_the_answer():
    model = trained()
    walk = model.task.walk(model, Example("这家店真脏", ""), model.task.search_settings({}))
    assert walk.answer == "bad"
    ngrams = model.network.ngrams
    z = float(ngrams(torch.tensor([walk.ids]))[0, 0] - ngrams.bias[0])
    assert sum(value for _, value in walk.ngrams) == pytest.approx(z, abs=1e-4)
    assert walk.parts[1] == pytest.approx(z + float(ngrams.bias[0]), abs=1e-4)
    assert "脏" in walk.ngrams[0][0]
    assert all(value for _, value in walk.ngrams)  # none that training does not have
    lines = "\n".join(explanation(walk))
    assert "N-GRAMS" in lines and "the network adds" in lines and "softmax(W_o pooled + b_o + z)" in lines


def test_of_a_long_text_the_walk_reads_what_the_answer_reads():
    model = n2m.Model(trained(max_length=9))
    text = "这家店的菜真是坏" + "好" * 30
    walk = model.walk(text)
    assert "".join(walk.tokens) == text[:9] and walk.ids == model.text_model.source_ids(model.read_input(text))
    [[answer]] = model.answer([text])
    assert (answer.text, round(answer.score, 5)) == (walk.answer, round(walk.steps[0].probability, 5))


def test_a_training_that_is_interrupted_ends_as_one_that_is_not(tmp_path):
    task, whole = find("classify"), trained()
    for stop in (lambda: "interrupted", lambda: ""):
        model = create(task, task.settings({}, QUICK), reviews(60, 1))
        fit(model, reviews(60, 1), reviews(10, 2), tmp_path / "model", should_stop=stop)
    for a, b in zip(whole.network.parameters(), model.network.parameters()):
        assert torch.equal(a, b)


def test_too_many_labels_are_left_to_the_network(monkeypatch):
    monkeypatch.setattr("core.ngrams.MOST_LABELS", 1)
    notes = []
    with n2m.listening(note=notes.append):
        assert trained().network.ngrams is None
    assert any("2 labels are too many for a linear classifier" in note for note in notes)


def test_half_precision_gives_the_same_labels(tmp_path):
    model, test = trained(), reviews(40, 3)
    save(model, tmp_path / "half", half=True)
    again = load(tmp_path / "half")
    search = model.task.search_settings({})
    whole, half = (m.task.answer(m, test, search) for m in (model, again))
    assert [best[0].score for best in half] == pytest.approx([best[0].score for best in whole], abs=0.02)


def test_a_corpus_with_one_label_is_scored_without_classifiers_that_need_two():
    model = trained()
    data = SimpleNamespace(train=reviews(20, 1)[::2], test=reviews(20, 3)[::2])
    rows = model.task.evaluate(model, data, model.task.search_settings({})).rows
    assert set(rows) == {"this model", "commonest label"} and rows["commonest label"]["accuracy"] == 1


def test_short_texts_have_shorter_ngrams():
    task, short, long = find("classify"), Example("房价又涨了", "realty"), Example("很" * 60, "good")
    assert task.sized([short] * 5)["ngrams"] == 2 and task.sized([long] * 5) == {} == task.sized([long] * 3 + [short])
    assert task.settings(task.sized([short]), {"ngrams": 3}).ngrams == 3  # what is chosen comes first
