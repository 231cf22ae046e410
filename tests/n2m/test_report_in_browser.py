"""The pages of reports in a browser: both languages, a phone, what is pointed at. Skipped without a browser."""

from pathlib import Path

import pytest

import n2m
from n2m.report import grid_page, types
from tests.browser import needs_browser
from tests.reports import LABELS, POEM, results

pytestmark = needs_browser


@pytest.fixture(scope="module")
def pages(models, tmp_path_factory):
    """The page of a poem model and a classifier, and that of a grid."""
    folder = tmp_path_factory.mktemp("pages")
    found = [n2m.load(models / task) for task in ("poem", "classify")]
    for name, html in (("types", types.page(found, [POEM, LABELS], "python run.py --compare " + "x" * 300)),
                       ("grid", grid_page.page("translate", results(), "python run.py"))):
        (folder / name).with_suffix(".html").write_text(html, encoding="utf-8")
    return folder


@pytest.fixture
def show(browser, pages):
    """A function that opens a page; nothing may fail in it, and nothing may be asked of a network."""
    complaints, contexts = [], []

    def opened(name, width=1280, language="en-US"):
        address = (pages / f"{name}.html").as_uri()
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, locale=language))
        tab = contexts[-1].new_page()
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        tab.on("request", lambda request: None if request.url.startswith((address, "blob:")) else
               complaints.append(request.url))
        tab.goto(address)
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize("name", ["types", "grid"])
@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_a_page_is_in_the_readers_language_and_fits_a_phone(show, name, language):
    tab = show(name, width=360, language=language)
    own, other = ("zh", "en") if language == "zh-CN" else ("en", "zh")
    assert tab.evaluate("document.documentElement.scrollWidth") == 360
    titles = [tab.locator(f"h2 [lang={code}]").first for code in (own, other)]
    assert titles[0].is_visible() and not titles[1].is_visible()
    visible = tab.locator("svg:visible").evaluate_all("all => all.map(e => e.getBoundingClientRect().right)")
    assert len(visible) == {"types": 6, "grid": 4}[name] and max(visible) <= 360
    tab.click("#language")
    assert titles[1].is_visible() and not titles[0].is_visible()
    assert tab.locator("svg:visible").count() == len(visible)


def test_what_is_pointed_at_says_its_name(show):
    tab = show("types")
    cell = tab.locator("svg [data-tip*='α = ']").first
    cell.scroll_into_view_if_needed()
    tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")  # scrolled
    cell.hover()
    assert tab.text_content("#tip") == cell.get_attribute("data-tip") and tab.locator("#tip").is_visible()
    tab.mouse.move(5, 5)
    assert not tab.locator("#tip").is_visible()
    tab = show("grid")
    tab.locator("[data-tip]:visible").first.hover()
    assert tab.text_content("#tip") == "attention=none,seed=1: chrF 5"


def test_a_picture_is_saved_with_plain_colours(show):
    tab = show("grid")
    tab.locator("figure").first.hover()
    with tab.expect_download() as saved:
        tab.locator(".save").first.click()
    assert saved.value.suggested_filename == "chrF by attention.svg"
    text = Path(saved.value.path()).read_text(encoding="utf-8")
    assert text.startswith("<svg") and "var(" not in text and "#1f6fc4" in text
