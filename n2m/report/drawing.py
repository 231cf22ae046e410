"""Pictures as SVG in a page: drawn by matplotlib, in both languages, in the colours of the page."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from n2m.report import fonts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Say = Callable[[str, str], str]  # say(english, chinese): the one of the two that the picture is in
Tips = Mapping[str, Sequence[str]]  # for collections by their gid what each of their members says when pointed at

# Stand-ins: the page's style sheet gives each its colour, by day and by night.
INK, SOFT, LINE, WARM = "#010101", "#020202", "#030303", "#040404"
SERIES = tuple(f"#0a000{n}" for n in range(1, 9))
MARKERS = "os^Dvp*X"  # lines differ in more than colour
_COLOURS = {INK: "var(--ink)", SOFT: "var(--soft)", LINE: "var(--line)", WARM: "rgb(var(--warm))",
            **{colour: f"var(--c{n})" for n, colour in enumerate(SERIES, 1)}}
_STYLE: Any = {
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": LINE, "xtick.color": LINE, "ytick.color": LINE,
    "xtick.labelcolor": SOFT, "ytick.labelcolor": SOFT, "grid.color": LINE, "grid.linewidth": 0.6, "font.size": 11,
    "axes.labelsize": 11, "axes.spines.top": False, "axes.spines.right": False, "axes.unicode_minus": False,
    "axes.axisbelow": True, "legend.frameon": False, "legend.fontsize": 10, "lines.linewidth": 2, "lines.markersize": 6,
    "svg.fonttype": "path"}
_LOCK = threading.Lock()  # matplotlib's style is one for the process


def can_draw() -> bool:
    return find_spec("matplotlib") is not None


def picture(name: str, draw: Callable[[Say], Figure], alt: tuple[str, str], tips: Tips | None = None,
            bilingual: bool = True) -> str:
    """A picture as HTML: in English and in Chinese, of which the page shows one. Without a Chinese font: in English.

    name       its own in the page
    draw       a function that makes the figure with the words that `say` gives
    alt        what the picture shows, in English and in Chinese
    bilingual  whether it has words; without them it is drawn once
    """
    english = svg(name, draw, lambda en, zh: en, alt[0], tips)
    words: list[str] = []

    def say(en: str, zh: str) -> str:
        words.append(zh)
        return zh

    if bilingual:
        draw(say)  # for its words
    if not bilingual or fonts.families("".join(words))[1]:
        return english
    chinese = svg(f"{name}-zh", draw, lambda en, zh: zh, alt[1], tips)
    return f'<div lang="en">{english}</div><div lang="zh">{chinese}</div>'


def svg(name: str, draw: Callable[[Say], Figure], say: Say, alt: str, tips: Tips | None = None) -> str:
    """A figure as an SVG element whose ids begin with its name."""
    from matplotlib import rc_context, rcParams
    out = io.StringIO()
    with _LOCK, rc_context(_STYLE):
        rcParams["svg.hashsalt"] = name
        figure = draw(say)
        set_fonts(figure)
        figure.savefig(out, format="svg", transparent=True,
                       metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = out.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>\s*|<!--.*?-->\s*", "", text[text.index("<svg"):], flags=re.DOTALL)
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", text)
    text = re.sub("|".join(_COLOURS), lambda found: _COLOURS[found[0]], text)
    for gid, said in (tips or {}).items():
        text = _with_tips(text, f'<g id="{name}-{gid}">', said)
    # The page decides how wide it is, up to its own size; its height follows from the viewBox.
    width = figure.get_size_inches()[0] * 112
    text = re.sub(r'(height|width)="[\d.]+pt" ?', "", text, count=2)
    return text.replace("<svg ", f'<svg role="img" aria-label="{escape(alt)}" style="max-width: {width:.0f}px" ', 1)


def _with_tips(text: str, group: str, tips: Sequence[str]) -> str:
    """The SVG with a tip at each shape of a group."""
    start = end = text.index(group)
    depth = 0
    for tag in re.finditer(r"<g\b|</g>", text[start:]):
        depth += 1 if tag[0] == "<g" else -1
        if not depth:
            end = start + tag.end()
            break
    shapes, defined = text[start:end], re.compile(r"<defs>.*?</defs>", re.DOTALL)
    kind, said = "<use " if "<use " in shapes else "<path ", iter(tips)
    parts = [re.sub(kind, lambda found: f'{found[0]}data-tip="{escape(next(said, ""))}" ', part)
             for part in defined.split(shapes)]
    kept = defined.findall(shapes)
    return text[:start] + "".join(part + definition for part, definition in zip(parts, [*kept, ""])) + text[end:]


def set_fonts(figure: Figure) -> None:
    """Give each text of a figure fonts that have its characters."""
    from matplotlib.text import Text
    texts = [*figure.findobj(Text), *(label for axes in figure.axes
                                      for label in (*axes.get_xticklabels(), *axes.get_yticklabels()))]
    found, _ = fonts.families("".join(text.get_text() for text in texts))
    for text in texts:
        text.set_fontfamily(found)
    for axes in figure.axes:
        axes.tick_params(labelfontfamily=found)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches."""
    from matplotlib.figure import Figure
    return Figure(figsize=(width, height), layout="constrained")
