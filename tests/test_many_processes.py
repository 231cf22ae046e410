"""run.py under torchrun: as many processes as are asked for train, answer and fail as one."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasks.shared.text_model import TextModel

ROOT = Path(__file__).parent.parent
TWO = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
SMALL = ["--task", "translate", "--corpus", "starter", "--embedding-size", "8", "--hidden-size", "8", "--dropout", "0",
         "--word-dropout", "0", "--precision", "fp32"]


def start(processes, *arguments, cache):
    return subprocess.Popen([*processes, str(ROOT / "run.py"), *map(str, arguments)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, encoding="utf-8", cwd=ROOT,
                            env={**os.environ, "OMP_NUM_THREADS": "1", "N2M_CACHE": str(cache)},
                            # A shell's background job ignores Ctrl-C, and so would its children; CI may be one.
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))


def finish(process):
    said, errors = process.communicate(timeout=240)
    return process.returncode, said, errors


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, cache):
    """The same training by one process and by two: what each said, and its model."""
    found = []
    for processes in ([sys.executable], TWO):
        directory = tmp_path_factory.mktemp("models") / "m"
        code, said, errors = finish(start(processes, *SMALL, "--epochs", "2", "--model-dir", directory, cache=cache))
        assert code == 0, errors
        found.append((said, errors, directory))
    return found


def test_two_processes_train_as_one_and_the_first_speaks_for_both(trained):
    (alone, _, one), (said, errors, two) = trained
    assert said.count("test examples") == alone.count("test examples") == 1
    assert errors.count("trained 2 epochs") == 1 and "2 processes; each sends" in errors
    epochs = [json.loads((d / "training.json").read_text(encoding="utf-8"))["history"]["epochs"] for d in (one, two)]
    for loss in ("train_loss", "dev_loss"):
        assert [e[loss] for e in epochs[1]] == pytest.approx([e[loss] for e in epochs[0]], abs=1e-4)
    assert not list(two.parent.glob(".*"))  # no checkpoint is left


@pytest.mark.parametrize("task", ["word", "classify", "poem"])
def test_every_task_trains_in_two_processes(cache, tmp_path, task):
    flags = [*SMALL, "--task", task, "--epochs", "1", "--limit", "64", "--model-dir", tmp_path / "m"]
    code, said, errors = finish(start(TWO, *flags, cache=cache))
    assert code == 0 and "test examples" in said and "trained 1 epoch" in errors, errors


def test_a_large_file_is_answered_by_both_in_its_order(trained, cache, tmp_path):
    rows = (ROOT / "corpora" / "starter" / "translate.tsv").read_text(encoding="utf-8").splitlines()
    lines = [row.split("\t")[0] for row in rows * 4]
    lines[700] = ""
    file = tmp_path / "lines.txt"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    flags = ["--task", "translate", "--model-dir", trained[0][2], "--input", file, "--beam", "2"]
    one = finish(start([sys.executable], *flags, cache=cache))
    two = finish(start(TWO, *flags, cache=cache))
    assert two[1] == one[1] and one[1].count("\n") == len(lines)
    assert one[0] == 2 and two[0] != 0
    assert one[2].count("input 701: ") == two[2].count("input 701: ") == 1


def test_wrong_input_is_told_once(cache, tmp_path):
    code, said, errors = finish(start(TWO, *SMALL, "--corpus", tmp_path / "missing.tsv", cache=cache))
    assert code != 0 and said == ""
    assert [line.count("no such file") for line in errors.splitlines() if line.startswith("run.py:")] == [1]


def process_of(torchrun, rank):
    """The number of the process that torchrun started as this rank."""
    for child in Path(f"/proc/{torchrun.pid}/task/{torchrun.pid}/children").read_text().split():
        if f"RANK={rank}" in Path(f"/proc/{child}/environ").read_text().split("\0"):
            return int(child)
    raise AssertionError(f"torchrun has no rank {rank}")


def wait_for(there, process):
    begun = time.monotonic()
    while not there():
        assert process.poll() is None and time.monotonic() - begun < 100, finish(process)
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
@pytest.mark.parametrize("lost", [0, 1])
def test_a_lost_process_ends_the_run_with_one_clear_line_and_the_same_command_goes_on(cache, tmp_path, lost):
    flags = [*SMALL, "--epochs", "3000", "--patience", "0", "--checkpoint-seconds", "0", "--model-dir", tmp_path / "m"]
    process = start(TWO, *flags, cache=cache)
    wait_for(lambda: list(tmp_path.glob(".m.training/update-*")), process)
    os.kill(process_of(process, lost), signal.SIGKILL)
    code, _, errors = finish(process)
    assert code != 0
    assert f"process {1 - lost} of 2 lost another one" in errors and "run the same command to resume" in errors
    code, said, errors = finish(start(TWO, *flags, "--time-limit", "0.02", cache=cache))
    assert code == 0 and "resuming from update" in errors and "test examples" in said, errors


def test_ctrl_c_ends_all_and_the_same_command_goes_on(cache, tmp_path):
    flags = [*SMALL, "--epochs", "3000", "--patience", "0", "--model-dir", tmp_path / "m"]
    process = start(TWO, *flags, cache=cache)
    wait_for((tmp_path / "m" / "model.json").exists, process)
    process.send_signal(signal.SIGINT)
    _, _, errors = finish(process)
    assert "interrupted" in errors and "the same command goes on with it" in errors
    assert list(tmp_path.glob(".m.training/update-*"))


def test_frozen_vectors_stay_as_they_are_in_two_processes(cache, tmp_path):
    rows = [f"{c} {' '.join(str((i * k) % 7 - 3.0) for k in range(8))}\n" for i, c in enumerate("春花秋月何时了往事")]
    (tmp_path / "v.vec").write_text("".join(rows), encoding="utf-8")
    flags = [*SMALL, "--task", "poem", "--epochs", "2", "--limit", "64", "--min-count", "1", "--vectors",
             tmp_path / "v.vec", "--freeze-vectors", "--model-dir", tmp_path / "m"]
    code, _, errors = finish(start(TWO, *flags, cache=cache))
    assert code == 0 and errors.count("vectors: ") == 1 and "of the running text" in errors, errors
    model, checked = TextModel.load(tmp_path / "m"), 0
    for word, *numbers in map(str.split, rows):
        if word in model.source.vocabulary:
            checked += 1
            row = model.network.encoder.embedding.weight[model.source.vocabulary.ids([word])[0]]
            assert row.tolist() == list(map(float, numbers))
    assert checked == model.about["vectors"]["tokens"] > 3
    assert [p.name for p in (cache / "vectors").glob("*/*.pt")] == ["v.vec.pt"]  # read by one, found by the other
