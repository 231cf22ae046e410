"""benchmarks/*.py: a wrong flag is answered in one line, before anything slow begins."""

import ast
import runpy
import sys

import pytest

from tests.copies import ROOT

FILES = sorted((ROOT / "benchmarks").glob("*.py"))
COMMANDS = [path for path in FILES if "command.run(main)" in path.read_text(encoding="utf-8")]


def answer_to(path, arguments, monkeypatch, capsys) -> str:
    monkeypatch.setattr(sys, "argv", [str(path), *arguments])
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(path), run_name="__main__")
    printed = capsys.readouterr()
    assert ended.value.code == 2 and not printed.out
    [line] = printed.err.splitlines()
    assert line.startswith(f"{path.name}: ")
    return line


@pytest.mark.parametrize("path", COMMANDS, ids=lambda p: p.name)
def test_a_wrong_flag_is_answered_in_one_line(path, monkeypatch, capsys):
    assert "unrecognized arguments: --sekonds" in answer_to(path, ["--sekonds", "5"], monkeypatch, capsys)


@pytest.mark.parametrize(("name", "arguments", "says"), [
    ("fuzz", ["--second", "5"], "did you mean --seconds?"), ("fuzz", ["--input", "x"], "needs --target"),
    ("fuzz", ["--target", "tsw"], "invalid choice: 'tsw'"), ("large", ["--pairs", "0"], "0 must be at least 1"),
    ("large", ["--pairs", "5", "--epochs", "many"], "invalid int value: 'many'"),
    ("limit", ["--only", "poetry"], "--only poetry is unknown; use "),
    ("limit", ["--only", "race", "--data", "missing"], "train.de.gz is missing"),
    ("joeynmt", ["--limit", "5"], "--limit 5 must be 0, or at least 128"),
    ("joeynmt", ["--epochs", "x"], "x is not a whole number")])
def test_a_wrong_value_is_answered_in_one_line(name, arguments, says, monkeypatch, capsys):
    assert says in answer_to(ROOT / "benchmarks" / f"{name}.py", arguments, monkeypatch, capsys)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_benchmarks_stand_without_the_tests(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else [
            node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not any(name.split(".")[0] == "tests" for name in names)
