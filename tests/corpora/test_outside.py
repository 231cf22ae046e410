"""Corpora outside the project: in a module of the user's, or announced by an installed package."""

import importlib
import sys

import pytest
from kinds import find, prepare

import corpora
from core.data import Example
from corpora import _of_packages, all_corpora

MODULE = '''
from core.data import Example
from corpora.shared.corpus import Corpus

def load(script):
    for i in range(40):
        yield Example(f"word {i}", f"text {i}")

MINE = Corpus(name="mine", task="translate", title="a corpus of mine", size="40 pairs", licence="mine", origin="here",
              load=load)
TANG = Corpus(name="tang", task="poem", title="not the Tang poems", size="0", licence="mine", origin="here", load=load)
OTHER = 5
'''


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module that Python finds, with a name no other has."""
    name = f"outside_{tmp_path.name}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    sys.modules.pop(name, None)


@pytest.fixture
def announced(tmp_path, module):
    """Has an installed package announce these of the module's names."""
    def announce(**points: str) -> None:
        about = tmp_path / "outside-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n", encoding="utf-8")
        (about / "entry_points.txt").write_text("[n2m.corpora]\n" + "".join(
            f"{name} = {target.format(module)}\n" for name, target in points.items()), encoding="utf-8")
        importlib.invalidate_caches()
        _of_packages.cache_clear()
    yield announce
    _of_packages.cache_clear()


def test_a_corpus_of_a_module_is_found_and_can_be_prepared(module):
    corpus = find(f"{module}:MINE", "translate")
    assert corpus.name == "mine" and next(iter(corpus.examples())) == Example("word 0", "text 0")
    assert len(prepare(corpus).train) > 20


def test_a_module_in_the_current_folder_is_found(tmp_path, monkeypatch):
    (tmp_path / "right_here.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert find("right_here:MINE", "translate").name == "mine"
    sys.modules.pop("right_here")


@pytest.mark.parametrize("name,task,said", [
    ("{}:NONE", "translate", "is unavailable (AttributeError: "),
    ("nowhere_at_all:X", "translate", "is unavailable (ModuleNotFoundError: "),
    ("{}:OTHER", "translate", "is not a Corpus (corpora/shared/corpus.py) but int"),
    ("{}:MINE", "poem", "is for `task` translate, not poem")])
def test_what_is_no_corpus_of_the_task_is_refused(module, name, task, said, refused):
    name = name.format(module)
    assert refused(lambda: find(name, task)).startswith(f"`corpus` {name}: {said}")


@pytest.mark.parametrize("body,said", [
    ("yield ('a', 'b')", "TypeError: load must yield Example or Rejected, not tuple; "),
    ("yield Example(5, 'b')", "TypeError: Example(source=5, target='b', context=(), key='', split=''): source, "),
    ("yield Example('a', None)", "TypeError: Example("), ("yield Example('a', 'b', line='7')", "TypeError: Example("),
    ("yield Example('a', 'b', split='valid')", "TypeError: Example("),
    ("raise SystemExit(3)", "SystemExit: 3; {path}, line 7"),
    ("yield Example('a', 'b'); {}['zh']", "KeyError: 'zh'; {path}, line 7"), ("return None", "TypeError: "),
    ("raise ValueError('one\\ntwo')", "ValueError: one two; {path}, line 7")])
def test_a_load_that_fails_is_reported_in_one_line_with_its_location(tmp_path, module, body, said, refused):
    path = tmp_path / f"{module}.py"
    path.write_text(MODULE.replace('yield Example(f"word {i}", f"text {i}")', body), encoding="utf-8")
    corpus = find(f"{module}:MINE", "translate")
    assert f"`corpus` mine: cannot be read ({said.format(path=path)}" in refused(lambda: prepare(corpus))


@pytest.mark.parametrize("field,said", [
    ("version='1'", "version must be a function"),
    ("disjoint_fields=('sources',)", "disjoint_fields may hold source, target, "),
    ("scripts='simplified'", "scripts must be a tuple"),
    ("disjoint_fields='source'", "disjoint_fields must be a tuple"),
    ("notes='a note'", "notes must be a tuple"),
    ("suggested={'epoch': 3}", "suggested 'epoch' is not a setting")])
def test_a_corpus_that_cannot_be_is_refused_where_it_is_written(tmp_path, module, field, said, refused):
    (tmp_path / f"{module}.py").write_text(MODULE.replace("load=load)", f"load=load, {field})", 1), encoding="utf-8")
    message = refused(lambda: find(f"{module}:MINE", "translate"))
    assert "is unavailable (TypeError: Corpus mine: " + said in message


@pytest.mark.parametrize("body,said", [
    ("1 / 0", "ZeroDivisionError: "), ("open('nowhere.txt')", "FileNotFoundError: ")])
def test_a_version_or_a_load_that_fails_is_reported(tmp_path, module, body, said, refused):
    for field in (f"load=load, version=lambda: {body})", f"load=lambda script: {body})"):
        (tmp_path / f"{module}.py").write_text(MODULE.replace("load=load)", field, 1), encoding="utf-8")
        sys.modules.pop(module, None)
        importlib.invalidate_caches()
        assert f"`corpus` mine: cannot be read ({said}" in refused(lambda: prepare(find(f"{module}:MINE", "translate")))


@pytest.mark.parametrize("body", ["import nothing_like_it", "raise ValueError('one\\ntwo')", "def broken(:", "1 / 0"])
def test_a_module_that_fails_is_refused_in_one_line(tmp_path, monkeypatch, body, refused):
    (tmp_path / "fails_at_once.py").write_text(body, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert "`corpus` fails_at_once:X: is unavailable (" in refused(lambda: find("fails_at_once:X", "poem"))
    sys.modules.pop("fails_at_once", None)


def test_an_installed_package_announces_a_corpus_under_its_name(announced):
    announced(mine="{}:MINE")
    assert find("mine", "translate").title == "a corpus of mine"
    assert "mine" in [c.name for c in all_corpora()]


def test_a_package_does_not_take_the_name_of_one_of_ours(announced, notes):
    announced(tang="{}:TANG")
    assert find("tang", "poem").title.startswith("Tang poems")
    assert len([c for c in all_corpora() if (c.task, c.name) == ("poem", "tang")]) == 1
    [said] = notes
    assert "is unavailable: the name tang is taken; `corpus` outside_" in said


def test_a_family_of_ours_that_cannot_be_loaded_is_named(monkeypatch, refused):
    class Info:
        name, ispkg = "half_written", False

    monkeypatch.setattr(corpora.pkgutil, "iter_modules", lambda path: [Info])
    assert "corpora/half_written.py: cannot be loaded (ModuleNotFoundError: " in refused(all_corpora)


def test_a_package_that_fails_is_reported_once_and_stops_nothing(announced, notes):
    announced(gone="nowhere_at_all:X", number="{}:OTHER", mine="{}:MINE")
    assert find("mine", "translate").name == "mine" and find("tang", "poem").name == "tang"
    said = notes
    assert len(said) == 2
    assert said[0].startswith("corpus gone (nowhere_at_all:X) is unavailable: ModuleNotFoundError: ")
    assert said[1].endswith(" is unavailable: TypeError: is not a Corpus but int")
    assert corpora.ENTRY_POINTS == "n2m.corpora"
