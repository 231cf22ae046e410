"""The pages in docs/ do what they say, from nothing, in their order."""

import os
import re
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from tests.copies import ROOT, copy_project

DOCS = ROOT / "docs"
GUIDES = [page for page in (DOCS / f"{name}.md" for name in ("corpora", "tasks", "parts")) if page.is_file()]
PAGES = [page for page in DOCS.glob("*.md") if page.with_suffix(".zh.md").is_file()]


def blocks(page: Path) -> list[tuple[str, str, str]]:
    """Language, the last file named before it, and text of each block of code."""
    text, found = page.read_text(encoding="utf-8"), []
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        named = re.findall(r"`([\w/]+\.py)`", text[:match.start()])
        found.append((match[1], named[-1] if named else "", match[2]))
    return found


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """Follows a page in a copy of the project of its own: the copy, and what each block of commands printed."""
    found = {}

    def follow(page: Path) -> tuple[Path, list[str]]:
        if page in found:
            return found[page]
        folder, printed = copy_project(tmp_path_factory.mktemp(page.stem)), []
        environment = {**os.environ, "N2M_CACHE": str(folder / "cache"), "PYTHONIOENCODING": "utf-8",
                       "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
                       "PYTEST_ADDOPTS": "-n0 -p no:cacheprovider"}
        for language, name, text in blocks(page):
            if language == "python":
                (folder / name).write_text(text, encoding="utf-8")
            elif language == "sh":
                ran = subprocess.run(["bash", "-euc", text], cwd=folder, env=environment, capture_output=True,
                                     text=True, timeout=400)
                assert ran.returncode == 0, f"{text}\n{ran.stdout[-4000:]}\n{ran.stderr[-4000:]}"
                printed.append(ran.stdout)
        found[page] = folder, printed
        return found[page]
    return follow


@pytest.mark.parametrize("page", GUIDES, ids=lambda p: p.name)
def test_every_command_of_a_guide_works(followed, page):
    _, printed = followed(page)
    tests = [text for text in printed if " passed" in text]
    assert tests and not [text for text in tests if "failed" in text or "no tests ran" in text]


def test_a_corpus_in_a_module_is_checked_shown_trained_on_and_asked(followed):
    folder, (anywhere, *_) = followed(DOCS / "corpora.md")
    assert re.match(r"numerals: .*--task translate", anywhere)
    assert "splits     8,479 train, 502 dev, 1,018 test" in anywhere
    assert "translate (N→M) on numerals: 1,018 test examples" in anywhere
    assert "The model beats every baseline on chrF." in anywhere
    assert anywhere.splitlines()[-1][1] == "千"  # 4096
    assert (folder / "models" / "numerals" / "weights.safetensors").is_file()


def test_a_corpus_moved_into_the_project_has_a_name(followed):
    folder, printed = followed(DOCS / "corpora.md")
    [inside] = [text for text in printed if " passed" in text]
    assert inside.startswith("numerals (--task translate): a number in digits")
    assert "from the Python" not in inside and (folder / "corpora" / "numerals.py").is_file()


def test_what_is_downloaded_comes_from_a_mirror(followed):
    folder, printed = followed(DOCS / "corpora.md")
    [mirrored] = [text for text in printed if "riddles (--task word)" in text]
    assert "cite: nobody, for this page" in mirrored
    assert (folder / "cache" / "riddles" / "riddles.tsv").is_file()


@pytest.mark.skipif(not (DOCS / "library.md").is_file(), reason="no such page")
def test_every_example_of_the_library_works(capsys):
    figure = mock.MagicMock()
    figure.subplots.return_value = mock.MagicMock(), mock.MagicMock()
    names: dict[str, object] = {}
    with mock.patch.dict(sys.modules, {"matplotlib": mock.MagicMock(pyplot=figure), "matplotlib.pyplot": figure}):
        for language, _, text in blocks(DOCS / "library.md"):
            if language == "python":
                exec(compile(text, "library.md", "exec"), names)
    assert capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_the_chinese_page_has_the_same_code(page):
    assert [(language, _without_comments(text)) for language, _, text in blocks(page.with_suffix(".zh.md"))] == [
        (language, _without_comments(text)) for language, _, text in blocks(page)]


def _without_comments(text: str) -> str:
    return re.sub(r"\s+#( .*)?$", "", text, flags=re.MULTILINE)
