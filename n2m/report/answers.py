"""What models score beside their baselines, and what they answer, as parts of a page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from n2m.model import Model
from n2m.report import html
from n2m.report.html import both, named
from tasks.shared.report import MODEL, Report, number

Pairs = Sequence[tuple[Model, Report]]


def own(index: int) -> str:
    """The colour of a model."""
    return f"--own: var(--c{index % 8 + 1})"


def heading(model: Model, index: int, small: str = "") -> str:
    small = f" <small>{small}</small>" if small else ""
    return f'<h3 style="{own(index)}"><span class="type-name">{model.task.sizes} {title(model)}</span>{small}</h3>'


def title(model: Model) -> str:
    known = html.TITLES.get(model.task.name)
    return both(escape(model.task.name), known) if known else escape(model.task.name)


def scores(pairs: Pairs) -> str:
    shown = []
    for index, (model, report) in enumerate(pairs):
        better = both("higher is better", "越高越好") if report.higher_is_better else \
            both("lower is better", "越低越好")
        lost = [named(name) for name, won in report.beaten().items() if not won]
        verdict = both("The model does NOT beat: ", "模型未超过：") + ", ".join(lost) if lost else \
            both("The model beats every baseline.", "模型超过所有基线。")
        notes = report.notes[2 + len(report.labels):] if report.labels else report.notes  # its matrix is drawn below
        corpus = escape(model.metadata["corpus"]["name"])
        shown.append(heading(model, index, f"{corpus}, {named(report.main)}: {better}")
                     + f'<div style="{own(index)}">{score_table(report)}</div><p>{verdict}</p>'
                     + "".join(f"<p><small>{escape(note)}</small></p>" for note in notes))
    return html.section(both("Scores beside baselines", "得分与基线"), html.panels(shown, wide=True), about=both(
        "Test split, baselines from the same run. The metric in bold decides.",
        "测试集得分，基线来自同一次运行。粗体为主要指标。"))


def score_table(report: Report) -> str:
    """A row for the model and each baseline; a bar shows the main metric."""
    columns = list(dict.fromkeys([report.main, *(c for row in report.rows.values() for c in row)]))
    largest = max(row.get(report.main, 0) for row in report.rows.values()) or 1

    def cell(row: dict[str, float], column: str) -> str:
        bar = f'<span class="bar" style="width: {row[column] / largest:.1%}"></span>' \
            if column == report.main and column in row else ""
        return f'<td class="{"main" * (column == report.main)}">{number(row.get(column))}{bar}</td>'

    head = "".join(f'<th scope="col">{named(column)}</th>' for column in columns)
    body = "".join(f'<tr class="{"own" * (name == MODEL)}"><th scope="row">{named(name)}</th>'
                   + "".join(cell(row, column) for column in columns) + "</tr>" for name, row in report.rows.items())
    return (f'<div class="scroll" tabindex="0"><table><thead><tr><td></td>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>")


def samples(pairs: Pairs) -> str:
    shown = []
    for index, (model, report) in enumerate(pairs):
        lines = "".join(f'<li>{escape(source)}<span class="out">{escape(answer)}</span>'
                        f'<span class="reference">{escape(reference)}</span></li>'
                        for source, answer, reference in report.examples)
        shown.append(heading(model, index) + f'<ul class="samples" style="{own(index)}">{lines}</ul>')
    return html.section(both("Samples", "样例"), html.panels(shown, wide=True), about=both(
        "The first test examples that were drawn: input, → answer of the model, = reference.",
        "测试集中随机抽取的前几条：输入、→ 模型的输出、= 参考答案。"))


def confusion(pairs: Pairs) -> str:
    shown = []
    for index, (model, report) in enumerate(pairs):
        if report.labels:
            rows = [[escape(label), *(html.shaded(f"{n:,}", n / max(sum(row), 1)) for n in row)]
                    for label, row in zip(report.labels, report.confusion)]
            shown.append(heading(model, index) + html.table(["", *map(escape, report.labels)], rows, "confusion"))
    return html.section(both("Confusion matrix", "混淆矩阵"), html.panels(shown, wide=True), about=both(
        "Rows: true labels. Columns: labels of the model.", "行：真实标签。列：模型给出的标签。")) if shown else ""
