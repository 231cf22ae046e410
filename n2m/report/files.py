"""The directory of a report: index.html, report.csv and report.json, each complete or not there."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.data import InputError
from core.files import write_aside
from core.os_errors import reason
from corpora.shared.messages import printable
from n2m.report.html import START

PAGE, TABLE, DATA = "index.html", "report.csv", "report.json"


def check(folder: Path) -> None:
    """Raises InputError unless a report can be written there; of files that are there, it replaces only reports."""
    name = f"`report_dir` {printable(str(folder))}"
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{name} is not a directory; choose another one")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with write_aside(folder / ".trial") as file:
            file.write(b"")
        (folder / ".trial").unlink()
        there = [file for file in (PAGE, TABLE, DATA) if (folder / file).exists()]
        if there and not (folder / PAGE).is_file():
            raise InputError(f"{name} has a {there[0]} that is not of a report; choose another directory")
        if there:
            with open(folder / PAGE, "rb") as page:
                if page.read(len(START)) != START:
                    raise InputError(f"{name} has an {PAGE} that is not of a report; choose another directory")
    except OSError as error:
        raise InputError(f"{name}: {reason(error)}; choose another directory") from None


def write(folder: Path, page: str, rows: Sequence[Mapping[str, Any]], data: Mapping[str, Any]) -> None:
    """Write the three files. rows: of the table; a column that a row lacks is empty. Raises InputError."""
    check(folder)
    table = io.StringIO()
    columns = dict.fromkeys(column for row in rows for column in row)
    writer = csv.DictWriter(table, list(columns), restval="")
    writer.writeheader()
    writer.writerows(rows)
    contents = {TABLE: table.getvalue().encode("utf-8-sig", "replace"),  # spreadsheets tell UTF-8 by the mark
                DATA: json.dumps(data, ensure_ascii=False, indent=1).encode("utf-8", "replace"),
                PAGE: page.encode("utf-8", "replace")}
    for name, content in contents.items():
        with write_aside(folder / name) as file:
            file.write(content)
