"""docs/library.md: every example runs, in its order."""

import re

import pytest

from tests.command import ROOT

PAGE, CHINESE = ROOT / "docs" / "library.md", ROOT / "docs" / "library.zh.md"


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_every_example_runs_in_this_order(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib").use("Agg")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for number, block in enumerate(blocks(PAGE), 1):
        exec(compile(block, f"{PAGE.name}, example {number}", "exec"), names)
    printed = capsys.readouterr().out
    assert (tmp_path / "models" / "first" / "weights.safetensors").is_file()
    assert (tmp_path / "attention.png").stat().st_size > 1000
    assert "`hidden_size` 0 must be at least 1" in printed and "the input is empty" in printed
    assert "fewer columns than needed" in printed


def test_the_chinese_page_has_the_same_examples():
    assert blocks(CHINESE) == blocks(PAGE)
