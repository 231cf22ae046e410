"""A browser for tests: Chromium, driven by Playwright. Tests that need it are skipped where one of them is missing."""

import importlib.util
import shutil

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MISSING = ("needs pip install playwright, and Chromium" if importlib.util.find_spec("playwright") is None
           else "needs Chromium, for example apt-get install chromium")
needs_browser = pytest.mark.skipif(BROWSER is None or importlib.util.find_spec("playwright") is None, reason=MISSING)
