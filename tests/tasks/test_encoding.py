"""tasks/shared/encoding.py and parallel.py: ids made by many processes as by one, once, and kept."""

import os
import signal
import sys

import numpy as np
import pytest

import corpora
import tasks
from core.data import Example, InputError
from corpora.prepare.splits import prepare
from tasks.shared import baselines, encoding, parallel, training

TASKS = tasks.all_tasks()
SMALL = {"min_count": 1, "embedding_size": 3, "hidden_size": 4}


def rows(ragged):
    ids = ragged.padded(np.arange(len(ragged))).tolist()
    return [row[:length] for row, length in zip(ids, ragged.lengths.tolist())]


def content(encoded):
    return (encoded.source.to_json(), encoded.target.to_json(),
            [rows(side) for data in (encoded.train, encoded.dev) for side in (data.sources, data.targets)])


@pytest.fixture
def many(monkeypatch):
    """Several processes, whatever the machine and however few the examples."""
    monkeypatch.delitem(sys.modules, "tokenizers", raising=False)  # with its threads there is only one process
    monkeypatch.setattr(parallel, "MANY", 10)
    monkeypatch.setattr(parallel, "CHUNK", 7)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)


@pytest.mark.parametrize(("task", "tokenizer"), [*((t, t.defaults.get("tokenizer", "characters")) for t in TASKS),
                                                 (tasks.find("translate"), "subwords")],
                         ids=lambda v: getattr(v, "name", v))
def test_many_processes_give_the_ids_and_vocabularies_of_one_and_of_a_model(task, tokenizer, monkeypatch, capfd):
    dataset = prepare(corpora.find("starter", task.format), task.format)
    settings = task.settings(SMALL, {"tokenizer": tokenizer})
    alone = encoding.encode(task, settings, dataset.train, dataset.dev)
    monkeypatch.setattr(parallel, "MANY", 10)
    monkeypatch.setattr(parallel, "CHUNK", 7)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    together = encoding.encode(task, settings, dataset.train, dataset.dev)
    assert content(together) == content(alone)
    model = training.create(task, settings, list(dataset.train))
    assert model.source.to_json() == alone.source.to_json() and model.target.to_json() == alone.target.to_json()
    data = model.encode(list(dataset.train))
    assert content(alone)[2][:2] == [rows(data.sources), rows(data.targets)]
    assert capfd.readouterr().err == ""


def a_few(count=60):
    return [Example(f"word {i}", f"gloss {i} of {i % 7}") for i in range(count)]


TRANSLATE = tasks.find("translate")


def test_texts_that_are_cut_are_counted():
    settings = TRANSLATE.settings(SMALL, {"max_length": 3, "tokenizer": "characters"})
    train = [Example("ab", "abcd"), Example("abc", "ab"), Example("abcdef", "ab"), Example("a", "a")]
    assert encoding.encode(TRANSLATE, settings, train, train).truncated(TRANSLATE, settings, train) == [
        "1 of 4 training sources are longer than `max_length` 3 tokens; the rest of them is cut off",
        "1 of 4 training targets are longer than `max_length` 3 tokens; the rest of them is cut off"]
    longer = TRANSLATE.settings(SMALL, {"max_length": 7, "tokenizer": "characters"})
    assert encoding.encode(TRANSLATE, longer, train, train).truncated(TRANSLATE, longer, train) == []


def test_a_second_run_encodes_nothing(tmp_path, monkeypatch):
    settings = TRANSLATE.settings(SMALL, {})
    first = encoding.encode(TRANSLATE, settings, a_few(), a_few(5), tmp_path, "these")
    monkeypatch.setattr(encoding, "map_chunks", None)
    again = encoding.encode(TRANSLATE, settings, a_few(), a_few(5), tmp_path, "these")
    assert content(again) == content(first)


@pytest.mark.parametrize("change", [{"tokenizer": "characters"}, {"lowercase": True}, {"max_length": 3},
                                    {"min_count": 2}, {"max_vocabulary": 9}, {"source_tokenizer": "characters"},
                                    {"shared_vocabulary": True}])
def test_settings_that_shape_ids_encode_anew_and_others_do_not(tmp_path, change):
    for flags in ({}, {"epochs": 99, "seed": 7, "cell": "rnn"}, change):
        encoding.encode(TRANSLATE, TRANSLATE.settings(SMALL, flags), a_few(), a_few(5), tmp_path, "these")
    encoding.encode(TRANSLATE, TRANSLATE.settings(SMALL, {}), a_few(), a_few(5), tmp_path, "others")
    assert len(list(tmp_path.iterdir())) == 3


def test_a_damaged_entry_is_made_anew(tmp_path):
    settings = TRANSLATE.settings(SMALL, {})
    first = content(encoding.encode(TRANSLATE, settings, a_few(), a_few(5), tmp_path, "these"))
    [folder] = tmp_path.iterdir()
    (folder / "train.source.ids").write_bytes(b"")
    assert content(encoding.encode(TRANSLATE, settings, a_few(), a_few(5), tmp_path, "these")) == first


def test_a_model_is_trained_on_what_was_encoded_before(tmp_path):
    settings = TRANSLATE.settings(SMALL, {"epochs": 1, "precision": "fp32"})
    encoded = encoding.encode(TRANSLATE, settings, a_few(), a_few(5))
    losses = []
    for train, dev in ((encoded.train, encoded.dev), (a_few(), a_few(5))):
        model = training.create(TRANSLATE, settings, a_few(), None, (encoded.source, encoded.target))
        losses.append(training.fit(model, train, dev, None).epochs[0].dev_loss)
    assert losses[0] == losses[1]


def die(examples):
    if os.getpid() != PARENT:
        os.kill(os.getpid(), signal.SIGKILL)


def interrupt(examples):
    """As Ctrl-C does: every process of the group gets the signal."""
    if os.getpid() != PARENT:
        os.kill(os.getpid(), signal.SIGINT)
    return os.getpid()


PARENT = os.getpid()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals")
def test_a_process_that_dies_is_told_in_one_line(many):
    with pytest.raises(InputError, match="a process that read the corpus was killed") as told:
        list(parallel.map_chunks(die, a_few(), "dying"))
    assert "`limit`" in str(told.value)


def test_ctrl_c_is_the_parents_to_handle(many, capfd):
    found = list(parallel.map_chunks(interrupt, a_few(), "working"))
    assert len(found) == 9 and found[0] == PARENT and PARENT not in found[1:]
    assert capfd.readouterr().err == ""


def test_an_interrupt_ends_the_processes_and_leaves_nothing_half_written(many, tmp_path, monkeypatch):
    pids = []

    def interrupted(*arguments):
        for found in parallel.map_chunks(interrupt, a_few(), "working"):
            pids.append(found)
            if len(pids) == 4:
                raise KeyboardInterrupt
    monkeypatch.setattr(encoding, "codecs_of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        encoding.encode(TRANSLATE, TRANSLATE.settings(SMALL, {}), a_few(), a_few(5), tmp_path, "these")
    assert list(tmp_path.iterdir()) == []


def test_baselines_say_when_they_read_but_a_part():
    assert baselines.subsample(a_few(5), 5) == (a_few(5), [])
    few, note = baselines.subsample(a_few(5), 3)
    assert few == a_few(3) and note == ["the baselines were fitted to 3 of the 5 training examples, drawn at random"]
