"""The corpus families: what each makes of its source. Tang and themes read made-up poems in the upstream layout."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
from kinds import FORMATS, find, prepare
from opencc import OpenCC

from core.data import Example, InputError
from corpora import cedict, chinese_english, hsk, reviews, tang, themes
from corpora import tang as chinese_poetry
from corpora.prepare.splits import Dataset

HAN = re.compile("[\u3400-\u9fff]+")


@cache
def loaded(corpus: str, script: str = "simplified") -> list[Example]:
    return list({c.name: c for c in (cedict.CEDICT, hsk.HSK, hsk.TOPICS, reviews.REVIEWS)}[corpus].examples(script))


@cache
def prepared(corpus: str) -> Dataset:
    return prepare({c.name: c for c in (hsk.HSK, hsk.TOPICS, reviews.REVIEWS)}[corpus])


def everything(dataset: Dataset) -> list[Example]:
    return [*dataset.train, *dataset.dev, *dataset.test]


# tang and themes, on poems of our own


HANDMADE = [
    ["野鶴歸雲晚，孤燈入夢遲。", "舊園春雨後，無處不相思。"],  # four lines of five
    ["遠樹含煙山寺鐘，江邊漁火照寒松。", "故人此夜乘舟去，明月隨君過幾峰。"],  # four of seven
    ["長橋臥碧波，短笛繞青蘿。", "清清水，淡淡歌。", "客去茶猶暖，人來酒更多。"],  # three and three in the middle
    ["白鷺立寒沙（一作水，非也），紅蓮落（一作謝）晚霞。", "漁舟隨浪去，燈火是誰家。"],
    ["殘碑生綠□，古殿落黃花。", "老衲掃秋葉，閒僧煮夜茶。"],
    ["四言之句，不入此集。", "六言也是如此，編者棄而不收。"],
]
OPENINGS, MIDDLES, ENDINGS = (text.split() for text in (
    "山月 孤舟 秋風 殘燈 寒鐘 遠樹 春江 野鶴 疏雨 舊園", "照 過 對 臨 入 出 向 傍 隨 辭",
    "沙岸 客愁 夢裡 小橋 山寺 漁家 古渡 邊城 柴門 竹林"))


def made_up(n: int) -> list[list[str]]:
    """n quatrains of five characters a line, with no line twice."""
    lines = [o + m + e for e in ENDINGS for m in MIDDLES for o in OPENINGS]
    lines = [lines[i * 37 % len(lines)] for i in range(4 * n)]
    return [[f"{a}，{b}。", f"{c}，{d}。"] for a, b, c, d in zip(*(lines[i::4] for i in range(4)))]


@pytest.fixture
def poems(tmp_path, monkeypatch):
    """Puts poems (lists of paragraphs) where the Tang poems would be, spread over the upstream files, and others where
    those of the Song would be. titles: by their paragraphs."""
    def put(collection: list[list[str]], song: list[list[str]] = (), titles: dict[str, str] = {}) -> None:  # noqa: B006
        def folder(name: str, sums: dict[str, str], sources: list) -> Path:
            for i, file in enumerate(sums):
                found = (song if ".song." in file else collection)[i::len(sums)]
                items = [{"author": "無名氏", "paragraphs": p, "title": titles.get("".join(p), "其"),
                          "id": f"{i}-{j}"} for j, p in enumerate(found)]
                (tmp_path / file).write_text(json.dumps(items, ensure_ascii=False, indent=4), encoding="utf-8")
            return tmp_path
        monkeypatch.setattr(chinese_poetry, "folder", folder)
    return put


def tang_lines(paragraphs: list[str], script: str = "traditional") -> list[tuple]:
    key = "".join(re.findall("[\u3400-\u9fff□]", re.sub("（.*?）", "", "".join(paragraphs))))
    return [(e.context, e.source, e.target) for e in tang.TANG.examples(script)
            if OpenCC("t2s").convert(e.key) == OpenCC("t2s").convert(key)]


def test_tang_gives_each_line_with_the_next_and_all_lines_before(poems):
    poems(HANDMADE)
    assert tang_lines(HANDMADE[0]) == [
        ((), "野鶴歸雲晚", "孤燈入夢遲"), (("野鶴歸雲晚",), "孤燈入夢遲", "舊園春雨後"),
        (("野鶴歸雲晚", "孤燈入夢遲"), "舊園春雨後", "無處不相思")]


def test_tang_has_lines_of_five_and_of_seven_characters_and_no_others(poems):
    poems(HANDMADE)
    found = list(tang.TANG.examples("traditional"))
    assert {len(e.source) for e in found} == {5, 7}
    assert all(len(line) == len(e.source) for e in found for line in (e.target, *e.context))
    assert tang_lines(HANDMADE[5]) == []


def test_a_tang_line_of_another_length_ends_the_run(poems):
    poems(HANDMADE)
    assert tang_lines(HANDMADE[2]) == [((), "長橋臥碧波", "短笛繞青蘿"), ((), "客去茶猶暖", "人來酒更多")]


def test_notes_of_the_tang_editors_are_removed(poems):
    poems(HANDMADE)
    assert [(source, target) for _, source, target in tang_lines(HANDMADE[3])] == [
        ("白鷺立寒沙", "紅蓮落晚霞"), ("紅蓮落晚霞", "漁舟隨浪去"), ("漁舟隨浪去", "燈火是誰家")]


def test_a_tang_line_with_a_lost_character_ends_the_run(poems):
    poems(HANDMADE)
    assert tang_lines(HANDMADE[4]) == [
        ((), "古殿落黃花", "老衲掃秋葉"), (("古殿落黃花",), "老衲掃秋葉", "閒僧煮夜茶")]


def test_tang_comes_in_simplified_characters_too_and_by_default(poems):
    poems(HANDMADE)
    assert tang_lines(HANDMADE[0], "simplified")[0] == ((), "野鹤归云晚", "孤灯入梦迟")
    traditional, simplified = (list(tang.TANG.examples(script)) for script in ("traditional", "simplified"))
    convert = OpenCC("t2s").convert
    assert [(convert(e.source), convert(e.target)) for e in traditional] == [(e.source, e.target) for e in simplified]
    assert list(tang.TANG.examples()) == simplified


def test_all_pairs_of_a_tang_poem_share_its_key(poems):
    poems(HANDMADE[:2])
    keys = [e.key for e in tang.TANG.examples("traditional")]
    assert len(keys) == 6 and len(set(keys[:3])) == len(set(keys[3:])) == 1 and keys[0] != keys[3]


@pytest.mark.parametrize("script", tang.TANG.scripts)
def test_tang_can_be_prepared_and_no_line_of_a_held_out_poem_is_in_training(poems, script):
    again = [p[::-1] for p in made_up(40)]  # other poems with the same lines
    poems(made_up(200) + again + HANDMADE)
    dataset = prepare(tang.TANG, script)
    assert len(dataset.train) > 300 and len(dataset.test) > 30 and len(dataset.dev) > 10
    assert dataset.rejected["shares a text with a held-out example"] > 10
    train, held_out = ({line for e in part for line in (e.source, e.target, *e.context)}
                       for part in (dataset.train, [*dataset.dev, *dataset.test]))
    assert not train & held_out


def test_song_poems_are_marked_and_for_training_only(poems):
    poems(made_up(200), [*HANDMADE, *(p[::-1] for p in made_up(40))])  # some with lines of the Tang poems
    alone, both = prepare(tang.TANG), prepare(tang.BOTH)
    assert (both.dev, both.test) == (alone.dev, alone.test) and list(both.train)[:len(alone.train)]
    held_out = {line for e in [*both.dev, *both.test] for line in (e.source, e.target, *e.context)}
    marked = [e for e in both.train if e.mark]
    assert not held_out & {line for e in marked for line in (e.source, e.target, *e.context)}
    assert {e.mark for e in marked} == {"宋"} and [e for e in both.train if not e.mark] == list(alone.train)
    assert ("野鹤归云晚", "孤灯入梦迟") in {(e.source, e.target) for e in marked}
    assert {e.mark for e in prepare(tang.SONG).train} == {""}


def test_tang_asks_npm_and_three_web_sites_for_files_with_a_checksum_each(monkeypatch):
    asked = []

    def folder(name, sums, sources):
        asked.append((name, sums, sources))
        raise InputError("no more")

    monkeypatch.setattr(chinese_poetry, "folder", folder)
    with pytest.raises(InputError):
        list(tang.TANG.examples())
    [(name, sums, sources)] = asked
    assert name == "chinese-poetry-2.0.1" and len(sources) == 4
    assert list(sums) == [f"poet.tang.{i}000.json" if i else "poet.tang.0.json" for i in range(58)]
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in sums.values()) and len(set(sums.values())) == 58


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(themes, "FEWEST", 2)
    monkeypatch.setattr(themes, "COMMON", {"tang": 1_000, "song": 1_000})


@pytest.mark.parametrize("script", themes.THEMES.scripts)
def test_a_theme_is_a_subject_and_a_character_of_its_poem(poems, few, script):
    poems(made_up(200) + HANDMADE)
    subjects = themes.SUBJECTS if script == "simplified" else OpenCC("s2t").convert(themes.SUBJECTS)
    found = list(themes.THEMES.examples(script))
    assert len(found) > 150 and len({e.source for e in found}) > 5
    for e in found:
        assert len(e.source) <= 2 and set(e.source) <= set(subjects) & set(e.target)
        assert re.fullmatch("(?:(.{5}，.{5}。){2}|(.{7}，.{7}。){2})", e.target)


def theme_of(script: str = "traditional") -> dict[str, str]:
    """The first theme of each quatrain."""
    return {e.target: e.source[0] for e in themes.THEMES.examples(script)}


def quatrain(*lines: str) -> list[str]:
    a, b, c, d = lines
    return [f"{a}，{b}。", f"{c}，{d}。"]


PLAIN = ["一二三四五", "二三四五六", "三四五六七", "四五六七八"]  # with no subject


def with_subjects(*subjects: str) -> list[str]:
    return quatrain(*(line[:-1] + s for line, s in zip(PLAIN, [*subjects, *"九十百千"][:4])))


def test_of_its_subjects_the_rarest_is_the_theme_of_a_poem(poems, few):
    poems([with_subjects("月"), with_subjects("月", "鶴"), with_subjects("鶴", "月"), with_subjects("月", "百")])
    found = theme_of()
    assert found["".join(with_subjects("月", "鶴"))] == found["".join(with_subjects("鶴", "月"))] == "鶴"
    assert found["".join(with_subjects("月"))] == "月"


def test_a_subject_that_comes_back_outweighs_one_that_does_not(poems, few):
    poems([with_subjects("月", "鶴", "月", "月"), with_subjects("鶴"), with_subjects("月"), with_subjects("鶴", "雨")])
    assert theme_of()["".join(with_subjects("月", "鶴", "月", "月"))] == "月"


def test_a_poem_without_a_subject_has_no_theme(poems, few):
    poems([quatrain(*PLAIN), quatrain(*PLAIN[::-1]), *[with_subjects("月", end) for end in "天地人"]])
    assert list(theme_of().values()) == ["月"] * 3


def test_a_character_must_be_the_theme_of_enough_poems(poems, monkeypatch):
    poems([*(with_subjects("月", end) for end in "天地人"), *(with_subjects("鶴", end) for end in "天地")])
    for fewest, expected in ((1, {"月", "鶴"}), (2, {"月", "鶴"}), (3, {"月"}), (4, set())):
        monkeypatch.setattr(themes, "FEWEST", fewest)
        assert set(theme_of().values()) == expected


def test_a_poem_of_eight_lines_gives_its_halves_with_a_theme_each_and_one_key(poems, few):
    poems([with_subjects("月", "天") + with_subjects("鶴", "天"), with_subjects("月", "地"), with_subjects("鶴", "地")])
    found = list(themes.THEMES.examples("traditional"))
    assert [e.source for e in found].count("月") == [e.source for e in found].count("鶴") == 2
    halves = [e for e in found if "天" in e.target]
    assert len(halves) == 2 and len({e.key for e in halves}) == 1 and len({e.key for e in found}) == 3


def test_poems_that_are_no_quatrains_have_no_theme(poems, few):
    regular = [with_subjects("月", end) for end in "天地"]
    six = with_subjects("月", "人")[:1] * 3
    mixed = quatrain("一二三四月", "二三四五六", "三四五六七八九", "四五六七八九十")
    four_words = quatrain("一二三月", "二三四五", "三四五六", "四五六七")
    poems([*regular, six, mixed, four_words, []])
    assert set(theme_of()) == {"".join(p) for p in regular}


def test_a_second_subject_that_is_nearly_as_strong_makes_a_theme_of_two(poems, few):
    poems([with_subjects("月", "鶴"), with_subjects("月", "鶴", "天"), with_subjects("月", "月", "鶴"),
           with_subjects("月", "月", "月", "鶴")])
    found = [(e.source, e.target) for e in themes.THEMES.examples("traditional")]
    once = "".join(with_subjects("月", "鶴"))
    assert [source for source, target in found if target == once] == ["月", "月鶴"]  # equal weights: by code point
    assert [source for source, target in found if target == "".join(with_subjects("月", "月", "月", "鶴"))] == ["月"]


def test_the_second_theme_by_hand():
    assert themes.strongest({"月": 0.5, "江": 0.3, "鹤": 0.29}, "") == ["月", "江"]
    assert themes.strongest({"月": 0.5, "江": 0.29}, "") == ["月"]
    assert themes.strongest({"月": 0.5}, "") == ["月"] and themes.strongest({}, "") == []


def test_the_rarest_common_word_of_a_quatrain_is_a_theme_too(poems, few, monkeypatch):
    monkeypatch.setitem(themes.COMMON, "tang", 2)
    a, b = (quatrain("明月畐畑畓", "畕畗思故乡", "畑畐畓畕畗", "畓畑畐畕" + end) for end in "畐畗")
    c = quatrain("明月畓畑畐", "畕畗畐畓畑", "畓畐畕畑畗", "畑畕畗畓畐")
    poems([a, b, c])
    found = [(e.source, e.target) for e in themes.THEMES.examples()]
    assert [source for source, target in found if target == "".join(a)] == ["月", "故乡"]  # 明月 is in three
    assert [source for source, target in found if target == "".join(c)] == ["月", "明月"]


@pytest.mark.parametrize(("line", "found"), [
    ("明月照高楼", ["明月", "高楼"]), ("思故乡明月", ["明月"]), ("何处是明月", ["何处", "明月"]),
    ("明月光如水", ["明月"]), ("一片明月照高楼", ["一片", "明月", "高楼"]), ("畐明月畑畓", []), ("畐畑畓畕畗", [])])
def test_words_of_verse_begin_where_its_metre_has_a_word_begin(line, found):
    assert themes.rarest_words([[line]], 1) == [sorted(found)[:1]]
    for word in found:  # each is found where the others are commoner
        others = [[other + "天" * 3] for other in found if other != word] * 2
        assert themes.rarest_words([[line], *others], 1)[0] == [word]


def test_words_in_few_poems_are_none():
    assert themes.rarest_words([["明月照高楼"], ["明月一二三"]], 2) == [["明月"], ["明月"]]
    assert themes.rarest_words([["明月照高楼"]], 2) == [[]] and themes.rarest_words([], 2) == []


def test_common_words_of_the_title_are_themes_too(poems, few):
    collection = [with_subjects("月", end) for end in "天地人"]
    titles = ["送别江南", "江南送别二首", "奉和秋夜"]
    poems(collection, titles={"".join(p): title for p, title in zip(collection, titles)})
    assert [e.source for e in themes.THEMES.examples()] == ["月", "送别", "江南", "月", "江南", "送别", "月"]


@pytest.mark.parametrize(("titles", "found"), [
    (["江南 江南"], [[]]), (["秋夜", "秋夜"], [["秋夜"], ["秋夜"]]), (["其二", "其二"], [[], []]),
    (["月", "月"], [[], []]), (["奉和", "奉和"], [[], []]), (["10", "10"], [[], []]), ([], [])])
def test_words_of_titles(few, titles, found):
    assert themes.title_words(titles) == found


@pytest.mark.parametrize("script", themes.THEMES.scripts)
def test_themes_can_be_prepared_with_no_held_out_poem_in_training(poems, few, script):
    poems(made_up(200) + HANDMADE)
    dataset = prepare(themes.THEMES, script)
    assert {e.target for e in dataset.train}.isdisjoint(e.target for e in [*dataset.dev, *dataset.test])
    assert {e.source for e in dataset.test} & {e.source for e in dataset.train}


def test_song_quatrains_are_marked_and_only_for_training(poems, few):
    everything = made_up(240)
    tang, song = everything[:160], everything[160:]
    poems(tang, song)
    texts = {"".join(p) for p in song}
    found = list(themes.BOTH.examples("traditional"))
    assert {e.mark for e in found if e.target in texts} == {"宋"} and {e.split for e in found if e.mark} == {"train"}
    assert [e for e in found if not e.mark] == list(themes.THEMES.examples("traditional"))
    both, alone = prepare(themes.BOTH, "traditional"), prepare(themes.THEMES, "traditional")
    assert [*both.dev, *both.test] == [*alone.dev, *alone.test]
    assert texts & {e.target for e in both.train} and len(both.train) > len(alone.train)


@pytest.mark.parametrize("subject", "峰鐘煙臺雲簾漁")
def test_the_usual_traditional_form_of_a_subject_is_a_theme(poems, few, subject):
    # The Tang corpus writes 峰 2,197 times and 峯 504 times.
    poems([with_subjects(subject, end) for end in "天地人"])
    assert set(theme_of().values()) == {subject}


# the corpora in installed packages


@pytest.mark.parametrize("script", cedict.CEDICT.scripts)
def test_cedict_has_one_example_per_word(script):
    words = [e.source for e in loaded("cedict", script)]
    assert len(words) > 100_000 and len(set(words)) == len(words)


def test_cedict_words_are_in_the_script_asked_for():
    assert {"学习", "图书馆"} <= {e.source for e in loaded("cedict")}
    assert {"學習", "圖書館"} <= {e.source for e in loaded("cedict", "traditional")}
    assert "圖書館" not in {e.source for e in loaded("cedict")}


@pytest.mark.parametrize("word,gloss", [
    ("谢谢", "to thank"), ("再见", "goodbye"), ("中国", "China"), ("王", "king or monarch")])
def test_cedict_takes_the_first_gloss_that_explains_the_word(word, gloss):
    assert {e.source: e.target for e in loaded("cedict")}[word] == gloss


def test_cedict_glosses_are_short_and_refer_to_no_other_entry():
    for e in loaded("cedict"):
        assert 0 < len(e.target) <= 60
        assert not re.search(r"\b(variant of|see also|same as)\b|\bCL:|/|;", e.target), e
        assert not re.match(r"(see|surname) ", e.target), e


def test_cedict_keeps_words_for_seeing():
    glosses = {e.source: e.target for e in loaded("cedict")}
    assert (glosses.get("看到"), glosses.get("看见"), glosses.get("不见")) == ("to see", "to see", "not to see")


def test_cedict_glosses_close_the_brackets_they_open():
    assert [e for e in loaded("cedict") if e.target.count("(") != e.target.count(")")] == []


@pytest.mark.parametrize("script", hsk.HSK.scripts)
def test_hsk_pairs_chinese_with_english_and_leaves_out_what_has_no_translation(script):
    found = loaded("hsk", script)
    assert len(found) > 4000
    assert "placeholder" not in {e.target.strip().lower() for e in found}
    assert all(HAN.search(e.source) for e in found)
    assert sum(bool(HAN.search(e.target)) for e in found) < 5  # two explain or keep a character


def test_hsk_words_adds_glosses_to_training_alone():
    found = list(chinese_english.load_hsk("simplified"))
    pairs = list(hsk.load_pairs("simplified"))
    assert found[:len(pairs)] == pairs and {e.split for e in pairs} == {""}
    glosses = found[len(pairs):]
    assert 20_000 < len(glosses) < 30_000 and {e.split for e in glosses} == {"train"}
    assert any(e.source == "大使" and "ambassador" in e.target for e in glosses)


@pytest.mark.parametrize("script", hsk.TOPICS.scripts)
def test_topics_are_nineteen(script):
    found = loaded("topics", script)
    assert len({e.target for e in found}) == 19 and all(e.target.strip() for e in found)


def test_every_topic_is_in_training():
    assert len({e.target for e in prepared("topics").train}) == 19


@pytest.mark.parametrize("corpus", ["hsk", "topics"])
def test_the_script_asked_for_is_the_one_that_comes(corpus):
    simplified, traditional = ("".join(e.source for e in loaded(corpus, s)) for s in ("simplified", "traditional"))
    assert "学" in simplified and "學" not in simplified
    assert "學" in traditional and "学" not in traditional


def test_reviews_have_two_labels_and_at_least_seventeen_thousand_different_texts():
    dataset = prepared("reviews")
    examples = everything(dataset)
    for part in (dataset.train, dataset.dev, dataset.test):
        assert {e.target for e in part} == {"positive", "negative"}
    assert len({e.source for e in examples}) == len(examples) >= 17_000


def test_reviews_have_their_labels_the_right_way_round():
    found = everything(prepared("reviews"))
    for word, label in (("很满意", "positive"), ("太差", "negative")):
        with_word = [e.target for e in found if word in e.source]
        assert len(with_word) > 30 and with_word.count(label) > 0.7 * len(with_word)


# the starter corpora


@pytest.mark.parametrize("task,lines", [("poem", 90), ("word", 320), ("classify", 320), ("translate", 320)])
def test_a_starter_corpus_is_as_large_as_it_says_with_nothing_to_leave_out_but_shared_lines(task, lines):
    corpus = find("starter", task)
    found = list(corpus.examples())
    assert corpus.size == f"{lines} lines" and corpus.origin == f"tasks/starter/{FORMATS[task].starter.name}"
    assert len({e.key or e.source for e in found} if task == "poem" else found) == lines
    assert set(prepare(corpus).rejected) <= {"shares a text with a held-out example"}


def test_every_starter_theme_of_the_test_split_is_in_training():
    dataset = prepare(find("starter", "word"))
    assert dataset.many_targets and {e.source for e in dataset.test} <= {e.source for e in dataset.train}


def test_the_starter_labels_are_those_of_the_reviews():
    assert {e.target for e in find("starter", "classify").examples()} == {"positive", "negative"}
