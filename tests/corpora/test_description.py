"""corpora/prepare/description.py: the description of a corpus, with counts made by hand."""

from collections import Counter

import numpy as np
import pytest
from kinds import file_corpus, prepare

from core.tokenizer import Characters, Words
from corpora.prepare import description
from corpora.prepare.description import advice, coverage, histogram, labels, lengths


def rows_of(counts):
    """The spans and numbers of a histogram."""
    return [(line.split()[0], int(line.split()[-1])) for line in histogram(np.array(counts))]


@pytest.mark.parametrize("counts,rows", [
    ([5, 5, 7], [("5", 2), ("6", 0), ("7", 1)]), ([5] * 9, [("5", 9)]), ([1], [("1", 1)]),
    ([3, 4], [("3", 1), ("4", 1)])])
def test_a_histogram_has_a_row_for_each_length_between_the_least_and_the_most(counts, rows):
    assert rows_of(counts) == rows


def test_the_last_row_of_a_histogram_holds_the_few_that_are_far_longer():
    rows = rows_of([*range(1, 101)] * 10 + [5000])
    assert len(rows) == description.BARS and sum(n for _, n in rows) == 1001 and rows[-1][0].endswith("–5000")
    assert all(90 <= n <= 111 for _, n in rows)


def test_the_longest_bar_is_that_of_the_most_and_the_shortest_still_shows():
    most, none, least = histogram(np.array([1] * 1000 + [3]))
    assert most.count("█") == 40 and "▏ 1" in least and none.split() == ["2", "0"]


def test_quantiles_of_both_sides():
    head, source, target, *_ = lengths({"source": np.arange(101), "target": np.array([7, 7])})
    assert head.split()[1:] == ["minimum", "5%", "25%", "50%", "75%", "95%", "maximum"]
    assert source.split()[1:] == ["0", "5", "25", "50", "75", "95", "100"] and set(target.split()[1:]) == {"7"}


def test_coverage_counts_tokens_those_seen_once_those_that_make_up_most_and_the_unknown():
    # a 18 times, b once, c once: a and b are 19 in 20, which is 95 in 100; of the four others two are new
    assert "".join(coverage(Characters(), ["a" * 18, "bc"], ["ab", "xy"])).split() == ["3", "2", "2", "10.0", "50.00%"]
    assert "".join(coverage(Words(), ["the cat", "the dog"], ["the bird"])).split() == ["3", "2", "3", "2.0", "50.00%"]


def test_labels_are_shown_with_their_shares():
    head, *rows = labels(Counter({"a": 30, "b": 10}))
    assert head.endswith("2; the most frequent is 75.0%")
    assert [row.split()[-1] for row in rows] == ["30", "10"]
    assert [*labels(Counter({str(i): 100 - i for i in range(30)}))][-1].strip() == "and 10 more, the rarest 71 times"


def described(tmp_path, task, lines):
    (tmp_path / "a.tsv").write_text("".join(lines), encoding="utf-8")
    corpus = file_corpus([tmp_path / "a.tsv"], task)
    dataset = prepare(corpus)
    return "\n".join(description.description(corpus, dataset)), dataset, [*advice(dataset)]


def test_everything_is_counted_unless_the_corpus_is_very_large_which_is_reported(tmp_path, monkeypatch):
    lines = [f"s{i:03}\tt{i:03}\n" for i in range(400)]
    text, dataset, _ = described(tmp_path, "translate", lines)
    n = len(dataset.train)
    assert f"vocabulary of all {n} training examples" in text and f"source, words{n:>17}" in text
    assert not any(line.endswith(" ") for line in text.splitlines())
    monkeypatch.setattr(description, "MAX_CHARACTERS", 8 * 100)
    text, _, _ = described(tmp_path, "translate", lines)
    assert f"vocabulary of {-(-n // 4)} of {n} training examples" in text
    assert f"source   {4:>8}" in text and f"4 {'█' * 40} {n}" in text  # the lengths are still of all


def test_advice_on_labels_counts_all_of_them(tmp_path, monkeypatch):
    monkeypatch.setattr(description, "SAMPLE", 20)
    *_, lines = described(tmp_path, "classify", [f"text number {i}\t{'ab'[i % 2]}\n" for i in range(400)])
    assert not any("fewer than ten" in line for line in lines)
