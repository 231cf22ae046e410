"""Models side by side: one page, a table for spreadsheets and a file of data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core import events
from n2m.model import Model
from n2m.report import drawing, facts, files, fonts, types
from tasks.shared.report import Report


def write(models: Sequence[Model], reports: Sequence[Report], folder: str | Path, command: str = "") -> None:
    """Write index.html, report.csv and report.json about these models into a directory.

    reports  of Model.evaluate, one per model
    command  what makes the report again; the page shows it
    Raises InputError if the directory cannot be written, or has files of these names that are not of a report.
    """
    files.check(Path(folder))
    note_missing()
    rows = [row for model, report in zip(models, reports) for row in facts.scores(model, report)]
    data = {"command": command, "models": [facts.data(m, r) for m, r in zip(models, reports)]}
    files.write(Path(folder), types.page(models, reports, command), rows, data)


def note_missing() -> None:
    """Say what is missing for the pictures of a report: matplotlib, or a Chinese font."""
    if not drawing.can_draw():
        events.note("the report has no plots, which need matplotlib; pip install matplotlib")
    elif fonts.families("中文")[1]:
        events.note("no installed font has Chinese characters: the plots show numbers for them, explained beside; "
                    "pip install noto-cjk-sans-otc")
