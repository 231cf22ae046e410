import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data import InputError
from tasks.shared.prosody import rhyme_names, tones
from tasks.shared.verse import Form, Template, faults, find_template, next_line, poem, quatrain, templates, with_rhyme

STORK_TOWER = ["白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼"]
ORIOLES = ["两个黄鹂鸣翠柳", "一行白鹭上青天", "窗含西岭千秋雪", "门泊东吴万里船"]
WHITE_KING = ["朝辞白帝彩云间", "千里江陵一日还", "两岸猿声啼不住", "轻舟已过万重山"]
AUTUMN = ["空山新雨后", "天气晚来秋", "明月松间照", "清泉石上流",
          "竹喧归浣女", "莲动下渔舟", "随意春芳歇", "王孙自可留"]
MAPLES = ["月落乌啼霜满天", "江枫渔火对愁眠", "姑苏城外寒山寺", "夜半钟声到客船"]
POEMS = {Template(False, False): [STORK_TOWER, ORIOLES], Template(True, False): [AUTUMN],
         Template(True, True): [WHITE_KING], Template(False, True): [MAPLES]}
each_poem = pytest.mark.parametrize(("template", "lines"), [(t, p) for t, poems in POEMS.items() for p in poems])
lengths = st.sampled_from([5, 7])
characters = st.sampled_from("山月看不东光流平仄中，a")


@each_poem
def test_famous_poems_are_without_a_fault_line_by_line_and_whole(template, lines):
    length = len(lines[0])
    assert [find_template(lines[:count], length) for count in range(1, len(lines) + 1)] == [template] * len(lines)
    for number in range(1, len(lines)):
        assert faults(lines[number], next_line(lines[:number], length)) == []
    whole = "".join(line + "，。"[number % 2] for number, line in enumerate(lines))
    assert faults(whole, poem(len(lines), length, template)) == []


def test_each_line_follows_from_those_before():
    forms = [next_line(STORK_TOWER[:number], 5) for number in range(4)]
    assert [form.tones for form in forms] == ["中仄中平仄", "中平中仄平", "中平平仄仄", "中仄仄平平"]
    assert [form.rhymes for form in forms] == ["00000", "00001", "00000", "00001"]
    assert [form.groups for form in forms] == [set(), set(rhyme_names()), set(), {"下平聲十一尤"}]
    assert [next_line(WHITE_KING[:number], 7).tones for number in (1, 2, 3)] == [
        "中仄中平中仄平", "中仄中平平仄仄", "中平中仄仄平平"]


def test_the_first_line_gives_the_rhyme_if_it_ends_level():
    assert next_line(WHITE_KING[:1], 7).groups == {"上平聲十五刪"}
    assert next_line(["床前明月光"], 5).groups == {"下平聲七陽"}
    # 鄰韻: a first line that does not rhyme with the second counts no more
    assert next_line(["床前明月光", "黄河入海流", "欲穷千里目"], 5).groups == {"下平聲十一尤"}


def test_rhyme_words_of_several_rhymes_leave_what_they_share_or_the_last():
    assert next_line(["白日依山尽", "更上一层行", "欲穷千里目"], 5).groups == {"下平聲七陽", "下平聲八庚"}
    assert next_line([*STORK_TOWER[:1], "黄河入海东", "白日依山尽", "黄河入海流", "白日依山尽"], 5).groups == {
        "下平聲十一尤"}


def test_behind_a_rhyme_of_oblique_tone_the_line_keeps_it_and_has_no_tones():
    spring = ["春眠不觉晓", "处处闻啼鸟", "夜来风雨声", "花落知多少"]
    assert next_line(spring[:1], 5).tones == "中仄仄平平"  # one line does not tell
    assert next_line(spring[:2], 5) == Form("中中中中中", "00000")
    form = next_line(spring[:3], 5)
    assert form == Form("中中中中中", "00001", frozenset({"上聲十七篠"})) and faults(spring[3], form) == []
    assert faults("花落何人见", form) == ["见 is not of the rhyme 十七筿"]
    # of several such rhymes what they share, or the last one
    assert next_line([*spring[:3], "孤舟蓑笠月", "夜来风雨声"], 5).groups == {"入聲六月"}
    assert next_line(spring[:3], 5, "阳").tones == "中仄仄平平"  # a rhyme of one's choice is of level tone


def test_a_rhyme_can_be_chosen():
    assert next_line(STORK_TOWER[:1], 5, "光").groups == {"下平聲七陽"} == next_line(STORK_TOWER[:3], 5, "阳").groups
    assert quatrain(5, False, True, "七阳").groups == {"下平聲七陽"}
    with pytest.raises(InputError, match=r"^`rhyme` 月 is of oblique tone, but this verse rhymes on level tones"):
        next_line(STORK_TOWER[:1], 5, "月")


def test_lines_that_are_no_regulated_verse_are_continued_from_the_last_one():
    wild = ["花花花花花", "山山山山山", "月月月月月"]
    assert next_line([*wild, "白日依山流", "黄河入海月"], 5).tones == "中仄仄平平"  # opposed to 中平 of the last line
    assert len(next_line(["abcde", "？？？？？"], 5).tones) == 5
    assert next_line(["床前", "黄河入海流"], 5).tones == "中平平仄仄", "a line of another length has no tones to give"


def test_a_variant_that_poets_often_write_is_no_fault_of_the_lines_before():
    assert find_template(["正是江南好风景"], 7) == Template(False, False)


@pytest.mark.parametrize("length", [3, 4, 6, 8])
def test_other_lengths_have_a_rhyme_and_no_tones(length):
    assert next_line([], length) == Form("中" * length, "0" * length)
    assert next_line(["山" * length], length) == Form("中" * length, "0" * (length - 1) + "1")
    assert next_line(["月" * length] * 3, length).groups == {"入聲六月"}


def test_whole_poems_for_a_search():
    assert quatrain(7, first_line_rhymes=True, starts_level=False, rhyme="东") == Form(
        "中仄中平中仄平，中平中仄仄平平。中平中仄中平仄，中仄中平中仄平。",
        "00000010000000100000000000000010", frozenset({"上平聲一東"}))
    assert poem(2, 5).tones == "中仄中平仄，中平中仄平。" and poem(8, 5).tones == poem(4, 5).tones * 2
    for length in (5, 7):
        assert len({quatrain(length, t.first_line_rhymes, t.starts_level).tones for t in templates(length)}) == 4
    assert [t.first_line_rhymes for t in (templates(5)[0], templates(7)[0])] == [False, True]


def test_a_rhyme_for_a_form_that_has_none_yet():
    level, oblique = Form("中平，中平。", "010010", ci=True), Form("中仄。", "010", ci=True)
    assert with_rhyme(level, "光").groups == {"第二部"} and with_rhyme(oblique, "月").groups == {"第十八部"}
    assert with_rhyme(quatrain(5, False, True), "阳") == quatrain(5, False, True, "阳")
    with pytest.raises(InputError, match="`rhyme` 光 is of level tone, but this verse rhymes on oblique tones"):
        with_rhyme(oblique, "光")


@pytest.mark.parametrize(("text", "form", "found"), [
    ("山不", Form("中平", "00"), ["不 (place 2) must have a level tone"]),
    ("山山", Form("中仄", "00"), ["山 (place 2) must have an oblique tone"]),
    ("看□", Form("平平", "01", frozenset({"下平聲七陽"})), []),
    ("山。", Form("中，", "00"), ["。 (place 2) must be ，"]),
    ("，山", Form("中中", "00"), ["， (place 1) must be a character"]),
    ("中山", Form("中中", "00"), []),
    ("山", Form("中中", "00"), ["it has 1 characters; 2 required"]),
    ("光山霜东", Form("平平平平", "1011"), ["东 does not rhyme with 光"]),
    ("光东霜红", Form("平平平平", "1212"), []),
    ("东", Form("平", "1", frozenset({"下平聲七陽"})), ["东 is not of the rhyme 七阳"]),
    ("东冬", Form("平平", "11"), ["冬 does not rhyme with 东"]),
    ("东冬", Form("平平", "11", ci=True), [])])
def test_faults_are_told_one_by_one(text, form, found):
    assert faults(text, form) == found


def test_repeats_are_faults_where_they_are_asked_for_but_doublings_and_copies_are_not():
    form = Form("中中中中，中中中中。", "0000000000")
    assert faults("悠悠月山，月水天月。", form) == []
    assert faults("悠悠月山，月水天月。", form, repeats=True) == ["月 occurs 3 times"]
    copies = [-1, 0, -1, -1, -1, 2, -1, -1, 2, -1]
    assert faults("悠悠月山，月水天月。", form, repeats=True, copies=copies) == []
    assert faults("悠远月山，日水天月。", form, copies=copies) == [
        "远 (place 2) must repeat 悠", "日 (place 6) must repeat 月"]
    assert faults("悠悠月山，月水天月。", form, used="天") == ["天 occurs in an earlier line"]


@given(before=st.lists(st.text(characters, min_size=1, max_size=9), max_size=9), length=lengths)
def test_no_line_ends_on_three_equal_tones_and_an_even_one_ends_level(before, length):
    form = next_line(before, length)
    assert len(form.tones) == len(form.rhymes) == length
    if form.tones == "中" * length:  # old-style verse
        assert "平" not in tones(before[1::2][-1][-1]) and bool(form.groups) == bool(len(before) % 2)
        return
    assert not any(all(tone in ("中", only) for tone in form.tones[-3:]) for only in "平仄")
    assert form.tones[-1] == "平" if len(before) % 2 or form.rhymes[-1] == "1" else form.tones[-1] == "仄"
    assert "中" not in form.tones[1::2] and bool(form.groups) == (form.rhymes[-1] == "1")


@given(lines=st.integers(1, 12), length=lengths, template=st.builds(Template, st.booleans(), st.booleans()))
def test_whole_poems_are_their_lines_one_after_the_other(lines, length, template):
    whole = poem(lines, length, template)
    each = [next_line(["山"] * number, length, template=template) for number in range(lines)]
    assert whole.tones == "".join(form.tones + "，。"[number % 2] for number, form in enumerate(each))
    assert whole.rhymes == "".join(form.rhymes + "0" for form in each)


@given(text=st.text(characters, max_size=12), form=st.builds(poem, st.just(2), lengths))
def test_faults_take_any_text(text, form):
    assert faults(text, form, repeats=True) or len(text) == len(form.tones)
