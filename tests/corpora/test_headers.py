"""corpora/read/columns.py: a header of unknown names is reported, and other first lines are not."""

import pytest
from kinds import file_corpus, prepare

from core.data import Rejected
from core.settings import CorpusSettings
from corpora.prepare.description import advice

ZH = ["我们今天去学校看书", "他说那里的人都很好", "这是一个地方", "你也来吧", "大家都知道", "好"]
EN = ["we go to school to read today", "he says the people there are fine", "this is a place", "come along then",
      "everybody knows about that", "well now my friend"]
WORDS = ["cat", "dog", "house", "tree", "wind", "moon", "rain"]


def notes_of(tmp_path, *rows, ending="csv", task="translate", **settings):
    path = tmp_path / f"a.{ending}"
    path.write_text("".join({"csv": ","}.get(ending, "\t").join(row) + "\n" for row in rows), encoding="utf-8")
    return file_corpus([path], task, CorpusSettings(**settings)).notes


@pytest.mark.parametrize("ending", ["csv", "tsv", "txt"])
@pytest.mark.parametrize("task,header,rows", [
    ("translate", ("zh", "en"), list(zip(ZH, EN))), ("translate", ("en", "zh"), list(zip(EN, ZH))),
    ("translate", ("de", "en"), list(zip(EN, reversed(EN)))),
    ("translate", ("汉语", "英语"), list(zip(ZH, EN))), ("classify", ("影评", "星级"), list(zip(ZH, "121212"))),
    ("translate", ("English", "Chinese text"), list(zip(EN, ZH))),
    ("word", ("term", "gloss"), list(zip(ZH, WORDS))), ("classify", ("comment", "stars"), list(zip(EN, "121212"))),
    ("classify", ("said", "mood"), [(text, "happy") for text in EN] + [(f"and {text}", "sad") for text in EN])])
def test_a_header_of_unknown_names_is_reported_with_the_remedy(tmp_path, task, header, rows, ending):
    (note,) = notes_of(tmp_path, header, *rows, task=task, ending=ending)
    assert note == (f'{tmp_path}/a.{ending}: the first line ("{header[0]}", "{header[1]}") was read as an example; if '
                    "it is a header, name its columns with `source_column` and `target_column`")


@pytest.mark.parametrize("rows", [
    list(zip(ZH, EN)), list(zip(EN, ZH)), list(zip(WORDS, reversed(WORDS))), [("text", "label"), *zip(ZH, EN)],
    [("Hi", "Hallo"), ("Run", "Lauf"), ("Wow", "Potzdonner"), ("Stop", "Stopp"), ("Wait", "Warte"), ("Help", "Hilfe"),
     ("Jump", "Spring")],
    [("zh", "en"), *list(zip(ZH, EN))[:4]], [("zh", "en"), *zip(ZH, EN), ("zh", "what an ending")],
    [("a.", "en"), *zip(ZH, EN)], [("OK", "happy"), *((text, "happy") for text in ZH)]],
    ids=["pairs", "pairs turned", "words", "known names", "short sentences", "too few", "comes up again", "no name",
         "a label"])
def test_other_first_lines_are_not(tmp_path, rows):
    assert notes_of(tmp_path, *rows) == ()


def test_columns_that_are_named_or_numbered(tmp_path):
    rows = [("id", "zh", "en"), *((str(i), *pair) for i, pair in enumerate(zip(ZH, EN)))]
    assert notes_of(tmp_path, *rows, source_column="zh", target_column="en") == ()
    assert '("zh", "en") was read as an example' in notes_of(tmp_path, *rows, source_column="2", target_column="3")[0]


def test_an_unreadable_file_is_reported_when_it_is_read(tmp_path, refused):
    path = tmp_path / "a.csv"
    path.write_text('a,"b\n' + "c,d\n" * 20)
    corpus = file_corpus([path], "translate")
    assert corpus.notes == () and "close every quote" in refused(lambda: list(corpus.examples()))


def test_advice_begins_with_it(tmp_path):
    path = tmp_path / "a.csv"
    pairs = "".join(f"{zh}{i},{en} {i}\n" for i in range(10) for zh, en in zip(ZH, EN))
    path.write_text("zh,en\n" + pairs, encoding="utf-8")
    corpus = file_corpus([path], "translate")
    assert not any(isinstance(item, Rejected) for item in corpus.examples())
    assert next(advice(prepare(corpus), corpus.notes)) == corpus.notes[0]
