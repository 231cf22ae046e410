"""Scores as one table: a row for the model and one per baseline, a column per metric. Loads without torch."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace

MODEL = "this model"


@dataclass
class Report:
    """The scores of one evaluation.

    main      the metric that decides; higher_is_better: whether more of it is better
    rows      name → metric → value; the row of the model is "this model", that of a reference is in ( )
    notes     signatures, what a metric means, what was not measured
    examples  (input, answer, reference) of the test split, a few to read
    labels, confusion  of a classifier: its labels, and how often each true label (rows) was given each label (columns)
    answered  (input, answer, reference) of all that the scores are of, where each answer has one right reference; not
              saved with the scores
    """

    main: str
    higher_is_better: bool
    rows: dict[str, dict[str, float]]
    notes: list[str] = field(default_factory=list)
    examples: list[tuple[str, str, str]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    confusion: list[list[int]] = field(default_factory=list)
    answered: list[tuple[str, str, str]] = field(default_factory=list, repr=False)

    def beaten(self) -> dict[str, bool]:
        """Whether the model is better than each baseline that has the main metric."""
        own = self.rows[MODEL][self.main]
        return {name: (own > row[self.main]) == self.higher_is_better and own != row[self.main]
                for name, row in self.rows.items() if name != MODEL and self.main in row and not name.startswith("(")}

    def verdict(self) -> str:
        lost = [name for name, won in self.beaten().items() if not won]
        if lost:
            return f"The model does NOT beat the baseline on {self.main}: {', '.join(lost)}."
        return f"The model beats every baseline on {self.main}."

    def lines(self, translate: Callable[[str], str] = str) -> list[str]:
        """The report as lines of text. translate: of names, notes and sentences, into another language"""
        columns = list(dict.fromkeys(column for row in self.rows.values() for column in row))
        cells = [["", *map(translate, columns)]] + [
            [translate(name), *(number(row.get(c)) for c in columns)] for name, row in self.rows.items()]
        shown = [line for source, answer, reference in self.examples
                 for line in (f"  {source}", f"    → {answer}", f"    = {reference}")]
        return [*table(cells), *map(translate, [*self.notes, self.verdict()]), "",
                translate("examples from the test split:"), *shown]

    def to_json(self) -> dict:
        saved = asdict(replace(self, answered=[]))
        del saved["answered"]
        return {**saved, "beaten": self.beaten()}


def number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:,.1f}" if abs(value) >= 100 else f"{value:.2f}"


def width(text: str) -> int:
    """How many columns of a terminal a text takes: two per Chinese character."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in text)


def pad(text: str, columns: int, right: bool = False) -> str:
    space = " " * (columns - width(text))
    return space + text if right else text + space


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as aligned lines, numbers to the right; the first row is the heading."""
    widths = [max(map(width, column)) for column in zip(*rows)]
    right = [all(r[k][:1].isdigit() or r[k] == "–" for r in rows[1:]) for k in range(len(widths))]
    lines = ["  ".join(pad(cell, w, r) for cell, w, r in zip(row, widths, right)).rstrip() for row in rows]
    return [lines[0], "  ".join("─" * w for w in widths), *lines[1:]]
