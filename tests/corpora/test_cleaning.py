"""What is cleaned and rejected: every step is counted, and every line that is rejected can be looked up."""

import pytest
from kinds import file_corpus, prepare

from core.data import Example, Rejected
from core.settings import CorpusSettings
from corpora.prepare.cleaning import Cleaner


def clean(source, target, script="", **settings):
    cleaner = Cleaner(CorpusSettings(**settings), script)
    return cleaner.clean(Example(source, target)), dict(cleaner.texts.changed)


@pytest.mark.parametrize("source,target,settings,reason", [
    (" ", "b", {}, "empty source or target"),
    ("a", "\u200b", {}, "empty source or target"),
    ("abc", "d", {"min_characters": 2}, "shorter than 2 characters"),
    ("abc", "d", {"max_characters": 2}, "longer than 2 characters"),
    ("abcdefg", "de", {"max_ratio": 3}, "one text more than 3 times as long as the other")])
def test_each_step_leaves_out_what_it_is_for(source, target, settings, reason):
    found, _ = clean(source, target, **settings)
    assert isinstance(found, Rejected) and found.reason == reason


@pytest.mark.parametrize("source,target,settings", [
    ("a", "b", {}), ("ab", "cd", {"min_characters": 2}), ("ab", "c", {"max_characters": 2}),
    ("abcdef", "de", {"max_ratio": 3})])
def test_what_is_just_within_the_limits_stays(source, target, settings):
    assert clean(source, target, **settings)[0] == Example(source, target)


def test_normalisation_and_script_conversion_change_texts_and_are_counted():
    assert clean("Ａ１", "b  c") == (Example("Ａ１", "b c"), {"normalised": 1})
    assert clean("Ａ１", "b  c", normalization="nfkc") == (Example("A1", "b c"), {"normalised": 2})
    assert clean("漢字", "ab", "simplified") == (Example("汉字", "ab"), {"converted to the other script": 1})
    assert clean("汉字", "ab", "traditional") == (Example("漢字", "ab"), {"converted to the other script": 1})
    assert clean("漢字", "ab", "as-written") == (Example("漢字", "ab"), {})


def test_context_key_and_mark_become_single_lines_of_the_same_script():
    example = Example("a", "b", ("漢\t",), "漢\n字", mark="漢\t\n")
    assert Cleaner(CorpusSettings(), "simplified").clean(example) == Example("a", "b", ("汉 ",), "汉 字", mark="汉  ")


def test_every_line_of_a_file_is_an_example_or_a_reject_with_its_line(tmp_path):
    lines = [f"source {i}\ttarget {i}" for i in range(50)]
    lines[3], lines[7], lines[9], lines[20] = "alone", "source 0\ttarget 0", "\ttarget", "x" * 40 + "\ty"
    path = tmp_path / "a.tsv"
    path.write_text("\n".join(lines), encoding="utf-8")
    dataset = prepare(file_corpus([path], "translate"), settings=CorpusSettings(max_ratio=10))
    rejects = [line.split("\t") for line in dataset.rejects.read_text(encoding="utf-8").splitlines()]
    assert rejects[0] == ["line", "reason", "file", "text"]
    assert sorted((int(line), reason.split(",")[0]) for line, reason, *_ in rejects[1:]) == [
        (4, "fewer columns than needed"), (8, "duplicate"), (10, "empty source or target"),
        (21, "one text more than 10 times as long as the other")]
    assert sum(dataset.rejected.values()) == 4
    assert len(dataset.train) + len(dataset.dev) + len(dataset.test) == 46


def test_rejects_name_the_file_where_there_are_several(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.tsv").write_text("".join(f"{name}{i}\tx{i}\n" for i in range(20)) + f"only {name}\n")
    dataset = prepare(file_corpus([tmp_path], "translate"))
    rejects = [line.split("\t") for line in dataset.rejects.read_text(encoding="utf-8").splitlines()[1:]]
    assert [(line, file, text) for line, _, file, text in rejects] == [
        ("21", str(tmp_path / "a.tsv"), "only a"), ("21", str(tmp_path / "b.tsv"), "only b")]


def test_the_same_text_under_two_labels_is_written_down_with_both(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("".join(f"text {i}\t{'ab'[i % 2]}\n" for i in range(30)) + "text 0\tb\n")
    dataset = prepare(file_corpus([path], "classify"))
    assert dataset.rejected == {"same text under two labels": 2}
    assert [line.split("\t")[0] for line in dataset.rejects.read_text().splitlines()[1:]] == ["1", "31"]


def test_if_no_example_is_usable_the_first_reason_is_reported_with_its_line(tmp_path, refused):
    path = tmp_path / "a.tsv"
    path.write_text("one\ntwo\nthree\n")
    said = refused(lambda: prepare(file_corpus([path], "translate")))
    assert "0 usable examples; at least 10 required" in said
    assert "3 rejected: fewer columns" in said and "the first in line 1" in said


def test_other_limits_make_another_dataset_from_the_same_file(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("".join(f"{'x' * i}\t{i}\n" for i in range(1, 60)))
    sizes = [len(prepare(file_corpus([path], "translate"), settings=CorpusSettings(max_characters=n)).train)
             for n in (0, 40, 0)]
    assert sizes[0] == sizes[2] > sizes[1]
