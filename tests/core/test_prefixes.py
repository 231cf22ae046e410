"""Sources that begin other ones are read once: the runs, the batches made of them, and the same numbers as without."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.batches import EncodedSplit
from core.models import Seq2Seq, make_decoder, make_encoder
from core.ragged import Ragged
from core.registry import ATTENTIONS, CELLS
from core.settings import PLACEMENTS, Settings
from core.training_run import evaluate
from core.vocabulary import PAD

torch.set_num_threads(1)  # tiny tensors: a second thread only waits

V = 11
FORMS = [("none", "after"), *itertools.product([a for a in ATTENTIONS if a != "none"], PLACEMENTS)]
GRID = [pytest.param(cell, *form, id=f"{cell}-{form[0]}-{form[1]}") for cell in CELLS for form in FORMS]
POEMS = [[4, 5, 10, 6, 7, 10], [8, 10], [4, 5, 9, 10]]
SOURCES = [[4, 5], [4, 5, 10], POEMS[0], POEMS[1], POEMS[1], [4, 5], POEMS[2], [5]]  # runs of 3, 2, 2 and 1
TARGETS = [[6], [7, 2], [8, 4, 2], [5, 5], [9], [4, 2], [10], [6, 6, 6]]
ids = st.lists(st.integers(4, 6), min_size=1, max_size=4)
many = settings(deadline=None, database=None, max_examples=60)


def data(shared=True):
    return EncodedSplit(SOURCES, TARGETS).share_prefixes(shared)


def model_of(cell="gru", attention="additive", placement="after", **others):
    torch.manual_seed(1)
    s = Settings(**{"cell": cell, "attention": attention, "placement": placement, "embedding_size": 3, "hidden_size": 5,
                    "bidirectional": False, "dropout": 0.0, **others})
    encoder = make_encoder(s, V)
    return Seq2Seq(encoder, make_decoder(s, V, encoder.memory_size))


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 100])
def test_neighbours_of_which_one_begins_the_next_have_one_number(chunk):
    assert Ragged(SOURCES).prefix_runs(chunk).tolist() == [0, 0, 0, 1, 1, 2, 2, 3]
    assert Ragged([[4, 5], [4], [4]]).prefix_runs(chunk).tolist() == [0, 1, 1]  # a run never gets shorter
    assert Ragged([[], [4], [5]]).prefix_runs(chunk).tolist() == [0, 0, 1]
    assert Ragged([[4]]).prefix_runs(chunk).tolist() == [0]


@many
@given(st.lists(ids, min_size=1, max_size=8), st.integers(1, 9))
def test_runs_by_comparing_lists(rows, chunk):
    wanted = [0]
    for a, b in itertools.pairwise(rows):
        wanted.append(wanted[-1] + (b[:len(a)] != a))
    assert Ragged(rows).prefix_runs(chunk).tolist() == wanted


def test_runs_in_a_mapped_file(tmp_path):
    np.array([i for row in SOURCES for i in row], dtype=np.uint16).tofile(tmp_path / "ids")
    rows = Ragged.from_file(tmp_path / "ids", np.uint16, np.array([*map(len, SOURCES)], dtype=np.int32))
    assert rows.prefix_runs(3).tolist() == [0, 0, 0, 1, 1, 2, 2, 3]


def test_a_shared_batch_by_hand():
    batch = data().batch(np.array([1, 5, 2, 0]))
    assert batch.source.tolist() == [POEMS[0], [4, 5, PAD, PAD, PAD, PAD]]  # the longest of each run that is here
    assert batch.rows.tolist() == [0, 1, 0, 0] and batch.source_lengths.tolist() == [3, 2, 6, 2]
    assert batch.target.tolist() == [[7, 2, PAD], [4, 2, PAD], [8, 4, 2], [6, PAD, PAD]]
    assert batch.index.tolist() == [1, 5, 2, 0]
    assert batch.to(torch.device("meta")).rows.is_meta


def test_sharing_can_be_undone():
    split = data()
    assert split.share_prefixes(False).batch(np.array([0, 2])).rows is None
    assert split.share_prefixes().batch(np.array([0, 2])).rows.tolist() == [0, 0]


@many
@given(st.lists(ids, min_size=1, max_size=12), st.integers(1, 5), st.integers(1, 3), st.integers(1, 3),
       st.sampled_from([0, 1, 9]))
def test_an_epoch_visits_each_example_once_with_its_own_source(sources, size, epoch, pool, tokens):
    split = EncodedSplit(sources, [[4 + i] for i in range(len(sources))]).share_prefixes()
    chosen = Settings(batch_size=size, batch_tokens=tokens)
    plan = split.plan_batches(chosen, epoch, pool)
    assert [part.tolist() for part in plan] == [part.tolist() for part in split.plan_batches(chosen, epoch, pool)]
    for found in ([split.batch(part) for part in plan], list(split.sorted_batches(size))):
        assert sorted(i for batch in found for i in batch.index.tolist()) == list(range(len(sources)))
        for batch in found:
            assert len(batch.source) <= len(batch.index) and batch.target[:, 0].tolist() == (batch.index + 4).tolist()
            for row, length, i in zip(batch.rows, batch.source_lengths, batch.index):
                assert batch.source[row, :length].tolist() == sources[i]


def test_runs_stay_together_and_come_in_another_order_with_another_seed():
    sources = [[4 + i % 7, 4 + i // 7] + [4] * n for i in range(40) for n in range(4)]
    split = EncodedSplit(sources, [[4]] * 160).share_prefixes()
    plans = [split.plan_batches(Settings(batch_size=4, seed=seed), epoch, 3)
             for seed, epoch in ((1, 1), (1, 2), (2, 1))]
    for plan in plans:
        assert all(len(split.batch(part).source) == 1 for part in plan)  # the four lines of a poem, read once
    assert len({tuple(part[0] for part in plan) for plan in plans}) == 3


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("cell", "attention", "placement"), GRID)
def test_loss_and_gradients_are_those_without_sharing(cell, attention, placement, layers):
    found = []
    for shared in (False, True):
        model = model_of(cell, attention, placement, layers=layers)
        assert model.shares_prefixes
        loss, count = model.loss(data(shared).batch(np.array([2, 6, 0, 4, 5, 1])), label_smoothing=0.1)
        loss.backward()
        found.append((loss, count, {name: p.grad for name, p in model.named_parameters()}))
    torch.testing.assert_close(found[1], found[0])


@pytest.mark.parametrize(("cell", "attention", "placement"), GRID)
def test_evaluation_with_sharing_equals_evaluation_without(cell, attention, placement):
    model = model_of(cell, attention, placement)
    losses = [evaluate(model, data(shared).sorted_batches(size)) for shared in (False, True) for size in (1, 3, 100)]
    assert losses == pytest.approx([losses[0]] * 6, abs=1e-5)


def test_an_encoder_that_reads_in_both_directions_shares_nothing():
    assert not model_of(bidirectional=True).shares_prefixes
