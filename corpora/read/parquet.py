"""Examples from Parquet files, of which only the columns that hold source and target are read."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from core.data import Example, InputError, Rejected
from core.settings import CorpusSettings
from corpora.read.columns import by_name, named
from corpora.shared.messages import printable, single_line
from corpora.shared.opening import FREE, TIMES, File, open_file

TEXT = re.compile("(large_)?(string|utf8)|string_view|u?int|bool|float|double|halffloat|decimal|dictionary|null")
BATCH = 128  # rows in memory at a time


def parquet_file(file: File, settings: CorpusSettings, poems: bool = False) -> Iterator[Example | Rejected]:
    """Raises InputError if the file is not Parquet, or has no such columns. Labels stored as numbers get the names that
    the file's metadata has for them."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise InputError(f"{file}: needs the package pyarrow; pip install pyarrow") from None
    with open_file(file) as raw, tempfile.TemporaryFile() as copy:
        if not raw.seekable():  # Parquet is read from its end
            shutil.copyfileobj(raw, copy)
            raw = copy
        try:
            table = pyarrow.parquet.ParquetFile(raw)
            groups = (table.metadata.row_group(i) for i in range(table.metadata.num_row_groups))
            if sum(group.total_byte_size for group in groups) > max(FREE, raw.seek(0, io.SEEK_END) * TIMES):
                raise ValueError(f"unpacks to more than {TIMES} times its size")
            columns = _columns({name: str(kind) for name, kind in _paths(table.schema_arrow)}, file, settings, poems)
            names = [name for name in table.schema_arrow.names if name == "split" or any(
                column == name or column.startswith(name + ".") for column in columns)]
            rows = (row for batch in table.iter_batches(BATCH, columns=names) for row in batch.to_pylist())
            settings = replace(settings, source_column=columns[0], target_column=columns[1])
            yield from name_labels((named(row, number, settings, poems) for number, row in enumerate(rows, 1)),
                                   [_labels(table, column) for column in columns])
        except InputError:
            raise
        except Exception as error:  # pyarrow raises errors of many kinds for a damaged file
            raise InputError(f"{file}: is not a Parquet file, or is damaged ({single_line(error)})") from None


def name_labels(items: Iterable[Example | Rejected], names: Sequence[Sequence[str]]) -> Iterator[Example | Rejected]:
    """The items, with the labels' names in place of their numbers. names: of the source's labels and the target's,
    empty if it holds texts. A number without a name is Rejected: -1 marks a label that is secret."""
    by_number = [{str(number): name for number, name in enumerate(known)} for known in names]
    for e in items:
        if isinstance(e, Example) and any(by_number):
            source, target = (known.get(text) if known else text
                              for text, known in zip((e.source, e.target), by_number))
            e = Rejected("label without a name", f"{e.source}\t{e.target}", e.line) if (
                source is None or target is None) else replace(e, source=source, target=target)
        yield e


def _paths(fields: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """All columns with their types, nested ones as OUTER.INNER."""
    for field in fields:
        yield prefix + field.name, field.type
        if str(field.type).startswith("struct"):
            yield from _paths(field.type, f"{prefix}{field.name}.")


def _columns(kinds: dict[str, str], file: File, settings: CorpusSettings, poems: bool) -> list[str]:
    """The columns of source and target; the latter is empty for poems without one."""
    outer = [name for name in kinds if not any(name.startswith(f"{of}.") for of in kinds)]
    found = by_name([name for name in outer if _holds_text(kinds[name], poems)], settings, poems)
    found = [name or other for name, other in zip(found, by_name(outer, settings, poems))]  # to say what it holds
    for side, name in zip(("source", "target"), found):
        if name not in kinds and (name or side == "source" or not poems):
            what = f"{printable(name)} is not a column of {file}" if name else f"must be given for {file}"
            columns = ", ".join(n for n in kinds if not kinds[n].startswith("struct"))
            raise InputError(f"`{side}_column` {what}, which has: {single_line(columns, 200)}")
        if name and not _holds_text(kinds[name], poems):
            raise InputError(f"`{side}_column` {printable(name)} of {file} is {single_line(kinds[name])}; it must hold "
                             "texts, labels or numbers")
    return found


def _holds_text(kind: str, poems: bool) -> bool:
    return bool(TEXT.match(kind)) or (poems and "list" in kind)


def _labels(table: Any, column: str) -> list[str]:
    """The names of a column's labels, as the package datasets saves them; empty if it has none."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        feature = json.loads(table.schema_arrow.metadata[b"huggingface"])["info"]["features"]
        for name in [column] if column in feature else column.split("."):
            feature = feature[name]
        return [str(label) for label in feature["names"] if feature["_type"] == "ClassLabel"]
    return []
