"""Examples from objects with named values, as JSON and Parquet have them."""

from __future__ import annotations

import json
import math
from typing import Any

from core.data import Example, Rejected
from core.settings import CorpusSettings
from corpora.read.columns import SOURCE_NAMES, SPLIT_NAMES, TARGET_NAMES, by_name
from corpora.read.encodings import LONGEST
from corpora.shared.messages import printable, single_line


def named(item: Any, number: int, settings: CorpusSettings, poems: bool = False) -> Example | Rejected:
    """An example from a dictionary, in which a value may be a dictionary too: translation.de is de in translation.

    poems: a source may be a whole poem, or a list of its lines, without a target
    """
    if not isinstance(item, dict):
        return Rejected("not an object with names and texts", shown(item), number)
    texts = []
    for side, name in zip(("source", "target"), by_name(item, settings, poems)):
        value: Any = item.get(name)
        if value is None and "." in name:
            value = item
            for part in name.split("."):
                value = value.get(part) if isinstance(value, dict) else None
        if poems and side == "target" and not settings.target_column and value is None:
            value = ""
        if poems and isinstance(value, list) and all(isinstance(line, str) for line in value):
            value = "\n".join(value)
        if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
            value = str(value).lower()  # a label is often a number, or true or false
        if not isinstance(value, str):
            usual, given = {"source": SOURCE_NAMES, "target": TARGET_NAMES}[side], getattr(settings, f"{side}_column")
            wanted = f'"{printable(given)}"' if given else " or ".join(f'"{n}"' for n in usual[:2])
            why = "the value is not a text" if name in item else (
                f"it has {single_line(', '.join(item) or 'nothing', 200)}; give `{side}_column`")
            return Rejected(f"no text under {wanted}", shown(item), number, why)
        if len(value) > LONGEST:
            return Rejected(f"text of more than {LONGEST:,} characters", value[:100], number)
        texts.append(value)
    split = item.get("split")
    split = SPLIT_NAMES.get(split.lower(), "") if isinstance(split, str) else ""
    return Example(texts[0], texts[1], split=split, line=number)


def shown(item: Any) -> str:
    """The item as JSON, for a message."""
    try:
        return json.dumps(item, ensure_ascii=False, default=str)
    except RecursionError:
        return "nested too deep"
