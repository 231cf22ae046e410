"""corpora/shared/poems.py: the lines of a poem and the pairs of neighbouring lines."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.verses import lines_of
from corpora.shared.poems import line_pairs


@pytest.mark.parametrize("poem", [
    "山月照柴门，溪声绕小村。", "山月照柴门,溪声绕小村.", "山月照柴门？溪声绕小村！", "山月照柴门；溪声绕小村：",
    "山月照柴门 溪声绕小村", "山月照柴门\n溪声绕小村\n", "山月照柴门|溪声绕小村", "山月照柴门/溪声绕小村",
    "　山月照柴门　　溪声绕小村　", "「山月照柴门，溪声绕小村。」", "《山月照柴门》，“溪声绕小村”。"])
def test_punctuation_and_space_divide_lines_and_stay_out_of_them(poem):
    assert lines_of(poem) == ["山月照柴门", "溪声绕小村"]


@pytest.mark.parametrize("poem", [
    "山月（一作日）照柴门，溪声绕小村。", "山月(一作日)照柴门，溪声绕小村。",
    "山月照柴门（一作山日照荆门，水声绕孤村），溪声绕小村。",
    "（自注：山中作。）山月照柴门，溪声绕小村。"])
def test_notes_in_parentheses_are_removed_with_their_punctuation(poem):
    assert lines_of(poem) == ["山月照柴门", "溪声绕小村"]


@pytest.mark.parametrize("poem", ["", "，。", "（全诗已佚）", " \n "])
def test_a_poem_without_text_has_no_lines(poem):
    assert lines_of(poem) == []


def test_context_is_every_earlier_line_of_the_run_oldest_first():
    pairs = list(line_pairs(["一一", "二二", "三三", "四四"], key="poem"))
    assert [(p.context, p.source, p.target) for p in pairs] == [
        ((), "一一", "二二"), (("一一",), "二二", "三三"), (("一一", "二二"), "三三", "四四")]
    assert {p.key for p in pairs} == {"poem"}


def test_a_line_of_another_length_starts_a_new_run():
    pairs = list(line_pairs(["一一", "二二", "三三三", "四四四", "五五"], key="k"))
    assert [(p.context, p.source, p.target) for p in pairs] == [((), "一一", "二二"), ((), "三三三", "四四四")]


@pytest.mark.parametrize("broken", ["二□", "二a", "二2", "二（", "二?"])
def test_a_line_with_anything_but_chinese_characters_ends_a_run(broken):
    pairs = list(line_pairs(["一一", "一二", broken, "三三", "四四"], key="k"))
    assert [(p.context, p.source, p.target) for p in pairs] == [((), "一一", "一二"), ((), "三三", "四四")]


def test_only_the_lengths_asked_for_are_kept():
    lines = ["一二三四", "二三四五", "一二三四五", "二三四五六", "一二三四五六", "二三四五六七"]
    assert [(p.source, p.target) for p in line_pairs(lines, key="k", lengths=(5, 7))] == [("一二三四五", "二三四五六")]
    assert len(list(line_pairs(lines, key="k"))) == 3


def test_rare_characters_beyond_the_basic_plane_are_chinese_too():
    assert [(p.source, p.target) for p in line_pairs(["𠀀一", "㐀二"], key="k")] == [("𠀀一", "㐀二")]


@pytest.mark.parametrize("lines", [[], ["一二"], ["一二", "一"]])
def test_no_two_equal_neighbours_give_no_pairs(lines):
    assert list(line_pairs(lines, key="k")) == []


@given(st.lists(st.text("一二三□", min_size=1, max_size=3), max_size=12))
def test_every_pair_and_its_context_are_neighbouring_lines_of_one_length(lines):
    pairs = list(line_pairs(lines, key="k"))
    neighbours = sum(len(a) == len(b) and "□" not in a + b for a, b in pairwise(lines))
    assert len(pairs) == neighbours
    for p in pairs:
        run = [*p.context, p.source, p.target]
        assert any(lines[i:i + len(run)] == run for i in range(len(lines)))
        assert len({len(line) for line in run}) == 1
