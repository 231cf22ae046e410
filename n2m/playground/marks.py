"""Answers as HTML: verse with its tones and rhymes, labels with their shaded text, translations with the attention."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from html import escape

import numpy as np

from core.verses import HAS_CHINESE
from n2m.page import page
from tasks.shared.prosody import groups, readings
from tasks.shared.task import Answer
from tasks.shared.walk import Walk

Words = dict[str, str]
ENDS = re.compile(r"[，。！？；、,.!?;\s]+")


def error(text: object) -> str:
    return f'<p class="n2m-error" role="alert">{escape(" ".join(str(text).split()))}</p>'


def verse(given: Sequence[str], answers: Sequence[Answer], words: Words) -> str:
    """Poems line by line, each character with its tone below, and those that rhyme marked. given: the lines before."""
    cards = "".join(f'<article class="n2m-card n2m-verse" lang="zh-Hans">{_lines(given, a.text)}{_score(a, words)}'
                    "</article>" for a in answers)
    return f'<div class="n2m-cards">{cards}</div><p class="n2m-legend">{words["verse"]}</p>'


def _score(answer: Answer, words: Words) -> str:
    return f'<footer>{words["score"]} {answer.score:.2f}</footer>'


def _lines(given: Sequence[str], text: str) -> str:
    lines = [*given, *(line for line in ENDS.split(text) if line)]
    known, shared = readings("".join(lines)), rhymes(lines)
    shown = []
    for number, line in enumerate(lines):
        cells = []
        for place, character in enumerate(line):
            tone, names = known.get(character, ("", []))
            rhymed = place == len(line) - 1 and bool(shared & groups(character))
            kind = " level" * (tone == "平") + " rhyme" * rhymed
            title = f' title="{escape(" ".join(names))}"' if rhymed else ""
            cells.append(f'<span class="n2m-char{kind}"{title}><b>{escape(character)}</b>'
                         f'<i>{tone or "&nbsp;"}</i></span>')
        shown.append(f'<div class="n2m-line{" given" * (number < len(given))}">{"".join(cells)}</div>')
    return "".join(shown)


def rhymes(lines: Sequence[str]) -> frozenset[str]:
    """The rhymes that the ends of the even lines share, those of most of them."""
    counts = Counter(group for line in lines[1::2] for group in groups(line[-1]))
    most = max(counts.values(), default=0)
    return frozenset(group for group, count in counts.items() if count == most and most > 1)


def texts(answers: Sequence[Answer], words: Words) -> str:
    """Answers that are no verse, one card for each."""
    cards = "".join(f'<article class="n2m-card n2m-text" dir="auto"><p>{escape(a.text)}</p>{_score(a, words)}</article>'
                    for a in answers)
    return f'<div class="n2m-cards one">{cards}</div>'


def poems(given: Sequence[str], answers: Sequence[Answer], words: Words) -> str:
    """As verse what is Chinese, else as texts."""
    return (verse(given, answers, words) if all(HAS_CHINESE.search(a.text) for a in answers) else
            texts(answers, words))


def labels(answers: Sequence[Answer], found: Walk, words: Words) -> str:
    """Labels with their probabilities as bars, and the text with each token shaded: by what its n-grams say for and
    against the answer, or by its weight in the pooling where the model has no n-grams."""
    bars = "".join(f'<li><span class="n2m-name">{escape(a.text)}</span><span class="n2m-bar"><span style="width:'
                   f'{100 * a.score:.1f}%"></span></span><span class="n2m-number">{a.score:.3f}</span></li>'
                   for a in answers)
    weights = found.steps[0].weights if found.steps else None
    shares, legend = (shares_of_tokens(found), "ngrams") if found.ngrams else (weights, "pooling")
    if shares is None or len(shares) != len(found.tokens):
        return f'<ul class="n2m-bars">{bars}</ul><p class="n2m-legend">{words["no_attention"]}</p>'
    largest = float(np.abs(shares).max())
    titles = [f"{share:+.3f}" * bool(found.ngrams) + ("" if weights is None else f" α {weights[i]:.3f}")
              for i, share in enumerate(shares)]
    tokens = "".join(f'<span class="{"against" if x < 0 else "for"}" style="--alpha:{_alpha(abs(x), largest)}" '
                     f'title="{title.strip()}">{escape(token)}</span>'
                     for token, x, title in zip(found.tokens, shares, titles))
    return (f'<ul class="n2m-bars">{bars}</ul><p class="n2m-legend">{words[legend]}</p>'
            f'<p class="n2m-shaded" dir="auto">{tokens}</p>')


def shares_of_tokens(found: Walk) -> np.ndarray:
    """(S,) what the n-grams of a classifier add to the score of its answer, each n-gram divided among its tokens."""
    values = {text.replace(" ", ""): value for text, value in found.ngrams}
    shares = np.zeros(len(found.tokens))
    longest = max(map(len, values))
    for start in range(len(found.tokens)):
        text = ""
        for end in range(start, len(found.tokens)):
            text += found.tokens[end].replace(" ", "")
            if len(text) > longest:
                break
            shares[start:end + 1] += values.get(text, 0.0) / (end + 1 - start)
    return shares


def translations(answers: Sequence[Answer], source: Sequence[str], words: Words) -> str:
    """The answers, and the attention of the first one as a table of shaded cells."""
    first = answers[0]
    if first.weights is None or not len(first.weights):
        return texts(answers, words) + f'<p class="n2m-legend">{words["no_attention"]}</p>'
    head = "".join(f'<th scope="col"><span>{escape(token)}</span></th>' for token in source)
    names = [*first.tokens, *[f'({words["end"]})'] * (len(first.weights) - len(first.tokens))]
    body = "".join(f'<tr><th scope="row">{escape(name)}</th>' + "".join(
        f'<td style="--alpha:{_alpha(x, 1)}" title="{escape(name)} ← {escape(token)}: α {x:.3f}"></td>'
        for token, x in zip(source, row)) + "</tr>" for name, row in zip(names, first.weights))
    title = words["alignment"]
    return (texts(answers, words) + f'<p class="n2m-legend">{title}</p>'
            f'<div class="n2m-scroll" tabindex="0" role="region" aria-label="{title}">'
            f'<table class="n2m-heat"><tr><td></td>{head}</tr>{body}'
            "</table></div>")


def _alpha(weight: float, largest: float) -> str:
    return f"{0.9 * float(np.sqrt(weight / max(largest, 1e-9))):.2f}"  # the root, so that small weights are seen


def walk(task: str, found: Walk, words: Words, language: str) -> str:
    """The page of a walk in a frame of its own, which may run its script and nothing else."""
    # The page speaks the language of the browser; here it is that of the playground.
    own = f'<script>Object.defineProperty(navigator, "language", {{ value: "{language}" }})</script>'
    html = page(found, task).encode("utf-8", "replace").decode().replace("<head>", "<head>" + own, 1)
    return (f'<section class="n2m-walk"><h3>{words["walk"]}</h3><p class="n2m-legend">{words["walk_lead"]}</p>'
            f'<iframe sandbox="allow-scripts" title="{words["walk"]}" srcdoc="{escape(html)}"></iframe></section>')


def table(rows: Sequence[Sequence[str]]) -> str:
    """A table whose first row and first column are headings."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in rows[0])
    body = "".join(f'<tr><th scope="row">{escape(name)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
                   + "</tr>" for name, *cells in rows[1:])
    return f'<div class="n2m-scroll" tabindex="0"><table class="n2m-table"><tr>{head}</tr>{body}</table></div>'
