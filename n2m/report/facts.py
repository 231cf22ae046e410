"""What a comparison says of each model: a table for the terminal, and the same as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from core.models import parameters_by_part
from n2m.model import Model
from tasks.shared.report import MODEL, Report, number, table, width

WORDED = ("main metric", "best baseline", "which is", "beaten")  # rows whose cells are words of the toolkit
PARTS = ("embedding", "encoder", "attention", "decoder", "linear")


def comparison(models: Sequence[Model], reports: Sequence[Report],
               translate: Callable[[str], str] = str) -> list[str]:
    """The lines of a table with a column per model and a row per fact; a part that a type does not use is a dash.

    translate: of names and words, into another language
    """
    columns = [column(m, r) for m, r in zip(models, reports)]
    names = list(columns[0])
    return table([[translate(name), *(translate(c[name]) if name in WORDED else c[name] for c in columns)]
                  for name in names])


def parameters(model: Model) -> dict[str, int]:
    """Number of parameters of each shared part that the model uses."""
    counts = parameters_by_part(model.text_model.network)
    counts["linear"] = counts.pop("output", 0) + counts.pop("ngrams", 0)
    return {part: count for part, count in counts.items() if count}


def tokens_per_second(model: Model) -> float:
    epochs = model.metadata["history"]["epochs"]
    return sum(e["tokens_per_second"] for e in epochs) / max(len(epochs), 1)


def best_baseline(report: Report) -> tuple[float | None, str]:
    """The baseline with the best main metric, as (value, name)."""
    found = [(report.rows[name][report.main], name) for name in report.beaten()]
    return (max if report.higher_is_better else min)(found) if found else (None, "–")


def data(model: Model, report: Report) -> dict[str, Any]:
    """Everything that the page shows of a model in numbers and words, as JSON holds it."""
    return {"task": model.task.name, "sizes": model.task.sizes, "folder": str(model.folder or ""),
            "parameters": parameters(model), "report": report.to_json(), "settings": asdict(model.settings),
            **{key: model.metadata.get(key, {}) for key in ("corpus", "versions", "history")}}


def scores(model: Model, report: Report) -> list[dict[str, Any]]:
    """A row for each model, baseline and reference of a report with all its scores, for a table."""
    return [{"task": model.task.name, "sizes": model.task.sizes, "corpus": model.metadata["corpus"]["name"],
             "folder": str(model.folder or ""), "system": name, "main metric": report.main, **row}
            for name, row in report.rows.items()]


def column(model: Model, report: Report) -> dict[str, str]:
    counts, baseline, history = parameters(model), best_baseline(report), model.metadata["history"]
    source, answer, _ = report.examples[0]
    return {
        "type": model.task.sizes,
        "task": model.task.name,
        "corpus": model.metadata["corpus"]["name"],
        **{part: f"{counts[part]:,}" if counts.get(part) else "–" for part in PARTS},
        "parameters": f"{sum(counts.values()):,}",
        "trained in": f"{history.get('seconds', 0):.0f} s",
        "target tokens/s": f"{tokens_per_second(model):,.0f}",
        "main metric": f"{report.main} {number(report.rows[MODEL][report.main])}",
        "best baseline": f"{report.main} {number(baseline[0])}",
        "which is": short(baseline[1]),
        "beaten": "yes" if all(report.beaten().values()) else "NO",
        "example in": short(source),
        "example out": short(answer),
    }


def short(text: str, columns: int = 28) -> str:
    if width(text) <= columns:
        return text
    while width(text) > columns - 1:
        text = text[:-1]
    return text + "…"
