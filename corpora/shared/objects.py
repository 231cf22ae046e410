"""Objects with names in, as .json, .jsonl and .parquet have them; examples out, of the names for source and target."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from core.data import Dropped, Example, InputError
from core.settings import CorpusSettings
from corpora.shared.columns import PARTS, SOURCE_NAMES, TARGET_NAMES
from corpora.shared.encodings import lines
from corpora.shared.opening import File, opened


def named(item: Any, number: int, settings: CorpusSettings) -> Example | Dropped:
    """An example of a dictionary, of which a column may be a dictionary too: translation.de is de in translation."""
    if not isinstance(item, dict):
        return Dropped("no object with names and texts", json.dumps(item, ensure_ascii=False, default=str), number)
    texts = []
    for given, known in ((settings.source_column, SOURCE_NAMES), (settings.target_column, TARGET_NAMES)):
        value: Any = next((item[n] for n in ([given] if given else known) if n in item), None)
        if value is None and given:
            value = item
            for name in given.split("."):
                value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, int):  # a label is often a number, or true or false
            value = str(value).lower()
        if not isinstance(value, str):
            wanted = f'"{given}"' if given else " or ".join(f'"{n}"' for n in known[:2])
            return Dropped(f"no text under {wanted}", json.dumps(item, ensure_ascii=False, default=str), number)
        texts.append(value)
    part = item.get("split")
    part = PARTS.get(part.lower(), "") if isinstance(part, str) else ""
    return Example(texts[0], texts[1], part=part, line=number)


def json_lines(file: File, settings: CorpusSettings) -> Iterator[Example | Dropped]:
    for item in lines(file, settings.encoding):
        if isinstance(item, Dropped):
            yield item
        elif item[1].strip():
            try:
                yield named(json.loads(item[1]), item[0], settings)
            except (ValueError, RecursionError) as error:
                yield Dropped("not JSON", item[1], item[0], str(error)[:80])


def json_file(file: File, settings: CorpusSettings) -> Iterator[Example | Dropped]:
    """A list of objects, read one at a time; or JSON lines under another name."""
    texts = (item[1].strip() for item in lines(file, settings.encoding) if not isinstance(item, Dropped))
    if not next(filter(None, texts), "").startswith("["):
        yield from json_lines(file, settings)
        return
    import ijson
    try:
        with opened(file) as raw:
            for number, item in enumerate(ijson.items(raw, "item", use_float=True), 1):
                yield named(item, number, settings)
    except ijson.JSONError as error:
        raise InputError(f"{file}: is not JSON ({' '.join(str(error).split())[:80]})") from None


def parquet_file(file: File, settings: CorpusSettings) -> Iterator[Example | Dropped]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError(f"{file}: needs the package pyarrow; pip install 'n2m[parquet]'") from None
    number = 0
    with opened(file) as raw:
        try:
            for batch in pyarrow.parquet.ParquetFile(raw).iter_batches(1024):
                for item in batch.to_pylist():
                    number += 1
                    yield named(item, number, settings)
        except pyarrow.ArrowException as error:
            raise InputError(f"{file}: is no Parquet file ({str(error)[:80]})") from None
