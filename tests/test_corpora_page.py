"""docs/corpora.md does what it says, from nothing, in this order."""

import re

import pytest

from tests.guides import follow, same_code


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guide")
    return folder, follow("corpora.md", folder)


def test_a_module_is_checked_shown_trained_on_and_asked(project):
    folder, (anywhere, *_) = project
    assert "numerals: works for --task translate" in anywhere
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
    assert same_code("corpora.md")
