"""A walk as a page: one file that opens in a browser without a network, with everything in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.files import write_aside
from tasks.shared.walk import Walk

if TYPE_CHECKING:
    from n2m.model import Model

HERE = Path(__file__).parent
# One script, in this order.
SCRIPTS = ("words.js", "draw.js", "frames.js", "stage.js", "cards.js", "alignment.js", "tree.js", "widget.js")
# What a page shows of a walk, as options of n2m.Model.walk.
OPTIONS: dict[str, int] = {"candidates": 10, "alternatives": 10, "alternative_steps": 2, "tree": 4}
START = b"<!DOCTYPE html>\n<!-- n2m walk -->"  # every page begins so
# Inside <script> a text could end the element or begin a comment, and older browsers end a line at U+2028.
ESCAPED = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


@dataclass(frozen=True)
class Beside:
    """A second model's walk of the same text, to be shown next to the first one's.

    names      of both models
    differing  the settings that differ, with the value of each of the two
    """

    walk: Walk
    names: tuple[str, str]
    differing: dict[str, tuple[Any, Any]]

    def to_json(self) -> dict[str, Any]:
        """As plain data, with no more of the walk than the page shows."""
        whole = self.walk.to_json()
        walk = {name: whole[name] for name in ("attended", "answer", "attention", "score", "cell")}
        steps = [{name: step[name] for name in ("token", "probability", "weights")} for step in whole["steps"]]
        return {"walk": {**walk, "steps": steps}, "names": self.names, "differing": self.differing}


def walk_beside(model: Model, other: Model, text: str, **search: Any) -> Beside:
    """A second model's walk of a text, for the page of a first one. search: as of n2m.Model.walk"""
    first, second = ({**vars(m.settings), "corpus": m.metadata["corpus"]["name"]} for m in (model, other))
    names = [m.folder.resolve().name if m.folder else m.task.name for m in (model, other)]
    if names[0] == names[1]:
        names = [str(m.folder) for m in (model, other)]
    return Beside(other.walk(text, **search), (names[0], names[1]),
                  {name: (value, second[name]) for name, value in first.items() if value != second[name]})


def page(walk: Walk, task: str, beside: Beside | None = None) -> str:
    """The page of a walk through a model of this task, as HTML: page.html with the style, the script and the walk as
    JSON in their places."""
    content = {"task": task, **walk.to_json(), **({"beside": beside.to_json()} if beside else {})}
    data = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    parts = {"style": _read("widget.css"), "script": "\n".join(map(_read, SCRIPTS)), "walk": data.translate(ESCAPED)}
    # All at once, so that no part is searched for the place of another.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _read("page.html"))


def write_page(path: Path, walk: Walk, task: str, beside: Beside | None = None) -> None:
    """Write the page to a file, which is complete or not there. Raises OSError."""
    with write_aside(path) as file:
        # A lone surrogate, from an argument that is not UTF-8, has no encoding.
        file.write(page(walk, task, beside).encode("utf-8", "replace"))


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
