"""The page of a grid: a table of all combinations and, for each setting that varies, what it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import tasks
from n2m.grid import Result
from n2m.report import drawing, files, grid_plots, html, measures, note_missing, summary
from n2m.report.grid_plots import Groups
from n2m.report.html import both, named
from n2m.report.summary import Mean
from n2m.report.types import MISSING
from tasks.shared.report import number

SETTINGS = {"attention": "注意力", "cell": "循环单元", "placement": "注意力位置", "layers": "层数",
            "hidden_size": "隐藏维度", "embedding_size": "嵌入维度", "bidirectional": "双向编码器", "tokenizer": "分词",
            "dropout": "丢弃率", "limit": "训练样本数", "learning_rate": "学习率", "batch_size": "批次大小",
            "label_smoothing": "标签平滑"}
# What a reader may look for; what the plots show may differ.
ABOUT = {
    "attention": ("Without attention, the decoder has only c, a single vector: the longer the source, the less of it "
                  "fits. With attention, it reads at each step the source states that it needs (Bahdanau et al. 2015).",
                  "没有注意力时，解码器只有一个向量 c：源文越长，装下的越少。有注意力时，每一步都读取所需的隐藏状态"
                  "（Bahdanau 等，2015）。"),
    "pooling": ("Without attention, the linear layer reads only c. With attention, a learned query weighs all states.",
                "没有注意力时，线性层只读取 c；有注意力时，由可学习的查询向量给所有隐藏状态加权。"),
    "cell": ("The gates of GRU and LSTM let a state survive many steps, which a plain RNN overwrites.",
             "GRU 与 LSTM 的门让状态能保持许多步，而普通 RNN 每步都会改写它。"),
    "placement": ("before: s<sub>t−1</sub> asks, and the context joins the cell's input (Bahdanau et al. 2015). after: "
                  "s<sub>t</sub> asks, and the context joins the output (Luong et al. 2015), which trains faster.",
                  "before：由 s<sub>t−1</sub> 查询，上下文进入循环单元的输入（Bahdanau 等，2015）。"
                  "after：由 s<sub>t</sub> 查询，上下文进入输出（Luong 等，2015），训练更快。")}
FEW = 50  # words to copy below which their share says nothing


def write(task: str, results: Sequence[Result], folder: str | Path, command: str = "",
          shared: Mapping[str, Any] | None = None) -> None:
    """Write index.html, report.csv and report.json about a grid, see n2m.grid.run.

    command  what makes the report again; shared: the settings that all its models were given
    Raises InputError as n2m.report.write.
    """
    files.check(Path(folder))
    note_missing()
    data = {"command": command, "task": task, "settings": dict(shared or {}), "models": [
        {**{k: v for k, v in vars(r).items() if k not in ("cell", "answered")}, **vars(r.cell)} for r in results]}
    files.write(Path(folder), page(task, results, command, shared or {}), summary.rows(results), data)


def page(task: str, results: Sequence[Result], command: str = "", shared: Mapping[str, Any] | None = None) -> str:
    """The page as HTML."""
    done, varied = [r for r in results if r.done], summary.varied(results)
    corpus = f" · {done[0].corpus}" if done else ""
    settings = [_setting(task, name, results) for name in varied] if done and drawing.can_draw() else []
    missing = "" if drawing.can_draw() else f'<p class="note">{MISSING}</p>'
    names = ", ".join(varied)
    return html.page((f"{task}: {names}", f"{html.TITLES.get(task, task)}：{'、'.join(map(_chinese, varied))}"),
                     f"{both(f'{len(done)} of {len(results)} models', f'{len(results)} 个模型中的 {len(done)} 个')}"
                     f"{escape(corpus)}",
                     "".join([_table(results), missing, *settings, _few_copied(done), _failed(results),
                              _repeat(done, command, shared or {})]))


def _chinese(setting: str) -> str:
    return SETTINGS.get(setting, setting)


def _setting_name(setting: str) -> str:
    return both(escape(setting), f"{_chinese(setting)}（{escape(setting)}）")


def _table(results: Sequence[Result]) -> str:
    """The main metric of each combination, the last setting across; the better, the darker."""
    varied, main = summary.varied(results), summary.main_metric(results)
    if not main:
        return ""
    *down, across = varied
    groups = summary.combinations(results)
    means = {repr(g[0].cell.options): summary.mean(r.scores.get(main) for r in g if r.done) for g in groups}
    values = sorted(m.value for m in means.values() if m.value is not None)
    better = next(r.higher_is_better for r in results if r.done)

    def cell(options: dict[str, Any]) -> str:
        found = means.get(repr(options))
        if not found or found.value is None:
            return "–"
        place = (found.value - values[0]) / ((values[-1] - values[0]) or 1)
        return html.shaded(str(found), place if better else 1 - place)

    columns = list(dict.fromkeys(str(g[0].cell.options.get(across, "–")) for g in groups))
    heads = list(dict.fromkeys(tuple(g[0].cell.options.get(name, "–") for name in down) for g in groups))
    rows = []
    for head in heads:
        of_row = {str(g[0].cell.options.get(across, "–")): g[0].cell.options for g in groups
                  if tuple(g[0].cell.options.get(name, "–") for name in down) == head}
        rows.append([escape(", ".join(map(str, head)) or main),
                     *(cell(of_row[c]) if c in of_row else "" for c in columns)])
    first = next(r for r in results if r.done)
    baselines = "; ".join(f"{named(name)} {number(row[main])}" for name, row in first.baselines.items() if main in row)
    per = max(sum(r.done for r in g) for g in groups)
    zh = html.CHINESE.get(main, main)
    about = both(f"{main} on the test split, mean ± standard deviation over {per} seeds; the darker, the better.",
                 f"测试集上的 {zh}，{per} 个种子的均值 ± 标准差；颜色越深越好。") if per > 1 else \
        both(f"{main} on the test split; the darker, the better. One seed: small differences may be chance.",
             f"测试集上的 {zh}，颜色越深越好。只有一个随机种子，小的差别可能出于偶然。")
    corner = " ".join([*(f"{name} ↓" for name in down), f"{across} →"])
    return html.section(both("All combinations", "所有组合"),
                        '<div class="panel">' + html.table([escape(corner), *map(escape, columns)], rows, "grid")
                        + f"<p><small>{both('Baselines: ', '基线：')}{baselines}</small></p></div>", about=about)


def _setting(task: str, setting: str, results: Sequence[Result]) -> str:
    """What a setting changes, averaged over all others."""
    groups: Groups = {str(value): found for value in summary.varied(results)[setting]
                      if (found := [r for r in results if r.done and r.cell.options.get(setting) == value])}
    if not groups:
        return ""
    main, name = summary.main_metric(results), "plot-" + setting.replace("_", "-")
    count = ", ".join(f"{value} {len(found)}" for value, found in groups.items())
    said = "; ".join(f"{escape(value)} {summary.of_models(found, lambda r: r.scores[main])}"
                     for value, found in groups.items())
    first, *others = groups
    changes = {value: summary.difference(groups[value], groups[first], setting) for value in others}
    against = "; ".join(f"{escape(value)} {change:+.3g}" for value, change in changes.items() if change is not None)
    shown = [html.figure(grid_plots.scores(f"{name}-scores", setting, groups), both(
        f"A dot is a model (point at it for its settings), a line the mean. Mean ± spread over seeds: {said}. "
        f"Against {escape(first)}, all else equal: {against or '–'}.",
        f"每点为一个模型（指向它可看设置），横线为均值。均值 ± 种子间标准差：{said}。"
        f"其他设置相同时，与 {escape(first)} 相比：{against or '–'}。"))]
    bins = measures.length_bins([measures.source_length(source) for source, _, _ in groups[first][0].answered])
    if main in ("chrF", "accuracy") and len(bins) > 1:
        picture, means = grid_plots.by_length(f"{name}-length", setting, groups, bins)
        shown.append(html.figure(picture, _by_length(means, bins)))
    shown.append(html.figure(grid_plots.curves(f"{name}-curves", setting, groups), both(
        "Thin: one model. Thick: the mean, as far as all models were trained.",
        "细线为单个模型，粗线为均值（到各模型都训练过的轮次为止）。")))
    if _to_copy(results)[0] >= FEW:
        shown.append(_copying(f"{name}-copied", setting, groups))
    pooling = setting == "attention" and "decoder" not in tasks.find(task).parts
    about = ABOUT.get("pooling" if pooling else setting, ("", ""))
    return html.section(_setting_name(setting), html.panels(shown, wide=True), about=both(
        f"{about[0]} All other settings averaged; models: {escape(count)}.",
        f"{about[1]}对其他设置取平均；模型数：{escape(count)}。"))


def _by_length(means: Mapping[str, Sequence[Mean]], bins: Sequence[tuple[int, int]]) -> str:
    """What happens from the shortest to the longest sources, in words."""
    change = "; ".join(f"{escape(value)} {found[-1].value - found[0].value:+.3g}" for value, found in means.items()
                       if found[0].value is not None and found[-1].value is not None)
    first, last = ("–".join(map(str, dict.fromkeys(b))) for b in (bins[0], bins[-1]))
    return both(f"From the shortest sources ({first}) to the longest ({last}): {change}. Each point has about as many "
                "test examples; bars show the spread over seeds.",
                f"从最短的源文（{first}）到最长的（{last}）：{change}。每个点的测试样本数大致相同；竖线为种子间的标准差。")


def _copying(name: str, setting: str, groups: Groups) -> str:
    to_copy, references = _to_copy(next(iter(groups.values())))
    peaks = "; ".join(f"{escape(value)} {sum(r.copying['at_peak'] for r in found) / copied:.0%}"
                      for value, found in groups.items()
                      if all(r.copying.get("at_peak") is not None for r in found)
                      and (copied := sum(r.copying["copied"] for r in found)))
    written = "; ".join(f"{escape(value)} {sum(r.copying['copied'] for r in found) / max(total, 1):.1%}"
                        for value, found in groups.items()
                        for total in [sum(r.copying["written"] for r in found)])
    return html.figure(grid_plots.copied_and_generated(name, setting, groups), both(
        f"A reference word is copied if the same token occurs in its source ({to_copy:,} of {references:,}), otherwise "
        f"generated. Bars: the fraction that the answers have too. Of the words in the answers, copied are {written}"
        + (f"; with the largest α on that very token: {peaks}" if peaks else "") + ".",
        f"参考答案中的词若也出现在源文里，称为照抄（{references:,} 个中的 {to_copy:,} 个），否则为生成。"
        f"柱：答案中也有的比例。答案的词中照抄的占 {written}"
        + (f"；其中 α 恰在该词元上最大的占 {peaks}" if peaks else "") + "。"))


def _to_copy(results: Sequence[Result]) -> tuple[int, int]:
    """How many words of the references occur in their source, and how many there are in all."""
    copying = next((r.copying for r in results if r.copying), {"should_copy": 0, "should_generate": 0})
    return copying["should_copy"], copying["should_copy"] + copying["should_generate"]


def _few_copied(results: Sequence[Result]) -> str:
    """Why the page does not compare copied with generated words."""
    to_copy, references = _to_copy(results)
    if not references or to_copy >= FEW:
        return ""
    return '<p class="note">' + both(
        f"Copied and generated words: only {to_copy} of {references:,} reference words occur in their source too, "
        "too few to compare. A corpus with one script on both sides, such as classical, has more.",
        f"照抄与生成：参考答案的 {references:,} 个词中只有 {to_copy} 个也在源文里，太少，不作比较。"
        "源文与译文同文字的语料库（如 classical）有更多。") + "</p>"


def _failed(results: Sequence[Result]) -> str:
    wrong = [(r.cell.name, r.error or both(r.waiting, "未完成")) for r in results if not r.done]
    if not wrong:
        return ""
    return html.section(both("Without scores", "没有得分的模型"), html.table(
        [both("model", "模型"), both("why", "原因")],
        [[f"<code>{escape(name)}</code>", f'<span class="failed">{why if "<span" in why else escape(why)}</span>']
         for name, why in wrong], "settings"))


def _repeat(done: Sequence[Result], command: str, shared: Mapping[str, Any]) -> str:
    facts = {**dict(shared), **(done[0].versions if done else {})}
    rows = [[f"<code>{escape(name)}</code>", escape(str(value))] for name, value in facts.items()]
    return html.section(both("Repeat it", "复现"), f"<pre>{escape(command)}</pre>" if command else "",
                        f"<details><summary>{both('Shared settings and versions', '共同设置与版本')}</summary>"
                        f"{html.table(['', ''], rows, 'settings')}</details>")
