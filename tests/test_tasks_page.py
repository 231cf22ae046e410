"""docs/tasks.md builds a fifth type of task that trains, answers, explains and keeps the contract."""

import re

import pytest

from tests.guides import follow, same_code


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    return follow("tasks.md", tmp_path_factory.mktemp("guide"))


def test_the_starter_is_approved_and_the_task_trains_answers_and_explains(printed):
    checked, used, _ = printed
    assert "works for --task tag" in checked
    assert "tag (N→N) on starter" in used and "The model beats every baseline on tags." in used
    assert "\nBMESS" in used or "BME" in used.splitlines()[-1] or re.search(r"^[BMES]{7}$", used, re.MULTILINE)
    assert "LABELS" in used and re.search(r"answer: [BMES]{7}$", used, re.MULTILINE)


def test_the_contract_tests_find_it(printed):
    passed = re.search(r"(\d+) passed", printed[-1])
    assert passed and int(passed[1]) > 40 and "failed" not in printed[-1]


def test_the_chinese_page_has_the_same_code():
    assert same_code("tasks.md")
