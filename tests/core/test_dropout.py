import pytest
import torch

from core.dropout import Dropout, keep_mask, locked_mask


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.95])
def test_the_share_kept_is_the_one_asked_for(rate):
    torch.manual_seed(1)
    assert keep_mask(torch.Size([301, 333]), rate).float().mean().item() == pytest.approx(1 - rate, abs=0.01)


def test_what_is_kept_grows_so_that_the_mean_stays():
    torch.manual_seed(1)
    x = torch.ones(101, 103)
    y = Dropout(0.2)(x)
    assert set(y.unique().tolist()) == {0.0, 1.25}
    assert y.mean().item() == pytest.approx(1, abs=0.02)


def test_nothing_is_dropped_in_evaluation_or_at_rate_zero():
    x = torch.randn(3, 5)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x


def test_the_same_seed_drops_the_same():
    results = []
    for _ in range(2):
        torch.manual_seed(7)
        results.append(Dropout(0.5)(torch.ones(5, 7)))
    assert torch.equal(*results)


def test_a_locked_mask_holds_zeros_and_the_factor_that_keeps_the_mean():
    assert set(locked_mask(torch.zeros(50, 9), 0.5).unique().tolist()) == {0.0, 2.0}
