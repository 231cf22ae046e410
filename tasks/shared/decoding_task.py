"""The base of the tasks that write text: its hooks run the search, the stream and the walk of a decoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from core import events
from core.data import Example
from core.settings import SearchSettings
from tasks.shared.task import Answer, Splits, Task, Trained
from tasks.shared.walk import Walk

if TYPE_CHECKING:
    from core.constraints import Constraints
    from tasks.shared.verse_rules import Pattern

SAMPLE = 20_000  # examples that advice is based on


class DecodingTask(Task):
    """A task whose network has a decoder (core.models.Seq2Seq)."""

    def advice(self, data: Splits) -> list[str]:
        targets = {e.target for e in data.train[:SAMPLE]}
        few = len(targets) < 50 and len(data.train) >= 1000
        return [f"there are only {len(targets)} different targets; if they are labels, use `task` classify"] * few

    def patterns(self, model: Trained, examples: Sequence[Example],
                 search: SearchSettings) -> list[list[Pattern]] | None:
        """For each input the forms of verse that its answer may have, none if it has no form; None: none has one."""
        return None

    def temperature(self, model: Trained) -> float:
        """Of the samples of `search` varied, if the search settings name none: lower, they are more alike, and each is
        more fluent."""
        return 0.9

    def answer(self, model: Trained, examples: Sequence[Example], search: SearchSettings, *,
               prefixes: Sequence[str] | None = None, seeds: Sequence[Sequence[int]] | None = None,
               weights: bool = False) -> list[list[Answer]]:
        patterns = self.patterns(model, examples, search) or [[] for _ in examples]
        found = self._generate(model, examples, search, patterns, prefixes, seeds, weights)
        report_faults(found, patterns)
        return found

    def _generate(self, model: Trained, examples: Sequence[Example], search: SearchSettings,
                  patterns: Sequence[Sequence[Pattern]], prefixes: Sequence[str] | None,
                  seeds: Sequence[Sequence[int]] | None, weights: bool = False) -> list[list[Answer]]:
        from tasks.shared.generation import generate
        if search.search == "varied":
            search = replace(search, temperature=search.temperature or self.temperature(model))
        lengths = self.output_lengths(examples)
        seeds = seeds or [(model.settings.seed, i) for i in range(len(examples))]
        found: list[list[Answer]] = [[] for _ in examples]
        kinds = [(own[0].repeats, own[0].form.ci) if own else None for own in patterns]
        for kind in dict.fromkeys(kinds):  # a batch is of one kind: its rules are the same
            index = [i for i, own in enumerate(kinds) if own == kind]
            some = generate(model, [examples[i] for i in index], search, weights=weights,
                            lengths=[lengths[i] for i in index] if lengths else None,
                            prefixes=[prefixes[i] for i in index] if prefixes else None,
                            patterns=[patterns[i] for i in index] if kind else None,
                            seeds=[seeds[i] for i in index])
            for i, answers in zip(index, some):
                found[i] = answers
        return found

    def stream(self, model: Trained, example: Example, search: SearchSettings, seed: Sequence[int]) -> Iterator[str]:
        from tasks.shared.generation import stream
        return stream(model, example, search, seed, self._length(example), self._pattern(model, example, search))

    def walk(self, model: Trained, example: Example, search: SearchSettings, candidates: int = 3) -> Walk:
        from tasks.shared.explaining import decoding_walk
        walk = decoding_walk(model, self.source_text(example, model.settings),
                             self.constraints(model, example, search), candidates)
        if self._pattern(model, example, search):
            from tasks.shared.prosody import readings
            walk.verse = readings("".join([walk.answer, *(c.token for step in walk.steps for c in step.candidates)]))
        return walk

    def constraints(self, model: Trained, example: Example, search: SearchSettings) -> Constraints:
        """What the one answer to this input may be."""
        from tasks.shared.generation import constraints_of
        return constraints_of(model, search, self.output_lengths([example]),
                              patterns=self._pattern(model, example, search)[:1])

    def _length(self, example: Example) -> int | None:
        lengths = self.output_lengths([example])
        return lengths[0] if lengths else None

    def _pattern(self, model: Trained, example: Example, search: SearchSettings) -> list[Pattern]:
        patterns = self.patterns(model, [example], search)
        return patterns[0] if patterns else []


def mark_before(example: Example) -> str:
    """The mark of a text as the encoder reads it, before the text: 宋：."""
    return example.mark + "：" * bool(example.mark)


def report_faults(found: Sequence[Sequence[Answer]], patterns: Sequence[Sequence[Pattern]]) -> None:
    """Note the answers that do not keep their form, since a rule left no token to go on with."""
    broken = [(answer.text, min((p.faults(answer.text) for p in choices), key=len))
              for answers, choices in zip(found, patterns) if choices for answer in answers]
    broken = [(text, faults) for text, faults in broken if faults]
    if broken:
        text, faults = broken[0]
        more = f"; {len(broken) - 1} more of {sum(map(len, found))}" * (len(broken) > 1)
        events.note(f"{text} does not keep the form: {faults[0]}{more}")
