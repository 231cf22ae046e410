"""Models and trainings of version 0.1.0 still load: tests/old_models holds them and what they answered."""

import shutil
from pathlib import Path

import pytest

import n2m

OLD = Path(__file__).parent.parent / "old_models"
ANSWERS = dict(line.split(": ", 1) for line in (OLD / "answers.txt").read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("task", ANSWERS)
def test_an_old_model_answers_as_it_did(task):
    model = n2m.load(OLD / task)
    [[answer]] = model.answer([model.task.sample_input], max_output=12, form="free")
    assert answer.text == ANSWERS[task].split("\t")[0]
    assert model.settings.hidden_size == 6 and model.settings.max_grad_norm == 0.5


def test_an_old_model_is_evaluated_on_its_corpus():
    assert n2m.load(OLD / "translate").evaluate(max_output=5).rows["this model"]["chrF"] >= 0


# Of `translate`, where they have changed since.
DEFAULTS_THEN = {"tokenizer": "words", "dropout": 0.4, "word_dropout": 0.1, "common_tokens": 0}


def test_an_old_training_is_resumed(tmp_path):
    shutil.copytree(OLD, tmp_path, dirs_exist_ok=True)
    notes = []
    with n2m.listening(note=notes.append):
        model = n2m.train("translate", "starter", tmp_path / "unfinished", embedding_size=4, hidden_size=6, epochs=40,
                          max_vocabulary=60, cell="lstm", time_limit=0.001, **DEFAULTS_THEN)
    assert any("resuming from update 1 " in note for note in notes), notes
    assert model.metadata["history"]["updates"] > 1
