"""The forms that a corpus shows: of quatrains, of tunes, of couplets, and none of other texts."""

import json

import pytest

from core.data import Example, InputError
from core.settings import SearchSettings
from tasks.shared import forms, verse
from tasks.shared.forms import are_couplets, couplet_patterns, forms_of, patterns_of
from tasks.shared.verse_rules import Pattern
from tests.tasks.test_tunes import made

FIVE, SEVEN = "中中中中仄，中中中中a。" * 2, "中中中中中中仄，中中中中中中a。" * 2
TUNES = {"甲": "中平平a。中仄a。", "乙": "中仄平平b。中平仄b。", "丙": "仄仄b，中平中仄b。", "丁": "平平中平平a。平a。",
         "戊": "平平平仄仄a。中中a。"}
REGULATED = [[verse.quatrain(length, t.first_line_rhymes, t.starts_level) for t in verse.templates(length)]
             for length in (5, 7)]


def examples_of(source, pattern, count, seed=0):
    return [Example(source, text) for text in made(pattern, count, seed)]


def tunes():
    return [e for seed, (name, pattern) in enumerate(TUNES.items()) for e in examples_of(name, pattern, 20, seed)]


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(forms, "FEWEST", 20)


def test_quatrains_share_their_forms_whatever_they_are_about():
    found = forms_of([*examples_of("月", FIVE, 20), *examples_of("江", SEVEN, 40)])
    assert list(found) == [""] and [form["lengths"] for form in found[""]] == [[7] * 4, [5] * 4]
    assert json.loads(json.dumps(found)) == found
    five, seven = ([Pattern(form) for form in own] for own in REGULATED)
    [patterns] = patterns_of(found, ["雪"], SearchSettings())
    assert patterns == [p for both in zip(seven, five) for p in both]  # in turn, the commonest first


def test_a_rhyme_that_is_asked_for_is_that_of_each_template():
    found = forms_of(examples_of("月", FIVE, 20))
    [patterns] = patterns_of(found, ["月"], SearchSettings(rhyme="阳"))
    assert [p.form.groups for p in patterns] == [{"下平聲七陽"}] * 4
    with pytest.raises(InputError, match="`rhyme` 月 is of oblique tone"):
        patterns_of(found, ["月"], SearchSettings(rhyme="月"))


def test_each_tune_has_its_own_form():
    found = forms_of([*tunes(), *examples_of("己", "平平仄仄b。", 5)])  # too few
    assert list(found) == list(TUNES)
    first, fifth, none = patterns_of(found, ["甲", "戊", "己"], SearchSettings())
    assert [p.form.tones for p in first] == ["中平平平。中仄平。"] and first[0].form.ci and first[0].repeats
    assert [p.form.tones for p in fifth] == ["平平平仄仄平。中中平。"] and none == []
    assert patterns_of(found, ["甲"], SearchSettings(rhyme="阳"))[0][0].form.groups == {"第二部"}


def test_a_tune_can_be_asked_for_and_an_unknown_one_names_those_there_are():
    found = forms_of(tunes())
    second = patterns_of(found, ["乙"], SearchSettings())
    assert patterns_of(found, ["甲", "己"], SearchSettings(tune="乙")) == 2 * second
    with pytest.raises(InputError, match=r"^`tune` 浣溪沙 is unknown to this model; known: 甲, 乙, 丙, 丁, 戊$"):
        patterns_of(found, ["甲"], SearchSettings(tune="浣溪沙"))
    for other in ({}, forms_of(examples_of("月", FIVE, 20))):
        with pytest.raises(InputError, match=r"^`tune` has no effect on this model, which was not trained on tunes"):
            patterns_of(other, ["月"], SearchSettings(tune="浣溪沙"))


def test_a_tune_of_a_quatrains_lengths_beside_others_is_a_tune():
    """All patterns of a source are of one kind: they are searched for in one batch."""
    found = forms_of([e for name, pattern in {**TUNES, "甲": FIVE}.items() for e in [
        *examples_of(name, pattern, 20), *examples_of(name, "中中a。中中中a。中a。", 20) * (name == "甲")]])
    [patterns] = patterns_of(found, ["甲"], SearchSettings())
    assert [len(p.form.tones) for p in patterns] == [24, 12]
    assert {(p.form.ci, p.repeats) for p in patterns} == {(True, True)}


def test_no_form_is_kept_if_none_is_wanted_or_there_is_none():
    found = forms_of(examples_of("月", FIVE, 20))
    assert patterns_of(found, ["月"], SearchSettings(form="free")) is None
    assert patterns_of({}, ["月"], SearchSettings()) is None


@pytest.mark.parametrize("examples", [
    [], [Example(f"词{n}", f"a word, number {n}") for n in range(40)],
    [Example("月", "山" * (1 + n % 30) + "，水。") for n in range(90)],
    [*examples_of("月", FIVE, 20), *(Example("月", f"line {n}") for n in range(80))]],
    ids=["nothing", "glosses", "no two alike", "mostly English"])
def test_other_texts_have_no_form(examples):
    assert forms_of(examples) == {}


# couplets

PAIRS = [Example("春风桃李花开日", "秋雨梧桐叶落时"), Example("海阔凭鱼跃", "天高任鸟飞")] * 10


@pytest.mark.parametrize(("others", "are"), [
    ([], True), ([Example("床前明月光", "疑是地上霜")] * 3, True), ([Example("你好", "再见了")] * 5, False),
    ([Example("你好", "hi")] * 5, False), ([Example("山高水长", "山清水秀")] * 5, False)])
def test_pairs_of_equal_length_that_share_no_character_are_couplets(others, are):
    assert are_couplets([*PAIRS, *others]) is are


def test_no_pairs_are_no_couplets():
    assert not are_couplets([])


def test_the_pattern_of_a_second_line():
    [[pattern], [other]] = couplet_patterns(["海阔凭鱼跃", "风声雨声"])
    assert pattern == Pattern(verse.Form("中平中仄平", "00000"), "海阔凭鱼跃", (-1,) * 5, doubles=False)
    assert other.copies == (-1, -1, -1, 1) and pattern.faults("天高任鸟飞") == []
