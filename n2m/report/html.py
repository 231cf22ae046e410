"""The parts that pages of reports are made of: texts in two languages, tables, panels and the page around them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

HERE = Path(__file__).parent
START = b"<!DOCTYPE html>\n<!-- n2m report -->"  # every page of a report begins so

TITLES = {"word": "由词生文", "classify": "分类", "poem": "古诗续写", "translate": "翻译"}
# What reports name, in Chinese; anything else stays as it is.
CHINESE = {
    "this model": "本模型", "nearest training source": "训练集最相近的源文本",
    "commonest training answer": "训练集最常见的答案", "commonest label": "最常见的标签",
    "character trigram": "字三元模型", "TF-IDF + logistic regression": "TF-IDF + 逻辑回归",
    "(real test texts)": "（测试集原文）", "(the poets' lines)": "（诗人原句）",
    "embedding": "嵌入", "encoder": "编码器", "attention": "注意力", "decoder": "解码器", "linear": "线性层",
    "perplexity": "困惑度", "accuracy": "准确率", "theme found": "可辨主题", "theme written": "写出主题",
    "copied": "照抄", "rhyme": "押韵", "tones": "平仄", "true of ten": "十选一正确率", "macro F1": "宏平均 F1"}


def both(english: str, chinese: str) -> str:
    """A text in both languages, of which the page shows one. Either may hold HTML."""
    return f'<span lang="en">{english}</span><span lang="zh">{chinese}</span>'


def named(name: str) -> str:
    """A name of a report in both languages.

    >>> named("decoder")
    '<span lang="en">decoder</span><span lang="zh">解码器</span>'
    >>> named("BLEU")
    'BLEU'
    """
    return both(escape(name), CHINESE[name]) if name in CHINESE else escape(name)


def section(title: str, *content: str, about: str = "") -> str:
    about = f'<p class="about">{about}</p>' if about else ""
    return f"<section><h2>{title}</h2>{about}{''.join(content)}</section>"


def panels(parts: Sequence[str], wide: bool = False) -> str:
    return f'<div class="panels{" wide" * wide}">' + "".join(f'<div class="panel">{p}</div>' for p in parts) + "</div>"


def figure(picture: str, caption: str = "", key: Mapping[str, str] | None = None) -> str:
    """A picture with its caption. key: what the numbers in it stand for, see n2m.report.fonts.labels"""
    stands = "".join(f"<li>{number} = {escape(token)}</li>" for number, token in (key or {}).items())
    stands = f'<ul class="key">{stands}</ul>' if stands else ""
    caption = f"<figcaption>{caption}{stands}</figcaption>" if caption or stands else ""
    return f"<figure>{picture}{caption}</figure>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "") -> str:
    """A table of cells that are HTML, or whole <td> elements; the first cell of each row is its heading."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(f'<tr><th scope="row">{row[0]}</th>' + "".join(
        cell if cell.startswith("<td") else f"<td>{cell}</td>" for cell in row[1:]) + "</tr>" for row in rows)
    return (f'<div class="scroll" tabindex="0"><table class="{kind}"><thead><tr>{top}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>")


def shaded(content: str, share: float) -> str:
    """A cell of a table, the darker the larger its share, 0 to 1."""
    return f'<td style="--share: {share:.3f}">{content}</td>'


def page(title: tuple[str, str], subtitle: str, content: str) -> str:
    """The whole page: report.html with style, script and content in their places. title: English, Chinese"""
    parts = {"style": _read("report.css"), "script": _read("report.js"), "title": escape(title[0]),
             "heading": both(*map(escape, title)), "subtitle": subtitle, "content": content}
    # All at once, so that no part is searched for the place of another.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _read("report.html"))


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
