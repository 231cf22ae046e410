import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from core import ngrams as ngram_module
from core.ngrams import NGrams
from core.ragged import Ragged
from core.vocabulary import PAD

ROWS = [[4, 5, 4, 5, 6], [7, 7], [5, 4], [6]]
texts = st.lists(st.lists(st.integers(4, 9), min_size=1, max_size=6), min_size=2, max_size=5)


def padded(rows, more=0):
    return torch.nn.functional.pad(Ragged(rows).padded(np.arange(len(rows))), (0, more), value=PAD)


def a_classifier(rows=ROWS, labels=(0, 1, 0, 1), size=2, longest=3):
    ngrams = NGrams(400, longest, size)
    z = ngrams.fit(Ragged(rows), np.array(labels), seed=1)
    return ngrams, z


def test_grams_of_one_to_n_tokens_and_none_beyond_the_end():
    grams = NGrams(400, 2, 3).grams(padded([[4, 5, 4, 5], [5]]))
    assert grams.shape == (2, 2, 4)
    assert grams[0, 0, 0] == grams[0, 0, 2] and grams[0, 0, 1] == grams[0, 0, 3] == grams[1, 0, 0]
    assert grams[0, 1, 0] == grams[0, 1, 2] != grams[0, 1, 1]  # 4 5, and 5 4
    assert (grams[1] >= 0).sum() == 1 and grams[0, 1, 3] == -1


@settings(deadline=None, max_examples=25)
@given(texts)
def test_features_are_those_of_scikit_learn(rows):
    ngrams = NGrams(400, 3, 2)
    ngrams.fit(Ragged(rows), np.arange(len(rows)) % 2, seed=1)
    sklearn = TfidfVectorizer(analyzer=lambda row: [tuple(row[i:i + n]) for n in (1, 2, 3)
                                                    for i in range(len(row) - n + 1)], sublinear_tf=True)
    expected = sklearn.fit_transform(rows).toarray()
    _, f = ngrams.features(padded(rows))
    for row, values in zip(expected, f):
        assert sorted(values[values > 0].tolist()) == pytest.approx(sorted(row[row > 0]), abs=1e-5)


def test_scores_are_the_weighted_sum_and_padding_adds_nothing():
    ngrams, _ = a_classifier()
    z = ngrams(padded(ROWS))
    torch.testing.assert_close(ngrams(padded(ROWS, more=3)), z)
    torch.testing.assert_close(torch.cat([ngrams(padded([row])) for row in ROWS]), z)
    for label in (0, 1):
        by_hand = sum(value for *_, value in ngrams.contributions(padded(ROWS[:1]), label)) + ngrams.bias[label]
        torch.testing.assert_close(by_hand, z[0, label])


def test_contributions_name_each_ngram_once():
    ngrams, _ = a_classifier()
    found = [tuple(ROWS[0][start:start + length]) for start, length, _ in ngrams.contributions(padded(ROWS[:1]), 0)]
    assert sorted(found) == sorted({tuple(ROWS[0][i:i + n]) for n in (1, 2, 3) for i in range(6 - n)})


def test_what_decides_is_learned_and_texts_not_seen_are_scored_by_it():
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 200)
    rows = [[*random.integers(10, 30, 6), 4 + label] for label in labels]  # one token says which
    ngrams, z = a_classifier(rows, labels, size=3)
    assert (z.argmax(dim=1).numpy() == labels).mean() > 0.95
    fresh = [[*random.integers(10, 30, 6), 4 + label] for label in (0, 1, 2)]
    assert ngrams(padded(fresh)).argmax(dim=1).tolist() == [0, 1, 2]


def test_labels_that_say_nothing_get_low_scores_on_texts_not_seen():
    random = np.random.default_rng(0)
    rows = [list(random.integers(4, 400, 8)) for _ in range(300)]
    labels = random.integers(0, 2, 300)
    ngrams, z = a_classifier(rows, labels)
    assert (ngrams(padded(rows)).argmax(dim=1).numpy() == labels).mean() > 0.95  # what was seen is known by heart
    assert torch.softmax(z, dim=1).max(dim=1).values.mean() < 0.6  # but nothing is promised of new texts


@pytest.mark.parametrize(("labels", "size"), [((0, 0, 0, 0), 1), ((0, 1, 2, 3), 4), ((1, 1, 1, 1), 2)])
def test_few_texts_and_single_labels_are_no_error(labels, size):
    ngrams, z = a_classifier(labels=labels, size=size)
    assert z.shape == (4, size) and z.isfinite().all() and ngrams(padded(ROWS)).isfinite().all()


def test_without_a_label_in_a_fold_nothing_is_promised():
    ngrams, z = a_classifier([[4], [5]], (0, 1))
    assert not z.any() and ngrams(padded([[4], [5]])).argmax(dim=1).tolist() == [0, 1]
    assert ngrams(padded([[4], [5]])).abs().max() < 3


def test_a_seed_may_be_large():
    assert a_classifier()[1].shape == NGrams(400, 3, 2).fit(Ragged(ROWS), np.array([0, 1, 0, 1]), 2**40).shape


def test_the_same_seed_gives_the_same_weights():
    (a, z), (b, again) = a_classifier(), a_classifier()
    assert torch.equal(z, again) and torch.equal(a.weight, b.weight)


def test_examples_beyond_the_fitted_ones_are_scored_too(monkeypatch):
    monkeypatch.setattr("core.ngrams.WORK", 240)
    rows, labels = [[4 + i % 2, 6 + i % 5] for i in range(50)], [i % 2 for i in range(50)]
    ngrams, z = a_classifier(rows, labels)
    assert z.shape == (50, 2) and (z.argmax(dim=1).numpy() == labels).all()
    torch.testing.assert_close(ngrams(padded(rows))[20:], z[20:])


def test_the_cost_is_the_one_that_labels_texts_not_seen_best(monkeypatch):
    random, both = np.random.default_rng(0), ngram_module.COSTS
    labels = random.integers(0, 3, 300)
    hard = [[*random.integers(10, 60, 3), 4 + (label if random.random() < 0.6 else random.integers(0, 3))]
            for label in labels]
    easy = [[*random.integers(10, 60, 6), 4 + label] for label in labels]
    for rows, chosen, other in ((hard, both[1], both[0]), (easy, both[0], both[1])):
        weights = []
        for costs in (both, (chosen,), (other,)):
            monkeypatch.setattr(ngram_module, "COSTS", costs)
            weights.append(a_classifier(rows, labels, size=3)[0].weight)
        assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
