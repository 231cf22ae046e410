import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.shared.couplet import second_line
from tasks.shared.verse import faults


@pytest.mark.parametrize(("first", "tones"), [
    ("春风又绿江南岸", "中仄中平中仄平"),    # ends oblique: the second ends level
    ("天增岁月人增寿", "中仄中平中仄平"),
    ("春满乾坤福满门", "中平中仄中平仄"),    # ends level: the second ends oblique
    ("不见听", "中中平"),                  # a short clause is fixed at its end only; 听 may be either
    ("海纳百川，有容乃大", "中平中仄，中仄中平"),
    ("", ""), ("，", "，")])
def test_tones_are_opposed(first, tones):
    assert second_line(first).form.tones == tones


def test_characters_double_where_the_first_line_doubles_them_and_are_new():
    answer = second_line("风声雨声读书声，声声入耳")
    assert answer.copies == [-1, -1, -1, 1, -1, -1, 1, -1, 1, 1, -1, -1]
    assert answer.used == "风声雨读书入耳"


def test_a_known_couplet_has_no_fault():
    for first, second in [("春风桃李花开日", "秋雨梧桐叶落时"), ("海阔凭鱼跃", "天高任鸟飞")]:
        form, copies, used = second_line(first)
        assert faults(second, form, repeats=True, copies=copies, used=used) == []
        assert faults(first, form, copies=copies, used=used)


@given(first=st.text(st.sampled_from("山月看不东，。、a"), max_size=12))
def test_a_second_line_has_the_places_of_the_first(first):
    form, copies, used = second_line(first)
    assert len(form.tones) == len(form.rhymes) == len(copies) == len(first)
    assert all(first[i] == first[copy] and copy < i for i, copy in enumerate(copies) if copy >= 0)
    assert set(used) == set(first) - set("，。、")
