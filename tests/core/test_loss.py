import pytest
import torch

from core import loss as module
from core.loss import output_loss, plain_output_loss


def case(n=7, e=5, v=11):
    torch.manual_seed(1)
    return (torch.randn(n, e, requires_grad=True), torch.randn(v, e, requires_grad=True),
            torch.randn(v, requires_grad=True), torch.randint(v, (n,)))


@pytest.mark.parametrize("rows", [2, 7, 256])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_loss_and_gradients_equal_the_plain_form(monkeypatch, rows, smoothing):
    monkeypatch.setattr(module, "CPU_ROWS", rows)
    results = []
    for form in (plain_output_loss, output_loss):
        x, W, b, y = case()
        value = form(x, W, b, y, smoothing)
        (value * 0.7).backward()
        results.append((value.detach(), x.grad, W.grad, b.grad))
    for plain, fast in zip(*results):
        torch.testing.assert_close(fast, plain)


def test_in_bf16_it_stays_near_the_plain_form():
    x, W, b, y = case()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        fast = output_loss(x, W, b, y)
    fast.backward()
    assert x.grad.dtype == W.grad.dtype == torch.float32
    torch.testing.assert_close(fast, plain_output_loss(x, W, b, y, 0.0), rtol=0.02, atol=0)


def test_without_gradients_it_only_adds_up():
    x, W, b, y = case()
    with torch.inference_mode():
        assert output_loss(x, W, b, y).item() == pytest.approx(plain_output_loss(x, W, b, y, 0.0).item(), rel=1e-5)
