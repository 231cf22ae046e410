import itertools

import pytest
import torch

import tasks
from core.data import Example, InputError
from tasks.poem import as_poem
from tasks.shared.task import Answer
from tasks.shared.training import create

torch.set_num_threads(1)
POEM = tasks.find("poem")
LINES = ["春眠不觉晓", "处处闻啼鸟", "夜来风雨声", "花落知多少"]


def model(max_length=24):
    settings = POEM.settings({}, {"embedding_size": 8, "hidden_size": 10, "max_length": max_length, "min_count": 1})
    pairs = [Example(a, b) for a, b in itertools.pairwise(LINES)]
    return create(POEM, settings, pairs)


def test_the_poem_so_far_is_read_with_commas_after_odd_and_stops_after_even_lines():
    example = Example(LINES[2], "", tuple(LINES[:2]))
    assert POEM.source_text(example, model().settings) == "春眠不觉晓，处处闻啼鸟。夜来风雨声，"


def test_the_oldest_lines_give_way_and_the_marks_still_tell_odd_from_even():
    example = Example(LINES[2], "", tuple(LINES[:2]))
    assert POEM.source_text(example, model(max_length=12).settings) == "处处闻啼鸟。夜来风雨声，"


def test_lines_of_an_input_are_cut_at_any_mark_or_between_characters():
    assert POEM.read_input(" 春眠不觉晓， 处处闻啼鸟。夜来风雨声", model().settings) == Example(
        LINES[2], "", tuple(LINES[:2]))


def test_spaces_between_words_cut_no_line():
    assert POEM.read_input("roses are red / violets are blue", model().settings) == Example(
        "violets are blue", "", ("roses are red",))


def test_a_line_of_marks_only_is_no_line():
    with pytest.raises(InputError, match="has no line of a poem"):
        POEM.read_input("，。！", model().settings)


@pytest.mark.parametrize("line", ["春", "春眠", "春眠不觉晓处处闻"])
def test_as_many_characters_come_out_as_go_in(line):
    m = model()
    for beam in (1, 4):
        [[answer]] = POEM.answer(m, [m.read_input(line)], POEM.search_settings({"beam": beam}))
        assert len(answer.text) == len(line)


def test_lines_of_different_lengths_in_one_batch_keep_their_own_lengths():
    m = model()
    lines = ["春眠", "春眠不觉晓", "处处闻啼鸟夜来"]
    found = POEM.answer(m, [m.read_input(line) for line in lines], POEM.search_settings({}))
    assert [len(best[0].text) for best in found] == [2, 5, 7]


def test_a_poem_continues_with_all_lines_before_as_context():
    m = model()
    search = POEM.search_settings({})
    [poem] = POEM.continued(m, Example(LINES[0], ""), 3, search, (1,))
    lines = ["".join(poem.tokens[i:i + 5]) for i in (0, 5, 10)]
    by_hand = POEM.answer(m, [Example(lines[1], "", (LINES[0], lines[0]))], search)[0][0].text
    assert lines[2] == by_hand


def test_a_poem_is_printed_with_the_marks_of_its_script():
    assert as_poem([Answer("处处闻啼鸟", -1.0), Answer("夜来风雨声", -2.0)], 1) == Answer(
        "处处闻啼鸟。夜来风雨声，", -3.0)
    assert as_poem([Answer("roses are red", -1.0), Answer("so am I", -1.0)], 1).text == "roses are red / so am I"


def test_each_line_of_an_acrostic_begins_with_its_character():
    lines = [answer.text for answer in POEM.acrostic(model(), "春夜花", 5, POEM.search_settings({}), (1,))]
    assert [line[0] for line in lines] == ["春", "夜", "花"]
    assert [len(line) for line in lines] == [5, 5, 5]


def test_an_acrostic_on_an_unknown_character_is_refused():
    with pytest.raises(InputError, match="has the character '龘', which the model does not know"):
        POEM.acrostic(model(), "春龘", 5, POEM.search_settings({}), (1,))


def test_a_poem_is_counted_in_characters():
    with pytest.raises(InputError, match="use `tokenizer` characters"):
        create(POEM, POEM.settings({}, {"tokenizer": "words"}), [Example(LINES[0], LINES[1])])
