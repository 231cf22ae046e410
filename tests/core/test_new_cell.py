"""A cell that is not in the registry, the MGU, goes wherever a cell goes with nothing written but its equations."""

import math

import pytest
import torch

from core import registry
from core.batches import EncodedSplit
from core.cells import Cell
from core.constraints import Constraints
from core.models import Seq2Seq, make_decoder, make_encoder
from core.search import beam, greedy
from core.search_model import SearchModel
from core.settings import Settings
from core.stack import Stack
from core.training import train
from core.vocabulary import EOS

torch.set_num_threads(1)  # tiny tensors: a second thread only waits

B, T, E, H, V = 3, 4, 6, 5, 12
EXTRAS = [{}, {"layer_norm": True}, {"recurrent_dropout": 0.4}, {"layer_norm": True, "recurrent_dropout": 0.4}]
FORMS = [("none", "after"), ("additive", "before"), ("dot", "after")]


class MGU(Cell):
    """Zhou et al. 2016.

    f = σ(W_xf x_t + W_hf s_{t-1} + b_f)                 forget gate
    n = tanh(W_xn x_t + W_hn (f ⊙ s_{t-1}) + b_n)        candidate
    s_t = (1 - f) ⊙ s_{t-1} + f ⊙ n
    """

    gates = 2

    def update(self, x, state, W_h):
        (s,) = state
        x_f, x_n = x.chunk(2, dim=-1)
        f = torch.sigmoid(x_f + W_h(s, 0))
        n = torch.tanh(x_n + W_h(f * s, 1))
        return ((1 - f) * s + f * n,)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(registry.CELLS, "mgu", f"{__name__}:MGU")


def a_model(attention="additive", placement="after", **others):
    torch.manual_seed(3)
    settings = Settings(**{"cell": "mgu", "attention": attention, "placement": placement, "embedding_size": E,
                           "hidden_size": H, "dropout": 0.0, **others})
    encoder = make_encoder(settings, V)
    return Seq2Seq(encoder, make_decoder(settings, V, encoder.memory_size)).eval()


def test_a_step_by_hand():
    cell, x, s = MGU(1, 1), 2.0, 0.5
    with torch.no_grad():
        cell.input_layer.weight.copy_(torch.tensor([[0.1], [0.2]]))
        cell.input_layer.bias.copy_(torch.tensor([0.3, 0.4]))
        cell.state_layer.weight.copy_(torch.tensor([[-0.5], [0.6]]))
        cell.state_layer.bias.copy_(torch.tensor([0.7, -0.8]))
    f = 1 / (1 + math.exp(-(0.1 * x + 0.3 - 0.5 * s + 0.7)))
    n = math.tanh(0.2 * x + 0.4 + 0.6 * (f * s) - 0.8)
    (new,) = cell.step(cell.project(torch.tensor([[x]])), (torch.tensor([[s]]),))
    assert new.item() == pytest.approx((1 - f) * s + f * n)


@pytest.mark.parametrize("gate", [0, 1])
def test_the_weights_of_one_gate_are_part_of_those_of_all(gate):
    torch.manual_seed(1)
    cell, s = MGU(E, H), torch.randn(B, H)
    torch.testing.assert_close(cell.project_state(s, gate), cell.project_state(s).chunk(2, dim=-1)[gate])


def test_one_gate_is_normalised_by_itself():
    torch.manual_seed(1)
    cell, s = MGU(E, H, layer_norm=True), torch.randn(B, H)
    with torch.no_grad():
        cell.norm_h.weight[H:] = 3.0
        cell.norm_h.bias[H:] = -1.0
    h = cell.project_state(s, 1)
    torch.testing.assert_close(h.mean(dim=-1), torch.full((B,), -1.0))
    torch.testing.assert_close(h.std(dim=-1, correction=0), torch.full((B,), 3.0), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("layers", [1, 2])
def test_a_sequence_equals_repeated_steps(layers, extra):
    torch.manual_seed(1)
    stack = Stack("mgu", E, H, layers, 0.0, **extra).eval()
    x, state = torch.randn(B, T, E), tuple(torch.randn(B, H) for _ in range(layers))
    whole = stack.sequence(x, state)
    for t in range(T):
        state = stack.step(stack.project(x[:, t]), state)
        torch.testing.assert_close(whole[:, t], stack.top(state))


def test_recurrent_dropout_hides_the_same_numbers_at_every_step():
    torch.manual_seed(1)
    cell = MGU(E, H, recurrent_dropout=0.5).train()
    x, s = torch.randn(B, T, E), torch.randn(B, H)
    torch.manual_seed(2)
    whole = cell.sequence(x, (s,))
    torch.manual_seed(2)
    mask, state = cell.mask(s), (s,)
    for t in range(T):
        state = cell.step(cell.project(x[:, t]), state, mask)
        torch.testing.assert_close(whole[:, t], state[0])
    assert (whole - cell.eval().sequence(x, (s,))).abs().max() > 1e-3


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("attention, placement", FORMS)
@torch.inference_mode()
def test_search_finds_the_same_in_a_search_model(attention, placement, extra):
    model = a_model(attention, placement, **extra)
    source, lengths = torch.tensor([[4, 5, 6], [7, 8, 0], [9, 0, 0]]), torch.tensor([3, 2, 1])
    fast, constraints = SearchModel(model), Constraints(max_output=5)
    for search in (greedy, lambda *given: beam(*given, 3, 0.8)):
        plain, quick = (search(m, m.encode(source, lengths), constraints) for m in (model, fast))
        for a, b in zip(plain, quick):
            assert [h.ids for h in (a if isinstance(a, list) else [a])] == [
                h.ids for h in (b if isinstance(b, list) else [b])]


@pytest.mark.parametrize("attention, placement, extra", [("dot", "after", {}), ("additive", "before", EXTRAS[-1])])
def test_it_learns_a_few_pairs_by_heart(attention, placement, extra):
    sources = [[4, 5, 6], [7, 8], [9], [10, 11, 4, 7]]
    targets = [[8, 9, EOS], [5, EOS], [6, 7, 10, EOS], [11, 4, EOS]]
    data = EncodedSplit(sources, targets)
    settings = Settings(cell="mgu", attention=attention, placement=placement, embedding_size=12, hidden_size=16,
                        dropout=0.0, epochs=150, batch_size=4, learning_rate=0.03, warmup=0, patience=0,
                        precision="fp32", **{**extra, **({"recurrent_dropout": 0.1} if "recurrent_dropout" in extra
                                                         else {})})
    torch.manual_seed(1)
    encoder = make_encoder(settings, V)
    model = Seq2Seq(encoder, make_decoder(settings, V, encoder.memory_size))
    assert train(model, data, data, settings).best.dev_loss < 0.1
    batch = data.batch(list(range(4)))
    with torch.inference_mode():
        found = greedy(model, model.encode(batch.source, batch.source_lengths), Constraints(max_output=6))
    assert [h.ids for h in found] == [target[:-1] for target in targets]
