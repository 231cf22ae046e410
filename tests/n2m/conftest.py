"""The models that all tests share, one of each task; and the browser."""

import pytest

import n2m
from n2m.page import OPTIONS, page
from tests.browser import BROWSER
from tests.command import TASKS


@pytest.fixture(scope="session")
def trained(models):
    """A function that gives the directory of a task's model; copy what a test changes."""
    return lambda task: models / task


@pytest.fixture(scope="module")
def browser():
    """For tests marked with tests.browser.needs_browser."""
    from playwright import sync_api
    with sync_api.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture
def show(browser, trained, tmp_path):
    """A function that opens the page of a text; nothing may fail in it, and nothing may be asked of a network. edit: a
    function that changes its walk; options: of n2m.Model.walk"""
    complaints, contexts = [], []

    def opened(task, text="", width=1280, height=900, language="en-US", scheme="light", motion="reduce", beside=None,
               edit=lambda walk: None, **options):
        walk = n2m.load(trained(task)).walk(text or TASKS[task], **{**OPTIONS, **options})
        edit(walk)
        file = tmp_path / f"{task}.html"
        file.write_bytes(page(walk, task, beside).encode("utf-8", "replace"))
        context = browser.new_context(viewport={"width": width, "height": height}, locale=language, color_scheme=scheme,
                                      reduced_motion=motion)
        contexts.append(context)
        tab = context.new_page()
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        tab.on("request", lambda request: complaints.append(request.url) if request.url != file.as_uri() else None)
        tab.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        tab.goto(file.as_uri())
        return tab, walk

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
