"""corpora/prepare/store.py: examples on disk, read when requested."""

import pickle

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.cache import get_or_build
from core.data import Example
from corpora.prepare.store import RECORDS, Examples, Store, Writer, one_line

texts = st.text(st.characters(exclude_characters="\t\n"), max_size=6)  # lone surrogates too
some = st.lists(st.builds(Example, texts, texts, st.lists(texts, max_size=3).map(tuple), texts, mark=texts),
                min_size=1, max_size=8)


def stored(examples, index=None, reverse=False):
    def make(folder):
        with Writer(folder) as writer:
            for e in examples:
                writer.add(e)
            assert len(writer) == len(examples)
        return {}
    index = np.arange(len(examples), dtype=np.int32) if index is None else np.array(index, dtype=np.int32)
    return Examples(Store(get_or_build(None, "", "", make)), index, reverse)


@given(some)
def test_what_is_written_reads_back_the_same(examples):
    found = stored(examples)
    assert found == examples and list(found) == examples and len(found) == len(examples)
    assert [found[i] for i in range(-len(examples), len(examples))] == examples * 2


@given(some, st.data())
def test_a_view_is_a_sequence_like_any_other(examples, data):
    places = st.integers(0, len(examples) - 1)
    index = data.draw(st.lists(places, min_size=1, max_size=9))
    cut = data.draw(st.slices(len(index)))
    expected = [examples[i] for i in index]
    assert stored(examples, index)[cut] == expected[cut]
    assert stored(examples, index, reverse=True) == [e.reversed() for e in expected]


def test_a_record_without_a_mark_is_that_of_version_0_1_0():
    found = stored([Example("a", "b", ("c",), "k"), Example("a", "b", mark="宋")])
    records = (found.store.folder.path / RECORDS).read_text(encoding="utf-8")
    assert records == "a\tb\tc\tk\t\na\tb\t\t宋\n", "checksums would change"


def test_a_place_that_is_not_there_is_no_example():
    found = stored([Example("a", "b")])
    for place in (1, -2):
        try:
            found[place]
        except IndexError:
            continue
        raise AssertionError(place)


def test_a_view_can_be_pickled():
    found = stored([Example("a", "b"), Example("c", "d", ("e",), "f")], [1, 0])
    assert pickle.loads(pickle.dumps(found)) == found


def test_signs_that_divide_records_become_spaces():
    assert one_line("a\tb\nc d") == "a b c d"
