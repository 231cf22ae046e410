"""benchmarks/*.py: a wrong flag is answered in one line, before anything slow begins."""

import ast
import math
import runpy
import sys

import numpy as np
import pytest
import torch

from benchmarks import joeynmt, marian_side
from benchmarks.writing_contestants import Shuffled
from benchmarks.writing_lm import LSTM, LanguageModel, whole_poems
from benchmarks.writing_measures import form, keeps_rhyme, repeated_by_poets, whole
from benchmarks.writing_trigrams import KneserNey
from core.batches import Ragged
from core.data import Example
from core.settings import Settings
from core.vocabulary import BOS, SPECIALS
from tasks import find
from tasks.shared import training
from tasks.shared.verse import next_line
from tasks.shared.verse_rules import Pattern
from tests.copies import ROOT

FILES = sorted((ROOT / "benchmarks").glob("*.py"))
COMMANDS = [path for path in FILES if "command.run(main)" in path.read_text(encoding="utf-8")]


def answer_to(path, arguments, monkeypatch, capsys) -> str:
    monkeypatch.setattr(sys, "argv", [str(path), *arguments])
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(path), run_name="__main__")
    printed = capsys.readouterr()
    assert ended.value.code == 2 and not printed.out
    [line] = printed.err.splitlines()
    assert line.startswith(f"{path.name}: ")
    return line


@pytest.mark.parametrize("path", COMMANDS, ids=lambda p: p.name)
def test_a_wrong_flag_is_answered_in_one_line(path, monkeypatch, capsys):
    assert "unrecognized arguments: --sekonds" in answer_to(path, ["--sekonds", "5"], monkeypatch, capsys)


@pytest.mark.parametrize(("name", "arguments", "says"), [
    ("fuzz", ["--second", "5"], "did you mean --seconds?"), ("fuzz", ["--input", "x"], "needs --target"),
    ("fuzz", ["--target", "tsw"], "invalid choice: 'tsw'"), ("large", ["--pairs", "0"], "0 must be at least 1"),
    ("large", ["--pairs", "5", "--epochs", "many"], "invalid int value: 'many'"),
    ("limit", ["--only", "poetry"], "--only poetry is unknown; use "),
    ("limit", ["--only", "race", "--data", "missing"], "train.de.gz is missing"),
    ("joeynmt", ["--limit", "5"], "--limit 5 must be 0, or at least 128"),
    ("joeynmt", ["--epochs", "x"], "x is not a whole number"),
    ("joeynmt", ["--marian", "missing"], "missing is not a program; name Marian's own program `marian`"),
    ("translation", ["--corpora", "hsk,hsk:back"], "--corpora hsk:back is unknown; use multi30k-de-en, tatoeba-zh-en,"),
    ("translation", ["--without", "joey"], "--without joey is unknown; use joeynmt, ours"),
    ("writing", ["--only", "beam,beem"], "--only beem is unknown; use varied, beam, greedy"),
    ("writing", ["--task", "word", "--only", "lstm"], "--only lstm is unknown; use varied"),
    ("writing", ["--model-dir", "missing"], "missing contains no model"),
    ("writing", ["--budget", "7"], "`budget` 7 is unknown for `task` poem"),
    ("writing", ["--lines", "0"], "at least 1")])
def test_a_wrong_value_is_answered_in_one_line(name, arguments, says, monkeypatch, capsys):
    assert says in answer_to(ROOT / "benchmarks" / f"{name}.py", arguments, monkeypatch, capsys)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_benchmarks_stand_without_the_tests(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else [
            node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not any(name.split(".")[0] == "tests" for name in names)


# benchmarks/joeynmt.py

STAND_IN = """\
#!{python}
import pathlib, sys
flags = {{flag: value for flag, value in zip(sys.argv, sys.argv[1:]) if flag.startswith("--")}}
if "--train-sets" in sys.argv:
    pathlib.Path(flags["--model"]).write_text(" ".join(sys.argv))
else:
    lines = pathlib.Path(flags["--input"]).read_text().splitlines()
    pathlib.Path(flags["--output"]).write_text("".join(f"{{line}} {{flags['--beam-size']}}\\n" for line in lines))
"""


def test_marian_gets_the_words_of_the_race_and_its_answers_come_back(tmp_path):
    (tmp_path / "tokens").mkdir()
    (tmp_path / "logs").mkdir()
    for name in ("marian", "marian-decoder"):
        (tmp_path / name).write_text(STAND_IN.format(python=sys.executable))
        (tmp_path / name).chmod(0o755)
    for name, text in (("train.de", "ein Haus\nein Baum\n"), ("train.en", "a house\na tree\n"), ("test.de", "x\ny\n")):
        (tmp_path / "tokens" / name).write_text(text)
    found = marian_side.race(tmp_path / "marian", tmp_path, 3, 0.001, joeynmt.follow)
    answers = {name: decoded["answers"] for name, decoded in found["decode"].items()}
    assert answers == {"greedy": ["x 1", "y 1"], "beam": ["x 5", "y 5"]}
    assert found["tokens_per_second"] > 0
    assert (tmp_path / "marian_model" / "de.txt").read_text().split() == ["</s>", "<unk>", "ein"]
    assert "--after-epochs 3" in (tmp_path / "marian_model" / "model.npz").read_text()


# benchmarks/writing.py

POEM = ["白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼"]
PAIRS = [Example(POEM[i], POEM[i + 1], tuple(POEM[:i]), key="stork") for i in range(3)]


def test_kneser_ney_is_computed_as_by_hand():
    a, b = len(SPECIALS), len(SPECIALS) + 1
    V = b + 1
    model = KneserNey(Ragged([[a, b], [a, a]]), V)
    # With so few counts the discounts are 0.5 and 1. Different pairs that end on a: (mark, a), (a, a); on b: (a, b).
    p_1a, p_1b = (2 - 1) / 3 + 1.5 / 3 / V, (1 - 0.5) / 3 + 1.5 / 3 / V
    p_2b = (1 - 0.5) / 2 + 1 / 2 * p_1b  # behind a: a and b, each after the mark alone
    first, second = model.p(np.array([[BOS, BOS, a], [BOS, a, b]]))
    assert math.isclose(first, (2 - 1) / 2 + 1 / 2 * p_1a)
    assert math.isclose(second, (1 - 0.5) / 2 + 1 / 2 * p_2b)


def test_kneser_ney_sums_to_one_and_samples_what_it_says():
    model, rng = KneserNey(Ragged([[4, 5], [4, 6], [5, 5, 4]]), 7), np.random.default_rng(1)
    every = np.stack(np.meshgrid(*[np.arange(7)] * 3, indexing="ij"), axis=-1)
    assert np.allclose(model.p(every.reshape(-1, 3)).reshape(7, 7, 7).sum(axis=2), 1)
    drawn = np.bincount([model.sample(1, rng)[0] for _ in range(4000)], minlength=7) / 4000
    p = model.p(every[BOS, BOS])
    assert np.allclose(drawn[4:], p[4:] / p[4:].sum(), atol=0.03) and not drawn[:4].any()


def test_the_language_model_scores_and_writes_lines_of_the_right_length():
    model = training.create(find("poem"), Settings(embedding_size=8, hidden_size=8, max_length=24), PAIRS)
    network = LanguageModel(len(model.target), 8, 12, dropout=0.0).eval()
    lstm = LSTM(model, network, minutes=0.0, seed=1)
    assert [len(text) for text in lstm.texts(PAIRS)] == [5, 5, 5]
    scores = lstm.log_p(PAIRS, [[e.target, POEM[0]] for e in PAIRS])
    assert scores.shape == (3, 2) and (scores < 0).all()
    ids = torch.tensor([[BOS, *model.target.ids("白日依山尽，黄河入海流")]])
    s, _ = network.lstm(network.embedding(ids[:, :-1]))
    by_hand = network.log_p(s).gather(2, ids[:, 1:].unsqueeze(2))[0, -5:].sum()
    assert math.isclose(scores[0, 0], by_hand.item(), rel_tol=1e-4)


def test_poems_are_put_together_from_their_pairs():
    other = [Example("床前明月光", "疑是地上霜", key="moon")]
    assert whole_poems([*PAIRS, *other]) == ["白日依山尽，黄河入海流。欲穷千里目，更上一层楼。",
                                             "床前明月光，疑是地上霜。"]
    assert repeated_by_poets([*PAIRS, Example("床前明月光", POEM[1], key="moon")]) == 0.5


def test_form_is_measured_beside_what_breaks_it():
    last = Pattern(next_line(POEM[:3], 5), used="".join(POEM[:3]))
    assert keeps_rhyme(last, "更上一层楼", POEM[:3])
    assert not keeps_rhyme(last, "更上一层流", POEM[:3]) and not keeps_rhyme(last, "更上一层山", POEM[:3])
    texts = [POEM[3], "更上一层山"]
    assert form([[last]] * 2, PAIRS[2:] * 2, texts) == {"rhyme": 0.5, "tones": 1.0}
    assert whole([[last]] * 2, texts) == {"faultless": 0.5}


def test_shuffled_lines_keep_length_and_place():
    asked = [Example("甲" * n, str(i) * n, ("x",) * (i % 2)) for i, n in enumerate([5, 5, 7, 5, 5, 7])]
    found = Shuffled(1).texts(asked)
    assert [int(text[0]) for text in found] == [4, 3, 2, 1, 0, 5]
