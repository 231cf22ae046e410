"""A network that also learns p(output): in training some sources are replaced by an empty one."""

import pytest
import torch

from core.batches import EncodedSplit
from core.models import Seq2Seq, empty_source, make_decoder, make_encoder, make_lookup
from core.settings import Settings
from core.vocabulary import BOS, PAD

torch.set_num_threads(1)  # tiny tensors: a second thread only waits

V = 9
SOURCES, TARGETS = [[4, 5], [4, 5, 6], [7], [8, 4]], [[5, 2], [6, 7, 2], [4], [8]]
S = Settings(embedding_size=3, hidden_size=5, bidirectional=False, dropout=0.0)


def model_of(rate, one_word=False):
    torch.manual_seed(1)
    encoder = make_lookup(S, V) if one_word else make_encoder(S, V)
    return Seq2Seq(encoder, make_decoder(S, V, encoder.memory_size), rate)


def batch(shared=False, times=1):
    split = EncodedSplit(SOURCES, TARGETS).share_prefixes(shared)
    return split.batch([*range(len(SOURCES))] * times)


def nothing(count):
    """The same batch with empty sources."""
    return EncodedSplit([[BOS]] * count, TARGETS * (count // len(TARGETS))).batch(range(count))


def test_an_empty_source_is_bos_alone():
    assert empty_source(torch.tensor([[5, 6, 7], [4, PAD, PAD]])).tolist() == [[BOS, PAD, PAD]] * 2


@pytest.mark.parametrize("one_word", [False, True])
@pytest.mark.parametrize("shared", [False, True])
def test_all_sources_dropped_are_empty_sources(shared, one_word):
    model = model_of(1.0, one_word).train()
    memory, wanted = model._encode(batch(shared)), model._encode(nothing(4))
    torch.testing.assert_close(memory.c, wanted.c)
    torch.testing.assert_close(model.loss(batch(shared)), model.loss(nothing(4)))
    assert one_word or memory.mask.sum(dim=1).tolist() == [1] * 4


@pytest.mark.parametrize("shared", [False, True])
def test_sources_are_dropped_in_training_only(shared):
    model, whole = model_of(1.0), model_of(0.0)
    torch.testing.assert_close(model.eval().loss(batch(shared)), whole.loss(batch()))
    torch.testing.assert_close(model_of(0.0).train().loss(batch(shared)), whole.loss(batch()))
    assert not torch.allclose(model.train().loss(batch(shared))[0], whole.loss(batch())[0])


@pytest.mark.parametrize("shared", [False, True])
def test_the_fraction_of_dropped_sources_and_the_others_are_whole(shared):
    model, many = model_of(0.3).train(), batch(shared, times=500)
    found, whole, empty = (m._encode(b).c for m, b in (
        (model, many), (model_of(0.0), many), (model_of(0.0), nothing(2000))))
    dropped = (found - empty).abs().amax(dim=1) < 1e-6
    assert dropped.float().mean().item() == pytest.approx(0.3, abs=0.04)  # 4 standard deviations
    torch.testing.assert_close(found[~dropped], whole[~dropped])


def test_all_parameters_learn_while_sources_are_dropped():
    model = model_of(0.5).train()
    torch.manual_seed(2)
    model.loss(batch(shared=True, times=8))[0].backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_the_untrained_output_is_as_frequent_as_the_ids_are_in_training():
    torch.manual_seed(1)
    s = Settings(embedding_size=64, hidden_size=32, bidirectional=False)
    encoder = make_encoder(s, V)
    model = Seq2Seq(encoder, make_decoder(s, V, encoder.memory_size)).eval()
    counts = torch.tensor([0, 0, 30, 0, 50, 10, 5, 4, 1])
    frequency = (counts + 0.5) / (100 + 0.5 * V)

    def far():
        with torch.no_grad():
            p = model.decoder.logits(model.readouts(batch())).softmax(dim=-1)
        return (p - frequency).abs().sum(dim=1).mean().item() / 2  # total variation

    before = far()
    model.decoder.output.start_from_frequencies(counts)
    torch.testing.assert_close(model.decoder.output.bias.softmax(dim=0), frequency)
    assert far() < 0.2 < 0.5 < before
