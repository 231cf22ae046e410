import contextlib
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from core import checkpoint, events
from core.batches import EncodedSplit
from core.data import InputError
from core.models import Seq2Seq, make_decoder, make_encoder
from core.resume import Checkpoints, _difference, folder_of, unfinished
from core.settings import Settings
from core.training import INTERRUPTED, train

torch.set_num_threads(1)
ROOT = Path(__file__).parents[2]


def some_data(count=23):
    return EncodedSplit([[4 + (i + k) % 8 for k in range(1 + i % 3)] for i in range(count)],
                [[4 + (i + k) % 8 for k in range(1 + i % 2)] + [2] for i in range(count)])


def a_training(directory=None, seconds=0.0, on_update=lambda *_: None, should_stop=lambda: "", **others):
    settings = Settings(**{"epochs": 4, "batch_size": 3, "warmup": 2, "patience": 0, "precision": "fp32",
                           "learning_rate": 0.02, "embedding_size": 4, "hidden_size": 5, "dropout": 0.3, **others})
    torch.manual_seed(settings.seed)
    encoder = make_encoder(settings, vocabulary_size=12)
    model = Seq2Seq(encoder, make_decoder(settings, 12, encoder.memory_size))
    checkpoints = Checkpoints(directory, {"seed": settings.seed}, seconds) if directory else None
    history = train(model, some_data(), some_data(5), settings, on_update=on_update, checkpoints=checkpoints,
                    should_stop=should_stop)
    return {name: p.detach().clone() for name, p in model.named_parameters()}, history


def equal(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


def losses(history):
    return [(e.train_loss, e.dev_loss, e.learning_rate) for e in history.epochs]


@contextlib.contextmanager
def heard():
    notes = []
    with events.listening(note=notes.append):
        yield notes


class Killed(Exception):
    """Stands for the death of the process between two updates."""


@pytest.mark.parametrize("options", [{}, {"schedule": "plateau", "optimizer": "adam"}, {"average": "ema"},
                                     {"average": "last"}, {"accumulate": 3}, {"batch_tokens": 20},
                                     {"recurrent_dropout": 0.3, "layer_norm": True, "scheduled_sampling": 0.5}])
def test_a_training_that_died_anywhere_ends_as_one_that_never_did(tmp_path, options):
    wanted, history = a_training(**options)
    updates = history.updates
    deaths = list(range(1, updates, 5))  # at each place of an epoch of 8 updates

    def die(update, *_):
        if deaths and update == deaths[0]:
            deaths.pop(0)
            raise Killed

    found = None
    while found is None:
        try:
            found, resumed = a_training(tmp_path / "model", on_update=die, **options)
        except Killed:
            continue
    assert not deaths
    assert equal(found, wanted)
    assert losses(resumed) == losses(history)


def test_a_stopped_training_resumes_where_it_stopped(tmp_path):
    wanted, history = a_training()

    updates = []
    _, stopped = a_training(tmp_path / "model", 1e9, on_update=lambda *_: updates.append(1),
                            should_stop=lambda: INTERRUPTED if len(updates) == 11 else "")
    assert (stopped.stopped, stopped.updates) == ("interrupted", 11)
    with heard() as notes:
        found, resumed = a_training(tmp_path / "model", 1e9)
    assert notes == ["resuming from update 11 (epoch 2)"]
    assert equal(found, wanted) and losses(resumed) == losses(history)


@pytest.mark.parametrize("damage", ["facts", "tensors", "torn", "gone"])
def test_of_two_checkpoints_the_whole_one_is_used(tmp_path, damage):
    wanted, _ = a_training()

    def die(update, *_):
        if update == 13:
            raise Killed

    with pytest.raises(Killed):
        a_training(tmp_path / "model", on_update=die)
    first, second = sorted(folder_of(tmp_path / "model").iterdir())
    tensors, facts = second / "state.safetensors", second / "state.json"
    if damage == "facts":
        facts.write_text(facts.read_text().replace('"epoch"', '"epoxh"'))
    elif damage == "tensors":
        data = bytearray(tensors.read_bytes())
        data[-1] ^= 1
        tensors.write_bytes(data)
    elif damage == "torn":
        tensors.write_bytes(tensors.read_bytes()[:100])
    else:
        facts.unlink()
    with heard() as notes:
        found, _ = a_training(tmp_path / "model")
    assert notes[0].startswith(f"checkpoint {second} is damaged (") and notes[0].endswith("; using the one before it")
    assert notes[1] == "resuming from update 11 (epoch 2)"
    assert equal(found, wanted)
    assert first.exists() or unfinished(tmp_path / "model")


def test_another_training_is_not_resumed(tmp_path):
    def die(update, *_):
        if update == 3:
            raise Killed

    with pytest.raises(Killed):
        a_training(tmp_path / "model", on_update=die)
    assert unfinished(tmp_path / "model")
    with pytest.raises(InputError, match=r"unfinished run with different settings \(`seed` 1, not 2\); .*`retrain`"):
        a_training(tmp_path / "model", seed=2)


@pytest.mark.parametrize(("changed", "said"), [
    ({"checksum": "y"}, "other data: checksum x, not y"),
    ({"checksum": "y", "name": "tang"}, "`corpus` themes, not tang"),
    ({"checksum": "y", "seed": 2}, "`seed` 1, not 2"), ({}, "nothing")])
def test_the_difference_told_is_one_that_a_user_made(changed, said):
    found = {"checksum": "x", "name": "themes", "seed": 1}
    assert _difference(found, found | changed) == said


PROGRAM = """
import os, signal, sys, time
sys.path.insert(0, {root!r})
import importlib.util, pathlib, torch
spec = importlib.util.spec_from_file_location("trainings", {file!r})
trainings = importlib.util.module_from_spec(spec)
spec.loader.exec_module(trainings)
torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))])  # imports more when it is first used; not in each child
directory, kills = sys.argv[1], 0
while True:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # a training that may be killed at any moment
        weights, _ = trainings.a_training(pathlib.Path(directory), on_update=lambda *_: os.write(writer, b"."),
                                          epochs=2)
        torch.save(weights, directory + ".part")
        os.rename(directory + ".part", directory + ".pt")
        os._exit(0)
    os.close(writer)
    if kills % 4:  # some updates later, in the middle of whatever it is doing; else while it begins
        os.read(reader, 1)
    time.sleep(kills * 0.0037 % 0.02)
    os.kill(child, signal.SIGKILL)
    os.close(reader)
    _, status = os.waitpid(child, 0)
    if os.path.exists(directory + ".pt"):
        break
    kills += 1
print(kills)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_kill_9_at_many_moments_changes_nothing(tmp_path):
    wanted, _ = a_training(epochs=2)
    code = PROGRAM.format(root=str(ROOT), file=__file__)
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path / "model")], capture_output=True, text=True,
                         timeout=100, cwd=ROOT)
    assert run.returncode == 0, run.stderr[-2000:]
    assert int(run.stdout) >= 3
    assert equal(torch.load(str(tmp_path / "model") + ".pt", weights_only=True), wanted)


def test_a_time_limit_stops_and_the_same_command_goes_on(tmp_path):
    wanted, _ = a_training()
    for _ in range(200):
        found, history = timed(tmp_path / "model")
        if history.stopped == "all epochs done":
            break
        assert history.stopped == "time limit reached"
        assert history.best is not None  # what the begun epoch brought counts too
    assert equal(found, wanted)


def timed(directory):
    settings = Settings(epochs=4, batch_size=3, warmup=2, patience=0, precision="fp32", learning_rate=0.02,
                        embedding_size=4, hidden_size=5, dropout=0.3)
    torch.manual_seed(1)
    encoder = make_encoder(settings, vocabulary_size=12)
    model = Seq2Seq(encoder, make_decoder(settings, 12, encoder.memory_size))
    history = train(model, some_data(), some_data(5), settings, minutes=0.02 / 60,
                    on_update=lambda *_: time.sleep(0.004), checkpoints=Checkpoints(directory, {"seed": 1}, 1e9))
    return {name: p.detach().clone() for name, p in model.named_parameters()}, history


# a model that is finished stays until the next one is


def saved_model(directory, seed, finished=True):
    torch.manual_seed(seed)
    checkpoint.save(directory, torch.nn.Linear(2, 2), {"training": {"seed": seed}}, finished)


def test_the_best_of_a_new_training_replaces_a_finished_model_only_at_the_end(tmp_path):
    directory = tmp_path / "model"
    saved_model(directory, 1)
    checkpoints = Checkpoints(directory, {}, 0)
    for seed in (2, 3):  # two best epochs; the process may die after any
        saved_model(checkpoints.model_directory(), seed, finished=False)
        assert checkpoint.read(directory)["training"] == {"seed": 1}
    again = Checkpoints(directory, {}, 0)
    saved_model(again.model_directory(), 4)
    again.finish()
    assert checkpoint.read(directory)["training"] == {"seed": 4} and checkpoint.is_finished(directory)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model"]


def test_without_a_finished_model_the_best_so_far_is_in_its_place(tmp_path):
    directory = tmp_path / "model"
    checkpoints = Checkpoints(directory, {}, 0)
    for seed, finished in ((1, False), (2, False), (3, True)):
        assert checkpoints.model_directory() == directory
        saved_model(directory, seed, finished)
    checkpoints.finish()
    assert checkpoint.read(directory)["training"] == {"seed": 3}


def test_starting_from_scratch_forgets_the_best_of_the_unfinished_training(tmp_path):
    directory = tmp_path / "model"
    saved_model(directory, 1)
    checkpoints = Checkpoints(directory, {}, 0)
    saved_model(checkpoints.model_directory(), 2, finished=False)
    checkpoints.clear()
    checkpoints.finish()
    assert checkpoint.read(directory)["training"] == {"seed": 1}


def full(*_):
    raise OSError(28, "No space left on device")


def test_a_full_disk_is_named_with_its_remedy_and_another_error_without(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path / "model", {}, 0)
    monkeypatch.setattr("core.resume.save_file", full)
    with pytest.raises(InputError, match=r"could not be written \(No space .*; free some disk space\); run the"):
        checkpoints.save(1, {}, {})

    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("core.resume.save_file", denied)
    with pytest.raises(InputError, match=r"could not be written \(Permission denied\); run the same command to resume"):
        checkpoints.save(1, {}, {})


# what version 0.1.0 left behind


def test_an_unfinished_training_of_version_0_1_0_resumes(tmp_path):
    old = ROOT / "tests" / "old_models"
    shutil.copytree(old / ".unfinished.training", tmp_path / ".unfinished.training")
    saved = json.loads((old / "unfinished" / "settings.json").read_text(encoding="utf-8"))
    saved.pop("task")
    settings = Settings.from_json(saved)
    assert (settings.hidden_size, settings.max_grad_norm) == (6, 1.0)
    sizes = [len(json.loads((old / "unfinished" / f"{side}.json").read_text(encoding="utf-8"))["vocabulary"]) + 4
             for side in ("source", "target")]
    identity = {**dataclasses.asdict(settings), "task": "translate", "vectors_checksum": None, "name": "starter",
                "script": "simplified", "reverse": False,
                "checksum": "5519f228c6b5766e93951a715cb6f83466650dadf3f065409ae591ed8cb8ed16"}
    encoder = make_encoder(settings, sizes[0])
    model = Seq2Seq(encoder, make_decoder(settings, sizes[1], encoder.memory_size))
    checkpoint.load_weights(old / "unfinished", model)
    updates, losses = [], []
    with heard() as notes:
        train(model, some_data(), some_data(5), settings,
              checkpoints=Checkpoints(tmp_path / "unfinished", identity, 99),
              on_update=lambda update, total, loss, *_: updates.append(update) or losses.append(loss),
              should_stop=lambda: INTERRUPTED if len(updates) == 3 else "")
    assert notes[0] == "resuming from update 1 (epoch 1)"
    assert updates[0] == 2 and all(torch.tensor(losses).isfinite())
