"""docs/corpora.md does what it says, from nothing, in this order."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.copies import ROOT, copy_project

GUIDE, CHINESE = ROOT / "docs" / "corpora.md", ROOT / "docs" / "corpora.zh.md"


def blocks(page: Path) -> list[tuple[str, str, str]]:
    """Language, the last file named before it, and text of each block of code."""
    text, found = page.read_text(encoding="utf-8"), []
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        named = re.findall(r"`([\w/]+\.py)`", text[:match.start()])
        found.append((match[1], named[-1] if named else "", match[2]))
    return found


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project, with what each block of commands printed."""
    folder = copy_project(tmp_path_factory.mktemp("guide"))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "N2M_CACHE": str(folder / "cache"), "PYTHONIOENCODING": "utf-8",
                   "PYTEST_ADDOPTS": "-n0"}
    said = []
    for language, name, text in blocks(GUIDE):
        if language == "python":
            (folder / name).write_text(text, encoding="utf-8")
        elif language == "sh":
            ran = subprocess.run(["bash", "-euc", text], cwd=folder, env=environment, capture_output=True, text=True,
                                 timeout=400)
            assert ran.returncode == 0, f"{text}\n{ran.stdout}\n{ran.stderr}"
            said.append(ran.stdout)
    return folder, said


def test_a_module_is_checked_shown_trained_on_and_asked(project):
    folder, (anywhere, *_) = project
    assert "numerals: can be used for --task translate" in anywhere
    assert "splits     8,479 train, 502 dev, 1,018 test" in anywhere
    assert "translate (N→M) on numerals: 1,018 test examples" in anywhere
    assert "The model beats every baseline on chrF." in anywhere
    assert anywhere.splitlines()[-1][1] == "千"  # 4096
    assert (folder / "models" / "numerals" / "weights.safetensors").is_file()


def test_moved_into_the_project_it_has_a_name_and_keeps_the_contract(project):
    folder, (_, inside, _) = project
    assert inside.startswith("numerals (--task translate): a number in digits")
    assert re.search(r"\d+ passed", inside) and "failed" not in inside
    assert "from the Python" not in inside and (folder / "corpora" / "numerals.py").is_file()


def test_what_is_downloaded_comes_from_a_mirror(project):
    folder, (*_, mirrored) = project
    assert "riddles (--task word)" in mirrored and "cite: nobody, for this page" in mirrored
    assert (folder / "cache" / "riddles" / "riddles.tsv").is_file()


def test_the_chinese_page_has_the_same_code():
    assert [(language, text) for language, _, text in blocks(CHINESE)] == [
        (language, text) for language, _, text in blocks(GUIDE)]
