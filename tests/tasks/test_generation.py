"""Generation: what is sampled comes best first."""

from core.data import Example
from tasks.translate import Translate
from tests.tasks.test_training import make


def test_samples_come_best_first():
    model = make()
    [found] = Translate().answer(model, [Example("你好", "")],
                                 Translate().search_settings({"temperature": 2.0, "n_best": 5, "max_output": 6}))
    assert [a.score for a in found] == sorted((a.score for a in found), reverse=True)
