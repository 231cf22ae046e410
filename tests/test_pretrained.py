"""The models in pretrained/: small, whole, and as good as their cards say."""

import json
import os
import shutil
from pathlib import Path

import pytest

import n2m
from tasks.shared.evaluation import model_perplexity
from tasks.shared.report import number
from tests.command import TASKS, run
from tests.copies import ROOT

FOLDERS = sorted(path.parent for path in (ROOT / "pretrained").glob("*/card.json"))
GREEDY = {"beam": 1, "form": "free"}  # as benchmarks/pretrained.py answers for the card
MOST = 24e6  # bytes, of all models together


def card_of(folder: Path) -> dict:
    return json.loads((folder / "card.json").read_text(encoding="utf-8"))


def test_together_they_are_small_enough_for_a_clone():
    assert sum(path.stat().st_size for folder in FOLDERS for path in folder.iterdir()) <= MOST


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_model_answers_as_its_card_says(folder):
    model, card = n2m.load(folder), card_of(folder)
    assert n2m.pretrained(card["task"], card["corpus"]) == folder
    assert card["checksum"] == model.metadata["corpus"]["checksum"]
    for text, answer in card["answers"].items():
        assert model.answer([text], **GREEDY)[0][0].text == answer


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_fresh_clone_answers_with_it_and_says_so(folder):
    task, _, corpus = folder.name.partition("-")
    named = ["--corpus", corpus] * bool(corpus)
    done = run("--task", task, *named, "--input", TASKS[task])
    assert done.returncode == 0 and done.stdout.strip()
    [line] = done.stderr.splitlines()
    assert "pretrained" in line and line.endswith(" ".join(["to train your own: python run.py --task", task, *named]))


def test_a_model_of_your_own_comes_first(models):
    shutil.copytree(models / "poem", Path.cwd() / "models" / "poem")
    done = run("--task", "poem", "--input", "床前明月光")
    assert done.returncode == 0 and "pretrained" not in done.stderr


def test_a_model_of_your_own_does_not_hide_one_of_the_corpus_asked_for(models):
    shutil.copytree(models / "translate", Path.cwd() / "models" / "translate")
    for named, comes_with_it in ([], False), (["--corpus", "classical"], True):
        done = run("--task", "translate", *named, "--input", "学而时习之")
        assert done.returncode == 0 and ("pretrained" in done.stderr) == comes_with_it


def test_a_corpus_that_no_model_comes_with_is_said_in_one_line():
    for named in ["--corpus", "hsk"], ["--corpus", "classical", "--reverse"]:
        done = run("--task", "translate", *named, "--input", "你好")
        [line] = done.stderr.splitlines()
        assert done.returncode == 2 and "found a model trained with --" in line
        assert line.endswith("it comes with n2m, so train your own: python run.py --task translate " + " ".join(named))


@pytest.mark.parametrize(("page", "unit"), [("README.md", "s"), ("docs/README.zh.md", "秒"), ("docs/compare.md", "s"),
                                            ("docs/compare.zh.md", "秒")])
def test_the_tables_of_the_pages_repeat_the_cards(page, unit):
    text = (ROOT / page).read_text(encoding="utf-8")
    cards = [card_of(ROOT / "pretrained" / task) for task in ("word", "classify", "poem", "translate")]
    models = [n2m.load(ROOT / "pretrained" / card["task"]) for card in cards]
    weights = [sum(w.numel() for w in model.text_model.network.parameters()) for model in models]
    assert "| " + " | ".join(f"{n:,}" for n in weights) + " |" in text
    assert "| " + " | ".join(f"{card['seconds']:,} {unit}" for card in cards) + " |" in text
    for card in cards:
        score = next(iter(card["scores"]["this model"]))
        found = [number(row[score]) for row in card["scores"].values() if score in row]
        assert all(n in text for n in found[:2]), (card["task"], found)


@pytest.mark.skipif("CORPORA_CACHE" not in os.environ, reason="needs CORPORA_CACHE, a cache with the corpora")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_sample_of_the_test_split_has_the_perplexity_of_the_card(folder, monkeypatch):
    monkeypatch.setenv("N2M_CACHE", os.environ["CORPORA_CACHE"])
    model, sample = n2m.load(folder), card_of(folder)["sample"]
    test = n2m.corpus(sample["corpus"], model.task.name).test
    found = model_perplexity(model.text_model, [test[i] for i in sample["numbers"]])
    assert found == pytest.approx(sample["perplexity"], rel=0.002)
