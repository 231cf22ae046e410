"""The pages in docs/walks: what the models in pretrained/ say, with the present script and style of n2m/page."""

import json
import re

import pytest

import n2m
from benchmarks.walks import STILLS, WALKS
from n2m.page import page
from tests.copies import ROOT

FOLDER = ROOT / "docs" / "walks"
DATA = re.compile(r'(?<=<script type="application/json" id="walk">)[^<]*')
REMEDY = "is out of date; run python benchmarks/walks.py"
READMES = [ROOT / "README.md", ROOT / "docs" / "README.zh.md"]


def html_of(name: str) -> str:
    return (FOLDER / f"{name}.html").read_text(encoding="utf-8")


def data_of(name: str) -> dict:
    [data] = DATA.findall(html_of(name))
    return json.loads(data)


@pytest.mark.parametrize("name", WALKS)
def test_a_page_says_what_the_model_says(name):
    shown, model = data_of(name), n2m.load(ROOT / "pretrained" / name, device="cpu")
    walk = model.walk(WALKS[name])
    said = {"task": model.task.name, "tokens": walk.tokens, "answer": walk.answer,
            "steps": [step.token for step in walk.steps]}
    assert {**{key: shown[key] for key in said}, "steps": [step["token"] for step in shown["steps"]]} == said, \
        f"{name}.html {REMEDY}"
    for step, now in zip(shown["steps"], walk.steps):
        assert step["probability"] == pytest.approx(now.probability, abs=1e-2), f"{name}.html {REMEDY}"
    same = DATA.sub("", html_of(name)) == DATA.sub("", page(walk, model.task.name))  # pytest would print both pages
    assert same, f"the script or style in {name}.html {REMEDY}"


def test_there_is_a_page_of_each_pretrained_model_and_nothing_else():
    assert set(WALKS) == {path.parent.name for path in (ROOT / "pretrained").glob("*/card.json")}
    assert {path.name for path in FOLDER.iterdir()} == {*(f"{name}.html" for name in WALKS),
                                                        *(f"{name}.png" for name in STILLS)}
    assert sum(path.stat().st_size for path in FOLDER.glob("*.html")) <= 2.5e6
    assert all(path.stat().st_size <= 150e3 for path in FOLDER.glob("*.png"))


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_a_readme_opens_with_the_stills_and_links_to_the_pages(readme):
    text = readme.read_text(encoding="utf-8").split("```")[0]
    images = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert {(readme.parent / image).resolve() for image in images} == {FOLDER / f"{name}.png" for name in STILLS}
    assert all(f"{WALKS[name]} → {data_of(name)['answer']}" in text for name in STILLS)
    links = re.findall(r"\]\(((?!http)[^)#]+)\)", text)
    assert FOLDER in {(readme.parent / link).resolve() for link in links}
    assert [link for link in links if not (readme.parent / link).exists()] == []
