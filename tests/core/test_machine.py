import os

import pytest
import torch

from core.batches import Batch, EncodedSplit
from core.data import InputError
from core.distributed import join
from core.loss import output_loss, plain_output_loss, slice_rows
from core.machine import device, keep_freed_memory, memory_errors


def gpus(monkeypatch, count, processes=1, local=0):
    """A machine with so many GPUs, on which torchrun has started so many processes."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setitem(os.environ, "LOCAL_WORLD_SIZE", str(processes))
    monkeypatch.setitem(os.environ, "LOCAL_RANK", str(local))


@pytest.mark.parametrize("count, asked, found", [
    (0, "auto", "cpu"), (0, "cpu", "cpu"), (2, "cpu", "cpu"), (2, "auto", "cuda:0"), (2, "cuda", "cuda:0"),
    (2, "cuda:1", "cuda:1"), (1, "cuda:0", "cuda:0")])
def test_the_device_is_the_one_asked_for(monkeypatch, count, asked, found):
    gpus(monkeypatch, count)
    assert str(device(asked)) == found


@pytest.mark.parametrize("count, processes, asked, message", [
    (0, 1, "cuda", "`device` cuda is unavailable: torch finds no GPU; use `device` cpu"),
    (0, 1, "cuda:1", "`device` cuda:1 is unavailable: torch finds no GPU; use `device` cpu"),
    (0, 1, "mps", "`device` mps is unknown; use auto, cpu, cuda or cuda:N"),
    (2, 1, "gpu", "`device` gpu is unknown; use auto, cpu, cuda or cuda:N"),
    (2, 1, "cuda:", "`device` cuda: is unknown; use auto, cpu, cuda or cuda:N"),
    (2, 1, "cuda:2", "`device` cuda:2 does not exist; there are cuda:0, cuda:1"),
    (2, 3, "auto", "`device` auto: 3 processes would share 2 GPUs; start one process per GPU, or use `device` cpu"),
    (1, 2, "cuda", "`device` cuda: 2 processes would share 1 GPU; start one process per GPU, or use `device` cpu"),
    (2, 2, "cuda:1", "`device` cuda:1: 2 processes would share one GPU; start one process per GPU, "
                     "or use `device` cpu"),
])
def test_a_device_that_cannot_be_used_is_refused_with_the_remedy(monkeypatch, count, processes, asked, message):
    gpus(monkeypatch, count, processes)
    with pytest.raises(InputError) as error:
        device(asked)
    assert str(error.value) == message


def test_each_process_has_a_gpu_of_its_own_and_two_on_one_do_not_begin(monkeypatch):
    gpus(monkeypatch, 4, 4, local=3)
    assert str(device()) == "cuda:3"
    gpus(monkeypatch, 1, 2, local=1)
    for name, value in (("WORLD_SIZE", "2"), ("RANK", "1")):
        monkeypatch.setitem(os.environ, name, value)
    with pytest.raises(InputError, match="2 processes would share 1 GPU"):
        join()


def test_the_device_is_one_that_exists():
    assert torch.zeros(2, device=device()).sum().item() == 0


def test_other_errors_than_those_of_memory_stay_what_they_are():
    for error in (RuntimeError("shape mismatch"), ValueError("x")):
        with pytest.raises(type(error), match=str(error)), memory_errors("use less"):
            raise error


@pytest.mark.parametrize("error", [OSError, AttributeError, TypeError])  # no such library, function, or (Windows) name
def test_the_allocators_hint_is_not_needed(monkeypatch, error):
    def without(name):
        raise error

    monkeypatch.setattr("core.machine.ctypes.CDLL", without)
    keep_freed_memory()


# what a GPU needs, on a CPU


def test_the_loss_is_the_same_in_slices_for_a_gpu(monkeypatch):
    torch.manual_seed(1)
    N, E, V = 300, 5, 11
    readout, W_o, b_o = torch.randn(N, E), torch.randn(V, E), torch.randn(V)
    target = torch.randint(V, (N,))
    wanted = plain_output_loss(readout, W_o, b_o, target, 0.1)
    for rows in (64, slice_rows("cuda", V), slice_rows("cpu", V)):
        monkeypatch.setattr("core.loss.slice_rows", lambda *_, rows=rows: rows)
        torch.testing.assert_close(output_loss(readout, W_o, b_o, target, 0.1), wanted)
    assert slice_rows("cuda", V) > 100_000  # a whole batch at once


def test_a_batch_takes_its_real_positions_with_it():
    batch = EncodedSplit([[4, 5], [6]], [[7], [8, 9, 2]]).batch(range(2))
    assert batch.to(torch.device("cpu")).real.tolist() == [0, 3, 4, 5] == batch.real_positions().tolist()


def test_a_copy_to_a_gpu_is_from_pinned_memory(monkeypatch):
    pinned, moved = [], []

    class Somewhere:
        type = "cuda"

    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: pinned.append(self) or self)
    monkeypatch.setattr(torch.Tensor, "to", lambda self, where, non_blocking: moved.append(non_blocking) or self)
    batch = EncodedSplit([[4, 5], [6]], [[7], [8, 9, 2]]).batch(range(2))
    assert isinstance(batch.to(Somewhere()), Batch)
    assert len(pinned) == 5 and moved == [True] * 5
