"""Several models that answer as one, from Python and from the command line."""

import shutil

import pytest
import torch

import n2m
from tests.command import TASKS, run

each_task = pytest.mark.parametrize("task", TASKS)


@pytest.fixture
def other(trained, tmp_path):
    """A function that gives the directory of a second model of a task, as if from another seed."""
    def of(task):
        model = n2m.load(trained(task))
        torch.manual_seed(5)
        with torch.no_grad():
            for weights in model.text_model.network.parameters():
                weights += 0.3 * weights.std(correction=0) * torch.randn_like(weights)
        model.save(tmp_path / "other")
        return tmp_path / "other"
    return of


@each_task
def test_models_answer_together_whatever_their_order(trained, other, task):
    folders = [trained(task), other(task)]
    together, turned = n2m.ensemble(folders), n2m.ensemble([n2m.load(f) for f in reversed(folders)])
    [[one]], [[same]] = (m.answer([TASKS[task]], max_output=8) for m in (together, turned))
    assert one.text == same.text and one.score == pytest.approx(same.score, abs=1e-4)
    assert one.score not in [n2m.load(f).answer([TASKS[task]], max_output=8)[0][0].score for f in folders]


@each_task
def test_a_model_with_itself_answers_as_it_does(trained, tmp_path, task):
    shutil.copytree(trained(task), tmp_path / "same")
    [[one]], [[same]] = (m.answer([TASKS[task]], max_output=8, weights=True)
                         for m in (n2m.load(trained(task)), n2m.ensemble([trained(task), tmp_path / "same"])))
    assert one.text == same.text and one.score == pytest.approx(same.score, abs=1e-4)
    assert (one.weights is None) == (same.weights is None)
    if one.weights is not None:
        assert one.weights == pytest.approx(same.weights, abs=1e-5)


def test_the_probability_of_a_label_is_the_mean(trained, other):
    folders = [trained("classify"), other("classify")]
    of_each = [{a.text: a.score for a in m.answer([TASKS["classify"]], n_best=2)[0]}
               for m in (*map(n2m.load, folders), n2m.ensemble(folders))]
    assert of_each[2] == {name: pytest.approx((of_each[0][name] + of_each[1][name]) / 2) for name in of_each[0]}


def test_its_perplexity_is_at_most_the_geometric_mean(trained, other):
    """log of a mean is at least the mean of logs (Jensen)."""
    folders = [trained("translate"), other("translate")]
    alone = [n2m.load(f).evaluate().rows["this model"]["perplexity"] for f in folders]
    assert n2m.ensemble(folders).evaluate().rows["this model"]["perplexity"] <= (alone[0] * alone[1]) ** 0.5


def test_it_has_no_directory_and_no_steps(trained, other, tmp_path):
    model = n2m.ensemble([trained("poem"), other("poem")])
    with pytest.raises(n2m.InputError, match="save each of its models"):
        model.save(tmp_path / "new")
    with pytest.raises(n2m.InputError, match="explain one of its models"):
        model.walk("床前明月光")


def test_what_does_not_fit_together_is_refused(trained, other):
    folders = [trained("poem"), other("poem")]
    for models in (folders[:1], str(folders[0]), [], None, [n2m.ensemble(folders), folders[0]]):
        with pytest.raises(n2m.InputError, match="a list of at least two models, none of them an ensemble"):
            n2m.ensemble(models)
    with pytest.raises(n2m.InputError, match="is given twice; an ensemble needs different ones"):
        n2m.ensemble([*folders, folders[0] / ".." / "poem"])
    with pytest.raises(n2m.InputError, match=r"is of the task word, but .* of poem; use models of one task"):
        n2m.ensemble([trained("poem"), trained("word")])
    changed = n2m.load(other("poem"))
    changed.text_model.metadata["corpus"]["checksum"] = "another"
    with pytest.raises(n2m.InputError, match="differ in corpus or vocabulary; use models trained on one corpus"):
        n2m.ensemble([trained("poem"), changed])


def test_the_command_line_answers_and_scores_with_several_models(trained, other, tmp_path):
    shutil.copytree(trained("translate"), tmp_path / "one")
    flags = ["--task", "translate", "--model-dir", tmp_path / "one", "--ensemble", other("translate")]
    done = run(*flags, "--input", TASKS["translate"], "--max-output", "8")
    assert done.returncode == 0
    [[answer]] = n2m.ensemble([tmp_path / "one", tmp_path / "other"]).answer([TASKS["translate"]], max_output=8)
    assert done.stdout.strip() == answer.text
    before = (tmp_path / "one" / "metrics.json").read_bytes()
    done = run(*flags)
    assert done.returncode == 0, done.stderr
    assert f"model: {tmp_path / 'one'}, {tmp_path / 'other'}" in done.stdout
    assert (tmp_path / "one" / "metrics.json").read_bytes() == before  # of that model alone


def test_the_command_line_refuses_what_is_no_model(trained, tmp_path):
    flags = ["--task", "poem", "--model-dir", trained("poem"), "--ensemble", tmp_path / "missing"]
    for more in ([], ["--input", "床前明月光"]):
        done = run(*flags, *more)
        assert done.returncode == 2 and "Traceback" not in done.stderr
        assert "missing contains no model; train one first, or choose another --ensemble" in done.stderr
    for more in (["--budget", "2"], ["--retrain"]):
        done = run("--task", "poem", "--ensemble", trained("poem"), *more)
        assert done.returncode == 2 and f"--ensemble takes trained models only; remove {more[0]}" in done.stderr
    done = run("--task", "poem", "--ensemble", tmp_path / "missing", "--ensemble", trained("poem"), "--input", "春")
    assert done.returncode == 2 and "missing contains no model" in done.stderr  # neither replaces the other
    done = run(*flags, "--explain", "床前明月光")
    assert done.returncode == 2 and "--ensemble cannot be combined with --explain; remove it" in done.stderr
