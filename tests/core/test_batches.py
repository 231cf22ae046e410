import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.batches import Batch, EncodedSplit, map_batches
from core.ragged import Ragged
from core.settings import Settings
from core.vocabulary import PAD

rows = st.lists(st.lists(st.integers(1, 2 ** 31 - 1), max_size=6), min_size=1, max_size=8)
many = settings(deadline=None, database=None, max_examples=100)


def some_data(count=23):
    """Source i is i+4 repeated, so that every row tells which example it is."""
    return EncodedSplit([[i + 4] * (1 + i % 5) for i in range(count)], [[i + 4] * (i % 3) + [2] for i in range(count)])


def epoch_of(data, batch_size, seed=1, epoch=1, pool=100, batch_tokens=0):
    plan = data.plan_batches(Settings(batch_size=batch_size, seed=seed, batch_tokens=batch_tokens), epoch, pool)
    return [data.batch(index) for index in plan]


def order(batches):
    return [batch.index.tolist() for batch in batches]


@many
@given(rows, st.data())
def test_padded_rows_equal_the_lists(rows, data):
    index = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=9))
    picked = [rows[i] for i in index]
    longest = max(1, *map(len, picked), 1)
    padded = Ragged(rows).padded(np.array(index))
    assert padded.dtype == torch.long
    assert padded.tolist() == [row + [PAD] * (longest - len(row)) for row in picked]


@many
@given(rows)
def test_lengths_are_kept(rows):
    ragged = Ragged(rows)
    assert len(ragged) == len(rows)
    assert ragged.lengths.tolist() == [len(row) for row in rows]


@many
@given(st.lists(st.lists(st.integers(0, 65535), max_size=6), min_size=1, max_size=8), st.data(),
       st.sampled_from([np.uint16, np.int32]))
def test_rows_of_an_array_or_a_file_equal_the_lists(tmp_path_factory, rows, data, kind):
    file = tmp_path_factory.getbasetemp() / "ids"
    flat, lengths = np.array([i for row in rows for i in row], dtype=kind), np.array([*map(len, rows)], dtype=np.int32)
    flat.tofile(file)
    index = np.array(data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=9)))
    for ragged in (Ragged.from_arrays(flat, lengths), Ragged.from_file(file, kind, lengths)):
        assert ragged.padded(index).tolist() == Ragged(rows).padded(index).tolist()
        assert len(ragged) == len(rows) and ragged.lengths.tolist() == lengths.tolist()


def test_rows_of_a_file_stay_the_same_when_its_pages_are_let_go(tmp_path, monkeypatch):
    monkeypatch.setattr("core.ragged.RELEASE_AFTER", 2)
    np.arange(10, dtype=np.uint16).tofile(tmp_path / "ids")
    ragged = Ragged.from_file(tmp_path / "ids", np.uint16, np.array([4, 6]))
    for _ in range(5):
        assert ragged.padded(np.array([1])).tolist() == [[4, 5, 6, 7, 8, 9]]


def test_arrays_that_do_not_fit_each_other_are_refused():
    with pytest.raises(ValueError, match="3 ids, but the lengths sum to 4"):
        Ragged.from_arrays(np.arange(3), np.array([2, 2]))


def test_a_batch_by_hand():
    data = EncodedSplit([[4, 5], [6], [7, 8, 9]], [[1, 2, 3], [2], [4, 2]])
    batch = data.batch(np.array([2, 1]))
    assert batch.source.tolist() == [[7, 8, 9], [6, PAD, PAD]]
    assert batch.source_lengths.tolist() == [3, 1]
    assert batch.target.tolist() == [[4, 2], [2, PAD]]
    assert batch.index.tolist() == [2, 1]


def test_a_batch_moves_as_a_whole():
    batch = some_data().batch(np.array([0, 3])).to(torch.device("meta"))
    assert isinstance(batch, Batch)
    assert all(getattr(batch, name).is_meta for name in ("source", "source_lengths", "target", "index"))


@pytest.mark.parametrize("sources, targets", [([[4], []], [[4], [5]]), ([[4]], [[4], [5]])])
def test_data_that_does_not_pair_up_is_refused(sources, targets):
    with pytest.raises(ValueError, match=r"as many sources as targets \(\d, \d\), and no empty source"):
        EncodedSplit(sources, targets)


@pytest.mark.parametrize("batch_size, pool", [(1, 100), (4, 2), (4, 100), (5, 1), (100, 3)])
def test_an_epoch_visits_each_example_exactly_once(batch_size, pool):
    data = some_data()
    batches = list(epoch_of(data, batch_size, pool=pool))
    assert sorted(i for part in order(batches) for i in part) == list(range(len(data)))
    assert all(len(part) <= batch_size for part in order(batches))
    for batch in batches:
        assert (batch.source[:, 0] - 4).tolist() == batch.index.tolist()
        assert (batch.source != PAD).sum(dim=1).tolist() == batch.source_lengths.tolist()


def test_the_same_seed_and_epoch_give_the_same_order():
    assert order(epoch_of(some_data(), 4, epoch=2)) == order(epoch_of(some_data(), 4, epoch=2))


def test_another_epoch_and_another_seed_give_another_order():
    orders = [order(epoch_of(some_data(), 4, seed, epoch, pool=2))
              for seed, epoch in ((1, 1), (1, 2), (2, 1), (2, 2))]
    for a in range(4):
        for b in range(a):
            assert orders[a] != orders[b]
            assert sorted(map(sorted, orders[a])) != sorted(map(sorted, orders[b]))  # batched otherwise, too


def test_rows_of_a_batch_are_about_equally_long():
    count = 200
    data = EncodedSplit([[4] * (1 + i % 10) for i in range(count)], [[4] * (1 + i % 10) for i in range(count)])
    spreads = [batch.target.size(1) - min((batch.target != PAD).sum(dim=1).tolist()) for batch in epoch_of(data, 10)]
    assert max(spreads) == 0  # twenty of each length, in batches of ten: nothing is padded


def test_batches_do_not_come_sorted():
    data = EncodedSplit([[4] * (1 + i % 10) for i in range(200)], [[4]] * 200)
    lengths = [batch.source.size(1) for batch in epoch_of(data, 10)]
    assert lengths not in (sorted(lengths), sorted(lengths, reverse=True))


def test_in_order_covers_all_longest_first():
    data = some_data()
    batches = list(data.sorted_batches(4))
    assert sorted(i for part in order(batches) for i in part) == list(range(len(data)))
    lengths = [n for batch in batches for n in batch.source_lengths.tolist()]
    assert lengths == sorted(lengths, reverse=True)
    assert order(batches) == order(data.sorted_batches(4))
    assert (batches[0].source[:, 0] - 4).tolist() == batches[0].index.tolist()


@pytest.mark.parametrize("budget", [1, 12, 30, 1000])
def test_a_batch_by_tokens_stays_within_its_budget_and_none_is_lost(budget):
    data = some_data(101)
    batches = epoch_of(data, 4, batch_tokens=budget)
    assert sorted(i for part in order(batches) for i in part) == list(range(len(data)))
    sizes = [len(b.index) * (b.source.size(1) + b.target.size(1)) for b in batches if len(b.index) > 1]
    assert all(size <= budget for size in sizes)
    assert budget < 1000 or max(sizes) > budget / 2


def test_results_of_batches_come_in_the_order_of_the_sources():
    sources, seen = Ragged([[4] * n for n in (2, 5, 1, 3, 5, 4)]), []

    def sums(ids, lengths, index):
        seen.append(ids.shape)
        assert torch.is_inference_mode_enabled() and (ids != 0).sum(dim=1).tolist() == lengths.tolist()
        assert sources.lengths[index].tolist() == lengths.tolist()
        return ids.sum(dim=1)

    assert [int(r) for r in map_batches(sums, sources, 4)] == [8, 20, 4, 12, 20, 16]
    assert seen == [(4, 5), (2, 2)]  # similar lengths together
    assert map_batches(sums, Ragged([]), 4) == []
