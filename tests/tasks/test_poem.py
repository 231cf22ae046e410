import itertools

import pytest
import torch

import tasks
from core.data import Example, InputError
from tasks.poem import acrostic, continue_poem
from tasks.shared import text_model

torch.set_num_threads(1)
POEM = tasks.find("poem")
LINES = ["春眠不觉晓", "处处闻啼鸟", "夜来风雨声", "花落知多少"]


def model(max_length=24):
    settings = POEM.settings({}, {"embedding_size": 8, "hidden_size": 10, "max_length": max_length, "min_count": 1})
    pairs = [Example(a, b) for a, b in itertools.pairwise(LINES)]
    return text_model.create(POEM, settings, pairs)


def test_the_poem_so_far_is_read_with_commas_after_odd_and_stops_after_even_lines():
    example = Example(LINES[2], "", tuple(LINES[:2]))
    assert POEM.source_text(example, model().settings) == "春眠不觉晓，处处闻啼鸟。夜来风雨声，"


def test_the_oldest_lines_give_way_and_the_marks_still_tell_odd_from_even():
    example = Example(LINES[2], "", tuple(LINES[:2]))
    assert POEM.source_text(example, model(max_length=12).settings) == "处处闻啼鸟。夜来风雨声，"


def test_typed_lines_may_be_divided_by_any_mark_or_space():
    assert POEM.read_input(" 春眠不觉晓， 处处闻啼鸟。夜来风雨声", model().settings) == Example(
        LINES[2], "", tuple(LINES[:2]))


def test_a_line_of_marks_only_is_no_line():
    with pytest.raises(InputError, match="holds no line of a poem"):
        POEM.read_input("，。！", model().settings)


@pytest.mark.parametrize("line", ["春", "春眠", "春眠不觉晓处处闻"])
def test_as_many_characters_come_out_as_go_in(line):
    m = model()
    for beam in (1, 4):
        [[(answer, _)]] = POEM.answer(m, [m.read_input(line)], POEM.search_settings({"beam": beam}))
        assert len(answer) == len(line)


def test_lines_of_different_lengths_in_one_batch_keep_their_own_lengths():
    m = model()
    lines = ["春眠", "春眠不觉晓", "处处闻啼鸟夜来"]
    found = POEM.answer(m, [m.read_input(line) for line in lines], POEM.search_settings({}))
    assert [len(best[0][0]) for best in found] == [2, 5, 7]


def test_a_poem_continues_with_all_lines_before_as_context():
    m = model()
    search = POEM.search_settings({})
    lines = continue_poem(m, Example(LINES[0], ""), 3, search)
    assert [len(line) for line in lines] == [5, 5, 5]
    by_hand = POEM.answer(m, [Example(lines[1], "", (LINES[0], lines[0]))], search)[0][0][0]
    assert lines[2] == by_hand


def test_each_line_of_an_acrostic_begins_with_its_character():
    lines = acrostic(model(), "春夜花", 5, POEM.search_settings({}))
    assert [line[0] for line in lines] == ["春", "夜", "花"]
    assert [len(line) for line in lines] == [5, 5, 5]


def test_an_acrostic_on_an_unknown_character_is_refused():
    with pytest.raises(InputError, match="does not know '龘'"):
        acrostic(model(), "春龘", 5, POEM.search_settings({}))


def test_a_poem_is_counted_in_characters():
    with pytest.raises(InputError, match="use characters"):
        text_model.create(POEM, POEM.settings({}, {"tokenizer": "words"}), [Example(LINES[0], LINES[1])])
