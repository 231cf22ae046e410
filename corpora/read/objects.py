"""Examples from objects with named values, as JSON and Parquet have them."""

from __future__ import annotations

import json
import math
from typing import Any

from core.data import Example, Rejected
from core.settings import CorpusSettings
from corpora.read.columns import SOURCE_NAMES, SPLIT_NAMES, TARGET_NAMES
from corpora.read.encodings import LONGEST
from corpora.shared.messages import printable, single_line


def named(item: Any, number: int, settings: CorpusSettings, poems: bool = False) -> Example | Rejected:
    """An example from a dictionary, in which a value may be a dictionary too: translation.de is de in translation.

    poems: a source may be a whole poem, or a list of its lines, without a target
    """
    if not isinstance(item, dict):
        return Rejected("not an object with names and texts", shown(item), number)
    texts, asked = [], (settings.source_column, settings.target_column)
    for side, given, other, known in (("source", *asked, SOURCE_NAMES), ("target", *asked[::-1], TARGET_NAMES)):
        if not poems and not given and other in item and len(item) == 2:  # with two names, naming one is enough
            given = next(name for name in item if name != other)
        value: Any = next((item[n] for n in ([given] if given else known) if n in item), None)
        if value is None and given:
            value = item
            for name in given.split("."):
                value = value.get(name) if isinstance(value, dict) else None
        if poems and side == "target" and not given and value is None:
            value = ""
        if poems and isinstance(value, list) and all(isinstance(line, str) for line in value):
            value = "\n".join(value)
        if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
            value = str(value).lower()  # a label is often a number, or true or false
        if not isinstance(value, str):
            wanted = f'"{printable(given)}"' if given else " or ".join(f'"{n}"' for n in known[:2])
            is_there = any(name in item for name in ([given] if given else known))
            why = "the value is not a text" if is_there else (
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
