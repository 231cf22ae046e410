import pytest
import torch

from core.optimization import Average, lr_multiplier
from core.settings import Settings


def weights(*values):
    return {"w": torch.tensor(values)}


def test_the_inverse_square_root_falls_from_the_end_of_the_warm_up():
    settings = Settings(schedule="inverse-sqrt", warmup=3)
    shares = [lr_multiplier(u, 1000, settings) for u in (0, 2, 3, 15, 63)]
    assert shares == pytest.approx([1 / 4, 3 / 4, 1, (4 / 16) ** 0.5, (4 / 64) ** 0.5])


def test_the_moving_average_by_hand():
    average = Average(Settings(average="ema", ema_decay=0.2))
    average.after_update(weights(1.0), 1)  # begins as the weights; β = min(0.2, 2/11)
    average.after_update(weights(2.0), 2)  # β = 0.2
    assert average.moving["w"].item() == pytest.approx(0.2 * 1 + 0.8 * 2)


@pytest.mark.parametrize("kind, mean", [("last", 6.0), ("best", 3.0)])
def test_the_mean_of_the_last_or_best_epochs(kind, mean):
    average = Average(Settings(average=kind, average_epochs=2))
    for value, dev_loss in ((2.0, 1.0), (4.0, 2.0), (8.0, 3.0)):
        average.after_epoch(weights(value), dev_loss)
    assert average.mean()["w"].item() == mean


def test_one_epoch_has_no_average_and_none_keeps_nothing():
    last, none = Average(Settings(average="last")), Average(Settings())
    for average in (last, none):
        average.after_epoch(weights(1.0), 1.0)
        average.after_update(weights(1.0), 1)
        assert average.mean() is None
    assert not none.kept and not none.moving
