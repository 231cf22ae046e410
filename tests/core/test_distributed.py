import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core.data import InputError
from core.distributed import ALONE, Group, join, watched

ROOT = Path(__file__).parents[2]

PROGRAM = """
import sys, torch
sys.path.insert(0, sys.argv[1])
from core.batches import EncodedSplit
from core.distributed import join
from core.models import Seq2Seq, make_decoder, make_encoder
from core.settings import Settings
from core.training import train
torch.set_num_threads(1)
data = EncodedSplit([[4 + (i + k) % 8 for k in range(1 + i % 3)] for i in range(23)],
            [[4 + (i + k) % 8 for k in range(1 + i % 2)] + [2] for i in range(23)])
settings = Settings(epochs=3, batch_size=4, accumulate=2, dropout=0.0, precision="fp32", learning_rate=0.02,
                    embedding_size=4, hidden_size=5)
torch.manual_seed(1)
encoder = make_encoder(settings, vocabulary_size=12)
model = Seq2Seq(encoder, make_decoder(settings, 12, encoder.memory_size))
group = join()
history = train(model, data, data, settings, group=group)
print(*(f"{e.train_loss:.6f} {e.dev_loss:.6f}" for e in history.epochs),
      sum(p.sum().item() for p in model.parameters()))
"""


def run(size):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    alone = {k: v for k, v in os.environ.items() if k not in ("RANK", "WORLD_SIZE")}
    processes = [subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(ROOT)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env={**alone, **({"RANK": str(rank), "WORLD_SIZE": str(size), "LOCAL_RANK": str(rank), "OMP_NUM_THREADS": "1",
                          "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)} if size > 1 else {})})
        for rank in range(size)]
    said = [p.communicate(timeout=120) for p in processes]
    assert all(p.returncode == 0 for p in processes), said
    return [[float(n) for n in out.split()] for out, _ in said]


def test_two_processes_give_the_losses_of_one_with_the_same_batches():
    (one,), two = run(1), run(2)
    assert two[0] == pytest.approx(one, abs=2e-4)
    assert two[0] == two[1]


def test_bytes_of_an_update_are_those_of_a_ring():
    # Of 4 processes each sends 3 of its 4 quarters while sums are made, and 3 while they are passed round.
    assert Group(0, 4).bytes_per_update(1000) == 6 * 1000
    assert ALONE.bytes_per_update(1000) == 0


def test_alone_everything_is_as_it_was():
    assert join() is ALONE
    assert ALONE.sum(1.5, 2) == [1.5, 2]
    assert ALONE.gather("x") == ["x"]
    assert ALONE.run_on_rank0(lambda: "x") == "x"
    assert ALONE.local_rank0_first(lambda: "x") == "x"


def test_the_loss_of_another_process_is_one_clear_line():
    one_line = r"process 1 of 2 lost another one \(Connection closed by peer.*run the same command"
    with pytest.raises(InputError, match=one_line), watched(Group(1, 2)):
        raise RuntimeError("Connection closed by peer [127.0.0.1]:1234")
    with pytest.raises(RuntimeError, match="out of memory"), watched(Group(1, 2)):
        raise RuntimeError("out of memory")


def test_another_fault_stays_what_it_is():
    with pytest.raises(RuntimeError, match="Connection"), watched(ALONE):
        raise RuntimeError("Connection")
