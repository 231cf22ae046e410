"""A walk as a page: one file that opens in a browser without a network, with everything in it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from core.files import write_aside
from tasks.shared.walk import Walk

HERE = Path(__file__).parent
SCRIPTS = ("words.js", "draw.js", "frames.js", "stage.js", "cards.js", "widget.js")  # one script, in this order
START = b"<!DOCTYPE html>"  # every page begins so
# Inside <script> a text could end the element or begin a comment, and older browsers end a line at U+2028.
ESCAPED = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def page(walk: Walk, task: str) -> str:
    """The page of a walk through a model of this task, as HTML: page.html with the style, the script and the walk as
    JSON in their places."""
    data = json.dumps({"task": task, **walk.to_json()}, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    parts = {"style": _read("widget.css"), "script": "\n".join(map(_read, SCRIPTS)), "walk": data.translate(ESCAPED)}
    # All at once, so that no part is searched for the place of another.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _read("page.html"))


def write_page(path: Path, walk: Walk, task: str) -> None:
    """Write the page to a file, which is complete or not there. Raises OSError."""
    with write_aside(path) as file:
        # A lone surrogate, from an argument that is not UTF-8, has no encoding.
        file.write(page(walk, task).encode("utf-8", "replace"))


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
