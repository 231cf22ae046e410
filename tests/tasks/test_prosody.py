import pytest

from core.data import InputError
from tasks.shared.prosody import follows_form, groups, rhyme_named, rhyme_names, rhymes, tones
from tasks.shared.rhyme_table import DIVIDED, PARTS


@pytest.mark.parametrize(("character", "expected"), [("山", {"平"}), ("月", {"仄"}), ("看", {"平", "仄"}),
                                                     ("东", {"平"}), ("東", {"平"}), ("a", {"平", "仄"})])
def test_tones_of_middle_chinese_in_both_scripts(character, expected):
    assert tones(character) == expected


def test_lines_rhyme_on_one_rhyme_of_the_table():
    assert rhymes("白日依山流", "更上一层楼")  # both 十一尤
    assert not rhymes("白日依山尽", "更上一层楼")
    assert not rhymes("更上一层楼", "独上一高楼"), "a character does not rhyme with itself"


@pytest.mark.parametrize(("line", "even"), [("白日依山尽", False), ("黄河入海流", True), ("欲穷千里目", False),
                                            ("更上一层楼", True), ("朝辞白帝彩云间", False), ("千里江陵一日还", True),
                                            ("两岸猿声啼不住", False), ("轻舟已过万重山", True)])
def test_famous_regulated_lines_follow_the_form(line, even):
    assert follows_form(line, even)


@pytest.mark.parametrize(("line", "even", "why"), [
    ("山山山山山", False, "no alternation"), ("白日依山月", True, "an even line must end level"),
    ("日月依山江", False, "the last three may not all be level")])
def test_broken_lines_do_not(line, even, why):
    assert not follows_form(line, even), why


@pytest.mark.parametrize("name", ["阳", "陽", "七阳", "七陽", "下平七阳", "下平七陽", "下平声七阳", "下平聲七陽", "光"])
def test_a_rhyme_goes_by_many_names(name):
    assert rhyme_named(name) == {"下平聲七陽"}
    assert rhyme_named(name, ci=True) == {"第二部"}


@pytest.mark.parametrize("name", ["x", "", "支持"])
def test_an_unknown_rhyme_is_answered_with_the_thirty_there_are(name):
    with pytest.raises(InputError, match=f"^`rhyme` {name} is unknown; use a character of the rhyme, or its name: "
                                         "东 冬 江 .* 覃 盐 咸$") as error:
        rhyme_named(name)
    assert len(str(error.value).split(": ")[1].split()) == 30


def test_a_rhyme_that_poets_hardly_use_a_character_for_is_none_of_its_rhymes():
    assert groups("台") == {"上平聲十灰"} and groups("逢", tone="平") == {"上平聲一東", "上平聲二冬"}
    assert groups("行", tone="平") == {"下平聲七陽", "下平聲八庚"}


def test_rhymes_of_oblique_tones_have_names_too():
    assert rhyme_named("月", tone="仄") == {"入聲六月"}
    assert rhyme_named("月", ci=True, tone="仄") == {"第十八部"}


@pytest.mark.parametrize(("a", "b", "together"), [
    ("东", "冬", True), ("东", "送", True), ("江", "阳", True), ("真", "门", True), ("寒", "言", True),
    ("门", "言", False), ("回", "时", True), ("来", "时", False), ("麻", "花", True), ("花", "涯", True),
    ("涯", "阶", False), ("月", "雪", True), ("月", "沃", False), ("白", "客", True)])
def test_ci_rhyme_by_the_parts_of_their_own_book(a, b, together):
    assert bool(groups(a, ci=True) & groups(b, ci=True)) == together


def test_every_rhyme_of_the_table_has_a_part_and_the_parts_no_other():
    names = {name[-1] for name in rhyme_names("平仄").values()}
    assert len(names) == 106 and set("".join(PARTS.values())) | set(DIVIDED) == names
    assert {first for first, _, _ in DIVIDED.values()} | {second for _, second, _ in DIVIDED.values()} <= set(PARTS)


def test_the_table_is_completed_and_rare_readings_are_left_out():
    assert groups("先", tone="平") == {"下平聲一先"} and groups("啼") == {"上平聲八齊"}
    assert groups("劒") == groups("剑") != frozenset()
    assert tones("不") == {"仄"} and tones("中") == {"平"}
