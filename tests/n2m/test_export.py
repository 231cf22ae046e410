"""`run.py export`: what it writes is complete and small, and what it cannot write is refused in one line."""

import base64
import json
import re
import shutil
import zlib

import numpy as np
import pytest

import n2m
from core.ngrams import NGrams
from n2m.export.data import collect, script_table
from n2m.export.network import ngrams_data, packed
from n2m.export.page import SCRIPTS, START, page
from tests.command import TASKS, refused, run
from tests.copies import ROOT


@pytest.mark.parametrize("task", TASKS)
def test_the_page_is_complete_and_asks_for_nothing_outside(trained, tmp_path, task):
    path = tmp_path / "model.html"
    done = run("export", "--model-dir", trained(task), "--html", path)
    assert (done.returncode, done.stdout) == (0, "") and f"page written to {path}" in done.stderr
    html = path.read_text(encoding="utf-8")
    assert html.encode().startswith(START) and "default-src 'none'" in html
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|\ssrc=|\shref=|@import|url\((?!#)|fetch\(", html)
    assert not re.search(r"\{\{(?!walk)\w+\}\}", html)
    assert html.lower().count("</script") == 4
    data = json.loads(re.search(r'id="model">(.*?)</script>', html, re.DOTALL)[1])
    assert data["task"] == task and data["source"]["words"]


def test_all_weights_are_in_the_page_once_and_in_half_precision(trained):
    model = n2m.load(trained("poem"))
    text, weights = packed(collect(model))
    planes = zlib.decompress(base64.b64decode(weights))
    numbers = np.frombuffer(np.frombuffer(planes, np.uint8).reshape(2, -1).T.tobytes(), "<f2")
    network = model.text_model.network
    assert len(numbers) == sum(p.numel() for p in network.parameters())  # tied and shared ones count once
    start, rows, columns = json.loads(text)["network"]["decoder"]["W_r"]["tensor"]
    found = numbers[start:start + rows * columns].reshape(rows, columns)
    assert np.allclose(found, network.decoder.readout.weight.detach().numpy(), atol=1e-3)


def test_the_largest_pretrained_model_makes_a_page_of_less_than_ten_megabytes():
    assert len(page(n2m.load(ROOT / "pretrained" / "poem", device="cpu")).encode()) < 8_000_000


def test_every_script_is_in_the_page_and_short():
    files = {path.stem: path for path in (ROOT / "n2m" / "export" / "js").glob("*.js")}
    assert set(files) == set(SCRIPTS)
    assert {name for name, path in files.items() if len(path.read_text(encoding="utf-8").splitlines()) > 160} == set()


def test_the_command_takes_the_model_that_comes_with_n2m(tmp_path):
    done = run("export", "--task", "translate", "--corpus", "classical", "--html", tmp_path / "page.html")
    assert done.returncode == 0 and "pretrained/translate-classical" in done.stderr and "MB)" in done.stderr


@pytest.mark.parametrize(("arguments", "says"), [
    ([], "nothing to write; add --html FILE or --onnx FOLDER"),
    (["--html", "x.html"], "no model given; add --task, or --model-dir with the directory of a model"),
    (["--corpus", "tang", "--html", "x.html"], "--corpus needs --task; add it, or remove --corpus"),
    (["--task", "pom", "--html", "x.html"], "--task pom is unknown; did you mean poem?"),
    (["--model-dir", "nowhere", "--html", "x.html"], "nowhere contains no model"),
    (["--task", "poem", "--htlm", "x"], "did you mean --html?"),
    (["--task", "poem", "--html", "no/x.html"], "--html no/x.html: its folder does not exist")])
def test_what_is_wrong_is_said_in_one_line(arguments, says):
    assert says in refused("export", *arguments)


@pytest.mark.parametrize("content", ["mine", "<!DOCTYPE html>mine", "<!DOCTYPE html>\n<!-- n2m walk -->"])
def test_a_file_that_is_no_such_page_is_not_replaced(trained, tmp_path, content):
    (tmp_path / "mine.html").write_text(content, encoding="utf-8")
    said = refused("export", "--model-dir", trained("poem"), "--html", tmp_path / "mine.html")
    assert "is not a page that this command wrote" in said
    assert (tmp_path / "mine.html").read_text(encoding="utf-8") == content


def test_chinese_words_cannot_be_cut_in_a_page_and_the_remedy_is_named(trained, tmp_path):
    shutil.copytree(trained("translate"), tmp_path / "model")
    model = n2m.load(tmp_path / "model")
    model.text_model.source.tokenizer.kind = "words"
    with pytest.raises(n2m.InputError, match="needs the dictionary of jieba; train with `source_tokenizer` units"):
        page(model)
    model.text_model.target, model.text_model.source = model.text_model.source, model.text_model.target
    assert page(model)  # English is cut without it; and an output is only joined


def test_a_task_of_ones_own_is_refused(trained):
    model = n2m.load(trained("poem"))
    model.text_model.task = type("Riddle", (type(model.task),), {"name": "riddle"})()
    with pytest.raises(n2m.InputError, match="`html` does not know the task riddle; it knows word, classify, poem"):
        page(model)


def test_other_characters_become_those_of_the_vocabulary(trained):
    source = n2m.load(trained("translate")).text_model.source
    table = script_table("simplified", source, False)
    assert dict(zip(table["from"], table["to"]))["們"] == "们" and len(table["from"]) == len(table["to"]) < 2000
    assert script_table("as-written", source, False) is None


def test_n_grams_that_training_did_not_have_take_no_place():
    ngrams = NGrams(9, 2, 3)
    ngrams.weight.data[[4, 7]], ngrams.idf.data[[4, 5, 7]] = 1.0, 0.5  # 5 occurred and weighs nothing
    data = ngrams_data(ngrams)
    assert data["used"] == [4, 5, 7] and data["W"].shape == (3, 3) and data["scale"] is None
    assert data["idf"].tolist() == [0.5] * 3 and data["idf_unseen"] == 1.0
