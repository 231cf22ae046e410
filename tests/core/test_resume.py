import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from core.batches import EncodedSplit
from core.data import InputError
from core.models import Seq2Seq, make_decoder, make_encoder
from core.resume import Checkpoints, folder_of, unfinished
from core.settings import Settings
from core.training import train

torch.set_num_threads(1)
ROOT = Path(__file__).parents[2]


def some_data(count=23):
    return EncodedSplit([[4 + (i + k) % 8 for k in range(1 + i % 3)] for i in range(count)],
                [[4 + (i + k) % 8 for k in range(1 + i % 2)] + [2] for i in range(count)])


def a_training(directory=None, seconds=0.0, on_update=lambda *_: None, on_note=lambda _: None, **others):
    settings = Settings(**{"epochs": 4, "batch_size": 3, "warmup": 2, "patience": 0, "precision": "fp32",
                           "learning_rate": 0.02, "embedding_size": 4, "hidden_size": 5, "dropout": 0.3, **others})
    torch.manual_seed(settings.seed)
    encoder = make_encoder(settings, vocabulary_size=12)
    model = Seq2Seq(encoder, make_decoder(settings, 12, encoder.memory_size))
    checkpoints = Checkpoints(directory, {"seed": settings.seed}, seconds, on_note) if directory else None
    history = train(model, some_data(), some_data(5), settings, on_update=on_update, checkpoints=checkpoints)
    return {name: p.detach().clone() for name, p in model.named_parameters()}, history


def equal(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


def losses(history):
    return [(e.train_loss, e.dev_loss, e.learning_rate) for e in history.epochs]


class Killed(Exception):
    """Stands for the death of the process between two updates."""


@pytest.mark.parametrize("options", [{}, {"schedule": "plateau", "optimizer": "adam"}, {"average": "ema"},
                                     {"average": "last"}, {"accumulate": 3}, {"batch_tokens": 20},
                                     {"recurrent_dropout": 0.3, "layer_norm": True, "scheduled_sampling": 0.5}])
def test_a_training_that_died_anywhere_ends_as_one_that_never_did(tmp_path, options):
    wanted, history = a_training(**options)
    updates = history.updates
    deaths = list(range(1, updates, 3))

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


def test_ctrl_c_ends_after_the_update_and_the_same_command_goes_on(tmp_path):
    wanted, history = a_training()

    def interrupt(update, *_):
        if update == 11:
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        _, stopped = a_training(tmp_path / "model", 1e9, on_update=interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (stopped.stopped, stopped.updates) == ("interrupted", 11)
    notes = []
    found, resumed = a_training(tmp_path / "model", 1e9, on_note=notes.append)
    assert notes == ["going on from update 11 (epoch 2)"]
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
    notes = []
    found, _ = a_training(tmp_path / "model", on_note=notes.append)
    assert "damaged checkpoint" in notes[0] and str(second) in notes[0]
    assert notes[1] == "going on from update 11 (epoch 2)"
    assert equal(found, wanted)
    assert first.exists() or unfinished(tmp_path / "model")


def test_another_training_is_not_resumed(tmp_path):
    def die(update, *_):
        if update == 3:
            raise Killed

    with pytest.raises(Killed):
        a_training(tmp_path / "model", on_update=die)
    assert unfinished(tmp_path / "model")
    with pytest.raises(InputError, match=r"unfinished training .*\(seed 1, not 2\); repeat its command .*--retrain"):
        a_training(tmp_path / "model", seed=2)


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
        weights, _ = trainings.a_training(pathlib.Path(directory), on_update=lambda *_: os.write(writer, b"."))
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
    wanted, _ = a_training()
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
        assert history.stopped == "the time limit is reached"
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
