"""Fine-tuning: what a training keeps of the model it starts from, what it refuses, and that it resumes."""

import pytest
import torch

import n2m
from core.data import InputError
from n2m.finding import PRETRAINED
from tests.command import TASKS, refused, run

STILL = {"epochs": 1, "learning_rate": 1e-9, "weight_decay": 0.0}  # an update changes next to nothing


def weights(model):
    return dict(model.text_model.network.state_dict())


@pytest.mark.parametrize("task", TASKS)
def test_it_starts_from_weights_vocabularies_and_sizes(trained, task):
    base, notes = n2m.load(trained(task)), []
    with n2m.listening(note=notes.append):
        model = n2m.train(task, "starter", fine_tune=base.folder, limit=40, **STILL)
    assert model.settings.hidden_size == base.settings.hidden_size and model.settings.fine_tune == str(base.folder)
    assert model.text_model.source.to_json() == base.text_model.source.to_json()
    assert model.text_model.target.to_json() == base.text_model.target.to_json()
    for name, w in weights(base).items():
        torch.testing.assert_close(weights(model)[name], w, atol=1e-5, rtol=1e-5)
    assert [n for n in notes if n.startswith("starting from the weights of")] and model.metadata["history"]["updates"]


def test_it_begins_at_the_dev_loss_of_that_model(trained):
    base, notes = n2m.load(trained("poem")), []
    with n2m.listening(note=notes.append):
        model = n2m.train("poem", "starter", fine_tune=str(base.folder), **STILL)
    loss = model.metadata["history"]["epochs"][0]["dev_loss"]
    assert model.metadata["fine_tune"]["licence"] == base.metadata["corpus"]["licence"]
    assert any(note.startswith(f"before fine-tuning: dev loss {loss:.3f} (") for note in notes)


def test_a_classifier_keeps_its_labels_and_learns_others(trained, tmp_path):
    base = n2m.load(trained("classify"))
    names = base.text_model.target.names
    for labels, same in ((names[:1], True), (["cat", "dog"], False)):
        file = tmp_path / f"{labels[0]}.tsv"
        file.write_text("".join(f"这是第{i}句\t{labels[i % len(labels)]}\n" for i in range(60)), encoding="utf-8")
        model = n2m.train("classify", file, fine_tune=str(base.folder), **STILL)
        assert model.text_model.target.names == (names if same else labels)
        name = "encoder.embedding.weight"
        torch.testing.assert_close(weights(model)[name], weights(base)[name], atol=1e-5, rtol=1e-5)
        assert torch.equal(weights(model)["ngrams.weight"], weights(base)["ngrams.weight"]) == same


def test_a_stopped_fine_tuning_is_resumed_to_the_same_weights(trained, tmp_path):
    options = {"fine_tune": str(trained("translate")), "epochs": 2, "precision": "fp32", "checkpoint_seconds": 0}
    whole = n2m.train("translate", "starter", tmp_path / "whole", **options)
    updates = iter(range(100))
    n2m.train("translate", "starter", tmp_path / "part", should_stop=lambda: next(updates) == 3, **options)
    again = n2m.train("translate", "starter", tmp_path / "part", **options)
    notes = []
    with n2m.listening(note=notes.append):
        n2m.train("translate", "starter", tmp_path / "part", **options)
    assert notes[0].endswith(f"use `retrain` `corpus` starter `fine_tune` {options['fine_tune']} to train it again")
    assert again.metadata["history"]["updates"] == whole.metadata["history"]["updates"]
    assert all(torch.equal(w, weights(again)[name]) for name, w in weights(whole).items())


def test_what_contradicts_the_model_is_refused_in_one_line(trained, tmp_path):
    folder = str(trained("poem"))
    for options, message in (
            ({"hidden_size": 999}, r"`hidden_size` 999 differs from \d+ of the model in .*, whose vocabularies and "
                                   "sizes `fine_tune` keeps; remove it"),
            ({"min_count": 7}, "`min_count` 7 differs"), ({"source_tokenizer": "words"}, "differs from none"),
            ({"vectors": "v.vec"}, "`vectors` has no effect with `fine_tune`, whose model has embeddings of its own")):
        with pytest.raises(InputError, match=message):
            n2m.train("poem", "starter", fine_tune=folder, **options)
    with pytest.raises(InputError, match="found a model for `task` poem, not word; use another directory"):
        n2m.train("word", "starter", fine_tune=folder)
    known = ", ".join(sorted(f.name for f in PRETRAINED.iterdir() if f.is_dir() and (f / "model.json").exists()))
    with pytest.raises(InputError, match=r"`fine_tune` \(empty\) is not the directory of a trained model"):
        n2m.train("poem", "starter", fine_tune="")
    assert f"--fine-tune nowhere is not the directory of a trained model; pretrained models: {known}" in refused(
        "--task", "poem", "--corpus", "starter", "--fine-tune", "nowhere", "--model-dir", tmp_path / "m")


def test_dropout_may_differ_and_a_pretrained_model_is_known_by_its_name(tmp_path):
    done = run("--task", "poem", "--corpus", "starter", "--fine-tune", "poem", "--dropout", "0.3", "--epochs", "1",
               "--limit", "40", "--model-dir", tmp_path / "m")
    assert done.returncode == 0
    for line in ("starting from the weights of poem, trained on tang, with --learning-rate 0.0005",
                 "scores are fair only if tang contains no text of the test split of starter"):
        assert line in done.stderr
    model = n2m.load(tmp_path / "m")
    assert (model.settings.dropout, model.settings.patience) == (0.3, 2)
    assert model.metadata["history"]["epochs"][0]["dev_loss"] < 5  # without these weights 6
    assert model.text_model.source.to_json() == n2m.load(PRETRAINED / "poem").text_model.source.to_json()


def test_the_other_script_is_told_and_a_file_of_ones_own_has_none(trained, tmp_path):
    file = tmp_path / "own.tsv"
    file.write_text("".join(f"我有{i}本书\tI have {i}\n" for i in range(60)), encoding="utf-8")
    base = n2m.load(trained("translate"))
    base.metadata["corpus"]["script"] = "traditional"
    base.save(tmp_path / "base")
    for corpus, folder, told in (("starter", tmp_path / "base", True), ("starter", trained("translate"), False),
                                 (file, tmp_path / "base", False)):
        notes = []
        with n2m.listening(note=notes.append):
            n2m.train("translate", corpus, fine_tune=str(folder), limit=40, **STILL)
        assert ("warning: that model is of `script` traditional, this corpus of simplified" in notes) == told


def test_tokens_that_the_model_does_not_know_are_told(trained, tmp_path):
    file = tmp_path / "own.tsv"
    file.write_text("".join(f"zqx{i} zqy{i}\tzqv{i} zqw{i}\n" for i in range(60)), encoding="utf-8")
    notes = []
    with n2m.listening(note=notes.append):
        n2m.train("translate", file, fine_tune=str(trained("translate")), **STILL)
    assert "warning: 100% of the source tokens in the dev split are unknown; use no `fine_tune`" in notes
