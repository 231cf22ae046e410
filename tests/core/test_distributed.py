import pytest

from core.data import InputError
from core.distributed import ALONE, Group, join, watched


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
