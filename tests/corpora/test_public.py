"""The public corpora: what each makes of a few lines in the format of its source, and what it rejects."""

import gzip
import json

import pytest
import samples
from kinds import find, prepare

import tasks
from core.data import Example, Rejected
from corpora import ag_news, chat, chnsenticorp, ci, classical, couplets, iwslt, multi30k, tang, tatoeba, thucnews
from corpora.fetch import sources
from n2m.data import of_model


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """Puts files where the program finds them; their checksums are not looked at."""
    monkeypatch.setenv("N2M_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setattr(sources, "is_right", lambda path, checksum: True)

    def put(name: str, files: dict[str, str | bytes]) -> None:
        for file, data in files.items():
            path = tmp_path / "mirror" / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data.encode() if isinstance(data, str) else data)
    return put


def read(corpus, script: str | None = None) -> list[tuple[str, str, str]]:
    """Source, target and split of its examples; reason, text and line of what is none."""
    return [(e.source, e.target, e.split) if isinstance(e, Example) else (e.reason, e.text, str(e.line))
            for e in corpus.examples(script)]


def test_multi30k_has_the_official_splits_and_another_language_first(mirror):
    texts = {"train": "Ein Hund.", "val": "Zwei Hunde.", "test_2016_flickr": "Drei Hunde."}
    english = {"train": "A dog.", "val": "Two dogs.", "test_2016_flickr": "Three dogs."}
    mirror("multi30k", {f"{name}.{code}.gz": gzip.compress(f"{of[name]}\n".encode())
                        for code, of in (("de", texts), ("en", english)) for name in texts})
    assert read(multi30k.GERMAN) == [("Ein Hund.", "A dog.", "train"), ("Zwei Hunde.", "Two dogs.", "dev"),
                                     ("Drei Hunde.", "Three dogs.", "test")]


def test_iwslt_is_english_to_vietnamese_with_2012_for_dev_and_2013_for_test(mirror):
    mirror("iwslt15-en-vi", {f"{name}.{code}": f"{name} {code}\n" for name in ("train", "tst2012", "tst2013")
                             for code in ("en", "vi")})
    assert read(iwslt.VIETNAMESE) == [("train en", "train vi", "train"), ("tst2012 en", "tst2012 vi", "dev"),
                                      ("tst2013 en", "tst2013 vi", "test")]


def test_tatoeba_gives_english_for_the_other_language_with_attribution_or_without(mirror):
    mirror("tatoeba-zh-en", {"cmn.txt": "Hi.\t嗨。\tCC-BY 2.0 (France) Attribution: tatoeba.org #1 (a) & #2 (b)\n"
                                        "Run , 1 ,000 m.\t你用跑的。\n\nnothing\n"})
    assert read(tatoeba.CHINESE) == [("嗨。", "Hi.", ""), ("你用跑的。", "Run, 1,000 m.", ""),
                                     ("no pair of sentences", "", "3"), ("no pair of sentences", "nothing", "4")]


def test_tatoeba_splits_keep_all_translations_of_a_sentence_together(mirror):
    lines = [f"English {i}.\t中文{i}甲。\nEnglish {i}.\t中文{i}乙。\n" for i in range(200)]
    mirror("tatoeba-zh-en", {"cmn.txt": "".join(lines)})
    dataset = prepare(tatoeba.CHINESE)
    held = {e.target for part in (dataset.dev, dataset.test) for e in part}
    assert held and held.isdisjoint(e.target for e in dataset.train)


def test_japanese_is_not_simplified_and_a_model_of_version_0_1_0_finds_its_corpus_again(mirror):
    mirror("tatoeba-ja-en", {"jpn.txt": "".join(f"School {i}.\t東京の學校{i}。\n" for i in range(40))})
    dataset = prepare(tatoeba.JAPANESE)
    assert dataset.train[0].source.startswith("東京の學校")
    about = {"name": "tatoeba-ja-en", "script": "simplified", "reverse": False, "checksum": dataset.checksum}
    assert of_model(about, tasks.find("translate"), 0).checksum == dataset.checksum


def test_tatoeba_comes_in_the_script_asked_for(mirror):
    mirror("tatoeba-zh-en", {"cmn.txt": "".join(f"It is {i}.\t這是{i}个汉语句子。\n" for i in range(40))})
    assert prepare(tatoeba.CHINESE).train[0].source.startswith("这是")
    assert "個漢語" in prepare(tatoeba.CHINESE, "traditional").train[0].source


def test_ag_news_joins_title_and_description_and_names_the_topic(mirror):
    mirror("ag-news", {"train.csv": '"3","Oil ""up""","Prices rose,\\again."\n"5","no","topic"\n"1","two columns"\n',
                       "test.csv": '"4","A","B"\n'})
    assert read(ag_news.AG_NEWS) == [
        ('Oil "up" Prices rose, again.', "Business", "train"), ("no topic, title and description", "5,no,topic", "2"),
        ("no topic, title and description", "1,two columns", "3"), ("A B", "Sci/Tech", "test")]


def test_thucnews_names_the_topics_and_keeps_the_splits_the_small_one_has_none(mirror):
    mirror("thucnews-titles", {"class.txt": "finance\nrealty", "train.txt": "甲\t0\n乙\t1\n", "test.txt": "丁\t0\n",
                               "dev.txt": "丙\t1\n戊\t2\n己\n"})
    bad = [("no title and topic", "戊\t2", "2"), ("no title and topic", "己", "3")]
    assert read(thucnews.THUCNEWS) == [("甲", "finance", "train"), ("乙", "realty", "train"), ("丙", "realty", "dev"),
                                       *bad, ("丁", "finance", "test")]
    assert read(thucnews.SMALL) == [("丙", "realty", ""), *bad]


def test_chnsenticorp_has_its_columns_by_name_and_test_is_taken_from_train(mirror):
    mirror("chnsenticorp", {"train.tsv": "label\ttext_a\n1\t很好\n0\t\"不\"好\n2\t?\n",
                            "dev.tsv": "qid\tlabel\ttext_a\n0\t1\t好\n"})
    assert read(chnsenticorp.CHNSENTICORP) == [("很好", "positive", "train"), ('"不"好', "negative", "train"),
                                               ("unknown label", "?\t2", "4"), ("好", "positive", "dev")]


def test_couplets_lose_their_punctuation_and_so_their_doubles(mirror):
    mirror("couplets", {"couplets.txt": "一上高楼，缅当年；\t=>\t双持使节，喜今日。\n"
                                        "一上高楼缅当年\t=>\t双持使节喜今日\n短\t=>\t长长\n"})
    assert read(couplets.COUPLETS) == [("一上高楼缅当年", "双持使节喜今日", "")] * 2 + [
        ("lines of different length, without punctuation", "短\t长长", "3")]


def test_the_large_couplets_have_their_characters_joined(mirror):
    files = {f"{part}_{side}.tsv": "\2".join(text) + "\n" for part in ("train", "dev", "test")
             for side, text in (("src", f"晚风摇树树还挺{part}"), ("tgt", f"晨露润花花更红{part}"))}
    mirror("couplets-large", files)
    assert read(couplets.COUPLETS_LARGE) == [
        ("晚风摇树树还挺", "晨露润花花更红", part) for part in ("train", "dev", "test")]


def test_classical_reads_every_chapter_and_leaves_out_those_that_are_not_aligned(mirror):
    top = f"Classical-Modern-{classical.COMMIT}"
    mirror("classical", {classical.ARCHIVE: samples.a_zip({
        f"{top}/README.md": "x", f"{top}/古文原文/论语/学而篇/text.txt": "子曰\n",
        f"{top}/双语数据/论语/学而篇/source.txt": "学而时习之\n不亦说乎\n",
        f"{top}/双语数据/论语/学而篇/target.txt": "学了又按时温习\n不也高兴吗\n",
        f"{top}/双语数据/论语/学而篇/bitext.txt": "古文：学而时习之\n现代文：学了又按时温习\n",
        f"{top}/双语数据/孟子/一/source.txt": "一\n二\n", f"{top}/双语数据/孟子/一/target.txt": "一\n",
        f"{top}/双语数据/孟子/二/source.txt": "", f"{top}/双语数据/孟子/二/target.txt": "",
        f"{top}/双语数据/孟子/三/source.txt": "没有译文\n"})})
    found = list(classical.CLASSICAL.examples())
    assert [(e.source, e.target) for e in found if isinstance(e, Example)] == [
        ("学而时习之", "学了又按时温习"), ("不亦说乎", "不也高兴吗")]
    dropped = [e for e in found if isinstance(e, Rejected)]
    assert [e.reason for e in dropped] == ["chapter that is not aligned"] * 2
    assert all("孟子" in e.file for e in dropped)


def ci_files(works: list[dict]) -> dict[str, str]:
    names = ci.SUMS.read_text(encoding="utf-8").split()[1::2]
    return {name: json.dumps(works if i == 0 else [], ensure_ascii=False) for i, name in enumerate(names)}


CI = {"author": "某", "paragraphs": ["柳外輕雷池上雨，雨声滴碎荷声。", "小樓西角斷虹明。", "闌干倚處，待得月華生。"],
      "rhythmic": "臨江仙・庭院深深"}


@pytest.mark.parametrize("script,tune", [("simplified", "临江仙"), ("traditional", "臨江仙")])
def test_ci_pairs_neighbouring_lines_of_one_length_and_tunes_take_the_whole(mirror, monkeypatch, script, tune):
    nameless = {**CI, "paragraphs": ["東風夜放，花千樹雪。"], "rhythmic": "失調名"}
    mirror("chinese-poetry-2.0.1", ci_files([CI, nameless]))
    found = list(ci.CI.examples(script))
    assert [(len(e.source), len(e.target)) for e in found] == [(4, 4)]  # of the other ci; the first has no such lines
    monkeypatch.setattr(ci, "FEWEST", 1)
    [song] = ci.TUNES.examples(script)
    assert song.source == tune and song.target.count("。") == 3 and song.key == song.target
    assert ("楼" in song.target) == (script == "simplified") and ("樓" in song.target) == (script == "traditional")


def test_a_tune_needs_enough_ci(mirror, monkeypatch):
    mirror("chinese-poetry-2.0.1", ci_files([CI] * 3))
    for fewest, count in ((3, 3), (4, 0)):
        monkeypatch.setattr(ci, "FEWEST", fewest)
        assert len(list(ci.TUNES.examples())) == count


def test_song_poems_are_other_files_of_the_same_package():
    tang_files, song_files = (set(sums.read_text(encoding="utf-8").split()[1::2]) for sums in tang.SUMS.values())
    assert len(tang_files) == 58 and len(song_files) == 255 and not tang_files & song_files


@pytest.mark.parametrize("corpus,fewest", [(chat.CHINESE, 500), (chat.ENGLISH, 2000)])
def test_in_a_chat_every_sentence_answers_the_one_before(corpus, fewest):
    found = list(corpus.examples())
    assert len(found) > fewest
    if corpus is chat.CHINESE:
        pairs = [(e.source, e.target) for e in found]
        assert ("早上好，你好吗?", "我挺好的，你呢") in pairs and ("我挺好的，你呢", "我也还不错") in pairs


def test_in_the_films_every_line_answers_the_one_before_it_in_its_conversation(mirror):
    mirror("cornell-movie-dialogs", {
        "movie_lines.txt": "L1 +++$+++ u0 +++$+++ m0 +++$+++ A +++$+++ Café?\n"
                           "L2 +++$+++ u1 +++$+++ m0 +++$+++ B +++$+++ No."
                           "\nL3 +++$+++ u0 +++$+++ m0 +++$+++ A +++$+++ Tea.\n".encode("latin-1"),
        "movie_conversations.txt": "u0 +++$+++ u1 +++$+++ m0 +++$+++ ['L1', 'L2', 'L3']\n"
                                   "u0 +++$+++ u1 +++$+++ m0 +++$+++ ['L3', 'L9']\n"})
    assert read(chat.FILMS) == [("Café?", "No.", ""), ("No.", "Tea.", "")]


def test_each_public_corpus_is_one_name_away():
    for name, task in (("song", "poem"), ("ci", "poem"), ("tunes", "word"), ("ag-news", "classify"),
                       ("thucnews", "classify"), ("chnsenticorp", "classify"), ("tatoeba-zh-en", "translate"),
                       ("multi30k-de-en", "translate"), ("multi30k-fr-en", "translate"),
                       ("multi30k-cs-en", "translate"),
                       ("iwslt15-en-vi", "translate"), ("couplets", "translate"), ("classical", "translate"),
                       ("chat", "translate")):
        assert find(name, task).name == name
