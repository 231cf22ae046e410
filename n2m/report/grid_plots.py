"""What a setting changes, as pictures: scores, scores by source length, learning curves, copied and generated words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from n2m.grid import Result
from n2m.report import measures
from n2m.report.drawing import INK, MARKERS, SERIES, Say, new_figure, picture
from n2m.report.html import CHINESE
from n2m.report.plots import whole_numbers
from n2m.report.summary import Mean, mean, of_models

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Groups = Mapping[str, Sequence[Result]]  # value of a setting → its finished models
SIZE = 5.0, 3.5
LENGTH = ("source length (characters or words)", "源文长度（字或词）")


def scores(name: str, setting: str, groups: Groups) -> str:
    """The main metric of every model, one column of dots for each value, with their mean as a line."""
    main = _main(groups)

    def draw(say: Say) -> Figure:
        figure = new_figure(*SIZE)
        axes = figure.subplots()
        for k, (_, results) in enumerate(groups.items()):
            axes.scatter([k + 0.5 * ((i + 0.5) / len(results) - 0.5) for i in range(len(results))],
                         [r.scores[main] for r in results], s=49, marker=MARKERS[k % 8], color=SERIES[k % 8],
                         alpha=0.75, gid=f"models-{k}")
            level = of_models(results, lambda r: r.scores[main]).value or 0
            axes.hlines(level, k - 0.36, k + 0.36, color=INK, linewidth=2)
            axes.annotate(f"{level:.3g}", (k + 0.37, level), (2, 0), textcoords="offset points",
                          va="center", fontsize=10)
        axes.set_xticks(range(len(groups)), list(groups))
        axes.tick_params(axis="x", labelcolor=INK, length=0)
        axes.set_xlim(-0.6, len(groups) - 0.2)
        axes.set_xlabel(setting)
        axes.set_ylabel(say(main, CHINESE.get(main, main)))
        axes.grid(axis="y")
        return figure

    tips = {f"models-{k}": [f"{r.cell.name}: {main} {r.scores[main]:.4g}" for r in results]
            for k, results in enumerate(groups.values())}
    return picture(name, draw, (f"{main} by {setting}", f"各 {setting} 的 {CHINESE.get(main, main)}"), tips)


def by_length(name: str, setting: str, groups: Groups,
              bins: Sequence[tuple[int, int]]) -> tuple[str, dict[str, list[Mean]]]:
    """The main metric by source length. bins: ranges of lengths. Returns the picture and the means behind it."""
    main = _main(groups)
    scores_of = {r.cell.name: measures.score_by_length(r.answered, bins, main)
                 for results in groups.values() for r in results}

    def in_bin(i: int) -> Callable[[Result], float | None]:
        return lambda r: scores_of[r.cell.name][i]

    means = {value: [of_models(results, in_bin(i)) for i in range(len(bins))] for value, results in groups.items()}

    def draw(say: Say) -> Figure:
        figure = new_figure(*SIZE)
        axes = figure.subplots()
        for k, (value, line) in enumerate(means.items()):
            shift = 0.06 * (k - (len(means) - 1) / 2)
            there = [(i + shift, m.value, m.spread or 0) for i, m in enumerate(line) if m.value is not None]
            x, y, spread = zip(*there)
            axes.errorbar(x, y, spread, color=SERIES[k % 8], marker=MARKERS[k % 8], label=value, capsize=2,
                          elinewidth=1)
        axes.set_xticks(range(len(bins)), [f"{low}–{high}" if low < high else str(low) for low, high in bins])
        axes.set_xlabel(say(*LENGTH))
        axes.set_ylabel(say(main, CHINESE.get(main, main)))
        axes.grid(axis="y")
        _legend(axes, setting)
        return figure

    return picture(name, draw, (f"{main} by source length and {setting}",
                                f"各 {setting} 在不同源文长度上的 {CHINESE.get(main, main)}")), means


def curves(name: str, setting: str, groups: Groups) -> str:
    """Dev loss after each epoch: a thin line for each model, a thick one for the mean of a value."""
    def draw(say: Say) -> Figure:
        figure = new_figure(*SIZE)
        axes = figure.subplots()
        longest = max(len(r.epochs) for results in groups.values() for r in results)
        for k, (value, results) in enumerate(groups.items()):
            for r in results:
                axes.plot([e["epoch"] for e in r.epochs], [e["dev_loss"] for e in r.epochs], color=SERIES[k % 8],
                          linewidth=0.8, alpha=0.5)
            shortest = min(len(r.epochs) for r in results)  # beyond it the mean would be of other models
            axes.plot(range(1, shortest + 1), [mean(r.epochs[i]["dev_loss"] for r in results).value or 0
                                               for i in range(shortest)],
                      color=SERIES[k % 8], marker=MARKERS[k % 8] if shortest < 25 else "", label=value)
        whole_numbers(axes, longest)
        axes.set_xlabel(say("epoch", "轮次"))
        axes.set_ylabel(say("dev loss (nats)", "验证集损失（奈特）"))
        axes.grid(axis="y")
        _legend(axes, setting)
        return figure

    return picture(name, draw, (f"Dev loss by epoch and {setting}", f"各 {setting} 的验证集损失"))


def copied_and_generated(name: str, setting: str, groups: Groups) -> str:
    """For each value how many of the words that a reference copies from its source, and of those that it does not, the
    answers have."""
    def draw(say: Say) -> Figure:
        from matplotlib.ticker import PercentFormatter
        figure = new_figure(*SIZE)
        axes = figure.subplots()
        kinds = (("copied", say("copied words", "照抄的词")), ("generated", say("generated words", "生成的词")))
        for j, (kind, label) in enumerate(kinds):
            found = [recall(results, kind) for results in groups.values()]
            places = [k + 0.38 * (j - 0.5) for k in range(len(groups))]
            axes.bar(places, [m.value or 0 for m in found], 0.34, color=SERIES[j], label=label,
                     hatch="//" if j else "", edgecolor=SERIES[j], fill=not j)
            axes.errorbar(places, [m.value or 0 for m in found], [m.spread or 0 for m in found], fmt="none", color=INK,
                          capsize=3, elinewidth=1)
            for x, m in zip(places, found):
                axes.annotate(f"{m.value or 0:.0%}", (x, (m.value or 0) + (m.spread or 0)), (0, 3), ha="center",
                              textcoords="offset points", fontsize=9)
        axes.set_xticks(range(len(groups)), list(groups))
        axes.tick_params(axis="x", labelcolor=INK, length=0)
        axes.set_xlabel(setting)
        axes.set_ylabel(say("in the answer too", "答案中也有的比例"))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.margins(y=0.16)
        axes.grid(axis="y")
        figure.legend(loc="outside upper right", ncols=2)
        return figure

    return picture(name, draw, (f"Copied and generated words by {setting}", f"各 {setting} 照抄与生成的词"))


def recall(results: Sequence[Result], kind: str) -> Mean:
    """Of the reference words that are to be "copied" or "generated", the fraction that the answers have, per model."""
    verb = {"copied": "copy", "generated": "generate"}[kind]
    return of_models(results, lambda r: r.copying[f"{kind}_right"] / r.copying[f"should_{verb}"]
                     if r.copying.get(f"should_{verb}") else None)


def _main(groups: Groups) -> str:
    return next(r.main for results in groups.values() for r in results)


def _legend(axes: Axes, setting: str) -> None:
    axes.legend(title=setting, ncols=2 if len(axes.get_lines()) > 4 else 1)
