"""The models that all tests share, one of each task; and the browser."""

import pytest

from tests.browser import BROWSER


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
