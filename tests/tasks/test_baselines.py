import math

import numpy as np
import pytest

from core.ragged import Ragged
from tasks.shared import baselines


def test_the_commonest_answer_and_of_equals_the_first_in_spelling():
    assert baselines.most_frequent(["b", "a", "b", "a", "c"]) == "a"


def test_the_nearest_source_gives_its_answer():
    found = baselines.nearest(["我爱你", "今天下雨", "他在睡觉"], ["love", "rain", "sleep"], ["昨天下雨了", "我很爱他"])
    assert found == ["rain", "love"]


def test_linear_classifiers_learn_what_characters_say():
    for model in baselines.linear_classifiers().values():
        model.fit(["很好", "真好", "很差", "真差"] * 5, ["+", "+", "-", "-"] * 5)
        assert list(model.predict(["好", "差"])) == ["+", "-"]


def test_the_trigram_model_is_its_formula():
    train = Ragged([[4, 5], [4, 6]])
    trigram = baselines.Trigram(train, Ragged([[4, 5]]), vocabulary_size=7)
    trigram.weights = np.array([0.4, 0.3, 0.2, 0.1])
    # Of the text [4, 5]: 4 begins both training texts; 5 follows 4 in one of two; 4 is 2 of 4 ids and 5 is 1 of 4.
    first = 0.4 * 1 + 0.3 * 1 + 0.2 * 2 / 4 + 0.1 / 8
    second = 0.4 * 1 / 2 + 0.3 * 1 / 2 + 0.2 * 1 / 4 + 0.1 / 8
    nats, count = trigram.nats(Ragged([[4, 5]]))
    assert count == 2
    assert nats == pytest.approx(-math.log(first) - math.log(second))


def test_the_trigram_probabilities_sum_to_one():
    trigram = baselines.Trigram(Ragged([[1, 2, 3], [2, 2]]), Ragged([[1, 3]]), vocabulary_size=4)
    after_one = [trigram.nats(Ragged([[1, i]]))[0] - trigram.nats(Ragged([[1]]))[0] for i in range(5)]
    assert sum(math.exp(-n) for n in after_one) == pytest.approx(1)


def test_the_trigram_weights_fit_the_dev_split():
    rows = Ragged([[1, 2, 3]] * 20)
    fitted = baselines.Trigram(rows, rows, vocabulary_size=4)
    even = baselines.Trigram(rows, rows, vocabulary_size=4)
    even.weights = np.full(4, 0.25)
    assert fitted.weights.sum() == pytest.approx(1)
    assert fitted.nats(rows)[0] < even.nats(rows)[0]
