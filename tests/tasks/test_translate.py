"""Translation with one vocabulary for both sides."""

import re

import pytest

import tasks
from core.data import Example, InputError
from tasks.shared import saving
from tasks.shared.training import create, fit

TRANSLATE = tasks.find("translate")
PAIRS = [Example("吾見君", "我看见你"), Example("君見吾", "你看见我"), Example("吾思君", "我想你")]
SHARED = {"tokenizer": "characters", "min_count": 1, "shared_vocabulary": True, "embedding_size": 24,
          "hidden_size": 32, "dropout": 0.0, "word_dropout": 0.0, "label_smoothing": 0.0, "learning_rate": 1e-2,
          "epochs": 30, "schedule": "constant", "patience": 0, "precision": "fp32"}


def test_a_shared_vocabulary_is_one_embedding_for_both_sides(tmp_path):
    model = create(TRANSLATE, TRANSLATE.settings({}, SHARED), PAIRS)
    network = model.network
    assert network.decoder.embedding is network.encoder.embedding
    assert network.decoder.output.weight is network.encoder.embedding.weight
    assert model.source.ids("你君") == model.target.ids("你君")  # each side knows the other's characters
    apart = create(TRANSLATE, TRANSLATE.settings({}, {**SHARED, "shared_vocabulary": False}), PAIRS).network
    assert apart.decoder.embedding is not apart.encoder.embedding
    fit(model, PAIRS * 10, PAIRS, tmp_path / "model")
    saving.save(model, tmp_path / "model")
    again = saving.load(tmp_path / "model")
    assert again.network.decoder.embedding is again.network.encoder.embedding
    answers = again.task.answer(again, PAIRS, TRANSLATE.search_settings({}))
    assert [best[0].text for best in answers] == [e.target for e in PAIRS]


def test_a_shared_vocabulary_needs_one_tokenizer():
    settings = TRANSLATE.settings({}, {**SHARED, "source_tokenizer": "words"})
    with pytest.raises(InputError, match="^" + re.escape("`shared_vocabulary` needs one tokenizer for both sides, but "
                                                         "`source_tokenizer` is words and `tokenizer` characters")):
        create(TRANSLATE, settings, PAIRS)


@pytest.mark.parametrize("task", ["classify", "poem", "word"])
def test_other_tasks_refuse_a_shared_vocabulary(task):
    with pytest.raises(InputError, match=f"^`shared_vocabulary` has no effect on `task` {task}; remove it$"):
        tasks.find(task).settings({}, {"shared_vocabulary": True})


@pytest.mark.parametrize(("source", "count", "chosen", "cut"), [
    ("ein Regenanzug", 20_001, (), True), ("ein Regenanzug", 20_000, (), False), ("我喜欢喝茶。", 20_001, (), False),
    ("我喜欢喝 tea。", 20_001, (), False), ("ein Regenanzug", 20_001, ("dropout", "epochs"), True),
    ("ein Regenanzug", 20_001, ("tokenizer",), False), ("ein Regenanzug", 20_001, ("shared_vocabulary",), False),
    ("ein Regenanzug", 20_001, ("vectors",), False)])
def test_many_sources_in_an_alphabet_are_cut_into_subwords(source, count, chosen, cut):
    found = TRANSLATE.sized([Example(source, "x")] * count, chosen)
    assert found.get("source_tokenizer") == ("subwords" if cut else None)
    assert found["epochs"] == (20 if count == 20_000 else 12)
    assert TRANSLATE.settings(found, {"source_tokenizer": "words"}).source_tokenizer == "words"
