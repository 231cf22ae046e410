"""n2m.train with a budget of minutes: corpus, size and epochs follow from the task's table and the tokens read."""

import pytest

import corpora
import n2m
import tasks
from core.batches import EncodedSplit
from core.settings import Settings
from tasks.shared.training import fit_budget

TRANSLATE = tasks.find("translate")
TINY = {"embedding_size": 8, "hidden_size": 8, "max_vocabulary": 200, "precision": "fp32"}
FIVE = EncodedSplit([[4] * 3] * 5, [[5] * 4] * 5)  # 15 source tokens, 20 target tokens


@pytest.fixture
def budgets(monkeypatch):
    """Two budgets for translation: one of a smaller model, one with a number of tokens."""
    monkeypatch.setattr(type(TRANSLATE), "budgets", {
        1: {"corpus": "starter", "epochs": 1, "hidden_size": 6}, 2: {"corpus": "starter", "tokens": 500}})


def train(folder=None, corpus=None, **options):
    return n2m.train("translate", corpus, folder, **TINY, **options)


@pytest.mark.parametrize(("tokens", "epochs", "limit"), [
    (20, 1, 0), (60, 3, 0), (49, 2, 0), (51, 3, 0),  # rounded
    (17, 1, 0), (16, 1, 4), (8, 1, 2), (4, 1, 1)])  # limited if there are more than 1.2 times as many
def test_epochs_and_limit_from_tokens_by_hand(tokens, epochs, limit):
    found, limited = fit_budget(TRANSLATE, Settings(epochs=10), FIVE, {"tokens": tokens}, {})
    assert (found.epochs, found.limit, limited) == (epochs, limit, limit)


def test_of_labels_the_source_tokens_count():
    assert fit_budget(tasks.find("classify"), Settings(), FIVE, {"tokens": 30}, {})[0].epochs == 2


def test_a_budget_may_keep_to_the_usual_epochs():
    for tokens, epochs in ((100, 4), (60, 3)):
        budget = {"tokens": tokens, "usual_epochs": True}
        assert fit_budget(TRANSLATE, Settings(epochs=4), FIVE, budget, {})[0].epochs == epochs


def test_a_corpus_says_how_many_epochs_are_usual(monkeypatch):
    monkeypatch.setattr(type(TRANSLATE), "budgets", {1: {"corpus": "starter", "tokens": 10 ** 9, "usual_epochs": True}})
    usual = corpora.find("starter", TRANSLATE.format).suggested["epochs"]
    assert n2m.train("translate", **TINY, budget=1).settings.epochs == usual


def test_each_task_has_budgets_of_the_same_minutes():
    assert {tuple(task.budgets) for task in tasks.all_tasks()} == {(2, 5, 10, 60)}


def test_what_was_chosen_stays():
    assert fit_budget(TRANSLATE, Settings(epochs=7), FIVE, {"tokens": 60}, {"epochs": 7})[0].epochs == 7
    found, limited = fit_budget(TRANSLATE, Settings(limit=4), FIVE, {"tokens": 4}, {"limit": 4})
    assert (found.limit, limited) == (4, 0)


def test_a_budget_chooses_settings_and_explicit_ones_come_before_it(budgets):
    assert "translate: 1|2" in n2m_help()
    model = n2m.train("translate", **{**TINY, "hidden_size": 4}, budget=1)
    assert (model.settings.epochs, model.settings.hidden_size) == (1, 4)
    assert model.metadata["corpus"]["name"] == "starter" and model.metadata["corpus"]["budget"] == 1
    small = {name: value for name, value in TINY.items() if name != "hidden_size"}
    assert n2m.train("translate", **small, budget=1).settings.hidden_size == 6


def test_a_budget_of_tokens_reads_no_more_than_that(budgets):
    model = train(budget=2)
    read = model.metadata["history"]["updates"]
    assert model.settings.epochs == 1 and 0 < model.settings.limit < 320
    assert model.metadata["corpus"]["examples"]["train"] <= model.settings.limit
    assert read == -(-model.metadata["corpus"]["examples"]["train"] // model.settings.batch_size)


@pytest.mark.parametrize(("task", "says"), [("translate", "use 1 or 2$"), ("poem", "`budget` 3 is unknown for")])
def test_an_unknown_budget_is_refused_with_those_there_are(budgets, task, says):
    with pytest.raises(n2m.InputError, match=says):
        n2m.train(task, budget=3)


def test_a_task_without_budgets_names_other_means(monkeypatch):
    monkeypatch.setattr(type(TRANSLATE), "budgets", {})
    with pytest.raises(n2m.InputError, match=r"^`budget` 5 is unknown for `task` translate; use `epochs` and"):
        train(budget=5)


def test_a_finished_model_of_another_budget_is_refused(budgets, tmp_path):
    train(tmp_path / "m", budget=1)
    train(tmp_path / "m", budget=1)
    train(tmp_path / "m")  # asks for none
    with pytest.raises(n2m.InputError, match="trained with `budget` 1, not 2; use another `model_dir`, or `retrain`"):
        train(tmp_path / "m", budget=2)
    train(tmp_path / "other", corpus="starter", epochs=1)
    with pytest.raises(n2m.InputError, match="trained with `budget` none, not 1; use another"):
        train(tmp_path / "other", budget=1)


def n2m_help() -> str:
    from n2m.cli.flags import parser
    return parser().format_help()
