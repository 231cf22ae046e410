"""The page of a walk: complete in itself, whatever the text holds, and refused where it cannot be written."""

import json
import re

import numpy as np
import pytest

import n2m
from n2m.page import page
from tasks.shared.walk import Candidate, Step, Walk
from tests.command import TASKS, refused, run

HOSTILE = "</script><script>alert(1)</script><!--<b onload=x>&\u2028\u2029\ud800{{walk}}"


def a_page(text):
    numbers = np.ones((1, 2))
    step = Step(text, 0.5, [Candidate(text, 0.5)], text, numbers[0], numbers[0, :1], numbers[0, :1])
    walk = Walk(text, "words", [text], [4], [text], (5, 2), numbers, "GRU", numbers, numbers[0], "h_1", numbers[0],
                "before", steps=[step], answer=text)
    return page(walk, "translate")


def data_of(html):
    return json.loads(re.search(r'<script type="application/json" id="walk">(.*?)</script>', html, re.DOTALL)[1])


@pytest.mark.parametrize("task", TASKS)
def test_a_page_asks_for_nothing_outside_and_has_the_walk_in_it(trained, task):
    model = n2m.load(trained(task))
    walk = model.walk(TASKS[task], candidates=10, alternatives=10)
    html = page(walk, task)
    assert html.startswith("<!DOCTYPE html>") and "default-src 'none'" in html
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|\ssrc=|\shref=|@import|url\((?!#)", html)
    assert not re.search(r"\{\{\w+\}\}", html)
    assert data_of(html) == {"task": task, **json.loads(json.dumps(walk.to_json()))}
    assert len(html.encode()) < 1_000_000


def test_no_text_ends_the_script_that_holds_it():
    html = a_page(HOSTILE)
    assert html.lower().count("</script") == html.lower().count("<script") == a_page("x").lower().count("<script") == 2
    assert "<!--<b" not in html and not re.search("[\u2028\u2029]", html)
    assert data_of(html)["text"] == HOSTILE


def test_the_command_writes_the_page_and_says_where(trained, tmp_path):
    path = tmp_path / "walk.html"
    command = ["--task", "poem", "--model-dir", trained("poem"), "--explain", TASKS["poem"], "--html", path]
    for _ in range(2):  # a page replaces a page
        done = run(*command)
        assert (done.returncode, done.stdout) == (0, "") and f"page written to {path}" in done.stderr
        assert data_of(path.read_text(encoding="utf-8"))["tokens"][0] == TASKS["poem"][0]
    assert [p.name for p in tmp_path.iterdir()] == ["walk.html"]


def test_hostile_input_makes_a_page_too(trained, tmp_path):
    text = "我喜欢" + HOSTILE.replace("\u2028\u2029", "")
    done = run("--task", "translate", "--model-dir", trained("translate"), "--explain", text, "--html", tmp_path / "x")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x").read_text(encoding="utf-8").count("</script") == 2


def test_a_path_that_cannot_be_written_is_told_in_one_line(trained, tmp_path):
    for name, content in (("mine.txt", "mine"), ("index.html", "<!DOCTYPE html>mine")):
        (tmp_path / name).write_text(content, encoding="utf-8")
    command = ["--task", "poem", "--model-dir", trained("poem"), "--explain", TASKS["poem"], "--html"]
    assert f"--html {tmp_path / 'no' / 'x.html'}: its folder does not exist" in refused(
        *command, tmp_path / "no" / "x.html")
    assert "is not a file" in refused(*command, tmp_path)
    for name in ("mine.txt", "index.html"):
        assert "exists and is not a page" in refused(*command, tmp_path / name)
        assert (tmp_path / name).read_text(encoding="utf-8").endswith("mine")
    assert "--html /proc/x.html: No such file or directory" in refused(*command, "/proc/x.html")


def test_a_page_is_written_to_a_named_file(trained, tmp_path):
    command = ["--task", "poem", "--model-dir", trained("poem"), "--explain", TASKS["poem"], "--html"]
    assert "--html is empty; name a file" in refused(*command, "", where=tmp_path)
    assert "--html -: a page is written to a file" in refused(*command, "-", where=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_second_model_stands_beside_the_first(trained, tmp_path):
    own, other = trained("translate"), tmp_path / "other"
    n2m.train("translate", "starter", other, epochs=1, embedding_size=8, hidden_size=8, attention="dot", limit=50)
    command = ["--task", "translate", "--model-dir", own, "--explain", TASKS["translate"], "--beside"]
    done = run(*command, other, "--html", tmp_path / "x.html")
    assert done.returncode == 0, done.stderr
    data = data_of((tmp_path / "x.html").read_text(encoding="utf-8"))
    beside = data["beside"]
    assert beside["names"] == ["translate", "other"] and beside["differing"]["attention"] == ["additive", "dot"]
    assert {*beside["differing"]} == {"attention", "embedding_size", "hidden_size", "epochs", "limit"}
    assert data["score"] == "additive" and beside["walk"]["score"] == "dot"
    for step in beside["walk"]["steps"]:
        assert {*step} == {"token", "probability", "weights"} and len(step["weights"]) == len(data["tokens"])
    page_too = ["--html", tmp_path / "y.html"]
    assert "is a model of --task poem, not of translate" in refused(*command, trained("poem"), *page_too)
    assert "--beside needs --html; add it" in refused(*command, other)
    assert "no contains no model; train one first, or choose another --beside" in refused(
        *command, tmp_path / "no", *page_too)
    assert not (tmp_path / "y.html").exists()


@pytest.mark.parametrize(("arguments", "says"), [
    (["--task", "poem", "--html", "x.html"], "--html needs --explain; add it, or remove --html"),
    (["--task", "poem", "--input", "月", "--html", "x.html"], "--html cannot be combined with --input"),
    (["--task", "poem", "--input", "月", "--beside", "x"], "--beside cannot be combined with --input"),
    (["--list", "--html", "x.html"], "--html cannot be combined with --list"),
    (["--task", "poem", "--explain", "月", "--html"], "--html: expected one argument")])
def test_the_flag_needs_an_explanation(arguments, says):
    assert says in refused(*arguments)
