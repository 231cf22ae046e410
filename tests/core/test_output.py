"""The output layer with one level and with two."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.output import Output, two_levels
from core.vocabulary import SPECIALS

torch.set_num_threads(1)  # tiny tensors: a second thread only waits

E, V, COMMON = 3, 20, 3
K = len(SPECIALS) + COMMON


def output_of(common=COMMON, V=V):
    torch.manual_seed(1)
    return Output(E, V, common)


def readouts(n=6):
    return torch.randn(n, E, generator=torch.Generator().manual_seed(2))


def test_the_probability_of_a_rare_id_is_that_of_rare_times_that_among_the_rare():
    output = output_of()
    with torch.no_grad():
        output.weight.zero_(), output.bias.zero_(), output.rare.weight.zero_(), output.rare.bias.fill_(K)
        output.bias[:K] = torch.arange(K).float()
        p = output(readouts(1)).softmax(dim=-1)[0]
    of_level_one = torch.arange(K + 1).float().softmax(dim=0)
    torch.testing.assert_close(p[:K], of_level_one[:K])
    torch.testing.assert_close(p[K:], (of_level_one[K] / (V - K)).expand(V - K))


@given(st.lists(st.integers(0, V - 1), min_size=1, max_size=9))
def test_the_loss_is_that_of_the_logits(target):
    output, target = output_of(), torch.tensor(target)
    readout = readouts(len(target)).requires_grad_()
    weights = [readout, *output.parameters()]
    plain = torch.nn.functional.cross_entropy(output(readout), target, reduction="sum")
    loss = output.loss(readout, target)
    torch.testing.assert_close(loss, plain)
    # All have a gradient, also without a rare target: DistributedDataParallel needs that.
    torch.testing.assert_close(torch.autograd.grad(loss, weights), torch.autograd.grad(plain, weights))


def test_label_smoothing_spreads_over_the_columns_of_a_level():
    output, readout = output_of(), readouts(1)
    target, smoothing = torch.tensor([K + 2]), 0.1
    log_p = output(readout).log_softmax(dim=-1)[0]
    rare = log_p[K:].logsumexp(dim=0)
    first, second = torch.cat([log_p[:K], rare[None]]), log_p[K:] - rare
    wanted = -(0.9 * first[K] + 0.1 * first.mean()) - (0.9 * second[2] + 0.1 * second.mean())
    torch.testing.assert_close(output.loss(readout, target, smoothing), wanted)


@pytest.mark.parametrize(("common", "size"), [(0, V), (COMMON, 2 * K - 1)])
def test_without_common_tokens_or_with_few_others_there_is_one_level(common, size):
    output = output_of(common, size)
    assert output.K == 0 and [name for name, _ in output.named_parameters()] == ["weight", "bias"]
    torch.testing.assert_close(output(readouts()), readouts() @ output.weight.T + output.bias)


def test_it_starts_as_frequent_as_the_ids_are():
    output, counts = output_of(), torch.arange(V)
    output.start_from_frequencies(counts)
    with torch.no_grad():
        output.weight.zero_(), output.rare.weight.zero_()
        p = output(readouts(1)).softmax(dim=-1)[0]
    torch.testing.assert_close(p, (counts + 0.5) / (counts.sum() + 0.5 * V))


def test_logits_of_excluded_columns_stay_excluded():
    logits = torch.tensor([[0.0, 1.0, 2.0, float("-inf")]])
    p = two_levels(logits, torch.tensor([[0.0]]), K=1).softmax(dim=-1)
    torch.testing.assert_close(p[0, 0], torch.tensor(0.5))
    assert p[0, 3] == 0


@pytest.mark.parametrize("common", [0, COMMON])
def test_log_p_of_some_ids_is_that_of_the_logits(common):
    output, readout = output_of(common), readouts(4)
    row, ids = torch.tensor([0, 2, 0, 3, 0, 2]), torch.tensor([K, 0, V - 1, K - 1, 1, K + 3])
    torch.testing.assert_close(output.log_p(readout, row, ids), output(readout).log_softmax(dim=-1)[row, ids])
    torch.testing.assert_close(output.log_p(readout, row[3:5], ids[3:5]),
                               output(readout).log_softmax(dim=-1)[row[3:5], ids[3:5]])
