"""Texts in, answers out, in their order: by this process, or by a group whose processes take blocks in turn."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from core.data import Example, InputError
from core.distributed import Group
from core.settings import SearchSettings
from tasks.shared.text_model import TextModel

BLOCK = 512  # texts answered at once


def answers(model: TextModel, blocks: Iterator[list[str]], lines: int, search: SearchSettings,
            group: Group) -> Iterator[list[str | InputError]]:
    """For each block, one answer a text, or why there is none; all of them on the first process, which alone reads the
    blocks, and on every other.

    lines: how many lines a poem goes on for.
    """
    while at_once := group.first(lambda: list(islice(blocks, group.size))):
        mine = at_once[group.rank] if group.rank < len(at_once) else []
        yield from filter(None, group.gather(_answer(model, mine, lines, search)))


def _answer(model: TextModel, texts: list[str], lines: int, search: SearchSettings) -> list[str | InputError]:
    read: list[Example | InputError] = []
    for text in texts:
        try:
            read.append(model.read_input(text))
        except InputError as error:
            read.append(error)
    found = _respond(model, [e for e in read if isinstance(e, Example)], lines, search)
    return [next(found) if isinstance(e, Example) else e for e in read]


def _respond(model: TextModel, examples: list[Example], lines: int, search: SearchSettings) -> Iterator[str]:
    """One answer an input; several best ones on lines of their own, with their scores."""
    if lines > 1:
        from tasks.poem import continue_poem, punctuate
        return (punctuate(continue_poem(model, e, lines, search), start=len(e.context) + 1) for e in examples)
    found = model.task.answer(model, examples, search) if examples else []
    if search.n_best > 1:
        return ("\n".join(f"{score:.3f}\t{text}" for text, score in best) for best in found)
    return (f"{best[0][0]}\t{best[0][1]:.3f}" if "linear" in model.task.parts else best[0][0] for best in found)
