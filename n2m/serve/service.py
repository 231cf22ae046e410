"""What a server does for its clients: it checks what they ask for, and has it done by the queue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, fields
from typing import Any

from core.data import InputError
from core.options import suggest
from core.settings import SearchSettings
from n2m.model import Model
from n2m.serve.batching import Queue
from n2m.serve.models import Catalogue, Entry
from tasks.shared.task import Answer
from tasks.shared.walk import Walk

# The largest values that a client may ask for: the work of one request is bounded.
LIMITS = {"beam": 20, "samples": 128, "n_best": 20, "max_output": 200, "lines": 20, "line_length": 50,
          "candidates": 10, "alternatives": 10, "alternative_steps": 3, "tree": 5, "no_repeat_ngram_size": 100,
          "seed": 2 ** 32 - 1}
MOST_TEXTS = 128
SEARCH = tuple(f.name for f in fields(SearchSettings))
ANSWER_OPTIONS = ("lines", "seed", "script", *SEARCH)
ACROSTIC_OPTIONS = ("line_length", "seed", "script", *(name for name in SEARCH if name != "n_best"))
WALK_OPTIONS = ("candidates", "alternatives", "alternative_steps", "tree", "max_output",
                "no_repeat_ngram_size", "form", "rhyme", "tune")
KINDS = {"lines": (int, "a whole number"), "line_length": (int, "a whole number"), "seed": (int, "a whole number"),
         "candidates": (int, "a whole number"), "alternatives": (int, "a whole number"),
         "alternative_steps": (int, "a whole number"), "tree": (int, "a whole number"), "script": (str, "a text")}
LEAST = {"seed": 0, "alternatives": 0, "alternative_steps": 0, "tree": 0, "no_repeat_ngram_size": 0}


@dataclass(frozen=True)
class Answered:
    """The answers to one text. source: the tokens that the encoder read, one for each column of the weights."""

    answers: list[Answer]
    source: list[str]


class Service:
    """Answers and walks of the models of a catalogue, each as a future.

    queue       how many requests may wait
    max_length  how many characters a text may have
    All methods raise InputError at once for what no model would do, and Busy if too many requests wait.
    """

    def __init__(self, catalogue: Catalogue, queue: int = 64, max_length: int = 1000) -> None:
        self.catalogue, self.max_length = catalogue, max_length
        self.queue = Queue(queue)

    def answer(self, model: str, texts: Sequence[str], *, weights: bool = False,
               **options: Any) -> Future[list[Answered | InputError]]:
        """For each text its answers, or why there are none; see n2m.Model.answer for the options."""
        entry = self.catalogue.find(model)
        if len(texts) > MOST_TEXTS:
            raise InputError(f"`texts` has {len(texts)} texts; at most {MOST_TEXTS} are allowed in one request")
        self._check(texts)
        check_options(options, ANSWER_OPTIONS)
        if len(texts) * (lines := options.get("lines", 1)) > MOST_TEXTS:
            raise InputError(f"{len(texts)} texts of `lines` {lines} are more than {MOST_TEXTS} lines; send fewer")
        # As JSON, since True == 1 for Python: a request with a wrong value must not spoil the batch of the others.
        key = json.dumps(["answer", entry.name, entry.saved, weights, options], sort_keys=True)

        def work(items: list[Sequence[str]]) -> list[list[Answered | InputError]]:
            found = answer_together(self.catalogue.load(entry), items, weights, options)
            return [[entry.without_paths(one) if isinstance(one, InputError) else one for one in own] for own in found]

        return self.queue.submit(work, list(texts), key, size=len(texts))

    def acrostic(self, model: str, heads: str, **options: Any) -> Future[list[Answer]]:
        """A poem with a line for each character, see n2m.Model.acrostic."""
        entry = self.catalogue.find(model)
        self._check([heads])
        check_options(options, ACROSTIC_OPTIONS)
        if len(heads) > LIMITS["lines"]:
            raise InputError(f"`acrostic` has {len(heads)} characters; at most {LIMITS['lines']} are allowed")
        return self.queue.submit(lambda _: [self.catalogue.load(entry).acrostic(heads, **options)], heads)

    def walk(self, model: str, text: str, **options: Any) -> Future[tuple[str, Walk]]:
        """The task of the model, and every step to its greedy answer, see n2m.Model.walk."""
        entry = self.catalogue.find(model)
        self._check([text])
        check_options(options, WALK_OPTIONS)
        return self.queue.submit(lambda _: [(entry.task, self.catalogue.load(entry).walk(text, **options))], text)

    def warm(self) -> None:
        """Load the first model of each task before anyone asks."""
        entries = self.catalogue.entries().values()
        for entry in {e.task: e for e in reversed(entries)}.values():
            self.load(entry)

    def load(self, entry: Entry) -> Future[Model]:
        """The model itself."""
        return self.queue.submit(lambda _: [self.catalogue.load(entry)], entry)

    def _check(self, texts: Sequence[str]) -> None:
        for text in texts:
            if len(text) > self.max_length:
                raise InputError(f"the text {text[:20]!r}… has {len(text):,} characters; at most {self.max_length:,} "
                                 "are allowed")


def check_options(options: dict[str, Any], known: Sequence[str]) -> None:
    """Raises InputError for an option that is not known, of a wrong kind, or too large for a server."""
    for name, value in options.items():
        if name not in known:
            raise InputError(f"the option {name[:60]!r} is unknown; {suggest(name[:60], known)}")
        if name in KINDS and type(value) is not KINDS[name][0]:
            raise InputError(f"`{name}` {value!r} must be {KINDS[name][1]}")
        if name in LIMITS and type(value) is int and not LEAST.get(name, 1) <= value <= LIMITS[name]:
            raise InputError(f"`{name}` {value} must be from {LEAST.get(name, 1)} to {LIMITS[name]}")


def answer_together(model: Model, items: list[Sequence[str]], weights: bool,
                    options: dict[str, Any]) -> list[list[Answered | InputError]]:
    """The answers to the texts of several requests, in one batch. Each text draws as if its request were alone."""
    texts = [text for own in items for text in own]
    found = model.answer(texts, weights=weights, errors="return", first=[n for own in items for n in range(len(own))],
                         **options)
    answered = iter([one if isinstance(one, InputError) else
                     Answered(one, source_tokens(model, text) if weights else []) for text, one in zip(texts, found)])
    return [[next(answered) for _ in own] for own in items]


def source_tokens(model: Model, text: str) -> list[str]:
    """The tokens that the encoder reads of a text."""
    own = model.text_model
    return own.source.tokens(own.task.source_text(model.read_input(text), own.settings))
