"""Forms of verse as rules over the ids of a vocabulary, on one of a dozen characters."""

import pytest
import torch

from core.rules import apply_rules
from core.text import Codec
from core.vocabulary import SPECIALS
from tasks.shared.forms import couplet_patterns
from tasks.shared.verse import Form, next_line
from tasks.shared.verse_rules import Pattern, free, rules_of

LEVEL, OBLIQUE, BOTH = "光霜阳东红山年", "月水雪日", "看"
CODEC = Codec.from_texts("characters", [LEVEL + OBLIQUE + BOTH + "，。？9 ab"])
CHARACTERS = set(LEVEL + OBLIQUE + BOTH)
EVERYTHING = set(CODEC.vocabulary.words())


def may_follow(patterns, *written):
    """For each pattern the characters that may follow what is written of it, if the rules give way one by one."""
    ids = torch.tensor([CODEC.ids(text) for text in written], dtype=torch.long).view(len(written), -1)
    possible = torch.ones(len(written), len(CODEC), dtype=torch.bool)
    possible[:, :len(SPECIALS)] = False
    rows = apply_rules(rules_of(CODEC, patterns), possible, ids)
    return [set(CODEC.vocabulary.tokens(row.nonzero().flatten().tolist())) for row in rows]


def after(text, form, **others):
    return may_follow([Pattern(form, **others)], text)[0]


def test_a_place_takes_its_mark_alone_or_any_character_but_marks_and_digits():
    form = Form("中，中。", "0000")
    assert after("", form) - {"a", "b"} == CHARACTERS
    assert after("山", form) == {"，"} and after("山，月", form) == {"。"}
    assert after("山，月。", form) == EVERYTHING - {"山", "月"}  # the length is none of the rules


def test_a_tone_takes_the_characters_that_have_it_among_their_readings():
    form = Form("平仄", "00")
    assert after("", form) - {"a", "b"} == set(LEVEL + BOTH)
    assert after("东", form) - {"a", "b"} == set(OBLIQUE + BOTH)


def test_of_two_forms_of_a_character_the_usual_one_is_written():
    both, variant = (Codec.from_texts("characters", [text]) for text in ("猿猨囗", "猨"))
    for codec, wanted in ((both, [True, False, False]), (variant, [True])):
        rules = rules_of(codec, [Pattern(Form("中", "0"))])
        possible = torch.ones(1, len(codec), dtype=torch.bool)
        possible[:, :len(SPECIALS)] = False
        allowed = apply_rules(rules, possible, torch.empty(1, 0, dtype=torch.long))[0]
        assert [bool(allowed[i]) for i in codec.ids("猿猨囗" if codec is both else "猨")] == wanted


def test_the_ends_of_a_chain_rhyme_and_are_not_the_same():
    form = Form("平平平", "101")
    assert after("", form) == set(LEVEL + BOTH)  # that have a rhyme
    assert after("光山", form) == set("霜阳") and after("东光", form) == {"红"}
    assert after("光山", form, repeats=True) == set("霜阳")


def test_where_characters_may_come_twice_rhyme_words_may_not_but_as_copies():
    form = Form("中，中。", "1010")
    assert "光" in after("光，", Form("中，中。", "0000"), repeats=True)
    assert "光" not in after("光，", form, repeats=True) and "霜" in after("光，", form, repeats=True)
    assert "光" in after("光，", form, repeats=True, copies=(-1, -1, 0, -1))


def test_a_rhyme_that_is_asked_for_begins_the_chain():
    assert after("", Form("平", "1", frozenset({"上平聲一東"}))) == set("东红")
    assert after("", Form("中", "1", frozenset({"第二部"}), ci=True)) == set("光霜阳")
    assert after("白日依山尽"[3:], Form("中中平", "001", next_line(["白日依山尽"], 5, "阳").groups)) == set("光霜阳")


def test_no_character_comes_twice_but_once_one_that_poets_double():
    form = Form("中中中，中", "00000")
    assert after("山年", form) - {"a", "b"} == CHARACTERS - {"山"}
    assert after("年山", form) - {"a", "b"} == CHARACTERS - {"山", "年"}
    assert after("山年", form, doubles=False) - {"a", "b"} == CHARACTERS - {"山", "年"}
    assert after("年年", form) - {"a", "b"} == CHARACTERS - {"年"}
    assert after("山山月，", form, used="日雪龘") - {"a", "b"} == CHARACTERS - set("山月日雪")
    assert after("山山月，", form, used="日雪", repeats=True) - {"a", "b"} == CHARACTERS


def test_marks_may_come_again():
    assert after("山，月", Form("中，中，", "0000")) == {"，"}


def test_a_couplet_doubles_what_its_first_line_doubles_and_shares_nothing_with_it():
    [[pattern]] = couplet_patterns(["山光日光"])
    assert may_follow([pattern], "")[0] - {"a", "b"} == CHARACTERS - set("山光日")
    assert may_follow([pattern], "月雪红")[0] == {"雪"}
    second = may_follow([pattern], "月")[0] - {"a", "b"}
    assert second == set(OBLIQUE + BOTH) - set("月日")  # opposed to 光, and no 月月


def test_where_a_rule_leaves_nothing_tones_give_way_before_repeats_and_these_before_the_rhyme():
    rhymes = Form("仄", "1", frozenset({"下平聲七陽"}))
    assert after("", rhymes) == set("光霜阳")  # none of them is oblique
    assert after("", Form("平", "1", frozenset({"上平聲一東"})), used="东红") == set("东红")
    assert after("", Form("。", "0"), used="。") == {"。"}


def test_a_free_pattern_allows_everything():
    assert may_follow([free(3)], "") == may_follow([free(3)], "山") == may_follow([free(3)], "山山") == [EVERYTHING]
    assert free(3).faults("ab9") == free(3).faults("山山") == []


def test_patterns_of_different_lengths_in_one_batch_stay_as_they_are_alone():
    patterns = [Pattern(Form("平仄", "01"), used="山"), Pattern(Form("中中，平平", "10001", frozenset({"下平聲七陽"}))),
                Pattern(Form("中", "0"), used="月水雪", copies=(-1,), doubles=False)]
    for written in (("", "", ""), ("光", "霜", "日"), ("光水", "霜水", "日月"), ("光水月", "霜水，", "日月山")):
        for found, pattern, text in zip(may_follow(patterns, *written), patterns, written):
            assert len(text) >= len(pattern.form.tones) or [found] == may_follow([pattern], text)


def test_a_vocabulary_without_any_rhyme_gives_way():
    codec = Codec.from_texts("characters", ["ab"])
    possible = torch.tensor([[False] * len(SPECIALS) + [True] * 2])
    rules = rules_of(codec, [Pattern(Form("平平", "11"))])
    assert apply_rules(rules, possible, torch.empty(1, 0, dtype=torch.long)).equal(possible)


@pytest.mark.parametrize(("text", "found"), [("山月", []), ("山", ["it has 1 characters; 2 required"]), (
    "山光", ["光 (place 2) must have an oblique tone", "光 occurs in an earlier line"])])
def test_faults_of_a_pattern(text, found):
    assert Pattern(Form("平仄", "00"), used="光").faults(text) == found
