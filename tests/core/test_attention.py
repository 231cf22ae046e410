import math

import pytest
import torch

from core import attention
from core.attention import (
    AdditiveAttention,
    AttentionPooling,
    DotAttention,
    additive_scores,
    attend,
    dot_scores,
    make_attention,
)
from core.registry import ATTENTIONS

torch.set_num_threads(1)  # tiny tensors: a second thread only waits

KINDS = [kind for kind in ATTENTIONS if kind != "none"]
B, T, S, Q, D, A = 2, 4, 3, 5, 6, 7
MASK = torch.tensor([[True, True, True], [True, True, False]])


def a_case(kind):
    torch.manual_seed(1)
    return make_attention(kind, Q, D, A), torch.randn(B, T, Q), torch.randn(B, S, D)


def test_additive_scores_are_v_tanh_of_the_sum():
    query = torch.tensor([[[0.5, -1.0]]])  # W_a s, one query of A=2
    keys = torch.tensor([[[1.0, 0.0], [0.2, 0.3], [-2.0, 1.5]]])  # U_a h, three states
    v_a = torch.tensor([2.0, -3.0])
    by_hand = [2 * math.tanh(0.5 + 1.0) - 3 * math.tanh(-1.0 + 0.0),
               2 * math.tanh(0.5 + 0.2) - 3 * math.tanh(-1.0 + 0.3),
               2 * math.tanh(0.5 - 2.0) - 3 * math.tanh(-1.0 + 1.5)]
    assert additive_scores(query, keys, v_a)[0, 0].tolist() == pytest.approx(by_hand, abs=1e-6)


def test_dot_scores_are_divided_by_the_root_of_the_size():
    query = torch.tensor([[[1.0, 2.0, -1.0]]])
    keys = torch.tensor([[[3.0, 0.5, 1.0], [0.0, -1.0, 4.0]]])
    by_hand = [(1 * 3 + 2 * 0.5 - 1 * 1) / math.sqrt(3), (1 * 0 - 2 * 1 - 1 * 4) / math.sqrt(3)]
    assert dot_scores(query, keys)[0, 0].tolist() == pytest.approx(by_hand)


def test_the_context_is_the_weighted_sum_of_the_states():
    scores = torch.tensor([[[0.0, math.log(3.0)]]])  # e^0 : e^log 3 = 1 : 3
    values = torch.tensor([[[8.0, 0.0, 4.0], [0.0, 4.0, 8.0]]])
    context, weights = attend(scores, values, torch.tensor([[True, True]]))
    assert weights[0, 0].tolist() == pytest.approx([1 / 4, 3 / 4])
    assert context[0, 0].tolist() == pytest.approx([8 / 4, 4 * 3 / 4, 4 / 4 + 8 * 3 / 4])


def test_additive_attention_by_hand():
    attention = AdditiveAttention(query_size=1, memory_size=2, attention_size=2)
    with torch.no_grad():
        attention.W_a.weight.copy_(torch.tensor([[1.0], [-2.0]]))
        attention.U_a.weight.copy_(torch.tensor([[0.5, 1.0], [0.0, 3.0]]))
        attention.v_a.copy_(torch.tensor([1.0, 2.0]))
    s, h = 0.3, [(1.0, -1.0), (2.0, 0.1)]
    scores = [math.tanh(s + 0.5 * a + b) + 2 * math.tanh(-2 * s + 3 * b) for a, b in h]
    total = sum(math.exp(x) for x in scores)
    alpha = [math.exp(x) / total for x in scores]
    states = torch.tensor([h])
    context, weights = attention(torch.tensor([[[s]]]), attention.project(states), states, torch.ones(1, 2).bool())
    assert weights[0, 0].tolist() == pytest.approx(alpha, abs=1e-6)
    assert context[0, 0].tolist() == pytest.approx([alpha[0] * h[0][k] + alpha[1] * h[1][k] for k in (0, 1)], abs=1e-6)


def test_dot_attention_by_hand():
    attention = DotAttention(query_size=1, memory_size=2, attention_size=3)
    with torch.no_grad():
        attention.W_a.weight.copy_(torch.tensor([[1.0], [-2.0], [0.5]]))
        attention.U_a.weight.copy_(torch.tensor([[0.5, 1.0], [0.0, 3.0], [1.0, 0.0]]))
    s, h = 0.3, [(1.0, -1.0), (2.0, 0.1)]
    scores = [(s * (0.5 * a + b) - 2 * s * 3 * b + 0.5 * s * a) / math.sqrt(3) for a, b in h]
    total = sum(math.exp(x) for x in scores)
    alpha = [math.exp(x) / total for x in scores]
    states = torch.tensor([h])
    context, weights = attention(torch.tensor([[[s]]]), attention.project(states), states, torch.ones(1, 2).bool())
    assert weights[0, 0].tolist() == pytest.approx(alpha, abs=1e-6)
    assert context[0, 0].tolist() == pytest.approx([alpha[0] * h[0][k] + alpha[1] * h[1][k] for k in (0, 1)], abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_shapes(kind):
    attention, query, states = a_case(kind)
    keys = attention.project(states)
    context, weights = attention(query, keys, states, MASK)
    assert keys.shape == (B, S, A)
    assert context.shape == (B, T, D)
    assert weights.shape == (B, T, S)


@pytest.mark.parametrize("kind", KINDS)
def test_padding_gets_weight_zero(kind):
    attention, query, states = a_case(kind)
    weights = attention(query, attention.project(states), states, MASK)[1]
    assert (weights[1, :, 2] == 0).all()
    assert (weights[MASK.unsqueeze(1).expand_as(weights)] > 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_in_the_padding_changes_nothing(kind):
    attention, query, states = a_case(kind)
    changed = states.clone()
    changed[1, 2] = 1e6
    context = attention(query, attention.project(states), states, MASK)[0]
    again = attention(query, attention.project(changed), changed, MASK)[0]
    alone = attention(query[1:], attention.project(states[1:, :2]), states[1:, :2], MASK[1:, :2])[0]
    torch.testing.assert_close(context, again)
    torch.testing.assert_close(context[1:], alone)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_sum_to_one(kind):
    attention, query, states = a_case(kind)
    weights = attention(query * 50, attention.project(states), states, MASK)[1]
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(B, T))


@pytest.mark.parametrize("kind", KINDS)
def test_many_queries_at_once_equal_one_at_a_time(kind):
    attention, query, states = a_case(kind)
    keys = attention.project(states)
    context, weights = attention(query, keys, states, MASK)
    for t in range(T):
        one_context, one_weights = attention(query[:, t:t + 1], keys, states, MASK)
        torch.testing.assert_close(context[:, t:t + 1], one_context)
        torch.testing.assert_close(weights[:, t:t + 1], one_weights)


@pytest.mark.parametrize("kind", KINDS)
def test_a_different_query_gets_different_weights(kind):
    attention, query, states = a_case(kind)
    weights = attention(query, attention.project(states), states, MASK)[1]
    assert (weights[:, 0] - weights[:, 1]).abs().max() > 1e-3


def test_no_attention_is_none():
    assert make_attention("none", Q, D, A) is None


def test_pooling_with_a_zero_query_is_the_mean_of_the_real_states():
    pooling = AttentionPooling(DotAttention(Q, D, A), Q)
    with torch.no_grad():
        pooling.query.zero_()  # every score is 0, so every real position weighs the same
    states = torch.randn(B, S, D)
    pooled, weights = pooling(states, MASK)
    assert weights.tolist() == [pytest.approx([1 / 3, 1 / 3, 1 / 3]), pytest.approx([1 / 2, 1 / 2, 0])]
    torch.testing.assert_close(pooled, torch.stack([states[0].mean(dim=0), states[1, :2].mean(dim=0)]))


@pytest.mark.parametrize("kind", KINDS)
def test_pooling_is_attention_asked_by_the_learned_query(kind):
    attention, _, states = a_case(kind)
    pooling = AttentionPooling(attention, Q)
    asked = pooling.query.expand(B, 1, Q)
    context, weights = attention(asked, attention.project(states), states, MASK)
    pooled, pooling_weights = pooling(states, MASK)
    torch.testing.assert_close(pooled, context[:, 0])
    torch.testing.assert_close(pooling_weights, weights[:, 0])
    assert pooled.shape == (B, D)
    assert "query" in dict(pooling.named_parameters())


def scored(largest, monkeypatch):
    """Scores, their gradients, and how many numbers are kept for these, with so many held at once."""
    monkeypatch.setattr(attention, "MAX_NUMBERS", largest)
    torch.manual_seed(1)
    inputs = [torch.randn(shape, requires_grad=True) for shape in ((2, 7, 4), (2, 5, 4), (4,))]
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        scores = attention.chunked_scores(*inputs)
    scores.square().sum().backward()
    return scores, [x.grad for x in inputs], sum({t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() // 4
                                                  for t in kept}.values())


@pytest.mark.parametrize("largest", [1, 40, 80, 279])
def test_additive_scores_in_parts_are_the_same_and_keep_less(monkeypatch, largest):
    whole, gradients, kept = scored(2 * 7 * 5 * 4, monkeypatch)
    parts, of_parts, of_parts_kept = scored(largest, monkeypatch)
    assert torch.equal(whole, parts) and all(torch.allclose(a, b, atol=1e-6) for a, b in zip(gradients, of_parts))
    assert kept >= 2 * 7 * 5 * 4 > of_parts_kept
    with torch.no_grad():
        assert torch.equal(attention.chunked_scores(*(torch.ones_like(g) for g in gradients)),
                           attention.additive_scores(*(torch.ones_like(g) for g in gradients)))
