"""TensorBoard logs of a training."""

import sys
from types import SimpleNamespace

import pytest

from core.data import InputError
from n2m.tensorboard import tensorboard


def test_numbers_are_written_with_their_step_and_the_writer_is_closed(monkeypatch):
    seen, closed = [], []
    writer = SimpleNamespace(add_scalar=lambda *row: seen.append(row), close=lambda: closed.append(True))
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=lambda folder: writer))
    with tensorboard("logs") as log:
        log({"train/loss": 2.5, "dev/perplexity": 1.0}, 3)
    assert seen == [("train/loss", 2.5, 3), ("dev/perplexity", 1.0, 3)] and closed


def test_without_tensorboard_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(InputError, match="`log_dir` logs needs the package tensorboard; pip install tensorboard"), \
            tensorboard("logs"):
        pass
