"""Folders, aligned files, columns by name, JSON, splits of the corpus's own: what each layout is read as."""

import json
import sys

import pytest
from kinds import file_corpus, prepare

from core.data import Example, Rejected
from core.settings import CorpusSettings
from corpora.prepare.store import Rejects


def write(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def read(*paths, task="translate", **settings):
    items = list(file_corpus(list(paths), task, CorpusSettings(**settings)).examples())
    return [(e.source, e.target, e.split) for e in items if isinstance(e, Example)], [
        (d.line, d.reason) for d in items if isinstance(d, Rejected)]


# aligned


def test_two_aligned_files_are_pairs_line_by_line(tmp_path):
    write(tmp_path, a_de="eins\nzwei\n\n", a_en="one\ntwo\n\n")
    assert read(tmp_path / "a.de", tmp_path / "a.en")[0][:2] == [("eins", "one", ""), ("zwei", "two", "")]


def test_aligned_files_of_unlike_length_are_refused_where_they_part(tmp_path, refused):
    write(tmp_path, a_de="eins\nzwei\n", a_en="one\n")
    said = refused(lambda: read(tmp_path / "a.de", tmp_path / "a.en"))
    assert "only one has a line 2" in said


def test_a_line_that_is_dropped_on_one_side_shifts_nothing(tmp_path):
    (tmp_path / "a.de").write_bytes(b"eins\nz\0wei\ndrei\n")
    (tmp_path / "a.en").write_bytes(b"one\ntwo\nthree\n")
    assert read(tmp_path / "a.de", tmp_path / "a.en") == (
        [("eins", "one", ""), ("drei", "three", "")], [(2, "contains NUL bytes")])


def test_three_names_are_too_many_and_a_folder_is_not_aligned(tmp_path, refused):
    write(tmp_path, a_de="x\n", a_en="y\n", f__a="z\n")
    assert "3 names" in refused(lambda: read(*[tmp_path / "a.de"] * 3))
    assert "is a folder" in refused(lambda: read(tmp_path / "a.de", tmp_path / "f"))


SPLIT = {"train_de": "eins\nzwei\n", "train_en": "one\ntwo\n", "val_de": "drei\n", "val_en": "three\n",
         "test_de": "vier\n", "test_en": "four\n", "README_md": "about\n"}
FORWARD = [("vier", "four", "test"), ("eins", "one", "train"), ("zwei", "two", "train"), ("drei", "three", "dev")]


def test_a_folder_of_aligned_files_keeps_its_splits_and_unread_files_are_reported(tmp_path):
    write(tmp_path, **SPLIT)
    assert read(tmp_path)[0] == FORWARD
    assert file_corpus([tmp_path], "translate").notes == (
        f"{tmp_path}: not read: README.md",
        f"{tmp_path}: de is the source, en the target, in alphabetical order; `source_column` en exchanges them")
    assert file_corpus([tmp_path], "translate", CorpusSettings(target_column="en")).notes == (
        f"{tmp_path}: not read: README.md",)


def test_what_was_left_out_of_a_folder_is_no_text_of_it(tmp_path, refused):
    write(tmp_path / "f", a_tsv="".join(f"{i}\tn{i}\n" for i in range(20)) + "alone\n")
    before = read(tmp_path / "f")
    Rejects.copy(prepare(file_corpus([tmp_path / "f"], "translate")).rejects, tmp_path / "f" / "left-out.tsv")
    assert "alone" in (tmp_path / "f" / "left-out.tsv").read_text()
    assert read(tmp_path / "f") == before
    assert "not read: left-out.tsv" in file_corpus([tmp_path / "f"], "translate").notes[0]
    assert "contains the `rejects` of a corpus" in refused(lambda: read(tmp_path / "f" / "left-out.tsv"))


def test_one_file_twice_is_no_aligned_pair(tmp_path, refused):
    write(tmp_path, a_de="eins\n")
    (tmp_path / "b.en").symlink_to(tmp_path / "a.de")
    for other in ("a.de", "b.en"):
        assert "is given twice" in refused(lambda other=other: read(tmp_path / "a.de", tmp_path / other))


@pytest.mark.parametrize("settings", [{"source_column": "en"}, {"target_column": "de"},
                                      {"source_column": "en", "target_column": "de"}])
def test_the_direction_of_aligned_files_can_be_chosen_by_their_endings(tmp_path, settings):
    write(tmp_path, **SPLIT)
    assert read(tmp_path, **settings)[0] == [(b, a, part) for a, b, part in FORWARD]


@pytest.mark.parametrize("settings", [{"source_column": "fr"}, {"source_column": "de", "target_column": "fr"}])
def test_a_language_that_is_not_there_is_refused(tmp_path, refused, settings):
    write(tmp_path, **SPLIT)
    side = "source" if len(settings) == 1 else "target"
    assert f"`{side}_column` fr: the files are of de, en" in refused(lambda: read(tmp_path, **settings))


def test_of_three_languages_two_must_be_chosen(tmp_path, refused):
    write(tmp_path, **SPLIT, train_fr="un\ndeux\n", test_fr="quatre\n", val_fr="trois\n")
    assert "de, en, fr" in refused(lambda: read(tmp_path))
    assert read(tmp_path, source_column="fr", target_column="en")[0][1] == ("un", "one", "train")


# folders


@pytest.mark.parametrize("by_split", [False, True])
def test_a_folder_for_each_label_holds_a_text_in_each_file(tmp_path, by_split):
    start, part = ("train__", "train") if by_split else ("", "")
    write(tmp_path, **{f"{start}good__a_txt": "fine\nindeed\n", f"{start}bad__b_txt": "poor\n"})
    assert read(tmp_path, task="classify")[0] == [("poor", "bad", part), ("fine indeed", "good", part)]


def test_of_many_texts_one_that_cannot_be_read_is_counted(tmp_path):
    write(tmp_path, good__a_txt="fine\n", bad__b_txt="")
    (tmp_path / "bad" / "c.txt").write_bytes("schön für Größe\n".encode("latin-1"))
    found, dropped = read(tmp_path, task="classify")
    assert found == [("fine", "good", "")] and [reason for _, reason in dropped] == ["file that cannot be read"] * 2
    details = [d.detail for d in file_corpus([tmp_path], "classify").examples() if isinstance(d, Rejected)]
    assert details[0].startswith("is empty; ") and details[1].startswith("line 1 is not UTF-8 (byte 0xf6)")


def test_a_file_for_each_label_holds_a_text_in_each_line(tmp_path):
    write(tmp_path, good_txt="fine\nnice\n", bad_txt="poor\n")
    assert read(tmp_path, task="classify")[0] == [("poor", "bad", ""), ("fine", "good", ""), ("nice", "good", "")]


def test_a_folder_of_tables_keeps_its_splits(tmp_path):
    write(tmp_path, train_csv="text,label\na,x\n", dev_csv="text,label\nb,y\n", test_tsv="c\tz\n")
    assert read(tmp_path, task="classify")[0] == [("b", "y", "dev"), ("c", "z", "test"), ("a", "x", "train")]


def test_names_like_those_of_splits_mean_nothing_where_there_is_no_training_split(tmp_path):
    write(tmp_path, test_tsv="a\tb\n", dev_tsv="c\td\n")
    assert {part for _, _, part in read(tmp_path)[0]} == {""}


def test_of_several_tables_an_empty_one_is_counted(tmp_path, refused):
    write(tmp_path, a_tsv="a\tb\n", b_tsv="\n")
    assert read(tmp_path) == ([("a", "b", "")], [(0, "empty file")])
    assert "is empty" in refused(lambda: read(tmp_path / "b.tsv"))


def test_a_folder_with_nothing_to_read_is_refused_with_the_remedy(tmp_path, refused):
    write(tmp_path, a_md="x\n")
    assert "nothing to read; needs" in refused(lambda: read(tmp_path))


# columns


def test_columns_are_chosen_by_name_or_number(tmp_path):
    write(tmp_path, a_csv="id,zh,en\n1,好,good\n2,坏,bad\n")
    pairs = [("好", "good", ""), ("坏", "bad", "")]
    assert read(tmp_path / "a.csv", source_column="zh", target_column="EN")[0] == pairs
    write(tmp_path, b_csv="1,好,good\n2,坏,bad\n")
    assert read(tmp_path / "b.csv", source_column="2", target_column="3")[0] == pairs


def test_a_number_for_one_column_leaves_the_other_to_its_name(tmp_path):
    write(tmp_path, a_csv="label,id,title,text\nx,1,好,长\n")
    assert read(tmp_path / "a.csv", source_column="3")[0] == [("好", "x", "")]


def test_one_column_may_be_named_where_the_other_has_a_usual_name(tmp_path):
    write(tmp_path, a_csv="label,title\nx,好\n")
    assert read(tmp_path / "a.csv", source_column="title")[0] == [("好", "x", "")]


@pytest.mark.parametrize("settings", [{"source_column": "2"}, {"target_column": "1"}])
def test_of_two_columns_one_number_is_enough(tmp_path, settings):
    write(tmp_path, a_csv="好,good\n坏,bad\n", b_csv="source,target\n好,good\n")
    assert read(tmp_path / "a.csv", **settings)[0] == [("good", "好", ""), ("bad", "坏", "")]
    assert read(tmp_path / "b.csv", **settings)[0] == [("good", "好", "")]


def test_of_two_columns_one_name_is_enough(tmp_path):
    write(tmp_path, a_csv="zh,en\n好,good\n")
    for settings in ({"source_column": "en"}, {"target_column": "zh"}, {"source_column": "en", "target_column": "1"}):
        assert read(tmp_path / "a.csv", **settings)[0] == [("good", "好", "")]


@pytest.mark.parametrize("ending,divider", [("csv", ","), ("tsv", "\t")])
def test_an_empty_cell_in_the_first_row_is_the_name_of_no_column(tmp_path, ending, divider):
    rows = {"a": ["", "text", "label"], "b": ["1", "x", ""], "c": ["text", "label", ""]}
    for name, first in rows.items():
        (tmp_path / f"{name}.{ending}").write_text(divider.join(first) + "\n" + divider.join("0ab") + "\n")
    assert read(tmp_path / f"a.{ending}")[0] == [("a", "b", "")]
    assert read(tmp_path / f"b.{ending}")[0] == [("1", "x", ""), ("0", "a", "")]
    assert read(tmp_path / f"c.{ending}")[0] == [("0", "a", "")]


def test_a_name_and_a_number_go_together(tmp_path, refused):
    write(tmp_path, a_csv="id,zh,en\n1,好,good\n")
    assert read(tmp_path / "a.csv", source_column="zh", target_column="3")[0] == [("好", "good", "")]
    assert "are the same column" in refused(lambda: read(tmp_path / "a.csv", source_column="zh", target_column="2"))


def test_unread_columns_are_reported_unless_both_are_named(tmp_path):
    write(tmp_path, a_tsv="a\tb\tc\nd\te\tf\n", b_csv="text,label,else\na,b,c\n", c_tsv="a\tb\n")
    notes = [file_corpus([tmp_path / name], "translate").notes for name in ("a.tsv", "b.csv", "c.tsv")]
    assert notes == [(f"{tmp_path}/a.tsv: of 3 columns, column 1 is the source and column 2 the "
                      "target; `source_column` and `target_column` choose others",), (), ()]
    [note] = file_corpus([tmp_path / "a.tsv"], "translate", CorpusSettings(source_column="3")).notes
    assert "column 3 is the source and column 2 the target" in note
    both = CorpusSettings(source_column="1", target_column="3")
    assert file_corpus([tmp_path / "a.tsv"], "translate", both).notes == ()


@pytest.mark.parametrize("settings", [{"source_column": "fr"}, {"target_column": "fr", "source_column": "zh"},
                                      {"source_column": "zh"}])
def test_a_column_that_is_not_there_is_refused_with_those_that_are(tmp_path, refused, settings):
    write(tmp_path, a_csv="id,zh,en\n1,好,good\n")
    said = refused(lambda: read(tmp_path / "a.csv", **settings))
    assert "_column" in said and "which has: id, zh, en" in said


def test_a_column_assigns_rows_to_splits(tmp_path):
    write(tmp_path, a_csv="split,text,label\ntrain,a,x\nvalidation,b,y\nTest,c,z\nelse,d,w\n")
    assert read(tmp_path / "a.csv", task="classify") == (
        [("a", "x", "train"), ("b", "y", "dev"), ("c", "z", "test")], [(5, "unknown split")])


def test_a_row_with_more_columns_than_the_first_is_dropped_unless_they_are_empty(tmp_path):
    write(tmp_path, a_csv="text,label\nhello, world,x\na,b,\nc,d, \n", b_tsv="a\tb\nc\td\te\n")
    assert read(tmp_path / "a.csv", task="classify") == ([("a", "b", ""), ("c", "d", "")], [
        (2, "more columns than the first line, separated by a comma")])
    assert read(tmp_path / "b.tsv") == ([("a", "b", "")], [(2, "more columns than the first line, separated by a tab")])


def test_three_bars_divide_too(tmp_path):
    write(tmp_path, a_txt="a ||| b\n")
    assert read(tmp_path / "a.txt")[0] == [("a", "b", "")]


def test_a_short_row_is_dropped_with_its_line(tmp_path):
    write(tmp_path, a_tsv="a\tb\nalone\nc\td\n")
    assert read(tmp_path / "a.tsv") == ([("a", "b", ""), ("c", "d", "")],
                                        [(2, "fewer columns than needed, separated by a tab")])


# objects


def test_json_is_read_as_a_list_or_as_lines(tmp_path):
    items = [{"text": "a", "label": 1}, {"text": "b", "label": True}, {"text": "c", "label": None}, 5]
    found = [("a", "1", ""), ("b", "true", "")]
    for name, text in (("list", json.dumps(items, indent=2)), ("lines", "\n".join(map(json.dumps, items)))):
        path = tmp_path / f"{name}.json"
        path.write_text(text, encoding="utf-8")
        assert read(path, task="classify") == (
            found, [(3, 'no text under "target" or "label"'), (4, "not an object with names and texts")])


def test_unknown_names_are_reported_with_the_remedy(tmp_path, refused):
    (tmp_path / "a.jsonl").write_text('{"zh": "a", "en": "b"}\n' * 20)
    said = refused(lambda: prepare(file_corpus([tmp_path / "a.jsonl"], "translate")))
    assert "the first in line 1: it has zh, en; give `source_column`" in said


def test_of_two_names_in_an_object_one_is_enough(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"zh": "a", "en": "b"}\n{"zh": "c", "en": "d", "id": "e"}\n')
    for settings in ({"source_column": "en"}, {"target_column": "zh"}):
        assert read(tmp_path / "a.jsonl", **settings)[0] == [("b", "a", "")]


def test_a_label_may_be_a_fraction(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a", "label": 1.5}\n{"text": "b", "label": NaN}\n')
    assert read(tmp_path / "a.jsonl", task="classify")[0] == [("a", "1.5", "")]


def test_a_name_may_be_inside_an_object(tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"translation": {"de": "eins", "en": "one"}, "split": "valid"}))
    assert read(tmp_path / "a.jsonl", source_column="translation.de", target_column="translation.en")[0] == [
        ("eins", "one", "dev")]


def test_a_cut_off_list_is_refused(tmp_path, refused):
    (tmp_path / "a.json").write_text('[{"text": "a", "label": "b"}, {"text')
    assert "is not JSON" in refused(lambda: read(tmp_path / "a.json"))


def test_parquet_is_read_by_column_names(tmp_path, refused):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"text": ["a", "b"], "label": [0, 1]}), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet", task="classify")[0] == [("a", "0", ""), ("b", "1", "")]
    (tmp_path / "b.parquet").write_bytes(b"no parquet")
    assert "is not a Parquet file" in refused(lambda: read(tmp_path / "b.parquet"))


def test_without_pyarrow_the_error_names_it(tmp_path, refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    assert "pip install" in refused(lambda: read(tmp_path / "a.parquet"))


# splits of the corpus's own


def rows(part, count, start=0):
    return "".join(f"{part},source {i},target {i}\n" for i in range(start, start + count))


@pytest.mark.parametrize("dev,test", [(20, 30), (20, 0), (0, 30)])
def test_splits_of_its_own_are_respected_and_a_missing_one_is_taken_from_training(tmp_path, dev, test):
    write(tmp_path, a_csv="split,source,target\n" + rows("train", 400) + rows("dev", dev, 1000)
          + rows("test", test, 2000))
    dataset = prepare(file_corpus([tmp_path / "a.csv"], "translate"))
    numbers = {part: [int(e.source.split()[1]) for e in getattr(dataset, part)] for part in ("train", "dev", "test")}
    assert all(n < 1000 for n in numbers["train"])
    if dev:
        assert sorted(numbers["dev"]) == list(range(1000, 1020))
    if test:
        assert sorted(numbers["test"]) == list(range(2000, 2030))
    assert sum(map(len, numbers.values())) == 400 + dev + test and all(numbers.values())


def test_a_training_example_that_is_in_a_given_test_split_is_rejected(tmp_path):
    write(tmp_path, a_csv="split,source,target\n" + rows("train", 100) + rows("test", 20, 90))
    dataset = prepare(file_corpus([tmp_path / "a.csv"], "translate"))
    assert len(dataset.test) == 20 and dataset.rejected["shares a text with a held-out example"] == 10
    assert {e.source for e in dataset.train}.isdisjoint(e.source for e in dataset.test)
