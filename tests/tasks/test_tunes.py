import json
import os
import random
import re
from collections import defaultdict

import pytest

from tasks.shared.prosody import groups
from tasks.shared.tunes import derive, from_json, to_json
from tasks.shared.verse import Form, faults, with_rhyme

LEVEL, OBLIQUE = "山花风云天林春秋", "月水雨雪夜柳草影"
ENDS = {"a": ["光霜香阳长", "红风空中东"], "b": ["月雪绝别叶", "水里起子李"], "x": ["光红看山头春前歌", "来花林金"]}


def made(pattern, count, seed=0):
    """Texts of one pattern: 平 仄 中 by tone, a b line ends of one rhyme each (new in each text), x any end."""
    rng = random.Random(seed)
    texts = []
    for _ in range(count):
        rhyme = {chain: rng.choice(choices) for chain, choices in ENDS.items()}
        rhyme["x"] = "".join(ENDS["x"])
        places = {"平": LEVEL, "仄": OBLIQUE, "中": LEVEL + OBLIQUE, **rhyme}
        texts.append("".join(rng.choice(places.get(symbol, symbol)) for symbol in pattern))
    return texts


def test_lengths_marks_tones_and_rhymes_are_found():
    tune, = derive(made("中平仄a，仄仄中中x。平平a。中中中b。仄b。", 40))
    assert tune.lengths == (4, 5, 3, 4, 2) and (tune.count, tune.total) == (40, 40)
    assert tune.form.tones == "中平仄平，仄仄中中平。平平平。中中中仄。仄仄。"
    assert tune.form.rhymes == "00010" "000000" "0010" "00020" "020"
    assert tune.form.ci and not tune.form.groups and set(tune.copies) == {-1}


def test_what_half_of_the_editors_write_with_another_mark_is_one_pattern():
    texts = [*made("平平仄，中中仄平a。中a。", 20), *made("平平仄、中中仄平a。中a。", 15, seed=1)]
    tune, = derive(texts)
    assert tune.lengths == (3, 5, 2) and tune.count == 35 and tune.form.tones == "平平仄，中中仄平平。中平。"
    soft, = derive([*made("平平仄、中中仄平a。中a。", 20), *made("平平仄中中仄平a。中a。", 15, seed=1)])
    assert soft.lengths == (8, 2) and soft.count == 35 and soft.form.tones == "平平仄、中中仄平平。中平。"


def test_several_patterns_come_the_commonest_first():
    texts = [*made("中中仄平x，中中平仄a。" * 2, 30), *made("仄仄仄平x，平平a。" * 2, 50)]
    assert [(tune.lengths, tune.count, tune.total) for tune in derive(texts)] == [
        ((5, 3, 5, 3), 50, 80), ((5, 5, 5, 5), 30, 80)]


def test_too_few_texts_or_too_many_patterns_have_no_form():
    assert derive([]) == derive(["，。"] * 20) == derive(made("平平a。仄仄a。", 14)) == []
    assert derive([text for n in range(1, 8) for text in made("平" * n + "a。", 20)]) == []


def test_a_phrase_that_always_stands_twice_is_found():
    texts = [f"{text[:3]}，{text}" for text in made("中平a。平仄a。", 20)]
    tune, = derive(texts)
    assert tune.copies == (-1, -1, -1, -1, 0, 1, 2, -1, -1, -1, -1, -1)
    assert all(faults(text, tune.form, copies=tune.copies) == [] for text in texts)


def test_the_more_usual_of_a_level_and_an_oblique_rhyme_counts():
    tune, = derive([*made("中仄平a。中平平a。", 40), *made("中仄平b。中平仄b。", 20, seed=1)])
    assert tune.form.tones == "中仄平平。中平平平。" and tune.form.rhymes == "0001000010"


def test_brackets_and_characters_outside_the_table_do_no_harm():
    tune, = derive([f"《{text[:2]}□{text[3:]}" for text in made("平平仄a。平平仄a。", 20)])
    assert tune.form.tones == "平平中平。平平仄平。"


def test_a_tune_is_saved_and_read_as_it_was():
    tune, = derive(made("中平仄a，仄仄中中x。平平a。", 20))
    assert from_json(json.loads(json.dumps(to_json(tune)))) == tune


# Patterns as in 龙榆生, 唐宋词格律. A letter is a rhyme, a capital one level and a small one oblique; A and a rhyme.
KNOWN = {
    "浣溪沙": "中仄中平仄仄A。中平中仄仄平A。中平中仄仄平A。中仄中平平仄仄，中平中仄仄平A。中平中仄仄平A。",
    "菩萨蛮": "中平中仄平平a。中平中仄平平a。中仄仄平B。中平中仄B。中平平仄c。中仄中平c。中仄仄平D。中平中仄D。",
    "如梦令": "中仄中平中a。中仄中平中a。中仄仄平平，中仄中平平a。平a。平a。中仄中平中a。",
    "卜算子": "中仄仄平平，中仄平平a。中仄平平仄仄平，中仄平平a。" * 2,
    "忆秦娥": "平中a。中平中仄平平a。平平a。中平中仄，仄平平a。"
              "中平中仄平平a。中平中仄平平a。平平a。中平中仄，仄平平a。",
    "鹧鸪天": "中仄平平仄仄A。中平中仄仄平A。中平中仄平平仄，中仄平平仄仄A。"
              "平仄仄，仄平A。中平中仄仄平A。中平中仄平平仄，中仄平平仄仄A。",
    "西江月": "中仄中平中仄，中平中仄平A。中平中仄仄平A。中仄中平中a。" * 2,
    "清平乐": "中平中a。中仄平平a。中仄中平平仄a。中仄中平中a。中平中仄平B。中平中仄平B。中仄中平中仄，中平中仄平B。",
    "虞美人": "中平中仄平平a。中仄平平a。中平中仄仄平B。中仄中平中仄、仄平B。"
              "中平中仄平平c。中仄平平c。中平中仄仄平D。中仄中平中仄、仄平D。"}


@pytest.mark.skipif("CORPORA_CACHE" not in os.environ, reason="needs CORPORA_CACHE, a cache with the corpus tunes")
def test_known_tunes_are_found_in_the_corpus(monkeypatch):
    import n2m
    monkeypatch.setenv("N2M_CACHE", os.environ["CORPORA_CACHE"])
    data, texts = n2m.corpus("tunes", "word"), defaultdict(list)
    for example in (*data.train, *data.dev, *data.test):
        texts[example.source].append(example.target)
    for name, pattern in KNOWN.items():
        tune = derive(texts[name])[0]
        assert len(tune.form.tones) == len(pattern), name
        assert tune.form.rhymes == re.sub("[a-d]", lambda letter: str("abcd".index(letter[0]) + 1),
                                          re.sub("[^a-d]", "0", pattern.lower())), name
        known = re.sub("[A-D]", "平", re.sub("[a-d]", "仄", pattern))
        differing = [(found, tone) for found, tone in zip(tune.form.tones, known) if found != tone]
        assert all("中" in pair for pair in differing) and len(differing) <= 0.1 * len(known), (name, differing)
    quiet = derive(texts["如梦令"])[0]
    assert [(place, copy) for place, copy in enumerate(quiet.copies) if copy >= 0] == [(30, 27), (31, 28)]
    assert faults("常记溪亭日暮。沉醉不知归路。兴尽晚回舟，误入藕花深处。争渡。争渡。惊起一滩鸥鹭。", quiet.form) == []


def test_a_tune_takes_a_rhyme():
    tune, = derive(made("中平仄a。平平a。", 20))
    assert with_rhyme(tune.form, "阳").groups == {"第二部"} == groups("光", ci=True)
    assert tune.form == Form("中平仄平。平平平。", "000100010", ci=True)
