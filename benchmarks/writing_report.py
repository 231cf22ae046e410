"""The table of benchmarks/writing.py, for the terminal and as Markdown, with texts to read beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasks.shared.report import number, table

Rows = dict[str, dict[str, float]]
SHOWN, OTHERS_SHOWN = 50, 10  # texts of the first contestant, and of each other one

MEANINGS = {
    "perplexity": "per character of the poets' texts, given what comes before",
    "true of ten": "how often the poet's text is the most likely among nine of other poems, of the same length and at "
                   "the same place; chance is 0.10",
    "told": "accuracy of our own classifier, which reads a text and what comes before and says whether a poet wrote "
            "it; 0.50 is perfect",
    "fluency": "perplexity of the texts alone under an independent model, over that of the poets'",
    "coherence": "what the input adds to log p(text) under that model, over what it adds to the poets'",
    "pairs": "different pairs of characters per pair, over the poets'",
    "rhyme": "fraction of the texts whose rhyme is decided (even lines, quatrains) that keep it",
    "tones": "fraction of the texts with the tones that their place asks for",
    "faultless": "fraction of whole poems (couplets, quatrains) without any fault of form",
    "shared characters": "fraction of the second lines with a character of the first",
    "copied": "fraction of the texts that stand in training; of the poets', in training once more",
    "theme found": "fraction of the texts in which a TF-IDF classifier finds the theme",
    "theme written": "how often the theme's character is written, per text",
    "ms": "milliseconds per text, all in one call", "one, s": "seconds for one text alone",
    "poem, s": "seconds for a whole poem alone", "minutes": "of training", "M": "millions of parameters"}


def cells(rows: Rows) -> list[list[str]]:
    columns = [name for name in MEANINGS if any(name in row for row in rows.values())]
    return [["", *columns]] + [[name, *(number(row.get(c)) for c in columns)] for name, row in rows.items()]


def printed(rows: Rows) -> str:
    return "\n".join(table(cells(rows)))


def markdown(title: str, facts: Sequence[str], rows: Rows, samples: Mapping[str, Sequence[str]]) -> str:
    """The whole page. facts: how it was measured, one line each; samples: texts of each contestant, unpicked."""
    grid = cells(rows)
    lines = [f"# {title}", "", *(f"- {fact}" for fact in facts), "", row_of(grid[0]),
             "|---|" + "---:|" * (len(grid[0]) - 1), *map(row_of, grid[1:]), ""]
    lines += [f"- {name}: {meaning}" for name, meaning in MEANINGS.items() if name in grid[0]]
    for place, (name, texts) in enumerate(samples.items()):
        shown = texts[:OTHERS_SHOWN if place else SHOWN]
        lines += ["", f"## {name}", "", *(f"{i}. {text}" for i, text in enumerate(shown, 1))]
    return "\n".join(lines) + "\n"


def row_of(found: Sequence[str]) -> str:
    return "| " + " | ".join(found) + " |"
