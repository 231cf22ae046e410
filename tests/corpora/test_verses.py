"""core/verses.py: the rule by which the text of a poem is divided into lines, in any script."""

import pytest

from core.verses import lines_of


@pytest.mark.parametrize("poem,lines", [
    ("roses are red", ["roses are red"]),
    ("roses are red, violets are blue.", ["roses are red", "violets are blue"]),
    ("Tyger, tyger, burning bright,\nIn the forests of the night;", [
        "Tyger, tyger, burning bright", "In the forests of the night"]),
    ("one / two | three", ["one", "two", "three"]),
    ("don’t go, it’s late", ["don’t go", "it’s late"]),
    ("pi is 3.14 or so", ["pi is 3.14 or so"]),
    ("गुलाब लाल हैं\nबनफ़्शे नीले", ["गुलाब लाल हैं", "बनफ़्शे नीले"]),
    ("古池や 蛙飛びこむ 水の音", ["古池や", "蛙飛びこむ", "水の音"]),
    ("床前明月光 疑是地上霜", ["床前明月光", "疑是地上霜"]),
    ("月光 hello world 山", ["月光", "hello world", "山"])])
def test_spaces_divide_chinese_lines_and_rows_or_punctuation_all_others(poem, lines):
    assert lines_of(poem) == lines
