"""docs/tutorial.md and its Chinese page: every command prints what the page shows, and every picture is up to date."""

import contextlib
import io
import json
import os
import re
import shlex
from functools import cache
from pathlib import Path

import pytest

import n2m
from benchmarks import by_length, tutorial
from tasks.shared.report import table
from tests.command import ROOT, run

PAGES = {"en": ROOT / "docs" / "tutorial.md", "zh": ROOT / "docs" / "tutorial.zh.md"}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
ANYTHING = "…"
TRAINED = "models/numbers"  # of the page's own training, whose last digits depend on the machine


def blocks(language: str) -> list[tuple[str, str]]:
    return BLOCK.findall(PAGES[language].read_text(encoding="utf-8"))


def close(shown: str, printed: str, within: float) -> bool:
    """Whether two lines are the same, but for the last digits of their decimals, and for bars and spaces."""
    lines = [" ".join(re.sub("[█▏▎▍▌▋▊▉]", "", line).split()) for line in (shown, printed)]
    if NUMBER.sub("#", lines[0]) != NUMBER.sub("#", lines[1]):
        return False
    for a, b in zip(*(NUMBER.findall(line.replace(",", "")) for line in lines)):
        last = 10.0 ** -len(a.partition(".")[2]) if "." in a else 0
        if abs(float(a) - float(b)) > max(2.01 * last, within * abs(float(a)) * bool(last)):
            return False
    return True


def shown_in(shown: list[str], printed: list[str], within: float = 0.005) -> bool:
    """Whether the lines shown are those printed; a line … stands for any number of them."""
    if not shown or not printed:
        return not [line for line in shown if line != ANYTHING] and (not printed or bool(shown))
    if shown[0] == ANYTHING:
        return any(shown_in(shown[1:], printed[k:], within) for k in range(len(printed) + 1))
    return close(shown[0], printed[0], within) and shown_in(shown[1:], printed[1:], within)


def commands(body: str) -> list[tuple[str, list[str]]]:
    """Each command of a block, with the lines that it is shown to print."""
    found: list[tuple[str, list[str]]] = []
    for line in body.replace(" \\\n   ", "").splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


@pytest.fixture(scope="module")
def prints(tmp_path_factory):
    """What a command, or a block of Python, prints in a language. Each runs once, in one folder, and loads each
    pretrained model once: both pages have the same ones."""
    loaded, load, patch, folder = {}, n2m.load, pytest.MonkeyPatch(), tmp_path_factory.mktemp("tutorial")

    def load_once(directory, **options):
        path = Path(directory).resolve()
        if path not in loaded:
            loaded[path] = load(directory, **options)
        return loaded[path]

    @cache
    def by_python(code: str) -> str:
        os.chdir(folder)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(code, "tutorial", "exec"), {})
        return printed.getvalue()

    @cache
    def by_command(command: str, language: str) -> str:
        program, name, *arguments = shlex.split(command)
        assert (program, name) == ("python", "run.py")
        done = run(*arguments, where=folder, N2M_LANGUAGE=language)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        return done.stdout

    patch.setattr("n2m.cli.answering.load_model", load_once)
    patch.setattr("n2m.load", load_once, raising=False)
    patch.setattr("tests.command.forget", lambda: None)  # the tables of verse, which take a second
    yield by_python, by_command
    patch.undo()


@pytest.mark.parametrize("language", PAGES)
def test_every_command_prints_what_the_page_shows(language, prints):
    by_python, by_command = prints
    printed = ""
    for kind, body in blocks(language):
        if kind == "python":
            printed = by_python(body)
        elif kind == "text":
            assert shown_in(body.splitlines(), printed.rstrip("\n").splitlines()), printed
        for command, shown in commands(body) if kind == "console" else []:
            if "by_length.py" in command:
                assert shown == table(by_length.rows(json.loads(by_length.RESULT.read_text(encoding="utf-8"))))
                continue
            answers = "--input" in command or " corpora " in command  # these are the same in every language
            printed, own = by_command(command, "en" if answers else language), TRAINED in command
            same = shown_in(shown, printed.rstrip("\n").splitlines(), within=0.05 if own else 0.005)
            assert same or (own and "--input 7" in command), f"{command}\n{printed}"


@pytest.mark.parametrize("language, readme", [("en", "README.md"), ("zh", "docs/README.zh.md")])
def test_the_sample_in_the_readme_is_what_the_command_prints(language, readme, prints):
    text = (ROOT / readme).read_text(encoding="utf-8")
    [sample] = re.findall(r"^```\n(\$ python run.py .*?)^```$", text, re.MULTILINE | re.DOTALL)
    [(command, shown)] = commands(sample)
    printed = prints[1](command, language)
    assert shown_in(shown, printed.rstrip("\n").splitlines()), printed


def test_a_difference_is_seen():
    line = "   床  score  +1.333  α 0.595  ██████████████▎"
    assert close(line, line.replace("1.333", "1.334").replace("▎", "▍"), 0)
    assert not close(line, line.replace("+", "-"), 0)
    assert not close(line, line.replace("1.333", "1.433"), 0.005) and not close("ids: [714]", "ids: [715]", 0.1)
    assert not close(line, line.replace("床", "前"), 0)
    assert shown_in(["a", "…", "d"], ["a", "b", "c", "d"]) and shown_in(["…", "b"], ["a", "b"])
    assert not shown_in(["a", "d"], ["a", "b", "d"]) and not shown_in(["a"], ["a", "b"]) and not shown_in([], ["a"])


def test_both_pages_have_the_same_commands_and_every_section_ends_in_one():
    def code(kind, body):
        return [command for command, _ in commands(body)] if kind == "console" else body if kind == "python" else ""

    english, chinese = ([(kind, code(kind, body)) for kind, body in blocks(language)] for language in PAGES)
    assert english == chinese
    for page in PAGES.values():
        sections = re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:-1]
        assert len(sections) == 10 and all("```console" in section for section in sections)


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: page.name)
def test_links_and_pictures_are_there(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(((?!http)[^)#]+)\)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
    headings = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
                for heading in re.findall(r"^## (.+)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings
    assert not re.search(r"@\w*@", text)


def test_pictures_are_what_the_models_and_figures_give_now():
    """Up to the last digits: three decimals of a place or a colour depend on the machine."""
    pictures = tutorial.pictures()
    assert {path.name for path in tutorial.FOLDER.iterdir()} == {*pictures, by_length.RESULT.name}
    for name, drawn in pictures.items():
        kept = (tutorial.FOLDER / name).read_text(encoding="utf-8").splitlines()
        same = len(kept) == len(drawn.splitlines()) and all(
            close(a, b, 0.02) for a, b in zip(kept, drawn.splitlines()))
        assert same, f"docs/tutorial/{name} is out of date; run python benchmarks/tutorial.py"


def test_the_figures_in_the_text_are_those_that_were_measured():
    result = json.loads(by_length.RESULT.read_text(encoding="utf-8"))
    card = json.loads((ROOT / "pretrained" / "translate" / "card.json").read_text(encoding="utf-8"))
    scores = card["scores"]["this model"]
    chrf = result["chrF"]
    first, *_, last, _all = result["counts"]
    for page in PAGES.values():
        text = page.read_text(encoding="utf-8")
        for figure in (f"{result['counts']['all']:,}", f"{result['train']:,}", f"{scores['chrF']:.2f}",
                       f"{scores['BLEU']:.2f}", f"{scores['perplexity']:.2f}",
                       *(f"{chrf[attention][length]:.1f}" for attention in chrf for length in (first, last))):
            assert figure in text, figure
