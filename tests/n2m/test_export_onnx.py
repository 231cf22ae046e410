"""`run.py export --onnx`: the files compute what PyTorch does, and the example answers with them without n2m."""

import json
import runpy
import subprocess
import sys

import pytest
import torch

import n2m
from n2m.export import onnx_files
from n2m.export.onnx_files import write_onnx
from n2m.model import Model
from tests.command import refused, run
from tests.copies import ROOT

FREE = {"beam": 1, "form": "free", "no_repeat_ngram_size": 0}  # the example has no rules but the length


def answers(folder, texts):
    example = runpy.run_path(str(folder / "decode.py"))
    return [example["answer"](text) for text in texts]


@pytest.mark.parametrize("name", ["poem", "word", "translate"])
def test_the_example_answers_as_the_model_does(tmp_path, name):
    model = n2m.load(ROOT / "pretrained" / name, device="cpu")
    assert write_onnx(tmp_path / "files", model) < 1e-4
    card = json.loads((ROOT / "pretrained" / name / "card.json").read_text(encoding="utf-8"))
    texts = [text for text in card["answers"] if name != "poem" or "，" not in text]
    found = answers(tmp_path / "files", texts)
    assert found == [best[0].text for best in model.answer(texts, **FREE)]
    assert "n2m" not in (tmp_path / "files" / "decode.py").read_text(encoding="utf-8").split("import json", 1)[1]


def test_a_label_and_its_probability_are_those_of_the_model(trained, tmp_path):
    model = n2m.load(trained("classify"), device="cpu")
    write_onnx(tmp_path / "files", model)
    texts = ["这家酒店很干净，下次还来", "味道 很差！", "书"]
    expected = [f"{best[0].text}\t{best[0].score:.3f}" for best in model.answer(texts)]
    assert answers(tmp_path / "files", texts) == expected


@pytest.mark.parametrize("chosen", [
    {"cell": "rnn", "attention": "none"}, {"cell": "lstm", "attention": "additive", "placement": "before", "layers": 2},
    {"cell": "lstm", "layer_norm": True, "attention": "dot"},
    {"layer_norm": True, "layers": 2, "bidirectional": False}], ids=str)
def test_every_part_can_be_exported(trained, tmp_path, chosen):
    model = n2m.load(trained("translate"), device="cpu")
    own = model.text_model
    torch.manual_seed(1)
    own.settings = own.task.settings({}, {"embedding_size": 7, "hidden_size": 6, "encoder_size": 5, **chosen})
    own.network = own.task.build(own.settings, own.source, own.target).eval()
    assert write_onnx(tmp_path / "files", Model(own)) < 1e-5


def test_the_command_checks_the_files_before_it_says_done(trained, tmp_path, monkeypatch):
    command = ["export", "--model-dir", trained("classify"), "--onnx", tmp_path / "files"]
    with monkeypatch.context() as m:
        m.setattr(onnx_files, "TOLERANCE", -1.0)
        assert "the numbers of the files differ from PyTorch's by" in refused(*command)
    assert list(tmp_path.iterdir()) == []
    done = run(*command)
    assert done.returncode == 0 and "differ from PyTorch's by at most" in done.stderr
    names = {path.name for path in (tmp_path / "files").iterdir()}
    assert names == {"classifier.onnx", "decode.py", "model.json", "ngrams.npz"}
    assert "exists and is not an empty directory; choose another one" in refused(*command)


def test_a_missing_package_is_named(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_files, "PACKAGES", ("onnx", "no_such_package"))
    said = refused("export", "--model-dir", trained("poem"), "--onnx", tmp_path / "files")
    assert "--onnx needs no_such_package; install with pip install -c constraints.txt -e '.[onnx]'" in said


def test_a_directory_above_has_to_be_there(trained, tmp_path):
    said = refused("export", "--model-dir", trained("poem"), "--onnx", tmp_path / "no" / "files")
    assert "the directory above it does not exist; create it" in said


def test_the_example_refuses_what_has_no_answer(trained, tmp_path):
    write_onnx(tmp_path / "files", n2m.load(trained("translate")))
    for text, says in (("", "knows no part of ''"), ("\u2603", "knows no part of"), ("--help", "usage: python")):
        done = subprocess.run([sys.executable, tmp_path / "files" / "decode.py", text], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (2, "") and says in done.stderr, done.stderr
        assert len(done.stderr.splitlines()) == 1
