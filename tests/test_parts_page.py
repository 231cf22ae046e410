"""docs/parts.md builds a fourth cell, with which every task trains, answers and keeps the contract."""

import re

import pytest

from tests.guides import follow, same_code


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    return follow("parts.md", tmp_path_factory.mktemp("guide"))


def test_the_cell_is_a_choice_that_trains_answers_and_explains(printed):
    shown, used, _ = printed
    assert "rnn|gru|lstm|mgu" in shown
    assert "translate (N→M) on starter" in used and "1 layer of MGU, both directions" in used


def test_the_tests_of_cells_and_the_contract_find_it(printed):
    counts = [int(n) for n in re.findall(r"(\d+) passed", printed[-1])]
    assert counts[0] > 4 and counts[1] == 12 and "failed" not in printed[-1]


def test_the_chinese_page_has_the_same_code():
    assert same_code("parts.md")
