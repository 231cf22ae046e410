"""Faults corrected in reading and preparing corpora, and the names of version 0.1.0 that still work."""

import dataclasses
import os
import zipfile
from pathlib import Path

import pytest
from kinds import FORMATS, file_corpus, find, prepare

import corpora
from core.data import Dropped, Example, ExampleFormat, InputError, Rejected
from core.files import write_aside
from core.settings import CorpusSettings
from corpora import classical
from corpora.prepare import splits
from corpora.prepare.cleaning import TextCleaner, script_converter
from corpora.prepare.description import advice
from corpora.shared.corpus import Corpus

ROWS = "".join(f"source {i}\ttarget {i}\n" for i in range(60))


# rejects


def test_writing_rejects_leaves_every_other_file_as_it_is(tmp_path):
    (tmp_path / "a.tsv").write_text(ROWS + "alone\n", encoding="utf-8")
    for name in ("out.tsv.part", ".out.tsv.part", "out.tsv.new", ".out.tsv.new"):
        (tmp_path / name).write_text("mine", encoding="utf-8")
    prepare(file_corpus([tmp_path / "a.tsv"], "translate"), rejects=tmp_path / "out.tsv")
    assert "alone" in (tmp_path / "out.tsv").read_text(encoding="utf-8")
    others = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.*")}
    assert {others.pop(name) for name in [*others] if "part" in name or "new" in name} == {"mine"}
    assert set(others) == {"a.tsv", "out.tsv"}


def test_a_file_written_aside_replaces_the_old_one_only_when_all_of_it_is_written(tmp_path):
    path = tmp_path / ("x" * 250)
    for text in (b"one", b"two"):
        with write_aside(path) as out:
            out.write(text)
        assert path.read_bytes() == text
    with pytest.raises(KeyboardInterrupt), write_aside(path) as out:
        out.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"two" and os.listdir(tmp_path) == [path.name]
    with open(tmp_path / "usual", "w"):
        assert (tmp_path / "usual").stat().st_mode == path.stat().st_mode


# archives


def test_names_in_a_zip_that_are_utf_8_but_not_marked_so_are_read(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("双语/源.tsv", ROWS)
        archive.writestr("caf\u00e9.txt".encode("cp437").decode("cp437"), "a\tb\n")
    packed = path.read_bytes()
    marked = zipfile.ZipFile(path).getinfo("双语/源.tsv").flag_bits
    assert marked & 0x800 and packed.count((marked).to_bytes(2, "little")) >= 2
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if "源" in info.filename:  # in both its headers
                for start in (info.header_offset + 6, packed.index(b"PK\1\2") + 8):
                    packed = packed[:start] + (info.flag_bits & ~0x800).to_bytes(2, "little") + packed[start + 2:]
    path.write_bytes(packed)
    assert "双语" not in zipfile.ZipFile(path).namelist()[0]
    files = {str(e.file) for e in find(str(path), "translate").examples()}
    assert files == {f"{path}/双语/源.tsv", f"{path}/café.txt"}


def test_a_corpus_without_its_files_is_refused_with_their_names(tmp_path, monkeypatch, refused):
    monkeypatch.setattr(classical, "archive", lambda: tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("other/source.txt", "一\n")
    said = refused(lambda: list(classical.load("simplified")))
    assert f"{tmp_path / 'a.zip'}: has no 双语数据/…/source.txt with a target.txt beside it" in said


# texts


def test_a_text_is_treated_as_a_corpus_treats_its_texts():
    assert TextCleaner("nfkc", "simplified").clean(" ＡＢＣ　牀開 ") == "ABC 床开"
    assert TextCleaner("nfc", "as-written").clean("ＡＢＣ　牀開\n") == "ＡＢＣ 牀開"
    assert script_converter("traditional")("开") == "開" and script_converter("as-written")("开") == "开"


def test_poems_of_any_script_are_read_as_pairs_of_equally_long_lines(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("roses are red / lilies so red\nalpha beta, gamma delt\nгора лес / река дом\n", encoding="utf-8")
    assert [(e.source, e.target) for e in file_corpus([path], "poem").examples() if isinstance(e, Example)] == [
        ("roses are red", "lilies so red"), ("alpha beta", "gamma delt"), ("гора лес", "река дом")]


# a task's own check


def tagged(example):
    n, m = len(example.source), len(example.target.split())
    return "" if n == m else f"{n} characters, {m} tags"


TAGS = ExampleFormat("tag", check=tagged)


def tags(tmp_path, bad):
    rows = [f"{a}{b}\tB E\n" for a in "天地玄黄宇宙洪荒" for b in "日月盈昃辰宿列张"]
    for line in bad:
        rows[line - 1] = rows[line - 1].replace("B E", "B E S")
    (tmp_path / "a.tsv").write_text("".join(rows), encoding="utf-8")
    return corpora.find(str(tmp_path / "a.tsv"), TAGS)


def test_an_example_in_the_wrong_format_is_counted_with_its_line_and_named_in_the_advice(tmp_path):
    dataset = splits.prepare(tags(tmp_path, [7, 20]), TAGS)
    assert dataset.rejected == {"not in the format of this task": 2}
    lines = dataset.rejects.read_text(encoding="utf-8").splitlines()[1:]
    assert [line.split("\t")[:2] for line in lines] == [
        [n, "not in the format of this task (2 characters, 3 tags)"] for n in ("7", "20")]
    assert next(advice(dataset)) == ("2 examples are not in the format of this task; the first in line 7: "
                                     "2 characters, 3 tags")
    assert next(advice(splits.prepare(tags(tmp_path, []), TAGS))).startswith("5")  # few examples, nothing else


def test_a_file_of_which_a_task_refuses_all_is_refused_with_the_first_line(tmp_path, refused):
    said = refused(lambda: splits.prepare(tags(tmp_path, range(1, 65)), TAGS))
    assert "0 usable examples; at least 10 required; 64 rejected: not in the format of this task" in said
    assert said.endswith(" (the first in line 1: 2 characters, 3 tags)")


def test_another_version_of_the_check_reads_the_corpus_again(tmp_path):
    corpus = tags(tmp_path, [7])
    assert splits.prepare(corpus, TAGS).rejected
    lenient = dataclasses.replace(TAGS, check=None)
    assert splits.prepare(corpus, lenient).rejected  # as kept
    assert not splits.prepare(corpus, dataclasses.replace(lenient, version=2)).rejected


# where a corpus is found again


def test_the_names_of_a_corpus_find_it_again_from_another_folder(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    for name in ("a.tsv", "a.en", "a.de"):
        (tmp_path / name).write_text(ROWS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for given in (["a.tsv"], ["a.de", "a.en"], ["here/../a.tsv"], ["hsk"]):
        corpus = find(given, "translate")
        monkeypatch.chdir(tmp_path / "here")
        again = find(corpus.names, "translate")
        monkeypatch.chdir(tmp_path)
        assert again.names == corpus.names and prepare(again) == dataclasses.replace(prepare(corpus), name=again.name)
    assert find(["a.tsv"], "translate").names == (str(tmp_path / "a.tsv"),)


def test_facts_about_corpora_need_neither_torch_nor_pyarrow():
    import subprocess
    import sys
    program = ("import sys; sys.path.insert(0, 'tests/corpora')\nimport corpora\nfrom kinds import FORMATS\n"
               "print(len(corpora.of_task(FORMATS['poem'])), *sorted({'torch', 'pyarrow'} & set(sys.modules)))")
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True).stdout == "5\n"


# names of version 0.1.0


def test_the_old_names_still_work():
    assert Dropped is Rejected and Example("a", "b", part="dev") == Example("a", "b", split="dev")
    assert Example("a", "b", split="test").part == "test"
    corpus = Corpus(name="mine", task="word", title="t", size="s", licence="l", origin="o", load=lambda script: [],
                    exclusive=("target",))
    assert corpus.disjoint_fields == ("target",)
    assert dataclasses.replace(corpus, disjoint_fields=("source",)).disjoint_fields == ("source",)
    with pytest.raises(TypeError, match="disjoint_fields may hold source, target, context, not 'sources'"):
        dataclasses.replace(corpus, exclusive=("sources",))


def test_what_is_no_script_or_setting_of_a_corpus_is_named_as_a_value(refused):
    assert refused(lambda: prepare(find("reviews", "classify"), "klingon")).startswith("`script` klingon: ")
    with pytest.raises(InputError, match="`encoding` gbk is for files of your own; the corpus tang has a fixed format"):
        corpora.find("tang", FORMATS["poem"], CorpusSettings(encoding="gbk"))
