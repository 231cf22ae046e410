"""run.py corpora, and --corpus with what is not a plain file, as a user types it."""

import pytest

from run import main
from tests.command import QUICK, refused, run


def pairs(count):
    return "".join(f"source number {i}\ttarget number {i * 7 % 97}\n" for i in range(count))


def test_list_names_every_corpus():
    done = run("corpora")
    assert done.returncode == 0 and "--corpus tang" in done.stdout and "--corpus hsk" in done.stdout
    assert run("corpora", "list").stdout == done.stdout == run("--list").stdout


def test_show_describes_a_named_corpus():
    done = run("corpora", "show", "starter", "--task", "classify")
    assert done.returncode == 0, done.stderr
    for part in ("splits ", "characters ", "labels ", "vocabulary ", "subwords", "samples", "licence: MIT", "checksum"):
        assert part in done.stdout, part


def test_check_tells_what_to_change_and_rejects_are_written(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"text {i},only\n" for i in range(50)) + "alone\n")
    done = run("corpora", "check", tmp_path / "a.csv", "--task", "classify", "--rejects", tmp_path / "out.tsv")
    assert done.returncode == 0, done.stderr
    assert "works for --task classify" in done.stdout and "only one label" in done.stdout
    assert (tmp_path / "out.tsv").read_text().splitlines()[1].startswith("52\tfewer columns")


@pytest.mark.parametrize("arguments,says", [
    (["eat"], "corpora eat is unknown; use list, show or check"), (["list", "tang"], "takes no name"),
    (["show"], "needs the name of a corpus or a file"), (["show", "starter"], "needs a task; add --task"),
    (["show", "nothing.tsv", "--task", "poem"], "no such file"),
    (["check", "tagn", "--task", "poem"], "did you mean tang"),
    (["show", "tatoba-zh-en"], "did you mean tatoeba-zh-en"), (["show", "hsk", "chat"], "name one at a time"),
    (["show", "no_module:X"], "is unavailable"),
    (["show", "https://a/b.tsv", "--task", "word"], "URLs are not supported"),
    (["show", "tang", "--epochs", "2"], "unrecognized arguments")])
def test_mistakes_are_answered_with_one_line(arguments, says):
    assert says in refused("corpora", *arguments)


def test_a_training_from_standard_input_a_pair_of_files_and_a_module(tmp_path):
    done = run("--task", "translate", "--corpus", "-", "--model-dir", tmp_path / "a", *QUICK, stdin=pairs(90))
    assert done.returncode == 0, done.stderr
    assert "came through standard input" in refused("--task", "translate", "--model-dir", tmp_path / "a")
    (tmp_path / "x.de").write_text("".join(line.split("\t")[0] + "\n" for line in pairs(90).splitlines()))
    (tmp_path / "x.en").write_text("".join(line.split("\t")[1] + "\n" for line in pairs(90).splitlines()))
    flags = ["--task", "translate", "--corpus", tmp_path / "x.de", tmp_path / "x.en", "--model-dir", tmp_path / "b"]
    done = run(*flags, *QUICK)
    assert done.returncode == 0, done.stderr
    weights = [(tmp_path / name / "weights.safetensors").read_bytes() for name in "ab"]
    assert weights[0] == weights[1]
    again = run(*flags)  # finds the model, and its corpus by both names
    assert again.returncode == 0 and "trained on" in again.stderr, again.stderr
    (tmp_path / "mine.py").write_text(
        "from core.data import Example\nfrom corpora.shared.corpus import Corpus\n"
        "DAYS = Corpus(name='days', task='translate', title='t', size='90', licence='l', origin='o',\n"
        "              load=lambda script: (Example(f'day {i}', f'night {i}') for i in range(90)))\n")
    done = run("--task", "translate", "--corpus", "mine:DAYS", "--model-dir", tmp_path / "c", *QUICK, where=tmp_path)
    assert done.returncode == 0 and "days: " in done.stderr, done.stderr
    for name, says in (("mine:WEEKS", "has no attribute"), ("nomodule:X", "No module named"),
                       ("mine:Example", "is not a Corpus")):
        assert says in refused("--task", "translate", "--corpus", name, where=tmp_path)
    assert "is for --task translate" in refused("--task", "poem", "--corpus", "mine:DAYS", where=tmp_path)


def test_what_was_read_otherwise_is_another_corpus(tmp_path):
    (tmp_path / "a.csv").write_text("zh,en\n" + pairs(60).replace("\t", ","))
    flags = ["--task", "translate", "--corpus", tmp_path / "a.csv", "--model-dir", tmp_path / "m"]
    done = run(*flags, "--source-column", "zh", "--target-column", "en", *QUICK)
    assert done.returncode == 0, done.stderr
    assert "--source-column zh, not en" in refused(*flags, "--source-column", "en", "--target-column", "zh")


def test_what_a_file_is_read_as_is_told_even_where_it_cannot_be_used(tmp_path):
    (tmp_path / "poems.csv").write_text("".join(f"title {i},author,text {i}\n" for i in range(30)), encoding="utf-8")
    done = run("corpora", "check", tmp_path / "poems.csv", "--task", "poem", "--min-characters", "50")
    assert done.returncode == 2 and not done.stdout
    assert "column 1 is the source and column 2 the target" in done.stderr and "0 usable examples" in done.stderr


def test_rejects_never_replace_another_file(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("N2M_CACHE", str(tmp_path / "cache"))
    corpus = tmp_path / "pairs.tsv"
    corpus.write_text("".join(f"word {i}\ttext {i}\n" for i in range(60)) + "alone\n", encoding="utf-8")
    before = corpus.read_bytes()
    command = ["corpora", "check", str(corpus), "--task", "translate", "--rejects"]
    assert main([*command, str(corpus)]) == 2
    assert f"--rejects {corpus}: already exists and is not a file of rejects; choose" in capsys.readouterr().err
    assert corpus.read_bytes() == before
    assert main([*command, str(tmp_path)]) == 2 and "is not a file; choose another path" in capsys.readouterr().err
    assert main([*command, str(tmp_path / "no" / "a.tsv")]) == 2 and "--rejects" in capsys.readouterr().err
    for _ in range(2):  # one of its own it replaces
        assert main([*command, str(tmp_path / "left-out.tsv")]) == 0
    assert "alone" in (tmp_path / "left-out.tsv").read_text(encoding="utf-8")


def test_where_nothing_can_be_used_the_rejects_are_still_written(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("N2M_CACHE", str(tmp_path / "cache"))
    (tmp_path / "a.tsv").write_text("alone\n" * 20, encoding="utf-8")
    assert main(["corpora", "check", str(tmp_path / "a.tsv"), "--task", "word", "--rejects", str(tmp_path / "r")]) == 2
    assert "0 usable examples" in capsys.readouterr().err
    assert (tmp_path / "r").read_text(encoding="utf-8").count("fewer columns than needed") == 20
