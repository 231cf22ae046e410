"""A trial of contestants on the same test examples: the row of each in the table of benchmarks/writing.py."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import n2m
from benchmarks import writing_measures as measures
from benchmarks.writing_contestants import Contestant, poems_of, with_text
from corpora.prepare.splits import Dataset
from tasks.poem import punctuate
from tasks.shared.baselines import theme_classifier

ALONE = 5  # texts, and poems, that are timed alone
Result = TypeVar("Result")


class Trial:
    """model, dataset   the trained model and its corpus
    judge            an independent model; None leaves fluency and coherence out
    folder           for the files of what is to be told apart
    lines, judged, poems   how many texts are measured, told from the poets', and written as whole poems
    """

    def __init__(self, model: n2m.Model, dataset: Dataset, judge: n2m.Model | None, folder: Path, lines: int,
                 judged: int, poems: int) -> None:
        self.model, self.dataset, self.folder, self.search = model, dataset, folder, model.search_settings()
        self.task: Any = model.task  # a DecodingTask
        # A quatrain comes once for each of its themes, of which the first one counts.
        test = self.test = [*{e.target: e for e in reversed(dataset.test)}.values()][::-1] if dataset.many_targets \
            else dataset.test
        half = len(test) // 2  # the contestants write where these poems go on; the others are the poets' side
        self.examples = list(test[:max(lines, min(judged, half))])
        self.asked = self.examples[:lines]
        self.pairs = measures.of_same_kinds(self.examples[:min(judged, half)], test[-half:])
        self.own = [e.target for e in self.asked]
        self.judge = measures.Judge(judge, self.asked) if judge else None
        self.known = {e.target for e in dataset.train}
        self.repeated = measures.repeated_by_poets(dataset.train)
        self.firsts = poems_of(test, poems) if model.task.writes_lines else []
        self.patterns = self.task.patterns(model.text_model, self.asked, self.search)
        single = [e for e in dataset.train if len(e.source) == 1] if model.task.name == "word" else []
        self.themes = theme_classifier([e.target for e in single], [e.source for e in single]) if single else None

    def facts(self) -> list[str]:
        """How it was measured, one line each."""
        name = self.model.metadata["corpus"]["name"]
        found = [f"corpus {name}; {len(self.asked):,} test examples, {len(self.firsts)} whole poems; told: "
                 f"{len(self.pairs):,} written texts from as many of the poets"]
        if self.judge:
            judge = self.judge.model
            found.append(f"fluency and coherence: by a model with the cell {judge.settings.cell}, trained on "
                         f"{judge.metadata['corpus']['name']}"
                         + "; the writer has seen its Song poems too" * (name == "tang-song"))
        return found

    def run(self, name: str, contestant: Contestant) -> tuple[dict[str, float], list[str]]:
        """The row of a contestant, and what it wrote, to be read."""
        print(f"{contestant.title}: {len(self.examples):,} texts", file=sys.stderr, flush=True)
        row = measures.knowledge(contestant, self.model, self.asked, self.test)
        seconds, texts = timed(lambda: contestant.texts(self.examples))
        asked, own = self.asked, texts[:len(self.asked)]
        if self.pairs:
            numbers, poets = zip(*self.pairs)
            written = with_text([self.examples[i] for i in numbers], [texts[i] for i in numbers])
            row["told"] = measures.told_apart(name, written, poets, self.folder)
        row |= self.judge.measures(own) if self.judge else {}
        row |= measures.variety(own, self.own, self.known)
        row |= measures.form(self.patterns, asked, own) if self.patterns else {}
        row |= measures.themes(asked, own, self.themes) if self.themes else {}
        shown = [f"{e.source} → {text}" for e, text in zip(asked, own)]
        if self.firsts:
            poems = contestant.poems(self.firsts)
            row |= measures.whole_poems(self.model, self.task, self.search, poems)
            shown = [punctuate(lines) for lines in poems]
        elif self.patterns:
            row |= measures.whole(self.patterns, own)
        if contestant.real:
            row["copied"] = self.repeated
        else:
            row["ms"] = 1000 * seconds / len(texts)
            row["one, s"] = alone(contestant.texts, asked)
            row |= {"poem, s": alone(contestant.poems, self.firsts)} if self.firsts else {}
        row |= {} if contestant.minutes is None else {"minutes": contestant.minutes}
        return row | ({} if contestant.parameters is None else {"M": contestant.parameters / 1e6}), shown


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """Seconds, and the result."""
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def alone(work: Callable[[list[Any]], object], items: Sequence[Any]) -> float:
    """The seconds that one of the items takes by itself, as a rule."""
    return statistics.median(timed(partial(work, [item]))[0] for item in items[:ALONE])
