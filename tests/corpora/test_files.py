"""corpora/read/files.py: a Corpus from the user's own file."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kinds import file_corpus, prepare

from core.data import Rejected
from core.settings import CorpusSettings
from corpora.read.columns import SOURCE_NAMES, TARGET_NAMES
from corpora.read.encodings import LONGEST

TASKS = ("word", "classify", "poem", "translate")
PAIRS = [("你好", "hello"), ("谢谢", "thank you"), ("再见", "goodbye")]
LINE_ENDS = {"unix": "\n", "windows": "\r\n", "old mac": "\r"}


def lines_of(ending: str, pairs: list[tuple[str, str]] = PAIRS, header: bool = False) -> list[str]:
    """The lines of a file that holds these pairs."""
    if ending == "jsonl":
        return [json.dumps({"source": s, "target": t}, ensure_ascii=False) for s, t in pairs]
    return [{"csv": ","}.get(ending, "\t").join(pair) for pair in [("source", "target")] * header + pairs]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def pairs_in(path: Path, task: str = "translate") -> list[tuple[str, str]]:
    return [(e.source, e.target) for e in file_corpus([path], task).examples()]


def dropped_in(path: Path, task: str = "translate") -> list[Rejected]:
    return [item for item in file_corpus([path], task).examples() if isinstance(item, Rejected)]


# what is read


@pytest.mark.parametrize("end", LINE_ENDS.values(), ids=LINE_ENDS)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["no BOM", "BOM"])
@pytest.mark.parametrize("ending", ["tsv", "csv", "jsonl", "txt"])
def test_any_line_end_with_or_without_byte_order_mark_reads_the_same(tmp_path, ending, mark, end):
    for last in ("", end):
        path = write(tmp_path / f"mine.{ending}", mark + (end.join(lines_of(ending)) + last).encode())
        assert pairs_in(path) == PAIRS


@pytest.mark.parametrize("end", LINE_ENDS.values(), ids=LINE_ENDS)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["no BOM", "BOM"])
@pytest.mark.parametrize("ending", ["tsv", "csv", "txt"])
def test_a_header_is_not_an_example(tmp_path, ending, mark, end):
    path = write(tmp_path / f"mine.{ending}", mark + end.join(lines_of(ending, header=True)).encode())
    assert pairs_in(path) == PAIRS


@pytest.mark.parametrize("source", SOURCE_NAMES)
@pytest.mark.parametrize("target", TARGET_NAMES)
def test_every_known_column_name_is_found_wherever_the_column_is(tmp_path, source, target):
    text = f"id\t{target.upper()}\tother\t {source} \n1\tb\tx\ta\n2\td\ty\tc\n"
    assert pairs_in(write(tmp_path / "mine.tsv", text)) == [("a", "b"), ("c", "d")]
    text = "\n".join(json.dumps({"id": 1, target: t, source: s}) for s, t in (("a", "b"), ("c", "d")))
    assert pairs_in(write(tmp_path / "mine.jsonl", text)) == [("a", "b"), ("c", "d")]


def test_column_names_count_only_in_the_first_line(tmp_path):
    path = write(tmp_path / "mine.tsv", "a\tb\nsource\ttarget\n")
    assert pairs_in(path) == [("a", "b"), ("source", "target")]


def test_a_header_after_blank_lines_is_still_a_header(tmp_path):
    path = write(tmp_path / "mine.tsv", "\n\ntarget\tsource\nb\ta\n")
    assert pairs_in(path) == [("a", "b")]


def test_without_a_header_the_first_two_columns_count(tmp_path):
    assert pairs_in(write(tmp_path / "mine.tsv", "a\tb\tc\nd\te\n")) == [("a", "b"), ("d", "e")]


@pytest.mark.parametrize("blank", ["", " ", "\t", " \t "])
def test_blank_lines_are_skipped(tmp_path, blank):
    assert pairs_in(write(tmp_path / "mine.tsv", f"{blank}\na\tb\n{blank}\n\nc\td\n{blank}\n")) == [
        ("a", "b"), ("c", "d")]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "txt"])
def test_blank_lines_are_skipped_in_every_format(tmp_path, ending):
    content = "\n \n" + "\n\n \n".join(lines_of(ending)) + "\n\n"
    assert pairs_in(write(tmp_path / f"mine.{ending}", content)) == PAIRS


def test_csv_quotes_hold_commas_newlines_and_quotes(tmp_path):
    text = 'source,target\n"好, 谢谢","fine, ""thank"" you"\n"第一行\n第二行","one\ntwo"\na,b\n'
    assert pairs_in(write(tmp_path / "mine.csv", text)) == [
        ("好, 谢谢", 'fine, "thank" you'), ("第一行\n第二行", "one\ntwo"), ("a", "b")]


@pytest.mark.parametrize("text", [
    "Hi 0, sir\tSalut 0\nHi 1, sir\tSalut 1\n", "Hi 0, sir;Salut 0\nHi 1, sir;Salut 1\n",
    '"Hi 0, sir";"Salut 0"\n"Hi 1, sir";"Salut 1"\n', "Hi 0, sir|Salut 0\nHi 1, sir|Salut 1\n"])
def test_the_delimiter_of_a_csv_is_the_one_that_fits_all_rows_and_is_reported(tmp_path, text):
    path = write(tmp_path / "mine.csv", text)
    assert pairs_in(path) == [("Hi 0, sir", "Salut 0"), ("Hi 1, sir", "Salut 1")]
    [note] = file_corpus([path], "translate").notes
    assert note.startswith(f"{path}: its columns are separated by ")


def test_a_sign_that_the_first_line_has_not_divides_nothing(tmp_path):
    path = write(tmp_path / "mine.csv", "\ntext, label\n" + "".join(f"good; fine {i}, yes\n" for i in range(20)))
    assert pairs_in(path)[0] == ("good; fine 0", "yes") and file_corpus([path], "translate").notes == ()


def test_a_row_that_is_not_readable_is_kept_as_it_is(tmp_path):
    (dropped,) = dropped_in(write(tmp_path / "mine.csv", 'a,b\n"c"d,e\nf,g\n'))
    assert (dropped.line, dropped.text) == (2, '"c"d,e')


def test_an_error_in_a_csv_divided_by_tabs_takes_one_line_of_print(tmp_path, refused):
    path = write(tmp_path / "mine.csv", 'a\tb\n"c"d\te\n"f\ng"h\ti\n')
    assert refused(lambda: list(file_corpus([path], "translate").examples())).isprintable()


def test_a_spreadsheet_that_is_no_text_is_named(tmp_path, refused):
    path = write(tmp_path / "mine.xlsx", b"PK\3\4" + b"\0" * 300)
    assert "is packed like a spreadsheet" in refused(lambda: file_corpus([path], "translate"))


@pytest.mark.parametrize("names", [("原文", "译文"), ("上联", "下联"), ("问", "答"), ("文本", "标签")])
def test_chinese_names_make_a_header_too(tmp_path, names):
    path = write(tmp_path / "mine.csv", ",".join(names) + "\n好,good\n")
    assert pairs_in(path) == [("好", "good")] and file_corpus([path], "translate").notes == ()


def test_csv_quotes_may_follow_a_space_and_hold_long_texts(tmp_path):
    long = "x" * 200_000
    text = f'"好, 谢谢", "fine, thanks"\na, {long}\n'
    assert pairs_in(write(tmp_path / "mine.csv", text)) == [("好, 谢谢", "fine, thanks"), ("a", long)]


def test_a_tsv_keeps_quotes_and_commas_as_they_are(tmp_path):
    assert pairs_in(write(tmp_path / "mine.tsv", '"a, b"\t"c\nd\t"\n')) == [('"a, b"', '"c'), ("d", '"')]


def test_the_ending_counts_in_capitals_too(tmp_path):
    assert pairs_in(write(tmp_path / "MINE.CSV", '"a,b",c\n')) == [("a,b", "c")]
    assert pairs_in(write(tmp_path / "MINE.JSONL", '{"text": "a", "label": "b"}\n'), "classify") == [("a", "b")]


@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x1e", "\x85", "\u2028"])
@pytest.mark.parametrize("ending", ["tsv", "csv", "jsonl", "txt"])
def test_only_real_line_ends_end_a_line(tmp_path, ending, separator):
    pairs = [(f"前{separator}后", "a"), ("b", f"c{separator}d")]
    assert pairs_in(write(tmp_path / f"mine.{ending}", "\n".join(lines_of(ending, pairs)))) == pairs


texts = st.text(st.characters(exclude_characters="\0\t\r\n", exclude_categories=["Cs"]), max_size=8)
rows = st.lists(st.tuples(texts, texts).filter(lambda pair: "".join(pair).strip()), min_size=1, max_size=6)


@given(rows)
def test_a_tsv_of_random_pairs_reads_back_the_same(tmp_path_factory, pairs):
    path = tmp_path_factory.mktemp("tsv") / "mine.tsv"
    assert pairs_in(write(path, "\n".join(lines_of("tsv", pairs, header=True)))) == pairs


@given(rows, st.booleans())
def test_a_jsonl_of_random_pairs_reads_back_the_same(tmp_path_factory, pairs, ascii_only):
    path = tmp_path_factory.mktemp("jsonl") / "mine.jsonl"
    items = [json.dumps({"text": s, "label": t}, ensure_ascii=ascii_only) for s, t in pairs]
    assert pairs_in(write(path, "\n".join(items))) == pairs


cells = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]) | st.sampled_from('",\n '),
                max_size=8)


@given(st.lists(st.tuples(cells, cells).filter(lambda pair: "".join(pair).strip()), min_size=1, max_size=6))
def test_a_csv_of_random_pairs_reads_back_the_same(tmp_path_factory, pairs):
    out = io.StringIO()
    csv.writer(out).writerows([("source", "target"), *pairs])
    path = tmp_path_factory.mktemp("csv") / "mine.csv"
    found = pairs_in(write(path, out.getvalue()))  # but for spaces after a comma, which quotes may follow
    assert [[text.lstrip(" ") for text in pair] for pair in found] == [[t.lstrip(" ") for t in pair] for pair in pairs]


letters = st.characters(categories=["L", "N"]) | st.sampled_from('",; ')
words = st.text(letters, min_size=1, max_size=6).filter(str.strip)
tabbed = st.builds("{}{}{}".format, words, st.sampled_from("\t\n"), words) | words


@given(st.lists(st.tuples(tabbed, tabbed), min_size=1, max_size=6), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
def test_random_pairs_in_a_spreadsheets_tsv_are_all_read_as_they_were(tmp_path_factory, pairs, quoting):
    out = io.StringIO()
    csv.writer(out, "excel-tab", quoting=quoting).writerows([("source", "target"), *pairs])
    path = write(tmp_path_factory.mktemp("tsv") / "mine.tsv", out.getvalue())
    found = [*file_corpus([path], "translate").examples()]
    if any(sign in "".join(map("".join, pairs)) for sign in "\t\n"):
        assert [(e.source.strip(), e.target.strip()) for e in found] == [(a.strip(), b.strip()) for a, b in pairs]
    elif (quoting == csv.QUOTE_ALL and len(pairs) > 1) or (quoting == csv.QUOTE_MINIMAL and '"' not in str(pairs)):
        assert [(e.source, e.target) for e in found] == pairs


# poems


POEM = [("一一一", "二二二"), ("二二二", "三三三")]


@pytest.mark.parametrize("name,text,settings", [
    ("a.csv", "title,author,text\n诗,某,一一一，二二二。三三三。\n", {}),
    ("a.csv", "title,words\n诗,一一一，二二二。三三三。\n", {"source_column": "words"}),
    ("a.csv", "诗,某,一一一，二二二。三三三。\n", {"source_column": "3"}),
    ("a.json", '[{"title": "诗", "paragraphs": ["一一一，二二二。", "三三三。"]}]', {"source_column": "paragraphs"}),
    ("a.jsonl", '{"title": "诗", "text": "一一一，二二二。三三三。"}\n', {}),
    ("a.csv", "line,next\n一一一,二二二\n二二二,三三三\n", {}),
    ("a.jsonl", '{"line": "一一一", "next": "二二二"}\n{"line": "二二二", "next": "三三三"}',
     {"source_column": "line"}),
    ("a.csv", "line,next\n一一一,二二二\n二二二,三三三\n", {"source_column": "line"})])
def test_poems_may_stand_in_a_column_of_their_own(tmp_path, name, text, settings):
    path = write(tmp_path / name, text)
    corpus = file_corpus([path], "poem", CorpusSettings(**settings))
    assert [(e.source, e.target) for e in corpus.examples()] == POEM and corpus.notes == ()
    if "next" not in text:
        assert len({e.key for e in corpus.examples()}) == 1


def test_poems_in_a_column_keep_their_split(tmp_path):
    path = write(tmp_path / "a.csv", "split,text\ntrain,一一一，二二二。\ntest,三三三。四四四。\n")
    assert [e.split for e in file_corpus([path], "poem").examples()] == ["train", "test"]


def test_a_txt_of_poems_gives_neighbouring_lines_with_their_context_and_one_key_a_poem(tmp_path):
    path = write(tmp_path / "mine.txt", "一一一，二二二。三三三，\r\n\r\n四四四四，五五五五。\r\n")
    found = list(file_corpus([path], "poem").examples())
    assert [(e.context, e.source, e.target) for e in found] == [
        ((), "一一一", "二二二"), (("一一一",), "二二二", "三三三"), ((), "四四四四", "五五五五")]
    assert found[0].key == found[1].key != found[2].key


def test_poems_in_rows_of_one_or_two_lines_are_separated_by_blank_rows(tmp_path):
    path = write(tmp_path / "mine.txt", "题一\n一一一，\n二二二。\n三三三\n\n\n 四四四四，五五五五。\r\n六六六六。\n")
    corpus = file_corpus([path], "poem")
    found = list(corpus.examples())
    assert [(e.context, e.source, e.target, e.line) for e in found] == [
        ((), "一一一", "二二二", 1), (("一一一",), "二二二", "三三三", 1), ((), "四四四四", "五五五五", 7),
        (("四四四四",), "五五五五", "六六六六", 7)]
    assert found[0].key == found[1].key != found[2].key
    assert corpus.notes == (f"{path}: poems are separated by blank rows",)


@pytest.mark.parametrize("text,poems", [("一一，二二。三三，\n\n四四，五五。\n六六，七七。\n", 3),
                                        ("一一，二二。\n三三，四四。\n\n", 2)])
def test_a_longer_row_or_no_blank_one_between_means_a_poem_per_row(tmp_path, text, poems):
    corpus = file_corpus([write(tmp_path / "mine.txt", text)], "poem")
    assert len({e.key for e in corpus.examples()}) == poems and corpus.notes == ()


def test_pairs_of_poem_lines_may_be_given_with_tabs(tmp_path):
    found = list(file_corpus([write(tmp_path / "mine.txt", "一一一\t二二二\n三三三\t四四四\n")], "poem").examples())
    assert [(e.source, e.target, e.key) for e in found] == [("一一一", "二二二", ""), ("三三三", "四四四", "")]


def test_a_txt_with_no_pair_of_equal_lines_is_refused_with_the_remedy(tmp_path, refused):
    path = write(tmp_path / "mine.txt", "一一一，二二。\nhello, you\n")
    said = refused(lambda: list(file_corpus([path], "poem").examples()))
    assert str(path) in said and "equal length" in said and "one poem per row" in said and "，" in said


# what is refused


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("ending", ["tsv", "csv", "jsonl", "txt"])
@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b" \r\n\t\n\n"], ids=["nothing", "BOM only", "blank lines"])
def test_an_empty_file_is_refused(tmp_path, ending, content, task, refused):
    path = write(tmp_path / f"mine.{ending}", content)
    said = refused(lambda: list(file_corpus([path], task).examples()))
    assert said.startswith(f"{path}: is empty") and "one example per line" in said


def test_a_missing_file_is_named(tmp_path, refused):
    said = refused(lambda: file_corpus([tmp_path / "gone.tsv"], "word"))
    assert said == f"{tmp_path / 'gone.tsv'}: no such file; check its name"


@pytest.mark.parametrize("ending,bad,divider", [("tsv", "alone", "a tab"), ("txt", "alone", "a tab"),
                                                ("csv", "alone\tstill alone", "a comma")])
@pytest.mark.parametrize("header", [False, True])
def test_a_missing_column_drops_the_line_and_names_the_divider(tmp_path, ending, bad, divider, header):
    lines = [*lines_of(ending, header=header), "", bad, *lines_of(ending)]
    path = write(tmp_path / f"mine.{ending}", "\n".join(lines))
    (dropped,) = dropped_in(path)
    assert (dropped.line, dropped.text) == (lines.index(bad) + 1, bad) and divider in dropped.reason


def test_csv_lines_are_counted_as_an_editor_counts_them(tmp_path):
    path = write(tmp_path / "mine.csv", '"one\ntwo",a\nalone\n')
    assert [d.line for d in dropped_in(path)] == [3]


def test_a_row_that_is_no_csv_is_dropped_and_the_next_one_read(tmp_path):
    path = write(tmp_path / "mine.csv", 'a,b\n"c" d,e\nf,g\n')
    items = list(file_corpus([path], "translate").examples())
    assert [e.line if isinstance(e, Rejected) else (e.source, e.target) for e in items] == [("a", "b"), 2, ("f", "g")]


def test_a_quote_that_is_never_closed_does_not_swallow_the_rest_of_a_csv(tmp_path, refused):
    path = write(tmp_path / "mine.csv", 'a,"b\n' + "".join(f"{i},{i}\n" for i in range(20)))
    said = refused(lambda: list(file_corpus([path], "translate").examples()))
    assert str(path) in said and "quote" in said


def test_a_csv_row_too_long_for_the_reader_is_refused_in_one_line(tmp_path, refused):
    path = write(tmp_path / "mine.csv", 'a,b\nc,"' + "d\n" * LONGEST + '"\n')
    assert f"{path}: not readable as CSV" in refused(lambda: list(file_corpus([path], "translate").examples()))


QUOTED = '"a ""x"""\t"b\twith tab"\n"c"\t"d\nand more"\ne\tf\n'


def test_a_tsv_as_spreadsheets_write_it_is_read_with_its_quotes_and_reported(tmp_path):
    path = write(tmp_path / "mine.tsv", QUOTED)
    assert pairs_in(path) == [('a "x"', "b\twith tab"), ("c", "d\nand more"), ("e", "f")]
    [note] = file_corpus([path], "translate").notes
    assert note == f"{path}: read with quoted texts, as spreadsheets write them"


def test_a_ragged_row_does_not_hide_that_it_is_a_spreadsheet(tmp_path):
    rows = "".join(f'"a{i} ""x"""\t"b{i}\tc"\n' for i in range(30))
    path = write(tmp_path / "mine.tsv", 'text\tlabel\n' + rows + "d\te\tf\nalone\n")
    found = [e for e in file_corpus([path], "translate").examples() if not isinstance(e, Rejected)]
    assert [(e.source, e.target) for e in found] == [(f'a{i} "x"', f"b{i}\tc") for i in range(30)]
    assert [d.line for d in dropped_in(path)] == [32, 33]


@pytest.mark.parametrize("rows", ['"text"\t"label"\n"a"\t"b"\n"c"\t"d"\n', 'text\tlabel\n"a"\tb\n\n"c"\t5\n"e"\tf\n'])
def test_a_column_between_quotes_throughout_is_a_spreadsheets(tmp_path, rows):
    found = pairs_in(write(tmp_path / "mine.tsv", rows))
    assert found[0] == ("a", "b") and found[1][0] == "c"


def test_quotes_in_quotes_are_enough_to_know_a_spreadsheet(tmp_path):
    assert pairs_in(write(tmp_path / "mine.tsv", '"say ""hi"""\tsalut\n')) == [('say "hi"', "salut")]


@pytest.mark.parametrize("text", [
    '"He came.\tEr kam.\nShe left."\tSie ging.\n', '"He came."\t"Er kam."\n', '"He" came.\tEr kam.\nShe\t"Sie\n',
    'He said ""yes""\t"ja\n', '"\tZoll\n"\tZoll\n', 'a\tb\n"c\td\n', '"a""\tb\n"c""\td\n'])
def test_a_tsv_whose_texts_hold_quotes_is_not(tmp_path, text):
    path = write(tmp_path / "mine.tsv", text)
    assert pairs_in(path) == [tuple(line.split("\t")) for line in text.splitlines()]
    assert file_corpus([path], "translate").notes == ()


@pytest.mark.parametrize("bad", ['{"source": "a"', "a\tb", "{'source': 'a'}", "[" * 100_000, "1" * 5000],
                         ids=["cut off", "no JSON", "single quotes", "too deep", "too long a number"])
def test_a_bad_json_line_is_dropped(tmp_path, bad):
    path = write(tmp_path / "mine.jsonl", "\n".join([*lines_of("jsonl"), "", bad, *lines_of("jsonl")]))
    (dropped,) = dropped_in(path)
    assert (dropped.line, dropped.reason) == (5, "not JSON") and len(dropped.detail) <= 80


@pytest.mark.parametrize("item", ['["a", "b"]', '"a"', "null", "{}", '{"source": "a"}', '{"target": "b"}',
                                  '{"source": NaN, "target": "b"}', '{"text": "a", "label": null}',
                                  '{"text": "a", "label": ["b"]}'])
def test_a_json_line_without_both_texts_is_dropped_with_the_names_it_may_use(tmp_path, item):
    path = write(tmp_path / "mine.jsonl", "\n".join([*lines_of("jsonl"), item]))
    (dropped,) = dropped_in(path, "classify")
    assert dropped.line == 4 and dropped.reason in (
        "not an object with names and texts", 'no text under "source" or "text"', 'no text under "target" or "label"')


# the corpus made of it


def test_a_file_corpus_names_its_file_and_its_size_and_loads_in_both_scripts(tmp_path):
    path = write(tmp_path / "mine.tsv", "\n".join(lines_of("tsv")))
    corpus = file_corpus([path], "translate")
    assert (corpus.name, corpus.task, corpus.origin, corpus.size) == (str(path), "translate", str(path), "44 bytes")
    for script in ("simplified", "traditional"):
        assert [(e.source, e.target) for e in corpus.examples(script)] == PAIRS


def held_out_texts(dataset, field):
    """Those of the held-out examples that training has too."""
    def texts(examples):
        values = [getattr(e, field) for e in examples]
        return {text for value in values for text in (value if isinstance(value, tuple) else [value])}
    return texts([*dataset.dev, *dataset.test]) & texts(dataset.train)


@pytest.mark.parametrize("task", ["word", "classify", "translate"])
def test_in_a_file_of_pairs_the_source_of_a_held_out_example_is_new_and_the_target_need_not_be(tmp_path, task):
    path = write(tmp_path / "mine.tsv", "".join(f"source {i // 2}\ttarget {i % 2}\n" for i in range(400)) * 2)
    dataset = prepare(file_corpus([path], task)) if task != "classify" else prepare(file_corpus([write(
        tmp_path / "labels.tsv", "".join(f"source {i}\ttarget {i % 2}\n" for i in range(400)))], task))
    assert not held_out_texts(dataset, "source") and held_out_texts(dataset, "target") and not dataset.many_targets


def test_in_a_file_of_poems_no_line_of_a_held_out_pair_is_in_training(tmp_path):
    rows = ["".join(f"{a}{b}{c}，" for c in "天地人") for a in "一二三四五六七八九十" for b in "甲乙丙丁戊己庚辛"]
    dataset = prepare(file_corpus([write(tmp_path / "mine.txt", "\n".join(rows * 2))], "poem"))
    assert dataset.test and not any(held_out_texts(dataset, field) for field in ("source", "target", "context"))


def test_in_a_file_of_themes_with_many_texts_each_the_text_must_be_new_and_decides_the_split(tmp_path):
    path = write(tmp_path / "mine.tsv", "".join(f"{theme}\t{theme} {i}\n" for theme in "月山风雨花" for i in range(20)))
    dataset = prepare(file_corpus([path], "word"))
    assert dataset.many_targets and not dataset.rejected
    assert len(dataset.train) + len(dataset.dev) + len(dataset.test) == 100
    assert {e.source for e in dataset.train} == set("月山风雨花")
    assert all(e.key == e.target for e in dataset.train) and not held_out_texts(dataset, "target")


@pytest.mark.parametrize("texts_a_word,many", [(3, False), (4, True)])
def test_more_than_three_texts_per_word_make_it_a_theme(tmp_path, texts_a_word, many):
    lines = [f"word {i}\ttext {i} {j}\n" for i in range(30) for j in range(texts_a_word)]
    path = write(tmp_path / "mine.tsv", "".join(lines))
    dataset = prepare(file_corpus([path], "word"))
    assert dataset.many_targets == many and bool(held_out_texts(dataset, "source")) == many
    assert dataset.limited(20).many_targets == many  # decided once, on all
    assert not prepare(file_corpus([path], "translate")).many_targets


def test_a_word_list_with_few_texts_per_word_holds_out_whole_words(tmp_path):
    path = write(tmp_path / "mine.tsv", "".join(f"word {i}\tgloss {i} {j}\n" for i in range(100) for j in range(3)))
    dataset = prepare(file_corpus([path], "word"))
    assert {e.source for e in dataset.train}.isdisjoint(e.source for e in [*dataset.dev, *dataset.test])
