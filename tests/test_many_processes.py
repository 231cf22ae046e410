"""run.py in many processes: as many as are asked for train, answer and fail as one.

Where nothing about torchrun itself is tested the processes are forked with its variables, which costs no import.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tasks.shared.saving import load
from tests.command import ROOT
from tests.ranks import Server

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
SMALL = ["--task", "translate", "--corpus", "starter", "--embedding-size", "8", "--hidden-size", "8", "--dropout", "0",
         "--word-dropout", "0", "--precision", "fp32"]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def server(cache):
    server = Server(N2M_CACHE=str(cache))
    yield server
    server.close()


@pytest.fixture(scope="module")
def trained(tmp_path_factory, server):
    """The same training by one process and by two: what each printed, and its model."""
    found = []
    for processes in (1, 2):
        directory = tmp_path_factory.mktemp("models") / "m"
        code, output, errors = server.run(processes, *SMALL, "--epochs", "2", "--accumulate", "2", "--model-dir",
                                          directory)
        assert code == 0, errors
        found.append((output, errors, directory))
    return found


def test_two_processes_train_as_one_and_the_first_speaks_for_both(trained):
    (alone, _, one), (output, errors, two) = trained
    assert output.count("test examples") == alone.count("test examples") == 1
    assert errors.count("trained 2 epochs") == 1 and "2 processes; each sends" in errors
    epochs = [json.loads((d / "training.json").read_text(encoding="utf-8"))["history"]["epochs"] for d in (one, two)]
    for loss in ("train_loss", "dev_loss"):
        assert [e[loss] for e in epochs[1]] == pytest.approx([e[loss] for e in epochs[0]], abs=1e-4)
    weights = [load_file(d / "weights.safetensors") for d in (one, two)]
    assert all(torch.allclose(weights[1][name], weights[0][name], atol=1e-3) for name in weights[0])
    assert not list(two.parent.glob(".*"))  # no checkpoint is left


@pytest.mark.parametrize("task", ["word", "classify", "poem"])
def test_every_task_trains_in_two_processes(server, tmp_path, task):
    code, output, errors = server.run(2, *SMALL, "--task", task, "--epochs", "1", "--limit", "64",
                                      "--model-dir", tmp_path / "m")
    assert code == 0 and "test examples" in output and "trained 1 epoch" in errors, errors


def test_a_large_file_is_answered_by_both_in_its_order(trained, server, tmp_path):
    rows = (ROOT / "tasks" / "starter" / "translate.tsv").read_text(encoding="utf-8").splitlines()
    lines = [row.split("\t")[0] for row in rows * 4]
    lines[700] = ""
    file = tmp_path / "lines.txt"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    one, two = (server.run(processes, "--task", "translate", "--model-dir", trained[0][2], "--input", file,
                           "--beam", "2") for processes in (1, 2))
    assert two[1] == one[1] and one[1].count("\n") == len(lines)
    assert one[0] == 1 and two[0] != 0  # some inputs could not be answered
    assert one[2].count("input 701: ") == two[2].count("input 701: ") == 1


def test_wrong_input_is_told_once(server, tmp_path):
    code, output, errors = server.run(2, *SMALL, "--corpus", tmp_path / "missing.tsv")
    assert code != 0 and output == ""
    assert [line.count("no such file") for line in errors.splitlines() if line.startswith("run.py:")] == [1]


def torchrun(*arguments, cache):
    return subprocess.Popen([*TORCHRUN, str(ROOT / "run.py"), *map(str, arguments)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, encoding="utf-8",
                            env={**os.environ, "N2M_CACHE": str(cache)},
                            # A shell's background job ignores Ctrl-C, and so would its children; CI may be one.
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))


def process_of(process, rank):
    """The number of the process that torchrun started as this rank."""
    for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        if f"RANK={rank}" in Path(f"/proc/{child}/environ").read_text().split("\0"):
            return int(child)
    raise AssertionError(f"torchrun has no rank {rank}")


def wait_for(there, ended=lambda: False):
    begun = time.monotonic()
    while not there():
        assert not ended() and time.monotonic() - begun < 100
        time.sleep(0.02)


def checkpoints(folder):
    return {path.name for path in folder.glob(".m.training/update-*")}


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_after_a_lost_process_and_after_ctrl_c_the_same_command_goes_on(server, cache, tmp_path):
    flags = [*SMALL, "--epochs", "3000", "--patience", "0", "--checkpoint-seconds", "0", "--model-dir", tmp_path / "m"]
    process = torchrun(*flags, cache=cache)
    wait_for(lambda: checkpoints(tmp_path), process.poll)
    os.kill(process_of(process, 0), signal.SIGKILL)
    _, errors = process.communicate(timeout=240)
    assert process.returncode != 0
    assert "process 1 of 2 lost another one" in errors and "run the same command to resume" in errors

    before = checkpoints(tmp_path)
    process = torchrun(*flags, cache=cache)
    wait_for(lambda: checkpoints(tmp_path) - before, process.poll)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=240)
    assert "resuming from update" in errors
    assert "interrupted" in errors and "run the same command to resume" in errors and checkpoints(tmp_path)

    code, output, errors = server.run(2, *flags, "--time-limit", "0.02")
    assert code == 0 and "resuming from update" in errors and "test examples" in output, errors


def test_frozen_vectors_stay_as_they_are_in_two_processes(server, cache, tmp_path):
    rows = [f"{c} {' '.join(str((i * k) % 7 - 3.0) for k in range(8))}\n" for i, c in enumerate("春花秋月何时了往事")]
    (tmp_path / "v.vec").write_text("".join(rows), encoding="utf-8")
    code, _, errors = server.run(2, *SMALL, "--task", "poem", "--epochs", "2", "--limit", "64", "--min-count", "1",
                                 "--vectors", tmp_path / "v.vec", "--freeze-vectors", "--model-dir", tmp_path / "m")
    assert code == 0 and errors.count("vectors: ") == 1 and "of the running text" in errors, errors
    model, checked = load(tmp_path / "m"), 0
    for word, *numbers in map(str.split, rows):
        if word in model.source.vocabulary:
            checked += 1
            row = model.network.encoder.embedding.weight[model.source.vocabulary.ids([word])[0]]
            assert row.tolist() == list(map(float, numbers))
    assert checked == model.metadata["vectors"]["tokens"] > 3
    assert [p.name for p in (cache / "vectors").glob("*/*.pt")] == ["v.vec.pt"]  # read by one, found by the other
