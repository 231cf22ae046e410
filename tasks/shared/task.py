"""The interface of a task: sizes, parts and hooks. It loads without torch, and of this folder only plain data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from core.data import Example, ExampleFormat, InputError
from core.settings import SearchSettings, Settings
from tasks.shared.report import Report
from tasks.shared.walk import Walk

if TYPE_CHECKING:
    import numpy as np
    import torch

    from core.batches import EncodedSplit
    from core.text import Codec, Labels

STARTERS = Path(__file__).parents[1] / "starter"


@dataclass(frozen=True)
class Answer:
    """One answer to an input.

    text     what the model writes
    score    what it is ranked by: log p / length^length_penalty for a text, p for a label
    tokens   the tokens of the text
    weights  (T, S) attention weights α of the T output tokens (<eos> included, where one was written) over the S
             source tokens, if they were asked for and the model has them
    """

    text: str
    score: float
    tokens: tuple[str, ...] = ()
    weights: np.ndarray | None = None


class Splits(Protocol):
    """A corpus, cleaned and split, as `evaluate` and `advice` read it."""

    many_targets: bool

    @property
    def train(self) -> Sequence[Example]: ...
    @property
    def dev(self) -> Sequence[Example]: ...
    @property
    def test(self) -> Sequence[Example]: ...


class Trained(Protocol):
    """What the hooks may ask of a model; tasks.shared.model.TextModel is one."""

    settings: Settings
    source: Codec
    target: Any  # Codec or Labels
    network: Any  # Seq2Seq, Classifier or a task's own
    metadata: dict

    @property
    def device(self) -> torch.device: ...
    def encode(self, examples: Sequence[Example]) -> EncodedSplit: ...
    def source_ids(self, example: Example) -> list[int]: ...
    def target_ids(self, example: Example) -> list[int]: ...


class Task:
    """A task fills in these facts and overrides the hooks below where its inputs, outputs or parts differ.

    name, title     its name as a choice of `task`; what it is, in a few words
    sizes           "N→M": units in, units out; `order` sorts the list of tasks
    parts           the shared parts it is built from, in the data's order
    default_corpus  the corpus it trains on when none is named; if it is unavailable, `fallback_corpora`, in their order
    sample_input    an input that a model trained on the default corpus can answer
    answers_with    "text", or "label": one of a few, shown with its probability
    writes_lines    the answer continues the input, so that it can be continued in turn, line after line
    reversible      its pairs can be trained the other way round
    ends_with_eos   outputs end with <eos>, not at a fixed length
    budgets         for some minutes of training on two cores the settings that make the best of them, and as "corpus"
                    and "tokens" what to read: so many target tokens (of labels: source tokens), "usual_epochs": no more
    by_examples     settings for at most so many training examples, ascending; what the corpus suggests comes first
    defaults, search_defaults   settings that differ from core.settings, as measured best in five minutes
    ignored_settings, ignored_search   settings of training and of search without effect on its answers
    labels, lines, many_targets, check_version   see core.data.ExampleFormat
    """

    name: str
    title: str
    sizes: str
    order: int
    parts: tuple[str, ...]
    default_corpus: str = "starter"
    fallback_corpora: tuple[str, ...] = ()
    sample_input: str
    answers_with = "text"
    writes_lines = reversible = labels = lines = many_targets = False
    ends_with_eos = True
    budgets: dict[int, dict[str, Any]] = {}
    by_examples: dict[int, dict[str, Any]] = {}
    defaults: dict[str, Any] = {}
    search_defaults: dict[str, Any] = {}
    ignored_settings: tuple[str, ...] = ("ngrams", "shared_vocabulary")
    ignored_search: tuple[str, ...] = ()
    check_version = 1

    def settings(self, suggested: dict[str, Any], chosen: dict[str, Any]) -> Settings:
        """The chosen settings, before the corpus's suggestions, before the task's defaults."""
        if ignored := [name for name in self.ignored_settings if chosen.get(name)]:
            raise InputError(f"`{ignored[0]}` has no effect on `task` {self.name}; remove it")
        return Settings(**{**self.defaults, **suggested, **chosen})

    def sized(self, train: Sequence[Example], chosen: Collection[str] = ()) -> dict[str, Any]:
        """Settings that follow from the training examples: number, length, script. chosen: names of settled ones."""
        return next((found for most, found in self.by_examples.items() if len(train) <= most), {})

    def budget(self, minutes: int | None) -> dict[str, Any]:
        """The entry of `budgets` for so many minutes; empty for None. Raises InputError if there is none."""
        if minutes is not None and minutes not in self.budgets:
            known = " or ".join(map(str, self.budgets)) or "`epochs` and `time_limit`"
            raise InputError(f"`budget` {minutes} is unknown for `task` {self.name}; use {known}")
        return self.budgets.get(minutes or 0, {})

    def search_settings(self, chosen: dict[str, Any], settings: Settings | None = None) -> SearchSettings:
        """The chosen settings, before the task's defaults. settings: the model's, which decide what is searched for."""
        # Who names a beam or a temperature wants that search.
        free = settings is not None and settings.source_dropout > 0 and not {"beam", "temperature"} & {*chosen}
        return SearchSettings(**{**self.search_defaults, "search": "varied" if free else "likeliest", **chosen})

    @property
    def format(self) -> ExampleFormat:
        """What corpora need to know of this task. Its starter is the file of its name in tasks/starter."""
        starter = next(iter(sorted(STARTERS.glob(f"{self.name}.*"))), None)
        return ExampleFormat(self.name, labels=self.labels, lines=self.lines, many_targets=self.many_targets,
                             check=self.check, version=self.check_version, starter=starter)

    def check(self, example: Example) -> str:
        return ""  # or the reason to reject the example

    def advice(self, data: Splits) -> list[str]:
        """What to change before training on these examples, one line each."""
        return []

    def forms(self, train: Sequence[Example]) -> dict[str, Any]:
        """The forms that the answers may have, as these training examples show: saved with the model, as JSON."""
        return {}

    # raw text → ids

    def source_text(self, example: Example, settings: Settings) -> str:
        """The text that the encoder reads."""
        return example.source

    def read_input(self, text: str, settings: Settings) -> Example:
        """A user's input as an Example without a target. Raises InputError if the task cannot take it."""
        if not text.strip():
            raise InputError(f"the input is empty; enter a text, for example {self.sample_input}")
        return Example(text, "")

    def codecs(self, settings: Settings, sources: Iterable[str], targets: Iterable[str]) -> tuple[Codec, Any]:
        """Tokenizer and vocabulary of each side, from the texts of the training split."""
        from core.text import Codec
        kinds = settings.source_tokenizer or settings.tokenizer, settings.tokenizer
        rest = settings.lowercase, settings.min_count, settings.max_vocabulary
        source, target = (Codec.from_texts(kind, texts, *rest) for kind, texts in zip(kinds, (sources, targets)))
        return source, target

    def load_target(self, saved: dict) -> Codec | Labels:
        from core.text import Codec
        return Codec.from_json(saved)

    # ids → network

    def build(self, settings: Settings, source: Codec, target: Codec | Labels) -> torch.nn.Module:
        """The network: here the shared parts are put together."""
        raise NotImplementedError

    # network → answers

    def output_lengths(self, examples: Sequence[Example]) -> list[int] | None:
        """The exact number of tokens of each answer; None where the model decides."""
        return None

    def answer(self, model: Trained, examples: Sequence[Example], search: SearchSettings, *,
               prefixes: Sequence[str] | None = None, seeds: Sequence[Sequence[int]] | None = None,
               weights: bool = False) -> list[list[Answer]]:
        """For each input its answers, best first.

        prefixes  the text that each answer begins with
        seeds     for each input the numbers that its random draws follow from, where answers are sampled
        weights   with the attention weights of each answer
        """
        raise NotImplementedError

    def stream(self, model: Trained, example: Example, search: SearchSettings, seed: Sequence[int]) -> Iterator[str]:
        """The answer piece by piece, as it is written. Without a decoder it comes as one piece."""
        yield self.answer(model, [example], search)[0][0].text

    def walk(self, model: Trained, example: Example, search: SearchSettings, candidates: int = 3) -> Walk:
        """Every step from the text to the answer with its values. candidates: how many of each step are listed."""
        raise NotImplementedError

    def evaluate(self, model: Trained, data: Splits, search: SearchSettings) -> Report:
        """Scores on the test split, with baselines from the same run."""
        raise NotImplementedError

    # of a task with `writes_lines`

    def continued(self, model: Trained, example: Example, lines: int, search: SearchSettings,
                  seed: Sequence[int]) -> list[Answer]:
        """The next `lines` lines as one answer, n_best of them, best first."""
        raise NotImplementedError

    def acrostic(self, model: Trained, heads: str, length: int, search: SearchSettings,
                 seed: Sequence[int]) -> list[Answer]:
        """One line of `length` tokens for each character of `heads`, which begins with it."""
        raise NotImplementedError
