import pytest

from tasks.shared.prosody import follows_form, rhymes, tones


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
