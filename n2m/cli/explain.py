"""A walk as lines of text for a terminal, or as a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.data import InputError
from core.events import note
from core.os_errors import reason
from corpora.shared.messages import printable
from n2m.cli.language import say, translated
from n2m.model import Model, load
from n2m.page import OPTIONS, START, walk_beside, write_page
from tasks.shared.report import pad, width
from tasks.shared.walk import Candidate, Step, Walk

SHOWN = 12  # source tokens shown per step; of a longer source, those with the largest weights
ROWS = 36  # embeddings and states shown
BAR = 24  # columns of a full bar
ATTENTION = {"none": "no attention: at every step the cell reads [E(y_{t-1}); c]",
             "before": "attention before the update: s_{t-1} is the query, and the context joins the cell's input",
             "after": "attention after the update: s_t is the query, and the context joins the output"}


def lines(model: Model, text: str, html: str | None, beside: Path | None, search: dict[str, Any]) -> Iterator[str]:
    """The explanation of a text; none if it goes into a page, the file `html`, where the walk of a second model, that
    of the directory `beside`, may be next to it. Raises InputError for a path that cannot be written."""
    if html is None:
        yield from explanation(model.walk(text, **search))
        return
    path = check_page(html)
    other = None if beside is None else second_model(model, beside)
    walk = model.walk(text, **OPTIONS, **search)
    added = None if other is None else walk_beside(model, other, text, **search)
    try:
        write_page(path, walk, model.task.name, added)
    except OSError as error:
        raise InputError(f"`html` {printable(html)}: {reason(error)}; choose another path") from None
    note(say("page written to {path}; open it in a browser", path=printable(html)))


def second_model(model: Model, folder: Path) -> Model:
    """The model of the directory `beside`. Raises InputError if there is none of the same task."""
    try:
        other = load(folder, device=str(model.text_model.device))
    except InputError as error:
        raise InputError(str(error).replace("`model_dir`", "`beside`")) from None
    if other.task.name != model.task.name:
        raise InputError(f"`beside` {printable(str(folder))} is a model of `task` {other.task.name}, not of "
                         f"{model.task.name}; choose another directory")
    return other


def check_page(html: str, start: bytes = START) -> Path:
    """The path to write a page to. Raises InputError if it would replace anything but a page that begins like this, or
    has no folder."""
    if html in ("", "-"):
        raise InputError(f"`html` {html}: a page is written to a file; name one, such as walk.html" if html else
                         "`html` is empty; name a file, such as walk.html")
    path, name = Path(html), f"`html` {printable(html)}"
    if not path.parent.is_dir():
        raise InputError(f"{name}: its folder does not exist; create it, or choose another path")
    if path.exists() and not path.is_file():
        raise InputError(f"{name}: is not a file; choose another path")
    if path.is_file() and path.stat().st_size:
        with open(path, "rb") as file:
            if file.read(len(start)) != start:
                raise InputError(f"{name}: exists and is not a page that this command wrote; choose another path, or "
                                 "delete it")
    return path


def explanation(walk: Walk) -> Iterator[str]:
    """Encoding, then decoding or the linear layer."""
    yield say("ENCODING  {text}", text=walk.text)
    yield say("1 segmentation ({tokenizer}): {tokens}", tokenizer=translated(walk.tokenizer),
              tokens=" | ".join(walk.tokens))
    yield say("2 vocabulary: {size} tokens; unknown here: {unknown}", size=f"{walk.table[0]:,}",
              unknown=" ".join(walk.unknown) or translated("none"))
    yield say("3 ids: {ids}", ids=walk.ids)
    yield say("4 embedding: E is {table}, one row per id gives {shape}", table=walk.table, shape=walk.embeddings.shape)
    yield from rows("E", walk.tokens, walk.embeddings)
    yield say("5 states h: {encoder}; {shape}", encoder=translated(walk.encoder), shape=walk.states.shape)
    yield from rows("h", walk.attended, walk.states)
    yield say("6 c, {c_is}: {shape} {values}", c_is=translated(walk.c_is), shape=shape(walk.c), values=values(walk.c))
    yield ""
    yield from decoding(walk) if walk.start is not None else labels(walk)


def decoding(walk: Walk) -> Iterator[str]:
    assert walk.start is not None
    yield say("DECODING")
    yield say("start: <bos> and s_0 = tanh(W c + b), shown here for the top layer" if walk.layers > 1 else
              "start: <bos> and s_0 = tanh(W c + b)")
    yield f"   s_0: {shape(walk.start)} {values(walk.start)}"
    yield f"   {translated(ATTENTION[walk.attention])}"
    for t, step in enumerate(walk.steps, 1):
        yield ""
        assert step.state is not None
        yield say("step {t}: reads E({token}); s_{t}: {values}", t=t, token=step.reads, values=values(step.state))
        yield from attention(walk.attended, step)
        yield f"   y_{t} = {step.token}  p = {step.probability:.3f}   ({most_likely(step.candidates)})"
    yield ""
    yield say("answer (greedy): {answer}", answer=walk.answer)


def labels(walk: Walk) -> Iterator[str]:
    """The output of a linear layer: one label for the text, or one for each position."""
    if walk.attention == "pooling":
        yield say("POOLING  a learned query q attends to every state: α = softmax(score(q, h_i)), pooled = Σ α_i h_i")
        yield from attention(walk.tokens, walk.steps[0], shown=len(walk.tokens))
        yield ""
    if len(walk.steps) == 1:
        yield from ngrams(walk)
        read, wide = "pooled" if walk.attention == "pooling" else "c", " + z" * bool(walk.ngrams)
        yield say("LABEL  {equation}", equation=f"softmax(W_o {read} + b_o{wide})")
        names = max(width(c.token) for c in walk.steps[0].candidates)
        for c in walk.steps[0].candidates:
            yield f"   {pad(c.token, names)}  p = {c.probability:.3f}  {bar(c.probability)}".rstrip()
        return
    yield say("LABELS  softmax(W_o h_i + b_o) at every position i")
    columns = max(map(width, walk.attended))
    for token, step in zip(walk.attended, walk.steps):
        yield f"   {pad(token, columns)}  {step.token}  p = {step.probability:.3f}   ({most_likely(step.candidates)})"
    yield ""
    yield say("answer: {answer}", answer=walk.answer)


def ngrams(walk: Walk) -> Iterator[str]:
    """What a linear classifier adds for and against the answer: its strongest n-grams."""
    if not walk.ngrams:
        return
    strongest = sorted(walk.ngrams, key=lambda x: -abs(x[1]))[:SHOWN]
    columns = max(width(text) for text, _ in strongest)
    yield say("N-GRAMS  z: each adds its share to the score of {answer}", answer=walk.answer)
    for text, value in sorted(strongest, key=lambda x: -x[1]):
        yield f"   {pad(text, columns)}  {value:+.3f}"
    if len(walk.ngrams) > SHOWN:
        rest = sum(value for _, value in walk.ngrams) - sum(value for _, value in strongest)
        yield "   " + say("and {n} more n-grams with {rest:+.3f} in total", n=len(walk.ngrams) - SHOWN, rest=rest)
    network, by_ngrams = walk.parts
    yield "   " + say("z = {ngrams:+.3f} with the bias; the network adds {network:+.3f}", ngrams=by_ngrams,
                      network=network)
    yield ""


def attention(tokens: Sequence[str], step: Step, shown: int = SHOWN) -> Iterator[str]:
    """A line per token: its score, its weight α, and the weight as a bar; of many tokens only the largest weights."""
    if step.weights is None or step.scores is None:
        return
    chosen = sorted(np.argsort(-step.weights, kind="stable")[:shown].tolist())
    columns = max(width(tokens[i]) for i in chosen)
    for i in chosen:
        yield "   " + say("{token}  score {score:+7.3f}  α {weight:.3f}  {bar}", token=pad(tokens[i], columns),
                          score=step.scores[i], weight=step.weights[i], bar=bar(step.weights[i])).rstrip()
    if len(tokens) > shown:
        rest = max(1 - float(step.weights[chosen].sum()), 0)
        yield "   " + say("and {n} more tokens with α {rest:.3f} in total", n=len(tokens) - shown, rest=rest)


def rows(name: str, tokens: Sequence[str], vectors: np.ndarray) -> Iterator[str]:
    columns = max(map(width, tokens))
    for token, vector in list(zip(tokens, vectors))[:ROWS]:
        yield f"   {name}({pad(token, columns)}) = {values(vector)}"


def most_likely(candidates: Sequence[Candidate]) -> str:
    shown = ", ".join(map(candidate, candidates))
    return say("most likely: {candidates}; ✗ is ruled out" if any(not c.allowed for c in candidates) else
               "most likely: {candidates}", candidates=shown)


def candidate(c: Candidate) -> str:
    return f"{c.token} {c.probability:.3f}{'' if c.allowed else ' ✗'}"


def bar(fraction: float) -> str:
    eighths = round(float(fraction) * BAR * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def shape(vector: np.ndarray) -> str:
    return f"({len(vector)},)"


def values(vector: np.ndarray, count: int = 5) -> str:
    return f"[{' '.join(f'{v:+.2f}' for v in vector[:count])}{' …' if len(vector) > count else ''}]"
