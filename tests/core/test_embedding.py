import pytest
import torch

from core.embedding import Embedding, WordDropout, WordEmbedding
from core.vocabulary import PAD, UNK

V, E = 9, 4


def an_embedding():
    torch.manual_seed(1)
    return Embedding(V, E)


def test_padding_is_the_zero_vector_and_no_other_is():
    weight = an_embedding().weight
    assert (weight[PAD] == 0).all()
    assert (weight[PAD + 1:].abs().sum(dim=1) > 0).all()


def test_an_id_becomes_its_row():
    embedding = an_embedding()
    out = embedding(torch.tensor([[4, PAD, 8]]))
    assert out.shape == (1, 3, E)
    assert torch.equal(out[0], embedding.weight[[4, PAD, 8]])


def test_rows_start_with_about_unit_length():
    torch.manual_seed(1)
    lengths = Embedding(2000, 16).weight[1:].square().sum(dim=1)
    assert lengths.mean().item() == pytest.approx(1, abs=0.05)  # 16 numbers of variance 1/16


def test_loading_takes_known_vectors_and_leaves_the_others():
    embedding = an_embedding()
    before = embedding.weight.detach().clone()
    vectors = torch.zeros(V, E)
    vectors[5] = torch.tensor([1.0, -1.0, 2.0, -2.0])
    given = torch.zeros(V, dtype=torch.bool)
    given[[5, 7]] = True  # row 7 is a vector of zeros
    embedding.load(vectors, given)
    assert torch.equal(embedding.weight[[5, 7]], vectors[[5, 7]])
    others = [0, 1, 2, 3, 4, 6, 8]
    assert torch.equal(embedding.weight[others], before[others])
    assert embedding.weight.requires_grad


@pytest.mark.parametrize("freeze", [True, False])
def test_only_frozen_rows_get_no_gradient_whatever_reads_them(freeze):
    embedding, given = an_embedding(), torch.zeros(V, dtype=torch.bool)
    given[[5, 7]] = True
    embedding.load(torch.ones(V, E), given, freeze)
    (embedding(torch.tensor([5, 6])).sum() + (embedding.weight * 2).sum()).backward()  # as when an output is tied to it
    wanted = torch.full((V, E), 2.0)
    wanted[[5, 6]] += 1
    if freeze:
        wanted[[5, 7]] = 0
    assert torch.equal(embedding.weight.grad, wanted)


def test_a_word_is_its_own_vector_plus_its_characters():
    embedding = an_embedding()
    E_ = embedding.weight
    words = WordEmbedding(embedding, word_dropout=0.0)
    out = words(torch.tensor([[4, 5, 6], [7, PAD, PAD]]))
    torch.testing.assert_close(out, torch.stack([E_[4] + E_[5] + E_[6], E_[7]]))


def test_what_is_unknown_adds_nothing():
    embedding = an_embedding()
    with torch.no_grad():
        embedding.weight[PAD] = 100.0
    E_ = embedding.weight
    out = WordEmbedding(embedding, word_dropout=0.0)(torch.tensor([[UNK, 5, 6, UNK], [4, UNK, 6, PAD],
                                                                  [UNK, PAD, PAD, PAD]]))
    torch.testing.assert_close(out, torch.stack([E_[5] + E_[6], E_[4] + E_[6], torch.zeros(E)]))


def test_word_dropout_leaves_the_characters_in_training_only():
    embedding = an_embedding()
    E_, ids = embedding.weight, torch.tensor([[4, 5, 6], [7, PAD, PAD], [8, UNK, PAD]])
    words = WordEmbedding(embedding, word_dropout=1.0)
    whole = torch.stack([E_[4] + E_[5] + E_[6], E_[7], E_[8]])
    torch.testing.assert_close(words.train()(ids), torch.stack([E_[5] + E_[6], E_[7], E_[8]]))
    torch.testing.assert_close(words.eval()(ids), whole)


def test_word_dropout_happens_as_often_as_it_says():
    torch.manual_seed(1)
    embedding = an_embedding()
    words = WordEmbedding(embedding, word_dropout=0.3).train()
    out = words(torch.tensor([[4, 5]]).expand(2000, 2))
    dropped = (out == embedding.weight[5]).all(dim=1)
    assert dropped.float().mean().item() == pytest.approx(0.3, abs=0.04)  # 4 standard deviations
    torch.testing.assert_close(out[~dropped][0], embedding.weight[4] + embedding.weight[5])


def test_hidden_tokens_are_zero_and_the_others_untouched():
    torch.manual_seed(1)
    e = torch.ones(5, 400, E)
    hidden = (WordDropout(0.3).train()(e) == 0).all(dim=2)
    assert hidden.float().mean().item() == pytest.approx(0.3, abs=0.04)  # 4 standard deviations
    out = WordDropout(0.3).train()(e)
    assert ((out == 0).all(dim=2) | (out == 1).all(dim=2)).all()


def test_tokens_are_hidden_in_training_only():
    e = torch.ones(2, 3, E)
    assert torch.equal(WordDropout(1.0).eval()(e), e)
    assert torch.equal(WordDropout(0.0).train()(e), e)
    assert (WordDropout(1.0).train()(e) == 0).all()
