"""A trained model as one page that opens from a folder, answers without Python and shows every step."""

from __future__ import annotations

import json
import re
from pathlib import Path

from core.files import write_aside
from n2m.export.data import collect
from n2m.export.network import packed
from n2m.model import Model
from n2m.page import ESCAPED, filled, style

HERE = Path(__file__).parent
SCRIPTS = ("tensors", "text", "tokenizer", "cells", "encoder", "attention", "output", "decoder", "ngrams", "classifier",
           "rules", "constraints", "prosody", "verse", "patterns", "tasks", "model", "walk", "words", "page")
WITHOUT_HEADER = "<style>header { display: none !important; }</style></head>"  # the page around it has one


def page(model: Model) -> str:
    """The page of a model, as HTML. Raises InputError for a model that its scripts cannot compute."""
    data, weights = packed(collect(model))
    before, after = filled("{{walk}}").replace("</head>", WITHOUT_HEADER, 1).split("{{walk}}")
    widget = json.dumps({"before": before, "after": after}).translate(ESCAPED)
    parts = {"style": style() + _read("page.css"), "script": script(), "weights": weights,
             "model": data.translate(ESCAPED), "widget": widget}
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _read("page.html"))


def script() -> str:
    """The scripts of the page as one."""
    return "\n".join(_read(f"js/{name}.js") for name in SCRIPTS)


def write_page(path: Path, model: Model) -> int:
    """Write the page to a file, which is complete or not there. Returns its size in bytes. Raises OSError, and
    InputError as `page` does."""
    content = page(model).encode("utf-8", "replace")
    with write_aside(path) as file:
        file.write(content)
    return len(content)


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
