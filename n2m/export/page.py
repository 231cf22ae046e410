"""A trained model as one page that opens from a folder, answers without Python and shows every step."""

from __future__ import annotations

import json
import re
from pathlib import Path

from core.files import write_aside
from n2m.export.data import collect
from n2m.export.network import packed
from n2m.model import Model
from n2m.page import ESCAPED
from n2m.page import HERE as WIDGET
from n2m.page import SCRIPTS as WIDGET_SCRIPTS

HERE = Path(__file__).parent
START = b"<!DOCTYPE html>\n<!-- n2m model -->"  # every page begins so
SCRIPTS = ("tensors", "text", "tokenizer", "cells", "encoder", "attention", "output", "decoder", "ngrams", "classifier",
           "rules", "constraints", "prosody", "verse", "patterns", "tasks", "model", "walk", "words", "page")
WITHOUT_HEADER = "header { display: none !important; }"  # the page around it has one


def page(model: Model) -> str:
    """The page of a model, as HTML. Raises InputError for a model that its scripts cannot compute."""
    data, weights = packed(collect(model))
    parts = {"style": _read(WIDGET / "widget.css") + _read(HERE / "page.css"), "script": script(), "weights": weights,
             "model": data.translate(ESCAPED), "widget": json.dumps(widget()).translate(ESCAPED)}
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _read(HERE / "page.html"))


def widget() -> dict[str, str]:
    """The page of a walk, see n2m.page, before and after the place of the walk's JSON: the scripts fill it in."""
    before, after = _read(WIDGET / "page.html").split("{{walk}}")
    style = _read(WIDGET / "widget.css") + WITHOUT_HEADER
    code = "\n".join(_read(WIDGET / name) for name in WIDGET_SCRIPTS)
    return {"before": before.replace("{{style}}", style), "after": after.replace("{{script}}", code)}


def script() -> str:
    """The scripts of the page as one."""
    return "\n".join(_read(HERE / "js" / f"{name}.js") for name in SCRIPTS)


def write_page(path: Path, model: Model) -> int:
    """Write the page to a file, which is complete or not there. Returns its size in bytes. Raises OSError, and
    InputError as `page` does."""
    content = page(model).encode("utf-8", "replace")
    with write_aside(path) as file:
        file.write(content)
    return len(content)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
