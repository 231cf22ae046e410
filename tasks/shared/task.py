"""What a task is: the size of its input and of its output, and which shared parts it uses. Loads without torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.data import Example, ExampleFormat, InputError
from core.settings import SearchSettings, Settings

if TYPE_CHECKING:
    import torch

    from core.text import Codec, Labels
    from tasks.shared.evaluation import Report
    from tasks.shared.text_model import TextModel


class Task:
    """A task fills in these names; the methods below suit any pair of texts and are overridden where it differs.

    sizes    "N→M": units in, units out; `order` sorts the list of tasks
    parts    the shared parts it is built from, in the data's order
    defaults, search_defaults   settings that differ from core.settings, as measured best in five minutes
    """

    name: str
    sizes: str
    title: str
    order: int
    default_corpus: str
    parts: tuple[str, ...]
    defaults: dict[str, Any] = {}
    search_defaults: dict[str, Any] = {}
    reversible = False  # does --reverse make sense?
    ends_with_eos = True  # does an output end by itself, or by its length?

    def settings(self, suggested: dict[str, Any], flags: dict[str, Any]) -> Settings:
        """The user's flags before the corpus's suggestions before the task's defaults."""
        return Settings(**{**self.defaults, **suggested, **flags})

    def search_settings(self, flags: dict[str, Any]) -> SearchSettings:
        return SearchSettings(**{**self.search_defaults, **flags})

    @property
    def format(self) -> ExampleFormat:
        starter = next((Path(__file__).parents[1] / "starter").glob(f"{self.name}.*"), None)
        return ExampleFormat(self.name, self.name == "classify", self.name == "poem", self.name == "word",
                             starter=starter)

    # raw text → ids

    def source_text(self, example: Example, settings: Settings) -> str:
        """What the encoder reads."""
        return example.source

    def read_input(self, text: str, settings: Settings) -> Example:
        """What a user typed, as an Example without target. Raises InputError for input that is none."""
        return Example(text, "")

    def codecs(self, settings: Settings, sources: Iterable[str],
               targets: Iterable[str]) -> tuple[Codec, Codec | Labels]:
        """Tokenizer and vocabulary of each side, learned on the training split's texts."""
        from core.text import Codec
        kinds = settings.source_tokenizer or settings.tokenizer, settings.tokenizer
        source, target = (Codec.learn(kind, texts, settings.lowercase, settings.min_count, settings.max_vocabulary)
                          for kind, texts in zip(kinds, (sources, targets)))
        return source, target

    def load_target(self, saved: dict) -> Codec | Labels:
        from core.text import Codec
        return Codec.from_json(saved)

    # ids → model

    def build(self, settings: Settings, source: Codec, target: Codec | Labels) -> torch.nn.Module:
        """The network: this method is where the shared parts are put together."""
        raise NotImplementedError

    # model → answers

    def output_lengths(self, examples: Sequence[Example]) -> list[int] | None:
        """How many tokens each answer must have; None where the model decides."""
        return None

    def answer(self, model: TextModel, examples: Sequence[Example], search: SearchSettings,
               prefixes: Sequence[str] | None = None) -> list[list[tuple[str, float]]]:
        """For each input its answers, best first, with their scores."""
        from tasks.shared.generation import generate
        return generate(model, examples, search, self.output_lengths(examples), prefixes)

    def evaluate(self, model: TextModel, train: Sequence[Example], dev: Sequence[Example], test: Sequence[Example],
                 search: SearchSettings) -> Report:
        """Scores on the test split, beside baselines from the same run."""
        raise NotImplementedError

    def explain(self, model: TextModel, example: Example, search: SearchSettings) -> list[str]:
        from tasks.shared.explain import explain_generation
        return explain_generation(model, example, search)


def need_text(text: str, what: str) -> str:
    if not text.strip():
        raise InputError(f"the input is empty; give {what}")
    return text
