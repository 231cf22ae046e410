"""The page that shows models side by side: shared parts, scores, curves, attention, embeddings and samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from html import escape

import numpy as np

from core.data import InputError
from core.settings import Settings
from n2m.model import Model
from n2m.report import answers, drawing, facts, html, plots
from n2m.report.answers import heading, own, title
from n2m.report.html import both, named
from tasks.shared.report import Report
from tasks.shared.walk import Walk

READABLE = 40  # the most tokens on either side of a heatmap
MISSING = both("Plots are missing: they need matplotlib (<code>pip install matplotlib</code>).",
               "缺少图表：需要 matplotlib（<code>pip install matplotlib</code>）。")


def page(models: Sequence[Model], reports: Sequence[Report], command: str = "") -> str:
    """The page as HTML. command: the one that makes it again"""
    pairs = list(zip(models, reports))
    heads = ("The task types side by side", "四种任务类型对比") if len({m.task.name for m in models}) == len(models) \
        else ("Models side by side", "模型对比")
    corpora = " · ".join(f"{m.task.name}: {m.metadata['corpus']['name']}" for m in models)
    drawn = [_curves(pairs), _attention(models, reports), _embeddings(models)] if drawing.can_draw() \
        else [f'<p class="note">{MISSING}</p>']
    return html.page(heads, escape(corpora), "".join([
        _parts(models), answers.scores(pairs), *drawn, answers.samples(pairs), answers.confusion(pairs),
        repeat(models, command)]))


def _parts(models: Sequence[Model]) -> str:
    """Each shared part as a box across all models, and each model as a line through the parts it uses."""
    counts = [facts.parameters(m) for m in models]

    def row(name: str, kind: str, cells: Sequence[str], line: str = "line") -> str:
        out = [f'<div class="name {kind}">{name}</div>']
        for i, cell in enumerate(cells):
            last = " last" * (i == len(cells) - 1)
            unused = " unused" * (kind == "box" and not cell)
            out.append(f'<div class="{kind}{last} {line}{unused}" style="{own(i)}">{cell}</div>')
        return "".join(out)

    gap = row("", "gap", [""] * len(models))
    sizes = [m.task.sizes.partition("→")[::2] for m in models]
    rows = [row("", "type", [title(m) for m in models], ""),
            row(both("input", "输入"), "end", [s for s, _ in sizes], "")]
    for part in facts.PARTS:
        if any(part in c for c in counts):
            rows += [gap, row(named(part), "box", [f'<span class="station">{c[part]:,}</span>' if part in c else ""
                                                   for c in counts])]
    rows += [gap, row(both("output", "输出"), "end", [s for _, s in sizes], ""),
             row(both("parameters", "参数总数"), "sum", [f"{sum(c.values()):,}" for c in counts], "")]
    return html.section(
        both("Shared parts", "共享模块"),
        f'<div class="panel scroll" tabindex="0"><div class="parts" style="--models: {len(models)}">{"".join(rows)}'
        "</div></div>",
        about=both("A box is one piece of code that all types share. A solid line runs through the boxes that a type "
                   "uses, with the number of their parameters; a dotted line passes by.",
                   "每个方框是各类型共用的一段代码。实线穿过该类型所用的模块，数字为其参数量；虚线表示不经过该模块。"))


def _curves(pairs: Sequence[tuple[Model, Report]]) -> str:
    shown = []
    for index, (model, _) in enumerate(pairs):
        history = model.metadata["history"]
        seconds = history.get("seconds", 0)
        small = both(f"{seconds:,.0f} s, {facts.tokens_per_second(model):,.0f} target tokens/s",
                     f"{seconds:,.0f} 秒，每秒 {facts.tokens_per_second(model):,.0f} 个目标词元")
        shown.append(heading(model, index, small) + (
            html.figure(plots.learning_curves(f"curve{index}", history["epochs"])) if history["epochs"] else "–"))
    return html.section(both("Learning curves", "学习曲线"), html.panels(shown), about=both(
        "Loss in nats per target token (for labels, per text) after each epoch. Where the dev loss rises while the "
        "train loss falls, the model learns its training texts by heart. Dropout and label smoothing raise the train "
        "loss, so it may lie above the dev loss.",
        "每轮结束时每个目标词元的损失（分类为每条文本），单位奈特。若训练集损失下降而验证集损失上升，说明模型在背训练文本。"
        "丢弃（dropout）与标签平滑会抬高训练集损失，所以它可能高于验证集损失。"))


def _attention(models: Sequence[Model], reports: Sequence[Report]) -> str:
    shown = []
    for index, (model, report) in enumerate(zip(models, reports)):
        walk = example(model, report)
        small = ""
        if walk is None:
            body = both("No example is short enough to draw.", "没有足够短的示例可画。")
        elif walk.attention == "none":
            body = both("No attention: the source is a single vector c, which every step reads.",
                        "没有注意力：源序列只有一个向量 c，每一步都读取它。")
        else:
            rows = [s.token for s in walk.steps]
            small = f"{escape(walk.text)} → {escape(walk.answer)}"
            body = html.figure(*_with_caption(plots.heatmap(
                f"attention{index}", np.array([s.weights for s in walk.steps]), rows, walk.attended)))
        shown.append(heading(model, index, small) + body)
    return html.section(both("Attention", "注意力"), html.panels(shown, wide=True), about=both(
        "Each row is an output token, each column a source token; the darker the cell, the larger the weight α with "
        "which that step reads that token. A row sums to 1. A classifier attends once, for its label.",
        "每行是一个输出词元，每列是一个源词元；颜色越深，该步读取该词元的权重 α 越大，每行之和为 1。"
        "分类器只为标签计算一次注意力。"))


def _with_caption(drawn: tuple[str, dict[str, str]]) -> tuple[str, str, dict[str, str]]:
    return drawn[0], "", drawn[1]


def example(model: Model, report: Report) -> Walk | None:
    """The walk of an input that can be drawn: the task's own sample if the model knows its tokens, otherwise the
    shortest example of the report."""
    known = not model.text_model.source.unknown(model.task.sample_input)
    texts = [model.task.sample_input] * known + sorted((e[0] for e in report.examples), key=len)
    for text in texts:
        try:
            walk = model.walk(text.rpartition(" / ")[2])  # of a poem's lines the last one is the input
        except InputError:
            continue
        if max(len(walk.tokens), len(walk.steps)) <= READABLE and (walk.attention == "none" or walk.steps):
            return walk
    return None


def _embeddings(models: Sequence[Model]) -> str:
    shown = []
    for index, model in enumerate(models):
        tokens, vectors = plots.common_embeddings(model)
        picture, fraction, key = plots.embedding_map(f"map{index}", tokens, vectors)
        caption = both(f"{len(tokens)} commonest source tokens of {len(model.text_model.source):,}; the two axes show "
                       f"{fraction:.0%} of their variance.",
                       f"{len(model.text_model.source):,} 个源词元中最常见的 {len(tokens)} 个；"
                       f"两轴占其方差的 {fraction:.0%}。")
        shown.append(heading(model, index) + html.figure(picture, caption, key))
    return html.section(both("Map of embeddings", "嵌入图"), html.panels(shown, wide=True), about=both(
        "Source embeddings in the two directions in which they differ most (principal components). Point at a dot to "
        "see its token. Tokens that the model treats alike are close.",
        "源词元嵌入在差异最大的两个方向（主成分）上的位置。指向圆点可看词元。模型认为相近的词元靠在一起。"))


def repeat(models: Sequence[Model], command: str) -> str:
    """The settings that differ, the versions, and the command that makes the page again."""
    settings = [asdict(m.settings) for m in models]
    changed = [f for f in fields(Settings) if any(s[f.name] != f.default for s in settings)]
    rows = [[f"<code>{f.name}</code>", *(escape(str(s[f.name])) for s in settings)] for f in changed]
    facts_of = [{"corpus": m.metadata["corpus"]["name"], "checksum": m.metadata["corpus"].get("checksum", "–")[:12],
                 "train": f"{m.metadata['corpus'].get('examples', {}).get('train', 0):,}",
                 **m.metadata.get("versions", {})} for m in models]
    more = [[escape(name), *(escape(str(f.get(name, "–"))) for f in facts_of)]
            for name in dict.fromkeys(name for f in facts_of for name in f)]
    head = ["", *(f"{m.task.sizes} {escape(m.task.name)}" for m in models)]
    shown = f"<pre>{escape(command)}</pre>" if command else ""
    return html.section(
        both("Repeat it", "复现"), shown,
        f"<details><summary>{both('Settings that differ from the defaults', '与默认值不同的设置')}</summary>"
        f"{html.table(head, rows, 'settings')}</details>"
        f"<details><summary>{both('Corpora and versions', '语料库与版本')}</summary>"
        f"{html.table(head, more, 'settings')}</details>",
        about=both("The same command with the same versions gives the same numbers, up to the machine's rounding; "
                   "report.json has all settings.",
                   "同样的命令与版本得到同样的数字（机器舍入误差除外）；report.json 含全部设置。"))
