import math

import pytest

from core.metrics import bleu, chrf, distinct, perplexity


def test_perplexity_is_the_exponential_of_the_mean_loss():
    assert perplexity(0.0) == 1
    assert perplexity(math.log(7)) == pytest.approx(7)
    # half the tokens at p = 1/2, half at p = 1/8: the geometric mean of 2 and 8
    assert perplexity((math.log(2) + math.log(8)) / 2) == pytest.approx(4)


@pytest.mark.parametrize("nats", [1e6, math.inf])
def test_a_hopeless_loss_does_not_overflow(nats):
    assert perplexity(nats) > 1e300


def test_distinct_by_hand():
    assert distinct(["abab"], 2) == 2 / 3  # ab, ba, ab
    assert distinct(["abab", "ab"], 2) == 2 / 4  # counted over all texts together
    assert distinct([["the", "cat"], ["the", "dog"]], 1) == 3 / 4
    assert distinct(["ab", "c"], 2) == 1  # a text shorter than n has none
    assert distinct(["a"], 2) == 0
    assert distinct([], 1) == 0


def test_bleu_of_the_reference_itself_is_100():
    assert bleu(["the cat sat on the mat"], ["the cat sat on the mat"])[0] == pytest.approx(100)


def test_bleu_of_a_shorter_answer_is_its_brevity_penalty():
    # all n-grams of "a b c d" are in "a b c d e", so only exp(1 - 5/4) remains
    assert bleu(["a b c d"], ["a b c d e"])[0] == pytest.approx(100 * math.exp(1 - 5 / 4))


def test_bleu_by_hand():
    answer, reference = "a b c d e f", "a b c d f e"
    precisions = [6 / 6, 3 / 5, 2 / 4, 1 / 3]  # all words; ab bc cd; abc bcd; abcd
    by_hand = math.exp(sum(math.log(p) for p in precisions) / 4)
    assert bleu([answer], [reference])[0] == pytest.approx(100 * by_hand)


def test_bleu_cuts_chinese_into_characters():
    score, signature = bleu(["今天天气很好"], ["今天天气不好"])
    precisions = [5 / 6, 3 / 5, 2 / 4, 1 / 3]  # all but 很; 今天 天天 天气; 今天天 天天气; 今天天气
    assert score == pytest.approx(100 * math.exp(sum(math.log(p) for p in precisions) / 4))
    assert "tok:zh" in signature


def test_the_references_say_how_bleu_cuts():
    assert "tok:13a" in bleu(["你好"], ["A sentence with one 字 in it."])[1]
    assert "tok:zh" in bleu(["hello"], ["我用 Python 写程序。"])[1]
    assert "version:" in bleu(["a"], ["a"])[1]


def test_bleu_is_of_the_corpus_not_the_mean_of_sentences():
    assert bleu(["a b c d e", "x"], ["a b c d e", "y"])[0] > 50 + 10


def test_chrf_by_hand():
    # "ab" and "ac": of one character 1 of 2, of two characters 0 of 1; longer n-grams there are none
    score, signature = chrf(["ab"], ["ac"])
    assert score == pytest.approx(100 * (1 / 2 + 0) / 2)
    assert "nc:6" in signature
    assert chrf(["很好"], ["很好"])[0] == pytest.approx(100)
