"""n2m.train: callbacks, resuming, and what becomes of a model that is there."""

import json
import os
import signal
import threading

import pytest

import n2m
import tasks
from core.checkpoint import training_lock

TINY = {"embedding_size": 8, "hidden_size": 8, "max_vocabulary": 200, "precision": "fp32", "checkpoint_seconds": 0}


def train(folder, task="translate", corpus="starter", epochs=2, **options):
    return n2m.train(task, corpus, folder, epochs=epochs, **{**TINY, **options})


def stopped(folder):
    return json.loads((folder / "training.json").read_text(encoding="utf-8"))["history"]["stopped"]


def after(updates):
    count = iter(range(1, 10_000))
    return lambda: next(count) >= updates


def test_callbacks_hear_notes_progress_updates_and_epochs_and_nothing_is_printed(tmp_path, capfd):
    notes, updates, epochs = [], [], []
    with n2m.listening(note=notes.append):
        model = train(tmp_path / "m", on_update=lambda *said: updates.append(said), on_epoch=epochs.append)
    assert capfd.readouterr() == ("", "")
    assert any("train, " in note for note in notes) and any("saved in" in note for note in notes)
    assert updates[0][0] == 1 and updates[-1][0] == updates[-1][1] == len(updates)
    assert [e.epoch for e in epochs] == [1, 2]
    assert model.answer(["我喜欢喝茶。"], max_output=5)


def test_a_training_leaves_environment_signals_and_allocator_alone(tmp_path, monkeypatch):
    def forbidden():
        raise AssertionError("an option of the whole process was changed unasked")

    monkeypatch.setattr("core.machine.keep_freed_memory", forbidden)
    before = dict(os.environ), signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    inside = []
    model = train(tmp_path / "m", epochs=1, on_update=lambda *_: inside.append(signal.getsignal(signal.SIGINT)))
    model.answer(["你好"])
    assert before == (dict(os.environ), signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM))
    assert set(inside) == {before[1]}


def test_a_stopped_training_is_resumed_to_the_same_weights(tmp_path):
    whole = train(tmp_path / "whole")
    part = train(tmp_path / "m", should_stop=after(5))
    assert part.metadata["history"]["stopped"] == "interrupted"
    again = train(tmp_path / "m")
    assert again.metadata["history"]["updates"] == whole.metadata["history"]["updates"]
    for a, b in zip(whole.text_model.network.parameters(), again.text_model.network.parameters()):
        assert a.equal(b)


def test_a_corpus_is_read_once_for_training_and_evaluation(tmp_path):
    notes = []
    with n2m.listening(note=notes.append):
        train(tmp_path / "m", epochs=1).evaluate("starter", max_output=3)
    assert sum(note.startswith("starter: ") for note in notes) == 1


def test_without_a_folder_nothing_is_saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = train(None, epochs=1)
    assert not list(tmp_path.iterdir())
    model.save(tmp_path / "later")
    assert n2m.load(tmp_path / "later").settings == model.settings


def test_a_finished_model_is_loaded_and_another_one_is_refused(tmp_path):
    train(tmp_path / "m", epochs=1)
    notes = []
    with n2m.listening(note=notes.append):
        train(tmp_path / "m", epochs=1)
    assert any("found a model trained on starter; use `retrain`" in note for note in notes)
    with pytest.raises(n2m.InputError, match="trained with `epochs` 1, not 3; use another `model_dir`"):
        train(tmp_path / "m", epochs=3)


def test_a_corpus_that_there_is_not_has_its_own_error_beside_a_trained_model(tmp_path):
    train(tmp_path / "m", epochs=1)
    with pytest.raises(n2m.InputError, match="did you mean starter"):
        train(tmp_path / "m", corpus="startr", epochs=1)
    with pytest.raises(n2m.InputError, match=r"missing\.tsv"):
        train(tmp_path / "m", corpus="missing.tsv", epochs=1)
    with pytest.raises(n2m.InputError, match="`corpus` starter, not hsk"):
        train(tmp_path / "m", corpus="hsk", epochs=1)


def test_retrain_after_an_interruption_trains_from_scratch(tmp_path):
    train(tmp_path / "m", should_stop=after(5))
    first = []
    train(tmp_path / "m", retrain=True, on_update=lambda update, *_: first.append(update))
    assert first[0] == 1


def test_a_finished_model_stays_until_its_retraining_has_finished(tmp_path):
    train(tmp_path / "m", seed=1)
    epochs = []
    train(tmp_path / "m", seed=2, retrain=True, on_epoch=epochs.append, should_stop=lambda: bool(epochs))
    assert n2m.load(tmp_path / "m").settings.seed == 1
    train(tmp_path / "m", seed=2)  # the same call resumes it
    assert n2m.load(tmp_path / "m").settings.seed == 2 and stopped(tmp_path / "m") == "all epochs done"


def test_a_training_killed_before_its_first_checkpoint_starts_again(tmp_path):
    def boom(epoch):
        if epoch.epoch == 2:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train(tmp_path / "m", epochs=3, on_epoch=boom, checkpoint_seconds=1000)
    assert stopped(tmp_path / "m") == "still training"
    train(tmp_path / "m", epochs=3, checkpoint_seconds=1000)
    assert stopped(tmp_path / "m") == "all epochs done"


def test_a_setting_of_another_type_is_refused(tmp_path):
    with pytest.raises(n2m.InputError, match=r"`epochs` '2' must be a whole number"):
        train(tmp_path / "m", epochs="2")


def test_two_trainings_in_one_directory_are_refused(tmp_path):
    found = []

    def second():
        try:
            train(tmp_path / "m", epochs=1)
        except n2m.InputError as error:
            found.append(str(error))

    with training_lock(tmp_path / "m"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert len(found) == 1 and "another" in found[0] and "\n" not in found[0]


def test_the_paths_of_a_corpus_are_kept_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pairs.tsv").write_text("".join(f"word {n}\tanswer {n}\n" for n in range(40)), encoding="utf-8")
    train(tmp_path / "m", corpus="pairs.tsv", epochs=1, min_count=1)
    monkeypatch.chdir("/")
    assert n2m.load(tmp_path / "m").evaluate(max_output=3)
    assert n2m.train("translate", tmp_path / "pairs.tsv", tmp_path / "m")


def test_an_empty_vocabulary_is_refused_before_training(tmp_path):
    with pytest.raises(n2m.InputError, match="no token occurs `min_count` 1000 times"):
        train(tmp_path / "m", min_count=1000)


def test_a_corpus_with_its_splits_and_rejects(tmp_path):
    file = tmp_path / "pairs.tsv"
    file.write_text("".join(f"word {n}\tanswer {n}\n" for n in range(40)) + "word 1\tanswer 1\n", encoding="utf-8")
    dataset = n2m.corpus(file, "translate")
    assert len(dataset.train) + len(dataset.dev) + len(dataset.test) == 40
    assert dict(dataset.rejected) == {"duplicate": 1}


def test_settings_follow_from_the_number_of_examples_unless_suggested_or_chosen(tmp_path, monkeypatch):
    monkeypatch.setattr(type(tasks.find("translate")), "by_examples", {
        3: {"dropout": 0.9}, 1000: {"dropout": 0.35, "word_dropout": 0.15, "batch_size": 99}, 10**12: {"dropout": 0.0}})
    notes = []
    with n2m.listening(note=notes.append):
        model = train(None, epochs=1, word_dropout=0.25)
    settings, examples = model.settings, model.metadata["corpus"]["examples"]["train"]
    assert (settings.dropout, settings.word_dropout) == (0.35, 0.25)
    assert settings.batch_size == 16  # suggested by the starter
    assert f"settings for {examples} examples: `dropout` 0.35" in notes
