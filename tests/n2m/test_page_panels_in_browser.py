"""The alignment, the beam's tree and another answer's steps in a browser. Skipped without Playwright or a browser."""

from dataclasses import replace

import pytest

import n2m
from n2m.page import Beside
from tasks.shared import alternatives
from tasks.shared.walk import Beam, BeamNode
from tests.browser import needs_browser
from tests.command import TASKS

pytestmark = needs_browser
WIDE = "document.documentElement.scrollWidth <= innerWidth"
ENDS = "[...document.querySelectorAll('#tree .hypotheses li')].map((one) => one.lastElementChild.textContent)"


def step_of(tab):
    return tab.text_content("#said")


def to_first_step(tab):
    tab.keyboard.press("Home")
    for _ in range(8):
        if step_of(tab).startswith("Step 1 "):
            return
        tab.keyboard.press("ArrowRight")
    raise AssertionError(step_of(tab))


@pytest.mark.parametrize("task", ["poem", "translate", "word"])
def test_the_beam_grows_step_by_step_and_ends_in_the_answers_of_the_search(show, trained, task):
    short = {} if task == "poem" else {"max_output": 8}  # a page draws so many steps; poems end by themselves
    tab, walk = show(task, **short)
    assert not tab.is_visible("#tree")
    to_first_step(tab)
    first = [node for node in walk.beam.nodes if node.step == 1]
    assert tab.locator("#tree g").count() == len(first) + 1  # with the start symbol
    tab.keyboard.press("End")
    assert tab.locator("#tree g[data-key]").count() == len(walk.beam.nodes)
    found = n2m.load(trained(task)).answer([TASKS[task]], beam=4, n_best=4, **short)[0]
    assert {text.replace(" <eos>", "").replace(" ", "") for text in tab.evaluate(ENDS)} == \
        {"".join(answer.tokens).replace(" ", "") for answer in found}
    scores = tab.locator("#tree .hypotheses .p").all_text_contents()
    assert [float(score.replace("−", "-")) for score in scores] == pytest.approx([a.score for a in found], rel=1e-3)
    end = max(node.step for node in walk.beam.nodes)
    assert tab.locator("#tree g.gone").count() == sum(node.kept_until < end for node in walk.beam.nodes)
    assert ("varied samples" in tab.text_content("#tree")) == (task == "poem")


def test_the_keyboard_reaches_every_node_of_the_tree(show):
    tab, walk = show("poem", width=360, height=740, language="zh-CN", scheme="dark", tree=2)
    tab.keyboard.press("End")
    assert tab.locator("#tree g[tabindex='0']").count() == 1
    tab.locator("#tree g[data-key]").first.focus()
    seen = set()
    for _ in walk.beam.nodes:
        seen.add(tab.evaluate("document.activeElement.dataset.key"))
        assert tab.text_content("#tree .said") == tab.evaluate("document.activeElement.getAttribute('aria-label')")
        tab.keyboard.press("ArrowDown")
    assert seen == {f"node{n}" for n in range(len(walk.beam.nodes))}
    assert "得分" in tab.text_content("#tree .said") and tab.evaluate(WIDE)
    assert tab.evaluate("getComputedStyle(document.activeElement.querySelector('rect')).strokeWidth") == "3px"


def test_of_a_long_output_the_last_steps_of_the_beam_are_drawn(show):
    def edit(walk):
        nodes = [BeamNode("词", n - 1, n + 1, 0.5, -n - 1.0, -1.0, 100) for n in range(100)]
        walk.beam = Beam(1, 0.8, "likeliest", nodes)
    tab, _ = show("translate", edit=edit, width=390)
    tab.keyboard.press("End")
    assert tab.locator("#tree g").count() == 40 and "Steps 61 to 100 of 100" in tab.text_content("#tree")
    assert tab.evaluate(WIDE)
    assert tab.evaluate("(() => { const box = document.querySelector('#tree .scroll');"
                        "return box.scrollLeft + box.clientWidth >= box.scrollWidth - 1 && box.scrollLeft > 1000; })()")


def test_a_page_without_these_data_has_no_panels(show):
    tab, _ = show("word", tree=0, alternatives=0, alternative_steps=0)
    tab.keyboard.press("End")
    assert tab.is_hidden("#tree") and tab.is_hidden("#alignment") and not tab.locator("button.candidate").count()
    tab, _ = show("classify")
    tab.keyboard.press("End")
    assert tab.is_hidden("#tree") and tab.is_hidden("#alignment")


def test_a_row_of_the_alignment_leads_to_its_step(show):
    tab, walk = show("poem")
    to_first_step(tab)
    rows = tab.locator("#alignment .step")
    assert rows.all_text_contents() == [step.token for step in walk.steps]
    rows.nth(2).click()
    assert step_of(tab).startswith("Step 3 ") and rows.nth(2).get_attribute("aria-current") == "step"
    assert tab.locator("#alignment [aria-current]").count() == tab.locator("#alignment [tabindex='0']").count() == 1
    tab.locator("#alignment .picture canvas").nth(3).hover()
    assert tab.text_content("#tip").startswith("α(") and f"→ {walk.steps[3].token})" in tab.text_content("#tip")
    tab.locator("#alignment .picture canvas").nth(3).click()
    assert step_of(tab).startswith("Step 4 ")


def test_the_alignment_of_two_hundred_tokens_scrolls_in_its_own_box(show):
    tab, walk = show("translate", text="我喜欢喝茶。" * 33, width=360, height=740)
    assert len(walk.tokens) >= 190
    tab.keyboard.press("End")
    assert tab.evaluate(WIDE) and tab.evaluate("document.querySelector('.heat').scrollWidth > 3000")
    name = tab.locator("#alignment [aria-current]")
    before = name.bounding_box()
    tab.evaluate("document.querySelector('.heat').scrollLeft = 2000")
    assert name.bounding_box()["x"] == before["x"]  # the names of the rows stay in sight


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_two_models_are_shown_side_by_side(show, trained, language):
    model = n2m.load(trained("translate"))
    other = replace(model.walk(TASKS["translate"]), score="dot", attention="before", answer="不同的答案")
    beside = Beside(other, ("mine", "theirs"), {"attention": ("additive", "dot")})
    tab, _ = show("translate", beside=beside, language=language)
    assert tab.is_visible("#alignment")  # at once
    first, second = tab.locator("#alignment .map").all_text_contents()
    assert "mine" in first and "tanh(W" in first and "√d" not in first
    assert "theirs" in second and "√d" in second and "不同的答案" in second
    assert "dot" in tab.text_content("#alignment table")
    tab.keyboard.press("End")
    assert tab.locator("#alignment [aria-current]").count() == 2


def test_another_answer_is_followed_through_its_own_steps(show):
    tab, walk = show("translate")
    to_first_step(tab)
    k, choice = next((k, c) for k, c in enumerate(walk.steps[0].candidates) if c.steps)
    tab.locator(f"[data-key=candidate{k}]").click()
    assert choice.token in step_of(tab) and f"of {1 + len(choice.steps)}:" in step_of(tab)
    tab.keyboard.press("ArrowRight")
    wanted = choice.steps[0]
    assert f"reads “{choice.token}”, writes “{wanted.token}”" in step_of(tab)
    state = tab.evaluate("document.querySelector('.vector [aria-label^=\"s2:\"]').getAttribute('aria-label')")
    assert f"{wanted.state[0]:.3f}".replace("-", "−") in state
    tab.keyboard.press("End")
    assert tab.locator("#output button").all_text_contents() == [choice.token, *(s.token for s in choice.steps)]
    tab.locator("[data-key=close]").click()
    tab.keyboard.press("End")
    assert tab.locator("#output button").all_text_contents() == [step.token for step in walk.steps]


def test_a_page_says_what_it_does_not_have_of_another_answer(show, monkeypatch):
    monkeypatch.setattr(alternatives, "IN_FULL", 0)
    tab, walk = show("translate", alternative_steps=1)
    to_first_step(tab)
    places = [k for k, c in enumerate(walk.steps[0].candidates) if c.answer and c.token != walk.steps[0].token]
    tab.locator(f"[data-key=candidate{places[0]}]").click()
    tab.keyboard.press("ArrowRight")
    assert "vectors of this step are not in this page" in tab.text_content("#cards")
    tab.keyboard.press("ArrowLeft")
    tab.locator(f"[data-key=candidate{places[1]}]").click()
    assert "steps of this answer are not in this page" in tab.text_content("#what-if")
    assert f"of {len(walk.steps)}:" in step_of(tab)
