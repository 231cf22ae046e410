"""Poems of several lines: form, rhyme and no repeats hold from the first to the last, in every search."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data import Example, InputError
from tasks.poem import POEMS
from tasks.shared import verse
from tasks.shared.prosody import groups
from tests.tasks.verses import LINES, POEM, all_rhyme, lines_of, notes_of, poems, repeated

MODEL = poems()
SEARCHES = {"greedy": {"beam": 1}, "beam": {"beam": 3}, "sampling": {"temperature": 2.0},
            "varied": {"search": "varied", "samples": 16}}
each_search = pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)


def continued(text, lines, seed=1, **search):
    example = POEM.read_input(text, MODEL.settings)
    found, notes = notes_of(lambda: POEM.continued(MODEL, example, lines, POEM.search_settings(search), (seed,)))
    return [[*example.context, example.source, *lines_of(poem.text)] for poem in found], notes


@each_search
@pytest.mark.parametrize(("begun", "rhyming"), [("白日依山尽", [1, 3, 5, 7]), ("床前山月光", [0, 1, 3, 5, 7]),
                                                ("白日依山尽，黄河入海流", [1, 3, 5, 7])])
def test_a_whole_poem_keeps_pattern_and_rhyme_and_repeats_nothing(search, begun, rhyming):
    [lines], notes = continued(begun, 8 - len(lines_of(begun)), **search)
    assert len(lines) == 8 and notes == []
    assert all_rhyme([lines[i][-1] for i in rhyming]) and not repeated("".join(lines))
    for number in range(len(lines_of(begun)), 8):
        assert verse.faults(lines[number], verse.next_line(lines[:number], 5)) == []


@each_search
def test_a_rhyme_that_is_asked_for_is_kept_throughout(search):
    [lines], notes = continued("两个黄鹂鸣翠柳", 7, rhyme="阳", **search)
    assert all("下平聲七陽" in groups(line[-1]) for line in lines[1::2]) and notes == []


def test_no_rhyme_word_nor_the_end_of_the_first_line_of_a_long_poem_comes_again():
    lines = ["白日依山尽", "黄河入海流", *["床前明月光", "疑是地上霜"] * 5]
    used = POEM.patterns(MODEL, [Example(lines[-1], "", tuple(lines[:-1]))], POEM.search_settings({}))[0][0].used
    assert {*"尽流"} < {*used} and not {*"白日依山黄河入海"} & {*used}


def test_several_poems_begin_with_different_lines_and_come_best_first():
    example = Example(LINES[0], "")
    search = POEM.search_settings({"search": "varied", "samples": 30, "n_best": 5})
    found = POEM.continued(MODEL, example, 3, search, (1,))
    assert len(found) == 5 and len({lines_of(poem.text)[0] for poem in found}) == 5
    assert [poem.score for poem in found] == sorted((poem.score for poem in found), reverse=True)
    best = POEM.continued(MODEL, example, 3, POEM.search_settings({"search": "varied", "samples": 30}), (1,))
    assert [best[0].text] == [poem.text for poem in found[:1]], "five are the best of as many as one is"


def test_fewer_samples_than_poems_are_begun_are_enough():
    poems, _ = continued(LINES[0], 3, search="varied", samples=POEMS - 9, n_best=2)
    assert len(poems) == 2


def test_the_same_seed_gives_the_same_poem_and_another_one_another():
    once, again, other = (continued(LINES[0], 3, seed, search="varied", samples=12)[0] for seed in (1, 1, 2))
    assert once == again != other


@each_search
def test_an_acrostic_keeps_pattern_and_rhyme_and_repeats_nothing(search):
    found, notes = notes_of(lambda: POEM.acrostic(MODEL, "白月秋天", 5, POEM.search_settings(search), (2,)))
    lines = [a.text for a in found]
    assert [line[0] for line in lines] == list("白月秋天") and not repeated("".join(lines))
    assert all_rhyme([lines[1][-1], lines[3][-1]]) and notes == []


# marks and windows


@pytest.mark.parametrize(("text", "mark", "lines"), [
    ("宋：床前明月光", "宋", ["床前明月光"]), (" 宋:床前明月光，疑是地上霜", "宋", ["床前明月光", "疑是地上霜"]),
    ("床前明月光", "", ["床前明月光"])])
def test_a_mark_may_come_before_the_lines(text, mark, lines):
    example = POEM.read_input(text, MODEL.settings)
    assert (example.mark, [*example.context, example.source]) == (mark, lines)
    shown = "".join(line + "，。"[i % 2] for i, line in enumerate(lines))
    assert POEM.source_text(example, MODEL.settings) == (mark + "：" if mark else "") + shown


def test_a_mark_alone_is_no_line():
    with pytest.raises(InputError, match="the input is empty"):
        POEM.read_input("宋：", MODEL.settings)


def test_all_lines_of_a_poem_are_continued_with_its_mark(monkeypatch):
    asked = []
    generate = type(POEM)._generate
    monkeypatch.setattr(type(POEM), "_generate", lambda self, model, examples, *a, **o: (
        asked.extend(examples), generate(self, model, examples, *a, **o))[1])
    continued("宋：白日依山尽", 2, beam=1)
    assert [(e.mark, len(e.context)) for e in asked] == [("宋", 0), ("宋", 1)]


@given(length=st.sampled_from([5, 7]), count=st.integers(2, 60), most=st.integers(8, 80),
       mark=st.sampled_from(["", "宋"]))
@settings(max_examples=60, deadline=None)
def test_the_sources_of_a_poem_begin_those_of_its_next_lines_but_at_few_places(length, count, most, mark):
    chosen = POEM.settings({}, {"max_length": max(most, 2 * length)})
    lines = [chr(0x4e00 + n) * length for n in range(count)]
    texts = [POEM.source_text(Example(lines[n], "", tuple(lines[:n]), mark=mark), chosen) for n in range(count)]
    room = (chosen.max_length - 2 * len(mark)) // (length + 1)  # lines that a source has room for
    for n, text in enumerate(texts):
        assert len(text) <= max(chosen.max_length, 2 * len(mark) + length + 1)
        assert text.endswith(lines[n] + "，。"[n % 2]) and text.startswith(mark + "：" * len(mark))
        assert n >= room or all(line in text for line in lines[:n + 1])
    breaks = sum(not after.startswith(before) for before, after in itertools.pairwise(texts))
    assert breaks <= (count - 1) / max(1, room // 2) + 1
