"""A trained model: answer, stream, walk and evaluate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, overload

from core import checkpoint, events
from core.data import Example, InputError
from core.machine import memory_errors
from core.settings import SearchSettings, Settings
from corpora.prepare.cleaning import TextCleaner
from corpora.prepare.splits import Dataset
from n2m import data
from n2m.options import check_lines, search_options
from tasks.shared import saving
from tasks.shared.alternatives import add_alternatives
from tasks.shared.beam_tree import beam_tree
from tasks.shared.model import TextModel
from tasks.shared.report import Report
from tasks.shared.task import Answer, Task
from tasks.shared.walk import Walk

SMALLER = "use a smaller `beam`, or answer fewer or shorter texts at once"


class Model:
    """A trained model, from raw text to raw text. Safe to use from several threads at once.

    folder: the directory it was loaded from or saved in; None if it was never saved
    """

    def __init__(self, text_model: TextModel, folder: Path | None = None, dataset: Dataset | None = None) -> None:
        self.text_model, self.folder = text_model, folder
        self._dataset = dataset
        corpus = text_model.metadata["corpus"]
        self._script = corpus.get("script", "as-written")
        self._cleaner = TextCleaner(corpus.get("reading", {}).get("normalization", "nfc"), self._script)

    @property
    def task(self) -> Task:
        """Its type of task: name, sizes, sample_input and the other facts of tasks.shared.task.Task."""
        return self.text_model.task

    @property
    def settings(self) -> Settings:
        """What it was trained with."""
        return self.text_model.settings

    @property
    def metadata(self) -> dict:
        """What is saved as training.json: corpus, versions, history."""
        return self.text_model.metadata

    def save(self, folder: str | Path, *, half: bool = False) -> None:
        """Write everything the model needs into a directory; half: with weights in half precision, half as large.
        Raises InputError if the directory holds anything but a model."""
        saving.save(self.text_model, Path(folder), half=half)
        self.folder = Path(folder)

    def read_input(self, text: str) -> Example:
        """A user's input, normalised and converted to the model's script as its corpus was. Raises InputError for
        input that the model cannot answer."""
        return self.text_model.read_input(self._cleaned(text))

    @overload
    def answer(self, texts: Sequence[str], *, n_best: int = 1, lines: int = 1, weights: bool = False,
               seed: int | None = None, script: str | None = None, errors: Literal["raise"] = "raise",
               first: int | Sequence[int] = 0, **search: Any) -> list[list[Answer]]: ...

    @overload
    def answer(self, texts: Sequence[str], *, n_best: int = 1, lines: int = 1, weights: bool = False,
               seed: int | None = None, script: str | None = None, errors: Literal["return"],
               first: int | Sequence[int] = 0, **search: Any) -> list[list[Answer] | InputError]: ...

    def answer(self, texts: Sequence[str], *, n_best: int = 1, lines: int = 1, weights: bool = False,
               seed: int | None = None, script: str | None = None, errors: str = "raise",
               first: int | Sequence[int] = 0, **search: Any) -> Any:
        """For each text its answers, best first.

        n_best   how many answers per text
        lines    for a task that writes line after line: how many lines; each answer is then a whole poem
        weights  with the attention weights of each answer, (output tokens, source tokens)
        seed     of the random draws, with a temperature; the same seed gives the same answers
        script   "simplified" or "traditional": the script of the answers; by default the model's own
        errors   "raise", or "return": an InputError in place of the answers to an input that cannot be answered
        first    the number of the first text in a longer stream, or of each; a text draws from seed and number
        search   the other fields of core.settings.SearchSettings: beam, temperature, top_p, max_output …
        Scores are in nats, divided by length^length_penalty; those of labels are probabilities. The last row of
        `weights` belongs to <eos>, if the answer ended with it. Raises InputError for what is not possible.
        """
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise InputError("answer takes a list of texts; put one text into [ ]")
        options = self.search_settings(n_best=n_best, **search)
        if lines != 1:
            check_lines(self.task, lines, weights)
        convert = data.answer_converter(script, self._script)
        read: list[Example | InputError] = []
        for text in texts:
            try:
                read.append(self.read_input(text))
            except InputError as error:
                if errors == "raise":
                    raise
                read.append(error)
        self.text_model.note_unknown(texts, read)
        numbers = range(first, first + len(texts)) if isinstance(first, int) else first
        seeds = [(self._seed(seed), number) for number, e in zip(numbers, read) if isinstance(e, Example)]
        examples = [e for e in read if isinstance(e, Example)]
        if errors not in ("raise", "return"):
            raise InputError(f"errors={errors!r} is unknown; use raise or return")
        with memory_errors(SMALLER):
            if lines != 1:
                found = [self.task.continued(self.text_model, e, lines, options, s) for e, s in zip(examples, seeds)]
            else:
                found = self.task.answer(self.text_model, examples, options, seeds=seeds, weights=weights) \
                    if examples else []
        answers = iter([[convert(a) for a in best] for best in found])
        return [next(answers) if isinstance(e, Example) else e for e in read]

    @memory_errors(SMALLER)
    def acrostic(self, heads: str, *, line_length: int | None = None, seed: int | None = None,
                 script: str | None = None, **search: Any) -> list[Answer]:
        """藏头诗: a poem with a line for each character of `heads`, which begins with it.

        line_length: characters per line, 5 by default
        Raises InputError for a character that the model does not know, and for other tasks than line by line ones.
        """
        check_lines(self.task, 1)
        if "n_best" in search:
            raise InputError("`n_best` cannot be combined with `acrostic`, which writes one poem; remove it")
        convert, options = data.answer_converter(script, self._script), self.search_settings(**search)
        length = 5 if line_length is None else line_length
        found = self.task.acrostic(self.text_model, self._cleaned(heads.strip()), length, options, (self._seed(seed),))
        return [convert(a) for a in found]

    def stream(self, text: str, *, seed: int | None = None, script: str | None = None, **search: Any) -> Iterator[str]:
        """The answer of greedy search, or with a temperature a sample, in pieces as it is written. Together they are
        the text that `answer` gives with beam=1. Raises InputError at once for an input that cannot be answered."""
        for name, only in (("search", "likeliest"), ("beam", 1)):
            if search.get(name, only) != only:
                raise InputError(f"`{name}` {search[name]}: its answer is known at the end; to stream, use {only}")
        options = self.search_settings(**{"beam": 1, **search})
        convert, example = data.answer_converter(script, self._script), self.read_input(text)

        def pieces() -> Iterator[str]:
            with memory_errors(SMALLER):
                for piece in self.task.stream(self.text_model, example, options, (self._seed(seed), 0)):
                    yield convert(Answer(piece, 0.0)).text
        return pieces()

    @memory_errors(SMALLER)
    def walk(self, text: str, *, candidates: int = 3, alternatives: int = 0, alternative_steps: int = 0,
             tree: int = 0, **search: Any) -> Walk:
        """Every step from the text to its greedy answer, with the values of each as numpy arrays.

        candidates    how many of the most likely tokens each step lists
        alternatives  for how many of them, where they are allowed, it also has the answer that goes on with them, and
                      for `alternative_steps` of those answers per step also their steps
        tree          the size of a beam search that it also has, as a tree; 0: none
        search        max_output, no_repeat_ngram_size, form, rhyme and tune
        Raises InputError for an input that the model cannot answer.
        """
        for name in sorted({*search} - {"max_output", "no_repeat_ngram_size", "form", "rhyme", "tune"}):
            raise InputError(f"`{name}` cannot be combined with `explain`, whose answer is greedy; remove it")
        example, options = self.read_input(text), self.search_settings(**search)
        walk = self.task.walk(self.text_model, example, options, candidates)
        walk.beam = beam_tree(self.task, self.text_model, example, options, walk, tree) if tree else None
        return add_alternatives(self.task, self.text_model, example, options, walk, alternatives, alternative_steps)

    def evaluate(self, corpus: str | Path | Sequence[str | Path] | None = None, *, rejects: str | Path | None = None,
                 mirror: str | None = None, **search: Any) -> Report:
        """Scores on the test split of the model's corpus, with baselines from the same run.

        corpus  the corpus it was trained on, needed for a module's, which would be run, and for standard input
        Raises InputError if the corpus is unavailable or unknown.
        """
        options = search_options(search, self.task, self.settings, strict=False)
        if (dataset := self._dataset) is None:
            with data.use_mirror(mirror):
                dataset = self._dataset = data.of_model(self.metadata["corpus"], self.task, self.settings.limit, corpus,
                                                        Path(rejects) if rejects else None)
        events.note(f"evaluating on {len(dataset.test):,} test examples, with baselines")
        with memory_errors(SMALLER):
            return self.task.evaluate(self.text_model, dataset, options)

    @property
    def test_examples(self) -> int:
        """How many examples the test split has, once it is loaded."""
        return len(self._dataset.test) if self._dataset else 0

    def save_report(self, report: Report) -> None:
        """Write the scores beside the model, as metrics.json."""
        if self.folder:
            checkpoint.write_json(self.folder / "metrics.json", report.to_json())

    def search_settings(self, **search: Any) -> SearchSettings:
        """These search settings before the defaults, see search_options."""
        return search_options(search, self.task, self.settings)

    def _cleaned(self, text: str) -> str:
        return "\n".join(map(self._cleaner.clean, text.splitlines()))  # lines may be those of a poem

    def _seed(self, seed: int | None) -> int:
        return self.settings.seed if seed is None else seed


@memory_errors("use `device` cpu")
def load(folder: str | Path, *, device: str = "auto") -> Model:
    """The model of a directory, whose files never run any code, on a device: auto, cpu, cuda or cuda:N. Raises
    InputError for a missing, damaged or foreign directory."""
    return Model(saving.load(Path(folder), device), Path(folder))
