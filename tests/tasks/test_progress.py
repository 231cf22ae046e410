import sys
from types import SimpleNamespace

import pytest

from core.data import InputError
from core.history import Epoch
from tasks.shared.progress import Progress


def test_tensorboard_gets_every_update_and_epoch(monkeypatch):
    seen, closed = [], []
    writer = SimpleNamespace(add_scalar=lambda *row: seen.append(row), close=lambda: closed.append(True))
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=lambda folder: writer))
    with Progress("logs") as progress:
        progress.on_update(3, 9, 2.5, 0.1, 7)
        progress.on_epoch(Epoch(1, 2.5, 0.0, 1.0, 1.0, 0.1))
    assert ("train/loss", 2.5, 3) in seen
    assert ("train/rate", 0.1, 3) in seen
    assert ("dev/perplexity", 1.0, 3) in seen
    assert closed


def test_without_tensorboard_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(InputError, match=r"--log-dir logs: needs the package tensorboard; pip install tensorboard"):
        Progress("logs")
