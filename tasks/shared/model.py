"""A model from raw text to raw text: a task, its settings, both codecs and the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from core import events
from core.batches import EncodedSplit
from core.data import Example, InputError
from core.registry import TASK_TOKENIZERS
from core.settings import Settings
from core.text import Codec, Labels
from core.tokenizer import MARK
from core.vocabulary import UNK
from tasks.shared import encoding
from tasks.shared.task import Task


@dataclass
class TextModel:
    """metadata: corpus, history and versions, saved as training.json."""

    task: Task
    settings: Settings
    source: Codec
    target: Codec | Labels
    network: Any  # Seq2Seq, Classifier or a task's own torch.nn.Module
    metadata: dict

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    def source_ids(self, example: Example) -> list[int]:
        return encoding.source_ids(self.task, self.settings, self.source, example)

    def target_ids(self, example: Example) -> list[int]:
        return encoding.target_ids(self.task, self.settings, self.target, example)

    def encode(self, examples: Sequence[Example]) -> EncodedSplit:
        """All examples as ids."""
        return EncodedSplit([self.source_ids(e) for e in examples], [self.target_ids(e) for e in examples])

    def note_unknown(self, texts: Sequence[str], examples: Sequence[Example | InputError]) -> None:
        """Say which parts of an input the model does not know: to it they are all alike. Of several inputs the first
        one that has such parts, and how many others have."""
        found = [(text, unknown) for text, e in zip(texts, examples) if isinstance(e, Example)
                 and (unknown := self.source.unknown(self.task.source_text(e, self.settings)))]
        if found:
            text, unknown = found[0]
            events.note(f"{shown(text)}: the model does not know {', '.join(unknown[:10])}"
                        + f" and {len(unknown) - 10} more" * (len(unknown) > 10)
                        + f"; so with {len(found) - 1} of the {len(texts) - 1} other inputs" * (len(found) > 1))

    def read_input(self, text: str) -> Example:
        """A user's input as an Example. Raises InputError for input that this model cannot answer."""
        example = self.task.read_input(text, self.settings)
        ids = self.source.ids(self.task.source_text(example, self.settings))
        if len(ids) > self.settings.max_length and self.task.labels:
            events.note(f"{shown(text)}: {len(ids)} tokens, of which the model reads the first "
                        f"{self.settings.max_length}")
        elif len(ids) > self.settings.max_length:
            raise InputError(f"the input {shown(text)!r} has {len(ids)} tokens, but this model reads at most "
                             f"{self.settings.max_length}; shorten it, or train with a larger `max_length`")
        if all(i == UNK for i in self.source.ids(example.source)):
            common = [word for word in self.source.vocabulary.words() if not MARK.match(word)][:8]
            raise InputError(f"the model knows no part of {shown(text)!r}: its vocabulary has {len(self.source)} "
                             f"tokens of the corpus {self.metadata['corpus']['name']}; try other words"
                             + f", such as {' '.join(common)}" * (self.source.tokenizer.kind in TASK_TOKENIZERS))
        return example


def shown(text: str) -> str:
    """The beginning of an input, for messages."""
    return text if len(text) <= 20 else text[:20] + "…"
