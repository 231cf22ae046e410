"""Learning curves, attention and embeddings of a model as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from n2m.report import fonts
from n2m.report.drawing import INK, LINE, MARKERS, SERIES, SOFT, WARM, Say, new_figure, picture
from tasks.shared.report import width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from n2m.model import Model

TOKENS = 300  # points of an embedding map
MAP = 5.2, 4.4  # its size in inches
LETTER, LINE_HEIGHT = 0.09, 0.17  # of a name in it: half the width of a Chinese character, and the height


def learning_curves(name: str, epochs: Sequence[dict[str, Any]]) -> str:
    """Train and dev loss after each epoch. epochs: of training.json"""
    def draw(say: Say) -> Figure:
        figure = new_figure(4.2, 2.9)
        axes = figure.subplots()
        numbers = [e["epoch"] for e in epochs]
        for key, label, colour, marker in (("train_loss", say("train", "训练集"), SERIES[0], "o"),
                                           ("dev_loss", say("dev", "验证集"), SERIES[1], "s")):
            axes.plot(numbers, [e[key] for e in epochs], color=colour, label=label,
                      marker=marker if len(numbers) < 30 else "")
        best = next((e for e in reversed(epochs) if e["best"]), None)
        if best:
            axes.plot(best["epoch"], best["dev_loss"], MARKERS[1], color=SERIES[1], markersize=12, fillstyle="none",
                      label=say("best", "最优"))
        axes.set_xlabel(say("epoch", "轮次"))
        axes.set_ylabel(say("loss (nats)", "损失（奈特）"))
        whole_numbers(axes, len(numbers))
        axes.grid(axis="y")
        axes.legend()
        return figure

    return picture(name, draw, ("Train and dev loss by epoch", "各轮次的训练集和验证集损失"))


def whole_numbers(axes: Axes, epochs: int) -> None:
    """An axis of epochs, also of a single one."""
    from matplotlib.ticker import MaxNLocator
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
    axes.set_xlim(0.5, max(epochs, 1) + 0.5)


def heatmap(name: str, weights: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Attention weights α, (rows, columns): the darker a cell, the larger its weight. Returns the picture, and the
    tokens behind the numbers that stand for tokens no font has."""
    shown, key = fonts.labels([*rows, *columns])
    rows_shown, columns_shown = shown[:len(rows)], shown[len(rows):]
    turned = max(map(len, columns_shown)) > 3

    def draw(say: Say) -> Figure:
        from matplotlib.collections import PolyCollection
        from matplotlib.colors import to_rgba
        height = max(0.34 * len(rows), 0.34)
        figure = new_figure(max(0.34 * len(columns), 1) + 0.11 * max(map(len, rows_shown)) + 0.6,
                            height + (0.1 * max(map(len, columns_shown)) if turned else 0.2) + 0.3)
        axes = figure.subplots()
        squares = [[(j + x, i + y) for x, y in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))]
                   for i in range(len(rows)) for j in range(len(columns))]
        axes.add_collection(PolyCollection(squares, facecolors=[to_rgba(WARM, float(alpha)) for alpha in weights.flat],
                                           linewidths=0, gid="cells"))
        axes.set_xlim(-0.5, len(columns) - 0.5)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_aspect("equal")
        axes.set_xticks(range(len(columns)), columns_shown, rotation=55 if turned else 0,
                        ha="left" if turned else "center", rotation_mode="anchor" if turned else "default")
        axes.set_yticks(range(len(rows)), rows_shown)
        axes.tick_params(top=False, labeltop=True, bottom=False, labelbottom=False, left=False, labelcolor=INK)
        for side in ("top", "right", "bottom", "left"):
            axes.spines[side].set_visible(True)
        axes.set_xticks(np.arange(1, len(columns)) - 0.5, minor=True)
        axes.set_yticks(np.arange(1, len(rows)) - 0.5, minor=True)
        axes.grid(which="minor")
        axes.tick_params(which="minor", length=0)
        return figure

    tips = {"cells": [f"{row} ← {column}: α = {weights[i][j]:.3f}"
                      for i, row in enumerate(rows) for j, column in enumerate(columns)]}
    return picture(name, draw, ("Attention weights", "注意力权重"), tips, bilingual=False), key


def principal_components(vectors: np.ndarray) -> tuple[np.ndarray, float]:
    """The two directions in which the rows differ most: (rows, 2), and the fraction of their variance that these show.

    >>> points, fraction = principal_components(np.array([[0., 0, 1], [2, 0, 1], [4, 0, 1]]))
    >>> [float(abs(x)) for x in points[:, 0].round(6)], round(fraction, 6)
    ([2.0, 0.0, 2.0], 1.0)
    """
    centred = vectors - vectors.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    total = float((s ** 2).sum())
    points = np.zeros((len(vectors), 2))
    points[:, :min(2, len(s))] = (u * s)[:, :2]
    return points, float((s[:2] ** 2).sum()) / total if total else 0.0


def common_embeddings(model: Model) -> tuple[list[str], np.ndarray]:
    """The commonest source tokens, and their rows of the embedding table."""
    vocabulary, table = model.text_model.source.vocabulary, model.text_model.network.encoder.embedding.weight
    words = vocabulary.words()[:TOKENS]
    first = len(vocabulary) - len(vocabulary.words())
    return words, table[first:first + len(words)].detach().float().cpu().numpy()


def embedding_map(name: str, tokens: Sequence[str], vectors: np.ndarray) -> tuple[str, float, dict[str, str]]:
    """Tokens as points, so that those with similar embeddings are close; the commonest have their names where there is
    room. Returns the picture, the fraction of the variance that it shows, and the tokens behind the numbers that stand
    for tokens no font has."""
    points, fraction = principal_components(vectors)
    shown, key = fonts.labels(tokens)
    named = names_with_room(points, shown)

    def draw(say: Say) -> Figure:
        from matplotlib.colors import to_rgba
        figure = new_figure(*MAP)
        axes = figure.subplots()
        axes.scatter(points[:, 0], points[:, 1], 16, gid="tokens", linewidths=0, c=[
            to_rgba(SERIES[0]) if i in named else to_rgba(SOFT, 0.5) for i in range(len(points))])
        for i in named:
            axes.annotate(shown[i], points[i], (3, 2), textcoords="offset points", fontsize=10)
        axes.axhline(0, color=LINE, linewidth=0.6, zorder=0)
        axes.axvline(0, color=LINE, linewidth=0.6, zorder=0)
        axes.set_axis_off()
        axes.set_aspect("equal", adjustable="datalim")
        return figure

    tips = {"tokens": tokens}
    used = {number: token for number, token in key.items() if number in {shown[i] for i in named}}
    return picture(name, draw, ("Map of source embeddings", "源词元嵌入图"), tips, bilingual=False), fraction, used


def names_with_room(points: np.ndarray, names: Sequence[str]) -> list[int]:
    """Which points can be named so that no name covers another, the first ones first."""
    spread = np.ptp(points, axis=0) if len(points) else np.ones(2)
    scale = min((MAP[0] - 0.6) / max(spread[0], 1e-9), (MAP[1] - 0.4) / max(spread[1], 1e-9))  # inches per unit
    chosen: list[int] = []
    boxes: list[tuple[float, float, float]] = []
    for i, (x, y) in enumerate(points * scale):
        end = x + LETTER * width(names[i]) + 0.04
        if all(end < left or x > right or abs(y - other) > LINE_HEIGHT for left, right, other in boxes):
            chosen.append(i)
            boxes.append((x, end, y))
    return chosen
