"""The contract of every corpus that corpora.all_corpora() finds, and how a corpus is found by its name."""

import dataclasses
import importlib
import subprocess
import sys
import urllib.error
from functools import cache
from pathlib import Path

import pytest
import samples
from kinds import FORMATS, find, prepare

import corpora
from core.data import Example, InputError
from core.settings import CorpusSettings, Settings
from corpora.fetch import download, sources
from corpora.prepare.cleaning import TextCleaner
from corpora.prepare.hashes import dedup_key
from corpora.prepare.splits import Dataset
from corpora.shared.corpus import Corpus, CorpusUnavailable

ROOT = Path(__file__).resolve().parents[2]
TASKS = ("word", "classify", "poem", "translate")
TEXTS = ("name", "task", "title", "size", "licence", "origin")
ALL = corpora.all_corpora()
WITHOUT_CHINESE = ("ag-news", "chat-en", "chat-movies", "iwslt15", "multi30k", "tatoeba-ja", "tatoeba-fr",
                   "tatoeba-de", "tatoeba-es")
CHANGING = ("tatoeba", "classical")  # what is downloaded for these has no checksum


FILES = sorted(p.stem for p in (ROOT / "corpora").glob("[!_]*.py"))


def defined_in(file: str) -> list[Corpus]:
    return [c for c in vars(importlib.import_module(f"corpora.{file}")).values() if isinstance(c, Corpus)]


def name_of(corpus: Corpus) -> str:
    return f"{corpus.name} for {corpus.task}"


every = pytest.mark.parametrize("corpus", ALL, ids=name_of)
every_in_each_script = pytest.mark.parametrize(
    "corpus,script", [(c, s) for c in ALL for s in c.scripts], ids=lambda v: v if isinstance(v, str) else name_of(v))


@pytest.fixture(scope="module", autouse=True)
def mirror(tmp_path_factory):
    """What would be downloaded is found in a mirror of small samples, whose checksums cannot be the real ones."""
    folder = tmp_path_factory.mktemp("mirror")
    samples.put(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("N2M_MIRROR", str(folder))
        patch.setenv("N2M_CACHE", str(folder / "cache"))
        patch.setattr(sources, "is_right", lambda path, checksum: True)
        yield folder


@cache
def examples(name: str, task: str, script: str) -> list[Example]:
    return list(find(name, task).examples(script))


def prepared(corpus: Corpus, script: str, reverse: bool = False, at_most: int | None = None) -> Dataset:
    """The corpus, loaded once for all tests."""
    return prepare(dataclasses.replace(corpus, load=lambda s: examples(corpus.name, corpus.task, s)[:at_most]),
                   script, reverse)


# every corpus


def test_names_are_unique_within_a_task():
    names = [(c.task, c.name) for file in FILES for c in defined_in(file)]
    assert len(set(names)) == len(names) >= len(ALL)


def test_every_task_has_a_starter_corpus_and_another():
    for task in TASKS:
        names = [c.name for c in corpora.of_task(FORMATS[task])]
        assert names[0] == "starter" and len(names) > 1


@pytest.mark.parametrize("file", FILES)
def test_every_file_of_the_folder_has_a_corpus_and_all_of_them_are_found(file):
    assert defined_in(file) and all(c in ALL for c in defined_in(file))


@every
def test_every_text_field_is_one_line(corpus):
    for field in TEXTS:
        text = getattr(corpus, field)
        assert isinstance(text, str) and text == text.strip() != "" and len(text.splitlines()) == 1, field


@every
def test_no_text_field_has_a_gap_still_to_be_filled(corpus):
    assert not any("{" in getattr(corpus, field) for field in TEXTS)


@every
def test_task_scripts_and_disjoint_fields_are_known_ones(corpus):
    assert corpus.task in TASKS
    assert corpus.scripts in (("simplified",), ("simplified", "traditional"), ("as-written",))
    assert corpus.disjoint_fields and set(corpus.disjoint_fields) <= {"source", "target", "context"}


@every
def test_only_chinese_is_converted_in_a_corpus_and_in_the_input_of_its_models(corpus):
    is_chinese = not corpus.name.startswith(WITHOUT_CHINESE)
    assert (corpus.scripts[0] == "simplified") == is_chinese
    assert TextCleaner(script=corpus.scripts[0]).clean("東京の學校") == ("东京の学校" if is_chinese else "東京の學校")


@every
def test_suggested_settings_are_possible_ones(corpus):
    dataclasses.replace(Settings(), **corpus.suggested)


@every
@pytest.mark.parametrize("script", ["klingon", "", "Simplified"])
def test_a_script_it_does_not_come_in_is_refused_with_those_it_does(corpus, script, refused):
    said = refused(lambda: corpus.examples(script))
    assert said.startswith(f"`script` {script}: the corpus {corpus.name} is available in ")
    assert all(known in said for known in corpus.scripts)


def test_a_corpus_in_one_script_refuses_the_other(refused):
    said = refused(lambda: prepare(find("reviews", "classify"), "traditional"))
    assert said == "`script` traditional: the corpus reviews is available in simplified only"


# corpora that need no download


@every_in_each_script
def test_it_yields_examples_with_source_and_target(corpus, script):
    count = 0
    for e in examples(corpus.name, corpus.task, script):
        assert isinstance(e, Example) and isinstance(e.source, str) and isinstance(e.target, str)
        count += bool(e.source.strip() and e.target.strip())
    assert count > 100


@every_in_each_script
def test_it_can_be_prepared_with_nothing_exclusive_of_a_held_out_example_in_training(corpus, script):
    dataset = prepared(corpus, script, at_most=20_000)
    assert dataset.name == corpus.name and dataset.labels == (corpus.task == "classify")
    parts = {part: getattr(dataset, part) for part in ("train", "dev", "test")}
    assert all(e.source and e.target for part in parts.values() for e in part)
    total, held = sum(map(len, parts.values())), len(parts["dev"]) + len(parts["test"])
    marks = [e.split for e in examples(corpus.name, corpus.task, script)[:20_000] if isinstance(e, Example)]
    if "" in marks and "train" in marks:  # some examples are for training only: the others are divided
        total = marks.count("")
    assert 0.08 < held / total < 0.2 and 0.04 < len(parts["test"]) / total < 0.16
    seen = {part: {dedup_key(text) for e in there for name in corpus.disjoint_fields for text in
                   ((getattr(e, name),) if name != "context" else e.context)} for part, there in parts.items()}
    assert not seen["train"] & (seen["dev"] | seen["test"]) and not seen["dev"] & seen["test"]
    if dataset.labels:
        assert {e.target for e in [*dataset.dev, *dataset.test]} <= {e.target for e in dataset.train}


@every
def test_it_loads_the_same_each_time(corpus):
    assert list(corpus.examples()) == examples(corpus.name, corpus.task, corpus.scripts[0])


@pytest.mark.parametrize("corpus", [c for c in ALL if c.task != "classify"], ids=name_of)
def test_it_can_be_reversed_with_each_example_in_its_split(corpus):
    # A label has no one text, so a classifier's corpus has no other direction.
    forward, backward = (prepared(corpus, corpus.scripts[0], reverse, at_most=10_000) for reverse in (False, True))
    part_of = {(e.source, e.target): part for part in ("train", "dev", "test") for e in getattr(forward, part)}
    for part in ("train", "dev", "test"):
        found = list(getattr(backward, part))
        assert found and all(part_of.get((e.target, e.source), part) == part for e in found)
    assert len(backward.train) > 0.6 * len(forward.train)


def test_loading_and_preparing_corpora_does_not_import_torch():
    program = (
        "import sys, corpora\n"
        "sys.path.insert(0, 'tests/corpora')\n"
        "from kinds import find, prepare\n"
        "for task in ('poem', 'word', 'classify', 'translate'):\n"
        "    prepare(find('starter', task))\n"
        "prepare(find('reviews', 'classify'))\n"
        "prepare(find('hsk', 'translate'))\n"
        "print(*sorted({'torch', 'torchtext', 'snownlp', 'hsk_sentences_audio', 'corpora'} & set(sys.modules)))\n")
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["corpora"]  # nor the packages whose files are read


# corpora that need a download


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No network, no npm, nothing in the cache."""
    def no_network(*args, **kwargs):
        raise urllib.error.URLError(OSError(-3, "Temporary failure in name resolution"))

    monkeypatch.setenv("N2M_CACHE", str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("urllib.request.urlopen", no_network)
    return monkeypatch


@every
def test_offline_it_is_available_or_one_line_reports_the_answer_of_each_source_and_the_remedy(corpus, offline, refused):
    offline.setenv("N2M_MIRROR", "")
    try:
        assert next(iter(corpus.examples()))
    except CorpusUnavailable:
        said = refused(lambda: prepare(corpus), CorpusUnavailable)
        assert said.startswith("could not be fetched: ")
        assert "https://" in said and "name resolution" in said
        assert "`mirror` may name a folder or URL with" in said
        assert corpus.citation and len(corpus.citation.splitlines()) == 1


@every
def test_a_file_that_is_not_the_one_expected_is_refused(corpus, offline, refused):
    """Where upstream is fixed; the samples are not what is there."""
    offline.setattr(sources, "is_right", download.is_right)
    try:
        next(iter(corpus.examples()))
        offline.setenv("N2M_MIRROR", "")
        assert next(iter(corpus.examples())) or corpus.name.startswith(CHANGING)
    except CorpusUnavailable as error:
        assert "wrong checksum" in str(error)
        assert not corpus.name.startswith(CHANGING)


def test_most_corpora_are_downloaded_and_checked(offline):
    """So that the two tests above have something to say."""
    offline.setattr(sources, "is_right", download.is_right)
    refusing = []
    for corpus in ALL:
        try:
            next(iter(corpus.examples()))
        except CorpusUnavailable:
            refusing.append(corpus.name)
    assert len(refusing) > 12 and {"tang", "multi30k-de-en", "ag-news", "couplets-large"} <= set(refusing)


def test_an_unavailable_corpus_is_an_input_error():
    assert issubclass(CorpusUnavailable, InputError)


# find


SOME = "一二三四五六七八九十天地人水风云花草木石"


@every
def test_a_corpus_is_found_by_its_name_and_task(corpus):
    assert find(corpus.name, corpus.task) == corpus


@pytest.mark.parametrize("setting", ["encoding", "source_column", "target_column"])
@every
def test_a_named_corpus_refuses_settings_on_how_files_are_read(corpus, setting, refused):
    said = refused(lambda: find(corpus.name, corpus.task, CorpusSettings(**{setting: "utf-8"})))
    assert said.startswith(f"`{setting}` utf-8 is for files of your own")


@pytest.mark.parametrize("name,task,nearest", [
    ("tnag", "poem", "tang"), ("theme", "word", "themes"), ("cedikt", "word", "cedict"),
    ("review", "classify", "reviews"), ("Starter", "translate", "starter")])
def test_an_unknown_name_gives_the_nearest_and_all_known(name, task, nearest, refused):
    said = refused(lambda: find(name, task))
    assert said.startswith(f"`corpus` {name}: no such corpus or file; did you mean {nearest}? Known: ")
    assert all(c.name in said for c in ALL if c.task == task)
    assert all(ending in said for ending in (".tsv", ".csv", ".jsonl", ".txt"))


def test_a_name_like_no_other_gets_all_known_and_no_guess(refused):
    said = refused(lambda: find("zzzz", "classify"))
    assert "did you mean" not in said and all(name in said for name in ("reviews", "starter", "topics"))


@pytest.mark.parametrize("name,task,other", [("reviews", "poem", "classify"), ("tang", "word", "poem"),
                                             ("hsk", "classify", "translate"), ("topics", "translate", "classify")])
def test_a_corpus_of_another_task_is_named_as_such_with_those_of_this_task(name, task, other, refused):
    said = refused(lambda: find(name, task))
    assert said.startswith(f"`corpus` {name}: is for `task` {other}; for {task}: ")
    assert all(c.name in said for c in ALL if c.task == task) and "file of your own" in said


@pytest.mark.parametrize("task", TASKS)
def test_a_path_gives_the_file(tmp_path, task):
    path = tmp_path / "mine.tsv"
    answers = ["yes", "no"] * 10 if task == "classify" else [f"{c}山" for c in SOME]
    path.write_text("".join(f"{c}月\t{answer}\n" for c, answer in zip(SOME, answers)), encoding="utf-8")
    corpus = find(str(path), task)
    assert (corpus.name, corpus.task) == (str(path), task)
    dataset = prepare(corpus)
    assert dataset.name == str(path) and len([*dataset.train, *dataset.dev, *dataset.test]) == 20


def test_a_path_may_have_any_ending_where_the_file_exists(tmp_path, monkeypatch):
    (tmp_path / "mine").write_text("a\tb\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert list(find("mine", "translate").examples()) == [Example("a", "b")]


def test_the_name_of_a_corpus_is_preferred_to_a_file_of_that_name(tmp_path, monkeypatch):
    (tmp_path / "hsk").write_text("a\tb\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert find("hsk", "translate").licence != "yours"


@pytest.mark.parametrize("name", ["gone.tsv", "gone.CSV", "nowhere/gone.jsonl", "poem.txt"])
def test_a_name_that_looks_like_a_file_is_one(name, tmp_path, monkeypatch, refused):
    monkeypatch.chdir(tmp_path)
    assert refused(lambda: find(name, "word")) == f"{name}: no such file; check its name"


@pytest.mark.parametrize("name", ["", ".", "some folder"])
def test_a_folder_is_no_corpus(name, tmp_path, monkeypatch, refused):
    (tmp_path / "some folder").mkdir()
    monkeypatch.chdir(tmp_path)
    refused(lambda: find(name, "word"))


@pytest.mark.parametrize("name", ["月" * 300, "月" * 300 + ".tsv"], ids=["a name", "a file"])
def test_a_name_longer_than_any_file_name_is_unknown(name, refused):
    # As when a sentence meant for --input is given as --corpus.
    assert name in refused(lambda: find(name, "word"))
