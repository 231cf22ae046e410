"""The language of the command line: by the locale, N2M_LANGUAGE and --language; Chinese wherever it prints."""

import re

import numpy as np
import pytest

import n2m
import tasks
from core.history import INTERRUPTED, TERMINATED, TIME_IS_UP
from n2m.cli import explain, language
from n2m.cli.chinese import LINES, MESSAGES, PHRASES
from n2m.report import facts
from tasks.shared.report import Report, width
from tests.command import TASKS, refused, run
from tests.copies import ROOT

FOLDERS = sorted(path.parent for path in (ROOT / "pretrained").glob("*/card.json"))
TERMS = {"tanh", "softmax", "pooled", "bos", "eos", "unk", "GRU", "LSTM", "RNN", "ID", "GRAM", "gram"}
EXPLAIN = ("--task", "classify", "--explain", TASKS["classify"])


@pytest.fixture
def chinese(monkeypatch):
    monkeypatch.setenv("N2M_LANGUAGE", "zh")
    with language.of_environment():
        yield


@pytest.mark.parametrize(("environment", "flags", "first"), [
    ({"LANG": "zh_CN.UTF-8"}, (), "编码"), ({"LANG": "zh_CN.UTF-8"}, ("--language", "en"), "ENCODING"),
    ({"LANG": "zh_TW.UTF-8", "LC_ALL": "C"}, (), "ENCODING"), ({"LANG": "C", "LC_MESSAGES": "zh_CN"}, (), "编码"),
    ({"LANG": "C"}, (), "ENCODING"), ({"LANG": "de_DE.UTF-8"}, ("--language", "zh"), "编码"), ({}, (), "ENCODING"),
    ({"N2M_LANGUAGE": "zh", "LANG": "C"}, (), "编码")])
def test_locale_variable_and_flag_choose_the_language(environment, flags, first):
    plain = {"N2M_LANGUAGE": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": ""}
    done = run(*EXPLAIN, *flags, **{**plain, **environment})
    assert done.returncode == 0 and done.stdout.startswith(first + "  " + TASKS["classify"])


def test_an_unknown_language_is_refused():
    assert refused(*EXPLAIN, "--language", "fr") == "run.py: --language fr is unknown; use zh or en"
    assert refused(*EXPLAIN, N2M_LANGUAGE="de") == "run.py: N2M_LANGUAGE de is unknown; use zh or en"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_walk_in_chinese_has_no_english_left(folder, chinese):
    model = n2m.load(folder)
    walk = model.walk(TASKS[model.task.name])
    text = "\n".join(explain.explanation(walk)).replace("score(q, h_i)", "")
    for shown in sorted({walk.answer, *(c.token for step in walk.steps for c in step.candidates)}, key=len)[::-1]:
        text = re.sub(rf"(?<![A-Za-z]){re.escape(shown)}(?![A-Za-z])", " ", text)
    assert set(re.findall("[A-Za-z]{2,}", text)) - TERMS == set()


def test_columns_of_a_walk_are_aligned_in_chinese(chinese):
    step = n2m.Step("y", 1.0, [], scores=np.array([1.0, -2.0]), weights=np.array([0.75, 0.25]))
    lines = list(explain.attention(["ab", "唐诗"], step))
    assert width(lines[0].split("α")[0]) == width(lines[1].split("α")[0]) and "得分  +1.000" in lines[0]


def test_every_heading_phrase_and_baseline_of_a_report_has_a_chinese_form(models, chinese):
    for task in tasks.all_tasks():
        report = n2m.load(models / task.name).evaluate("starter")
        columns = {column for row in report.rows.values() for column in row} - {"BLEU", "chrF"}
        for shown in [*report.rows, *columns, report.verdict()]:
            assert language.translated(shown) != shown
        heading, rule, *rows = report.lines(language.translated)[:2 + len(report.rows)]
        assert {width(line) for line in [rule]} == {max(map(width, [heading, rule, *rows]))}
        assert language.translated("examples from the test split:") in report.lines(language.translated)
        assert all(language.translated(note) != note for note in report.notes if re.match("[a-z]{4}.*: ", note))
        assert report.to_json() == {**report.to_json(), "rows": report.rows}  # keys stay as they are


def test_the_comparison_is_chinese_but_its_data_are_not(models, chinese):
    model = n2m.load(models / "poem")
    report = Report("perplexity", False, {"this model": {"perplexity": 9.0}, "character trigram": {"perplexity": 99.0}},
                    examples=[("yes", "duplicate", "")])
    lines = facts.comparison([model], [report], translate=language.translated)
    shown = {line.split("  ")[0]: line.split()[-1] for line in lines if "──" not in line}
    assert not any(re.search("[a-z]{3}", name.replace("poem", "")) for name in shown)
    assert (shown["胜过基线"], shown["基线名称"], shown["示例输入"], shown["示例输出"]) == (
        "是", "字三元模型", "yes", "duplicate")
    names = list(facts.column(model, report))
    assert [line.split()[0] for line in facts.comparison([model], [report]) if "──" not in line] == [
        name.split()[0] for name in names]


def test_a_training_speaks_chinese(tmp_path):
    done = run("--task", "poem", "--corpus", "starter", "--epochs", "1", "--embedding-size", "8", "--hidden-size", "8",
               "--model-dir", tmp_path / "m", "--language", "zh")
    assert done.returncode == 0
    notes = done.stderr.splitlines()
    assert all(re.search("[一-鿿]", line) for line in notes if line.strip() and "\r" not in line), notes
    assert re.search(r"第 1 轮：训练损失 [\d.]+，验证损失 [\d.]+（困惑度 [\d,.]+）.*用时 \d+ 秒", done.stderr)
    assert re.search(r"starter：训练集 \d+，验证集 \d+，测试集 \d+", done.stderr)
    assert "poem（N→N），语料库 starter：" in done.stdout and "困惑度" in done.stdout and "模型：" in done.stdout


@pytest.mark.parametrize(("text", "expected"), [
    ("tang: 350,504 train, 21,151 dev, 41,648 test; rejected 6,530: duplicate; rejected 3: not JSON",
     "tang：训练集 350,504，验证集 21,151，测试集 41,648；剔除 6,530：重复；剔除 3：not JSON"),
    ("trained 2 epochs in 606 s (all epochs done); saved in models/poem",
     "训练了 2 轮，用时 606 秒（已完成全部轮次）；已保存到 models/poem"),
    ("The model does NOT beat the baseline on chrF: nearest training source.",
     "本模型的主要指标（chrF）不如以下基线：训练集最相近的源文本。"),
    ("yes; no: the model does not know 龘", "yes; no：模型不认识 龘"),
    ("a sentence without one", "a sentence without one")])
def test_messages_are_translated_with_their_values(text, expected, chinese):
    assert language.translated(text) == expected


def test_why_a_training_stopped_has_a_chinese_form(chinese):
    assert not [text for text in (INTERRUPTED, TERMINATED, TIME_IS_UP) if language.translated(text) == text]


def test_both_languages_of_a_message_take_the_same_values():
    values = re.compile(r"\{[^}]+\}")
    dropped = {"{remedy}"}
    for table in MESSAGES, LINES:
        for english, translation in table.items():
            assert {*values.findall(english)} - dropped == {*values.findall(translation)}, english


def test_every_translation_is_of_a_text_that_the_toolkit_has():
    """A changed message would silently be English again."""
    sources = "".join(path.read_text(encoding="utf-8") for folder in ("core", "corpora", "tasks", "n2m")
                      for path in (ROOT / folder).rglob("*.py") if path.name != "chinese.py")
    sources += (ROOT / "run.py").read_text(encoding="utf-8")
    joined = re.sub(r'"\s*\n?\s*f?"', "", sources).replace("\\n", " ")
    for phrase in [*PHRASES, *LINES]:
        parts = re.split(r" \+ |without `retrain` ", phrase)  # these are put together where they are printed
        assert all(part in joined for part in parts), phrase
    for message in MESSAGES.keys() - {"accuracy {value}", "settings suggested by {corpus}: {values}"}:
        fixed = [part for part in re.split(r"\{\w+\}", message) if len(part) > 5]
        assert any(part in joined for part in fixed), message
