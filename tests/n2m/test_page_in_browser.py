"""The page of a walk in a browser, used as a person uses it. Skipped without Playwright or a browser."""

from itertools import pairwise

import pytest

from tests.browser import needs_browser
from tests.command import TASKS

pytestmark = needs_browser
SCHEMES = ("light", "dark")
SIZES = ((1280, 900), (390, 780), (360, 640))


def test_keys_lead_through_the_walk(show):
    tab, walk = show("poem")
    assert tab.text_content("#said").startswith("1 of ")
    assert tab.locator("button.token").all_text_contents() == walk.tokens
    tab.keyboard.press("End")
    assert tab.text_content("#said").startswith(f"Step {len(walk.steps)} of {len(walk.steps)}")
    assert tab.locator("#output button").count() == len(walk.steps)
    assert tab.locator(".beam").count() > 0
    tab.keyboard.press("ArrowLeft")
    assert tab.locator("#output button").count() == len(walk.steps) - 1
    tab.keyboard.press("Home")
    tab.keyboard.press("ArrowRight")
    assert "Token IDs" in tab.text_content("#said") and tab.locator("#output button").count() == 0
    tab.keyboard.press("Space")
    assert tab.get_attribute("#play", "aria-label") == "Pause (Space)"
    tab.keyboard.press("Space")
    assert tab.get_attribute("#play", "aria-label") == "Play (Space)"


def test_the_keyboard_reaches_everything_and_the_focus_stays(show):
    tab, _ = show("poem")
    tab.keyboard.press("End")
    for key in ("next", "slider", "token0", "candidate1"):
        found = tab.locator(f"[data-key={key}]")
        if found.count():
            found.focus()
            tab.keyboard.press("ArrowLeft")
            assert tab.evaluate("document.activeElement.dataset.key") == key
            assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            tab.keyboard.press("ArrowRight")
    tab.locator("button.token[tabindex='0']").focus()
    tab.keyboard.press("Home")
    tab.keyboard.press("ArrowRight")
    tab.locator("button.token[tabindex='0']").focus()
    tab.keyboard.press("ArrowDown")
    assert tab.evaluate("document.activeElement.dataset.key") == "token1"
    assert tab.locator(".selected").count() == 1


@pytest.mark.parametrize("task", ["poem", "translate", "word"])
def test_another_word_is_tried_by_click_and_by_key(show, task):
    tab, walk = show(task)
    for _ in range(20):  # as far as the first step
        if tab.text_content("#said").startswith("Step 1 "):
            break
        tab.keyboard.press("ArrowRight")
    k, choice = next((k, c) for k, c in enumerate(walk.steps[0].candidates)
                     if c.answer is not None and c.token != walk.steps[0].token)
    button = tab.locator(f"[data-key=candidate{k}]")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    wanted = choice.answer.replace(" ", "")
    shown = tab.evaluate("[...document.querySelectorAll('#what-if .chips > .chip, #what-if .free')]"
                         ".map((one) => one.querySelector('small') ? one.firstChild.data : one.textContent).join('')")
    assert shown.replace(" ", "") == wanted
    tab.keyboard.press("Escape")
    assert tab.text_content("#what-if") == ""
    button.focus()
    tab.keyboard.press("Enter")
    assert tab.text_content("#what-if").startswith("What if step 1 writes")


def test_the_language_follows_the_browser_and_the_button(show):
    tab, _ = show("classify", language="zh-CN")
    assert tab.evaluate("document.documentElement.lang") == "zh-Hans" and "分类" in tab.text_content("#title")
    tab.click("#language")
    assert tab.evaluate("document.documentElement.lang") == "en" and "Classification" in tab.text_content("#title")
    assert tab.evaluate("JSON.stringify(Object.keys(WORDS.en)) === JSON.stringify(Object.keys(WORDS.zh))")


def test_a_vector_tells_its_numbers_and_chooses_the_unit(show):
    tab, walk = show("poem")
    tab.locator(".E canvas").first.hover()
    assert tab.text_content("#tip").startswith(f"E({walk.tokens[0]})[")
    tab.keyboard.press("End")
    tab.locator(".card .vector canvas").first.click()
    unit = int(tab.input_value(".unit input"))
    assert unit > 1
    tab.fill(".unit input", "3")
    tab.keyboard.press("Enter")
    assert tab.input_value(".unit input") == "3"


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_frame_fits_the_window_and_a_narrow_one_in_both_languages(show, task, size):
    tab, _ = show(task, width=size[0], height=size[1], scheme=SCHEMES[size[0] == 390])
    for _ in range(1 + (size[0] == 390)):
        tab.keyboard.press("Home")
        for _ in range(30):
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
            cut = tab.evaluate("[...document.querySelectorAll('.card, .more, #stage, #player, #player button')]"
                               ".filter((one) => one.scrollWidth > one.clientWidth + 3).map((one) => one.textContent)")
            assert cut == []
            before = tab.text_content("#said")
            tab.keyboard.press("ArrowRight")
            if tab.text_content("#said") == before:
                break
        tab.click("#language")


def test_two_hundred_tokens_scroll_in_their_own_box(show):
    tab, walk = show("classify", text="这家酒店很干净" * 29)
    assert len(walk.tokens) == 200  # as many as the model reads
    tab.keyboard.press("End")
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.evaluate("document.getElementById('scroll').scrollWidth > 5000")
    boxes = tab.evaluate("[...document.querySelectorAll('.col:not(.names)')].map((one) => one.getBoundingClientRect())"
                         ".map((box) => [box.left, box.right])")
    assert all(right <= left + 1 for (_, right), (left, _) in pairwise(boxes))  # nothing overlaps
    assert tab.locator("button.token[tabindex='0']").count() == 1


def test_states_arrive_one_after_another_unless_motion_is_reduced(show):
    delays = ("[...document.querySelectorAll('.fwd canvas')].map((one) => getComputedStyle(one))"
              ".map((style) => style.animationName + style.animationDelay)")
    tab, walk = show("poem", motion="no-preference")
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
    found = tab.evaluate(delays)
    assert len(set(found)) == len(walk.tokens) and all(one.startswith("arrive") for one in found)
    calm, _ = show("poem")
    for _ in range(3):
        calm.keyboard.press("ArrowRight")
    assert all(one.startswith("none") for one in calm.evaluate(delays))


def test_a_hostile_text_is_only_text(show):
    text = "这家酒店</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    tab, walk = show("classify", text=text)
    tab.keyboard.press("End")
    assert tab.locator("img, script").count() == 2  # the page's own two scripts
    assert text in tab.text_content("#subtitle") and walk.text == text
