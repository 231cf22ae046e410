"""The task types side by side, as one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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


def column(model: Model, report: Report) -> dict[str, str]:
    counts = parameters_by_part(model.text_model.network)
    counts["linear"] = counts.pop("output", 0) + counts.pop("ngrams", 0)
    history = model.metadata["history"]
    epochs = history["epochs"]
    speed = sum(e["tokens_per_second"] for e in epochs) / max(len(epochs), 1)
    best = [(report.rows[name][report.main], name) for name in report.beaten()]
    baseline = (max if report.higher_is_better else min)(best) if best else (None, "–")
    source, answer, _ = report.examples[0]
    return {
        "type": model.task.sizes,
        "task": model.task.name,
        "corpus": model.metadata["corpus"]["name"],
        **{part: f"{counts[part]:,}" if counts.get(part) else "–" for part in PARTS},
        "parameters": f"{sum(counts.values()):,}",
        "trained in": f"{history.get('seconds', 0):.0f} s",
        "target tokens/s": f"{speed:,.0f}",
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
