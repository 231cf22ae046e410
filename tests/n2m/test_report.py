"""Reports: their files, pictures and measures; and grids, whose cells are checked, kept and told apart."""

import csv
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import n2m
import tasks
from core.data import InputError
from n2m import grid, report
from n2m.report import drawing, files, fonts, grid_page, measures, plots, summary, types
from tests.command import ROOT, refused, run
from tests.reports import LABELS, POEM, results

OUTSIDE = r'\s(?:xlink:)?(?:src|href)=(?!"#)|@import|url\((?!#)|https?://(?!www\.w3\.org/)'
QUICK = ["--corpus", "starter", "--limit", "60", "--epochs", "1", "--embedding-size", "8", "--hidden-size", "8"]


@pytest.fixture(scope="module")
def folder(models, tmp_path_factory):
    """The report of a poem model and a classifier."""
    written = tmp_path_factory.mktemp("report") / "new"
    found = [n2m.load(models / task) for task in ("poem", "classify")]
    report.write(found, [POEM, LABELS], written, "python run.py --compare 'a b'")
    return written


def test_a_page_asks_for_nothing_outside_and_no_id_occurs_twice(folder):
    html = (folder / "index.html").read_text(encoding="utf-8")
    assert html.startswith("<!DOCTYPE html>") and "default-src 'none'" in html
    assert not re.search(OUTSIDE, html) and not re.search(r"\{\{\w+\}\}", html)
    assert [name for name, count in Counter(re.findall(r'\sid="([^"]*)"', html)).items() if count > 1] == []
    assert not re.search(r"#0[0-9a]0[0-9]0[0-9]\b", html)  # every colour is one of the page


def test_a_page_shows_parts_scores_curves_attention_embeddings_samples_and_the_command(folder, models):
    html = (folder / "index.html").read_text(encoding="utf-8")
    poem = n2m.load(models / "poem")
    assert f"{report.facts.parameters(poem)['attention']:,}" in html
    assert html.count('aria-label="Train and dev loss by epoch"') == 2 == html.count('aria-label="源词元嵌入图"') + 2
    assert html.count('aria-label="Attention weights"') == 2 == html.count('aria-label="Map of source embeddings"')
    assert "9.00" in html and "12.50" in html and "&lt;b&gt;好" in html and "<b>好" not in html
    assert '<td style="--share: 0.429">3</td>' in html
    assert "confusion:" not in html and "per character" in html
    assert "python run.py --compare &#x27;a b&#x27;" in html
    assert len(re.findall('<span lang="en">', html)) == len(re.findall('<span lang="zh">', html))
    walk = types.example(poem, POEM)
    assert f'data-tip="{walk.steps[0].token} ← {walk.tokens[0]}: α = {walk.steps[0].weights[0]:.3f}"' in html


def test_the_table_and_the_data_hold_what_the_page_shows(folder, models):
    with open(folder / "report.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["task"], r["system"], r["perplexity"], r["accuracy"]) for r in rows] == [
        ("poem", "this model", "9.0", ""), ("poem", "character trigram", "12.5", ""),
        ("classify", "this model", "", "0.5"), ("classify", "commonest label", "", "0.75")]
    data = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert data["command"] == "python run.py --compare 'a b'"
    assert data["models"][1]["report"]["confusion"] == [[1, 0], [3, 4]]
    assert sum(data["models"][0]["parameters"].values()) == sum(
        p.numel() for p in n2m.load(models / "poem").text_model.network.parameters())


def test_without_matplotlib_one_line_says_so_and_all_else_is_written(models, tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "can_draw", lambda: False)
    notes = []
    with n2m.listening(note=notes.append):
        report.write([n2m.load(models / "poem")], [POEM], tmp_path)
    assert [n for n in notes if "matplotlib" in n] == [
        "the report has no plots, which need matplotlib; pip install matplotlib"]
    html = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<svg" not in html and "pip install matplotlib" in html and "12.50" in html
    assert (tmp_path / "report.csv").stat().st_size and (tmp_path / "report.json").stat().st_size


@pytest.mark.filterwarnings("error::UserWarning")  # of matplotlib, for a character that it draws as a box
def test_without_a_chinese_font_tokens_are_numbers_that_are_explained(monkeypatch):
    monkeypatch.setattr(fonts, "_others", lambda: iter(()))
    assert fonts.labels(["月", "a", "光", "月"]) == (["#1", "a", "#2", "#1"], {"#1": "月", "#2": "光"})
    picture, key = plots.heatmap("x", np.eye(2), ["月", "α"], ["月", "b"])
    assert key == {"#1": "月"} and picture.count("<svg") == 1 and "α = 1.000" in picture
    curves = plots.learning_curves("y", [{"epoch": 1, "train_loss": 2.0, "dev_loss": 1.0, "best": True}])
    assert curves.count('aria-label="Train and dev loss by epoch"') == curves.count("<svg") == 1  # only in English


def test_a_report_replaces_no_other_files(tmp_path):
    (tmp_path / "index.html").write_text("<!DOCTYPE html>my page", encoding="utf-8")
    with pytest.raises(InputError, match="that is not of a report; choose another"):
        files.check(tmp_path)
    (tmp_path / "index.html").unlink()
    (tmp_path / "report.csv").write_text("my table", encoding="utf-8")
    assert "not of a report" in refused("--compare", "--report-dir", tmp_path)
    with pytest.raises(InputError, match="is not a directory"):
        files.check(tmp_path / "report.csv")


def test_names_on_a_map_do_not_cover_one_another():
    points = np.array([[0.0, 0], [0.01, 0], [5, 0], [0, 4]])
    assert plots.names_with_room(points, ["a", "b", "c", "d"]) == [0, 2, 3]


# measures


def test_bins_have_about_as_many_texts_each():
    assert measures.length_bins([1] * 10 + [2] * 10 + [5] * 4 + [7] * 6, most=3, fewest=1) == [(1, 1), (2, 2), (5, 7)]
    assert measures.length_bins([3] * 5 + [4], most=2, fewest=1) == [(3, 4)]  # a last bin too small to stand alone
    assert measures.length_bins([3, 8], fewest=20) == [(3, 8)]


def test_lengths_count_characters_of_chinese_and_words_of_others():
    assert [measures.source_length(t) for t in ("", "我爱你", "I love you.", "我爱 Python")] == [0, 3, 4, 3]


def test_scores_by_length_are_of_the_texts_of_that_length():
    answered = [("我", "a", "a"), ("你", "a", "b"), ("我们走", "b", "b")]
    assert measures.score_by_length(answered, [(1, 1), (2, 2), (3, 3)], "accuracy") == [0.5, None, 1.0]
    assert measures.score_by_length([("我", "same", "same")], [(1, 1)], "chrF") == [pytest.approx(100)]


def test_copied_words_stand_in_the_source_and_attention_may_be_on_them():
    tokens = [(["我", "有", "3", "本", "Emma"], ["I", "have", "3", "Emma", "3"], ["I", "have", "Emma", "Emma"]),
              (["，"], [","], ["，"])]
    counts = measures.copied_counts(tokens, [[0, 1, 2, 0, 2], [0]])
    assert counts == {"written": 6, "copied": 3, "at_peak": 2, "should_copy": 3, "copied_right": 1,
                      "should_generate": 2, "generated_right": 2}
    assert measures.copied_counts(tokens, None) == {**counts, "at_peak": None}


def test_a_model_without_attention_has_no_peaks_and_a_classifier_copies_nothing(trained):
    assert measures.copying(n2m.load(trained("word")), [("月", "月光", "月")])["at_peak"] is None
    assert measures.copying(n2m.load(trained("translate")), [("你好", "你好", "你")])["at_peak"] is not None
    assert measures.copying(n2m.load(trained("classify")), [("好", "good", "good")]) == {}


# grids


def test_a_grid_is_every_combination_with_each_seed():
    found = grid.cells(tasks.find("translate"), ["attention=none,dot", "layers=1,2"], {"seed": 3}, seeds=2)
    assert len(found) == 8 and found[1].name == "attention=none,layers=1,seed=4"
    assert found[-1] == grid.Cell({"attention": "dot", "layers": 2}, 4)


def test_placement_is_varied_only_where_there_is_attention():
    found = grid.cells(tasks.find("translate"), ["attention=none,dot", "placement=before,after"], {})
    assert [c.name for c in found] == ["attention=none,seed=1", "attention=dot,placement=before,seed=1",
                                       "attention=dot,placement=after,seed=1"]


@pytest.mark.parametrize("arguments, says", [
    (["--vary", "cell=rnn,gur"], "--cell gur is unknown; did you mean gru?"),
    (["--vary", "cel=rnn,gru"], "did you mean cell?"),
    (["--vary", "cell=rnn"], "at least two different values"),
    (["--vary", "cell=rnn,rnn"], "at least two different values"),
    (["--vary", "layers=1,x"], "--vary layers=x must be an integer"),
    (["--vary", "dropout=0,no"], "--vary dropout=no must be a number"),
    (["--vary", "bidirectional=yes,no"], "must be true or false"),
    (["--vary", "layers=0,1"], "--layers 0 must be at least 1"),
    (["--vary", "seed=1,2"], "use --seeds"),
    (["--vary", "cell=rnn,gru", "--cell", "gru"], "--cell cannot be combined with --vary cell"),
    (["--vary", "cell=rnn,gru", "--vary", "cell=rnn,lstm"], "names a setting twice"),
    (["--vary", "placement=before,after", "--attention", "none"], "--vary placement has no effect"),
    (["--vary", "cell=rnn,gru", "--seeds", "0"], "--seeds 0 must be at least 1"),
    (["--vary", "cell=rnn,gru", "--corpus", "missing.tsv"], "missing.tsv: no such file"),
    (["--vary", "layers=" + ",".join(map(str, range(1, 1200)))], "at most 1,000 models"),
    ([], "--compare translate: a task needs --vary"),
])
def test_a_grid_that_cannot_be_trained_is_refused_at_once(arguments, says):
    assert says in refused("--compare", "translate", *arguments)


@pytest.mark.parametrize("arguments, says", [
    (["--compare", "--seeds", "2"], "--seeds needs --vary"),
    (["--compare", "--corpus", "hsk"], "--corpus cannot be combined with --compare"),
    (["--compare", "nowhere"], "--compare nowhere: no model there"),
    (["--compare", "--vary", "cell=rnn,gru"], "--vary needs the name of one task"),
    (["--task", "poem", "--vary", "cell=rnn,gru"], "--vary needs --compare"),
    (["--task", "poem", "--report-dir", "x"], "--report-dir needs --compare"),
])
def test_flags_that_do_not_fit_a_comparison_are_refused(arguments, says):
    assert says in refused(*arguments)


def test_finished_models_cannot_be_given_settings(trained):
    assert "--epochs has no effect on finished models" in refused("--compare", trained("poem"), "--epochs", "2")


class FakeModel:
    """As much of a model as a grid asks for."""

    def __init__(self, folder, stopped="all epochs done"):
        self.folder, self.task = folder, tasks.find("classify")
        self.metadata = {"history": {"stopped": stopped, "seconds": 1.0, "epochs": []}, "versions": {},
                         "corpus": {"name": "mine"}}
        self.text_model = type("", (), {"network": type("", (), {"named_parameters": lambda _: []})()})()
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "weights.safetensors").exists():
            (folder / "weights.safetensors").touch()

    def save_report(self, report):
        pass


CELLS = [grid.Cell({"cell": cell}, 1) for cell in ("rnn", "gru", "lstm")]


def test_a_bad_cell_ends_none_of_the_others_and_what_is_done_is_not_scored_again(tmp_path):
    scored = []

    def evaluate(model):
        scored.append(model.folder.name)
        return LABELS

    def train(cell, folder, minutes):
        if cell.options["cell"] == "gru":
            raise RuntimeError("the machine is on fire")
        return FakeModel(folder)

    found = grid.run(CELLS, tmp_path, train, evaluate, {"beam": 3})
    assert [r.error for r in found] == ["", "RuntimeError: the machine is on fire", ""]
    assert found[2].scores == {"accuracy": 0.5} and found[2].baselines == {"commonest label": {"accuracy": 0.75}}
    assert "cell=gru,seed=1: failed: RuntimeError: the machine is on fire" in "\n".join(summary.lines(found))
    again = grid.run(CELLS, tmp_path, train, evaluate, {"beam": 3})
    assert [r.scores for r in again] == [r.scores for r in found] and again[0].cell == CELLS[0]
    assert scored == ["cell=rnn,seed=1", "cell=lstm,seed=1"]
    grid.run(CELLS[:1], tmp_path, train, evaluate, {"beam": 4})
    assert len(scored) == 3  # another search has other scores


def test_the_time_limit_is_one_for_all_cells(tmp_path):
    times, given = iter([0.0, 60.0, 120.0, 200.0]), []

    def train(cell, folder, minutes):
        given.append(minutes)
        return FakeModel(folder)

    found = grid.run(CELLS, tmp_path, train, lambda model: LABELS, {}, minutes=3.0, clock=lambda: next(times))
    assert given == [2.0, 1.0]
    assert [r.waiting for r in found] == ["", "", "not trained yet"]


def test_an_interrupted_cell_is_the_last_one(tmp_path):
    found = grid.run(CELLS, tmp_path, lambda cell, folder, _: FakeModel(folder, "interrupted"), lambda _: LABELS, {})
    assert [r.waiting for r in found] == ["interrupted", "not trained yet", "not trained yet"]


def test_means_have_the_spread_of_the_seeds():
    found = [grid.Result(grid.Cell({"cell": "gru"}, seed), scores={"chrF": score}, main="chrF", parameters=7)
             for seed, score in ((1, 10.0), (2, 13.0))]
    found.append(grid.Result(grid.Cell({"cell": "rnn"}, 1), "out of memory"))
    lines = summary.lines(found)
    assert lines[2].split() == ["gru", "2", "11.50", "±", "2.12", "7", "0", "s"]
    assert lines[3].endswith("1 failed")
    assert [row["state"] for row in summary.rows(found)] == ["done", "done", "out of memory"]


def test_differences_are_of_models_that_differ_in_nothing_else():
    def scored(score, seed=1, **options):
        return grid.Result(grid.Cell(options, seed), scores={"chrF": score}, main="chrF")

    none = [scored(10.0, attention="none"), scored(20.0, seed=2, attention="none")]
    dot = [scored(13.0, attention="dot", placement="before"), scored(24.0, seed=2, attention="dot", placement="after")]
    assert summary.difference(dot, none, "attention") == 3.5
    assert summary.difference(dot[:1], none[1:], "attention") is None
    gru, lstm = [scored(1.0, cell="gru", layers=1)], [scored(2.0, cell="lstm", layers=2)]
    assert summary.difference(gru, lstm, "cell") is None


def test_the_page_of_a_grid_tells_what_a_setting_changes(tmp_path):
    grid_page.write("translate", results(), tmp_path, "python run.py …", {"epochs": 1})
    html = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert not re.search(OUTSIDE, html) and "3 of 4 models" in html
    assert '<td style="--share: 0.000">6.00 ± 1.41</td>' in html and '<td style="--share: 1.000">9.00</td>' in html
    assert "From the shortest sources (1–2) to the longest (7): none -100; dot -100." in html
    assert "(60 of 100)" in html and "copied are none 75.0%; dot 75.0%" in html and "very token: dot 75%." in html
    assert "&lt;out&gt; of memory" in html and "commonest 1.00" in html
    for picture in ("chrF by attention", "chrF by source length and attention", "Dev loss by epoch and attention",
                    "Copied and generated words by attention"):
        assert html.count(f'aria-label="{picture}"') == 1
    assert 'data-tip="attention=dot,seed=1: chrF 9"' in html
    with open(tmp_path / "report.csv", encoding="utf-8-sig", newline="") as file:
        assert [row["chrF"] for row in csv.DictReader(file)] == ["5.0", "7.0", "9.0", ""]


def test_a_grid_is_trained_its_bad_cell_told_and_the_same_command_resumes(tmp_path):
    bad = tmp_path / "g" / "attention=dot,seed=1"
    bad.mkdir(parents=True)
    (bad / "mine.txt").write_text("not a model", encoding="utf-8")
    command = ["--compare", "translate", "--vary", "attention=none,dot", "--model-dir", tmp_path / "g", *QUICK,
               "--beam", "1", "--report-dir", tmp_path / "r"]
    first = run(*command)
    assert first.returncode == 1 and "attention=dot,seed=1: failed:" in first.stdout
    assert "contains files that are not a model" in (tmp_path / "r" / "index.html").read_text(encoding="utf-8")
    weights = (tmp_path / "g" / "attention=none,seed=1" / "weights.safetensors").stat().st_mtime_ns
    (bad / "mine.txt").unlink()
    second = run(*command)
    assert second.returncode == 0, second.stderr
    assert (tmp_path / "g" / "attention=none,seed=1" / "weights.safetensors").stat().st_mtime_ns == weights
    found = json.loads((tmp_path / "r" / "report.json").read_text(encoding="utf-8"))["models"]
    assert [m["options"] for m in found] == [{"attention": "none"}, {"attention": "dot"}]
    assert found[0]["copying"]["at_peak"] is None and found[1]["copying"]["at_peak"] is not None
    assert [line.split()[:2] for line in second.stdout.splitlines()[2:4]] == [["none", "1"], ["dot", "1"]]


def test_models_of_any_directories_are_compared(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "can_draw", lambda: False)
    done = run("--compare", trained("classify"), trained("classify"), "--report-dir", tmp_path / "r")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].split() == ["type", "N→1", "N→1"]
    assert "Models side by side" in (tmp_path / "r" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["compare.md", "compare.zh.md"])
def test_the_example_of_the_docs_runs(models, page, tmp_path, monkeypatch):
    [code] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    Path("models").symlink_to(models)
    monkeypatch.setattr(n2m.Model, "evaluate", lambda model: {"poem": POEM, "classify": LABELS}[model.task.name])
    monkeypatch.setattr(drawing, "can_draw", lambda: False)
    names = {}
    exec(compile(code, page, "exec"), names)
    assert names["page"].startswith("<!DOCTYPE html>") and Path("report/index.html").is_file()
