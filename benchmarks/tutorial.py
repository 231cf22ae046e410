"""Draw the pictures of docs/tutorial.md and docs/tutorial.zh.md, in docs/tutorial.

    python benchmarks/tutorial.py       writes docs/tutorial/*.svg, of the models in pretrained/ and by-length.json

Run it after a change of a model in pretrained/ or of by-length.json; until then tests/test_tutorial.py fails.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project, if it is not installed

from benchmarks import by_length, command

if TYPE_CHECKING:
    from tasks.shared.walk import Walk

FOLDER = command.ROOT / "docs" / "tutorial"
TEXTS = {"word": "月", "classify": "这家酒店很干净，下次还来", "poem": "床前明月光", "translate": "我喜欢喝茶。"}
SIZES = {"word": "1→N", "classify": "N→1", "poem": "N→N", "translate": "N→M"}
PARTS = {"en": ("embedding", "encoder", "attention", "decoder", "linear"),
         "zh": ("嵌入", "编码器", "注意力", "解码器", "线性层")}
USED = {"word": (0, 3), "classify": (0, 1, 2, 4), "poem": (0, 1, 2, 3), "translate": (0, 1, 2, 3)}
WORDS = {
    "en": {"word": "word to text", "classify": "classification", "poem": "the next line", "translate": "translation",
           "held": "exactly N tokens", "eos": "until <eos>", "tokens": "tokens", "ids": "ids", "E": "embeddings E",
           "h": "states h", "x": "tokens in the source", "y": "chrF on test sentences", "none": "no attention",
           "dot": "with attention", "n": "{} sentences", "more": "+"},
    "zh": {"word": "由词生文", "classify": "分类", "poem": "续写下一句", "translate": "翻译",
           "held": "恰好 N 个词元", "eos": "直到 <eos>", "tokens": "词元", "ids": "词元 ID", "E": "嵌入 E",
           "h": "隐藏状态 h", "x": "源句的词元数", "y": "测试集 chrF", "none": "没有注意力", "dot": "有注意力",
           "n": "{} 句", "more": " 以上"}}
# Every picture has its own ground, so that it can be read whatever the page around it looks like.
STYLE = """<style>
text { font: 15px system-ui, 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif }
text { fill: #1f2328 } .ground { fill: #fbfaf7 } .small { font-size: 12.5px; fill: #59636e } .bold { font-weight: 600 }
.math { font-style: italic } .part { fill: #dbe8f8; stroke: #3b72b8 } .token { fill: #fdf1d3; stroke: #c08a1e }
.line { stroke: #59636e; fill: none; stroke-width: 1.6 } .tip { fill: #59636e } .grid { stroke: #dddcd6 }
.none { stroke: #c2571a; fill: #c2571a } .dot { stroke: #2463ae; fill: #2463ae } text.none, text.dot { stroke: none }
.curve { fill: none; stroke-width: 2.5 }
@media (prefers-color-scheme: dark) {
text { fill: #e6e6e3 } .ground { fill: #1c1f24 } .small { fill: #a8b0b9 } .cell { fill: #1f2328 }
.part { fill: #203a5c; stroke: #6ea3e6 } .token { fill: #453717; stroke: #d3a03a } .line { stroke: #a8b0b9 }
.tip { fill: #a8b0b9 } .grid { stroke: #363a41 } .none { stroke: #f0925a; fill: #f0925a }
.dot { stroke: #7ab2f5; fill: #7ab2f5 } .curve { fill: none } }
</style>"""


def text(x: float, y: float, shown: str, kind: str = "", anchor: str = "middle") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" class="{kind}">{escape(shown)}</text>'


def box(x: float, y: float, width: float, height: float, kind: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" class="{kind}"/>'


def arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    """A horizontal or vertical arrow."""
    along = (8, 0) if y == to_y else (0, 8 if to_y > y else -8)
    a, b = to_x - along[0], to_y - along[1]
    across = (0, 4.5) if y == to_y else (4.5, 0)
    return (f'<path class="line" d="M{x:g} {y:g}L{a:g} {b:g}"/><path class="tip" d="M{to_x:g} {to_y:g}'
            f'L{a - across[0]:g} {b - across[1]:g}L{a + across[0]:g} {b + across[1]:g}Z"/>')


def strip(x: float, y: float, values: Sequence[float], largest: float) -> str:
    """A vector as a column of coloured squares: blue is negative, orange positive."""
    colours = ["#e08a3c" if v > 0 else "#4f86c6" for v in values]
    return "".join(f'<rect x="{x:g}" y="{y + 9 * k:g}" width="22" height="9" fill="{colour}" '
                   f'fill-opacity="{0.08 + 0.92 * min(abs(v) / largest, 1):.2f}"/>'
                   for k, (v, colour) in enumerate(zip(values, colours)))


def svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
                      f'height="{height:g}" role="img" aria-label="{escape(title)}">', STYLE,
                      f'<rect width="{width:g}" height="{height:g}" rx="10" class="ground"/>', *parts, "</svg>", ""])


def types(answers: dict[str, str], language: str) -> str:
    """The four task types, each with the boxes that it uses; a box stands in the same column in every row."""
    words, parts, left = WORDS[language], [], 260
    for row, (task, answer) in enumerate(answers.items()):
        y = 24 + 92 * row
        parts += [text(20, y + 22, SIZES[task], "bold", "start"), text(70, y + 22, words[task], "", "start"),
                  text(20, y + 46, short(TEXTS[task], 14), "small", "start")]
        ends = [left + 112 * k for k in USED[task]]
        for x, k in zip(ends, USED[task]):
            parts += [box(x, y + 8, 92, 36, "part"), text(x + 46, y + 31, PARTS[language][k])]
        parts += [arrow(left - 34, y + 26, left, y + 26),
                  *(arrow(a + 92, y + 26, b, y + 26) for a, b in pairwise(ends)),
                  arrow(ends[-1] + 92, y + 26, left + 594, y + 26)]
        parts.append(text(left + 602, y + 31, short(answer, 22), "", "start"))
        note = {"poem": words["held"], "translate": words["eos"]}.get(task)
        parts += [text(left + 112 * 3 + 46, y + 62, note, "small")] if note else []
    return svg(1050, 392, " / ".join(f"{SIZES[task]} {words[task]}" for task in answers), parts)


def short(shown: str, most: int) -> str:
    from tasks.shared.report import width
    if width(shown) <= most:
        return shown
    while width(shown) > most - 1:
        shown = shown[:-1]
    return shown + "…"


def encoding(walk: Walk, language: str) -> str:
    """From tokens to c and s_0: each embedding and state as a strip of its first eight numbers."""
    words, left, step = WORDS[language], 150, 92
    heights = {"tokens": 45, "ids": 85, "E": 145, "h": 270}
    parts = [text(20, y, words[name], "small", "start") for name, y in heights.items()]
    assert walk.start is not None
    largest = [float(abs(x[..., :8]).max()) for x in (walk.embeddings, walk.states, walk.start)]
    for i, token in enumerate(walk.tokens):
        x = left + step * i
        parts += [box(x - 22, 22, 44, 34, "token"), text(x, 45, token), text(x, 85, str(walk.ids[i]), "small"),
                  strip(x - 11, 104, walk.embeddings[i][:8].tolist(), largest[0]), arrow(x, 184, x, 222),
                  strip(x - 11, 226, walk.states[i][:8].tolist(), largest[1]),
                  text(x, 318, f"h_{i + 1}", "math")]
        parts += [arrow(x + 15, 262, x + step - 15, 262)] if i + 1 < len(walk.tokens) else []
    end = left + step * len(walk.tokens)
    c = f"c = h_{len(walk.tokens)}"
    parts += [arrow(end - step + 15, 262, end - 15, 262), strip(end - 11, 226, walk.c[:8].tolist(), largest[1]),
              text(end, 318, c, "math"), arrow(end + 15, 262, end + 157, 262),
              text(end + 86, 250, "tanh(W c + b)", "small"),
              strip(end + 161, 226, walk.start[:8].tolist(), largest[2]), text(end + 172, 318, "s_0", "math"),
              text(end + 172, 208, "<bos>", "small")]
    return svg(end + 220, 340, f"{walk.text} → c → s_0", parts)


def heatmap(walk: Walk) -> str:
    """The weights α of every step: a row for each output token, a column for each source token."""
    left, top, wide, high = 110, 56, 74, 38
    parts = [text(left + wide * (i + 0.5), 40, token) for i, token in enumerate(walk.tokens)]
    for t, step in enumerate(walk.steps):
        y = top + high * t
        parts.append(text(left - 14, y + 25, step.token, "", "end"))
        assert step.weights is not None
        for i, weight in enumerate(step.weights.tolist()):
            ink = "small" if weight < 0.5 else "cell" if weight > 0.8 else ""  # dark on the strongest orange
            parts += [f'<rect x="{left + wide * i:g}" y="{y:g}" width="{wide - 2}" height="{high - 2}" rx="3" '
                      f'fill="#e08a3c" fill-opacity="{0.05 + 0.95 * weight:.2f}"/>',
                      text(left + wide * (i + 0.5), y + 24, f"{weight:.2f}", ink)]
    return svg(left + wide * len(walk.tokens) + 24, top + high * len(walk.steps) + 20, f"α: {walk.answer}", parts)


def lengths(result: dict, language: str) -> str:
    """chrF by the length of the source, a line for each model."""
    words, left, bottom, step = WORDS[language], 76, 300, 104
    names = [name for name in result["counts"] if name != "all"]
    most = 10 * (1 + int(max(max(scores.values()) for scores in result["chrF"].values()) // 10))
    parts = [text(20, 28, words["y"], "small", "start")]
    for value in range(0, most + 1, 10):
        y = bottom - 250 * value / most
        parts += [f'<path class="grid" d="M{left} {y:g}H{left + step * len(names)}"/>',
                  text(left - 10, y + 5, str(value), "small", "end")]
    for k, name in enumerate(names):
        shown = name.replace(" or more", words["more"])
        parts += [text(left + step * (k + 0.5), bottom + 24, shown, ""),
                  text(left + step * (k + 0.5), bottom + 44, words["n"].format(result["counts"][name]), "small")]
    parts.append(text(left + step * len(names) / 2, bottom + 70, words["x"], "small"))
    for attention, scores in result["chrF"].items():
        points = [(left + step * (k + 0.5), bottom - 250 * scores[name] / most) for k, name in enumerate(names)]
        parts.append(f'<path class="curve {attention}" d="M{"L".join(f"{x:g} {y:.1f}" for x, y in points)}"/>')
        for (x, y), name in zip(points, names):
            parts += [f'<circle cx="{x:g}" cy="{y:.1f}" r="4" class="{attention}"/>',
                      text(x, y + (20 if attention == "none" else -10), f"{scores[name]:.1f}", f"small {attention}")]
        x, y = points[-1]
        parts.append(text(x + 22, y + 5, words[attention], f"bold {attention}", "start"))
    return svg(left + step * len(names) + 130, 390, f"{words['y']} / {words['x']}", parts)


def pictures() -> dict[str, str]:
    """Name → SVG."""
    import n2m
    walks = {task: n2m.load(command.ROOT / "pretrained" / task, device="cpu").walk(source)
             for task, source in TEXTS.items()}
    answers = {task: walk.answer for task, walk in walks.items()}
    found = {"attention.svg": heatmap(walks["translate"])}
    for language, ending in (("en", ".svg"), ("zh", ".zh.svg")):
        found |= {"types" + ending: types(answers, language), "encoding" + ending: encoding(walks["poem"], language)}
        if by_length.RESULT.exists():
            found["by-length" + ending] = lengths(json.loads(by_length.RESULT.read_text(encoding="utf-8")), language)
    return found


def main() -> None:
    command.Parser(__doc__).parse_args()
    FOLDER.mkdir(exist_ok=True)
    for name, drawn in pictures().items():
        (FOLDER / name).write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    command.run(main)
