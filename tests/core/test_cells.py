import math

import pytest
import torch
from torch import nn

from core import cells
from core.cells import cell_class
from core.registry import CELLS
from core.stack import Stack

torch.set_num_threads(1)  # tiny tensors: a second thread only waits

B, T, E, H = 2, 4, 3, 5  # E: the size of the input
TORCH_CELLS = {nn.RNN: nn.RNNCell, nn.GRU: nn.GRUCell, nn.LSTM: nn.LSTMCell}
FUSED = [kind for kind in CELLS if cell_class(kind).fused]


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def scalar_cell(kind):
    """A cell of one input and one state number; gate k has W_x = 0.1(k+1), b_x = 0.2(k+1), W_h = -0.3(k+1),
    b_h = 0.05(k+1)."""
    cell = cell_class(kind)(1, 1)
    k = torch.arange(1.0, cell.gates + 1)
    with torch.no_grad():
        cell.rnn.weight_ih_l0.copy_(0.1 * k.unsqueeze(1))
        cell.rnn.bias_ih_l0.copy_(0.2 * k)
        cell.rnn.weight_hh_l0.copy_(-0.3 * k.unsqueeze(1))
        cell.rnn.bias_hh_l0.copy_(0.05 * k)
    return cell


def a_state(count, size=H):
    return tuple(torch.randn(B, size) for _ in range(count))


def a_stack(kind, layers, dropout=0.0):
    torch.manual_seed(1)
    stack = Stack(kind, E, H, layers, dropout)
    return stack, torch.randn(B, T, E), a_state(layers * stack.per_layer)


def test_the_rnn_step_by_hand():
    cell, x, s = scalar_cell("rnn"), 2.0, 0.5
    by_hand = math.tanh(0.1 * x + 0.2 - 0.3 * s + 0.05)
    (new,) = cell.step(cell.project(torch.tensor([[x]])), (torch.tensor([[s]]),))
    assert new.item() == pytest.approx(by_hand)


def test_the_gru_step_by_hand():
    cell, x, s = scalar_cell("gru"), 2.0, 0.5
    r = sigmoid(0.1 * x + 0.2 - 0.3 * s + 0.05)
    z = sigmoid(0.2 * x + 0.4 - 0.6 * s + 0.10)
    n = math.tanh(0.3 * x + 0.6 + r * (-0.9 * s + 0.15))
    (new,) = cell.step(cell.project(torch.tensor([[x]])), (torch.tensor([[s]]),))
    assert new.item() == pytest.approx((1 - z) * n + z * s)


def test_the_lstm_step_by_hand():
    cell, x, s, m = scalar_cell("lstm"), 2.0, 0.5, -0.7
    i, f, g, o = (0.1 * k * x + 0.2 * k - 0.3 * k * s + 0.05 * k for k in (1, 2, 3, 4))
    by_hand = sigmoid(f) * m + sigmoid(i) * math.tanh(g)
    new_s, new_m = cell.step(cell.project(torch.tensor([[x]])), (torch.tensor([[s]]), torch.tensor([[m]])))
    assert new_m.item() == pytest.approx(by_hand)
    assert new_s.item() == pytest.approx(sigmoid(o) * math.tanh(by_hand))


@pytest.mark.parametrize("kind", FUSED)
def test_a_step_equals_torchs_cell_with_the_same_weights(kind):
    torch.manual_seed(1)
    cell, theirs = cell_class(kind)(E, H), TORCH_CELLS[cell_class(kind).fused](E, H)
    theirs.load_state_dict({name.removesuffix("_l0"): value for name, value in cell.rnn.state_dict().items()})
    x, state = torch.randn(B, E), a_state(cell.state_tensors)
    expected = theirs(x, state if cell.state_tensors > 1 else state[0])
    new = cell.step(cell.project(x), state)
    assert len(new) == cell.state_tensors
    for ours, wanted in zip(new, expected if cell.state_tensors > 1 else (expected,)):
        torch.testing.assert_close(ours, wanted)


@pytest.mark.parametrize("kind", CELLS)
def test_a_sequence_equals_repeated_steps(kind):
    torch.manual_seed(1)
    cell = cell_class(kind)(E, H)
    x, state = torch.randn(B, T, E), a_state(cell.state_tensors)
    whole = cell.sequence(x, state)
    assert whole.shape == (B, T, H)
    for t in range(T):
        state = cell.step(cell.project(x[:, t]), state)
        torch.testing.assert_close(whole[:, t], state[0])


@pytest.mark.parametrize("kind", CELLS)
def test_a_sequence_without_a_state_starts_from_zeros(kind):
    torch.manual_seed(1)
    cell, x = cell_class(kind)(E, H), torch.randn(B, T, E)
    zeros = tuple(torch.zeros(B, H) for _ in range(cell.state_tensors))
    torch.testing.assert_close(cell.sequence(x), cell.sequence(x, zeros))
    assert (cell.sequence(x) - cell.sequence(x, a_state(cell.state_tensors))).abs().max() > 1e-3


@pytest.mark.parametrize("kind", CELLS)
def test_a_split_projection_sums_to_the_whole(kind):
    torch.manual_seed(1)
    cell, x = cell_class(kind)(E + 4, H), torch.randn(B, T, E + 4)
    whole = cell.project(x)
    assert whole.shape == (B, T, cell.gates * H)
    pieces = cell.project(x[..., :E]) + x[..., E:] @ cell.input_weights(E).t()
    torch.testing.assert_close(pieces, whole)


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("kind", CELLS)
def test_a_stacks_sequence_equals_repeated_steps(kind, layers):
    stack, x, state = a_stack(kind, layers)
    whole = stack.sequence(x, state)
    for t in range(T):
        state = stack.step(stack.project(x[:, t]), state)
        assert len(state) == layers * stack.per_layer
        torch.testing.assert_close(whole[:, t], stack.top(state))


@pytest.mark.parametrize("kind", FUSED)
def test_a_stack_equals_torchs_layers_with_the_same_weights(kind):
    stack, x, state = a_stack(kind, layers=2)
    theirs = cell_class(kind).fused(E, H, num_layers=2, batch_first=True)
    theirs.load_state_dict({name.replace("l0", f"l{k}"): value for k, cell in enumerate(stack.cells)
                            for name, value in cell.rnn.state_dict().items()})
    first = tuple(torch.stack(state[part::stack.per_layer]) for part in range(stack.per_layer))  # (layers, B, H) each
    expected = theirs(x, first if stack.per_layer > 1 else first[0])[0]
    torch.testing.assert_close(stack.sequence(x, state), expected)


@pytest.mark.parametrize("kind", CELLS)
def test_the_top_of_a_stack_is_the_last_layers_s(kind):
    stack, _, _ = a_stack(kind, layers=3)
    state = tuple(torch.full((B, H), float(k)) for k in range(3 * stack.per_layer))
    assert stack.top(state)[0, 0].item() == 2 * stack.per_layer


def test_dropout_falls_between_layers_only():
    one, x, state = a_stack("gru", layers=1, dropout=0.9)
    torch.testing.assert_close(one.train().sequence(x, state), one.eval().sequence(x, state))
    two, x, state = a_stack("gru", layers=2, dropout=0.9)
    quiet = two.eval().step(two.project(x[:, 0]), state)
    noisy = two.train().step(two.project(x[:, 0]), state)
    torch.testing.assert_close(noisy[0], quiet[0])  # what the first layer remembers is whole
    assert (noisy[1] - quiet[1]).abs().max() > 1e-3


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("instructions", [True, False])
def test_every_cell_learns_in_bf16_whatever_the_processor_has(monkeypatch, name, instructions):
    if instructions and not cells.has_bf16_instructions():
        pytest.skip("this processor has no bf16 instructions")
    monkeypatch.setattr(cells, "has_bf16_instructions", lambda: instructions)
    cell, x = cell_class(name)(3, 5), torch.randn(2, 4, 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        first = torch.nn.functional.linear(torch.ones(2, 5), torch.eye(5))  # in bf16, as a decoder's s_0
        h = cell.sequence(x, (first,) * cell.state_tensors)
    h.float().sum().backward()
    assert h.shape == (2, 4, 5) and all(p.grad is not None for p in cell.parameters())
