"""The base of the tasks that write text: its hooks run the search, the stream and the walk of a decoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.data import Example
from core.settings import SearchSettings
from tasks.shared.task import Answer, Splits, Task, Trained
from tasks.shared.walk import Walk

SAMPLE = 20_000  # examples that advice is based on


class DecodingTask(Task):
    """A task whose network has a decoder (core.models.Seq2Seq)."""

    def advice(self, data: Splits) -> list[str]:
        targets = {e.target for e in data.train[:SAMPLE]}
        few = len(targets) < 50 and len(data.train) >= 1000
        return [f"there are only {len(targets)} different targets; if they are labels, use `task` classify"] * few

    def answer(self, model: Trained, examples: Sequence[Example], search: SearchSettings, *,
               prefixes: Sequence[str] | None = None, seeds: Sequence[Sequence[int]] | None = None,
               weights: bool = False) -> list[list[Answer]]:
        from tasks.shared.generation import generate
        return generate(model, examples, search, lengths=self.output_lengths(examples), prefixes=prefixes,
                        seeds=seeds, weights=weights)

    def stream(self, model: Trained, example: Example, search: SearchSettings, seed: Sequence[int]) -> Iterator[str]:
        from tasks.shared.generation import stream
        return stream(model, example, search, seed, self._length(example))

    def walk(self, model: Trained, example: Example, search: SearchSettings, candidates: int = 3) -> Walk:
        from tasks.shared.explaining import decoding_walk
        return decoding_walk(model, self.source_text(example, model.settings), search,
                             self._length(example), candidates)

    def _length(self, example: Example) -> int | None:
        lengths = self.output_lengths([example])
        return lengths[0] if lengths else None
