"""1→N: one character or word becomes a text. embedding → c → decoder."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from core.data import Example
from core.settings import SearchSettings, Settings
from tasks.shared.decoding_task import SAMPLE, DecodingTask, mark_before
from tasks.shared.report import Report
from tasks.shared.task import Splits, Trained

if TYPE_CHECKING:
    import torch

    from core.text import Codec
    from tasks.shared.verse_rules import Pattern


class Word(DecodingTask):
    """p(y | x) = Π_t p(y_t | y_<t, c), until y_t is <eos>; c = E(x) + Σ_k E(character k of x)."""

    name = "word"
    sizes = "1→N"
    title = "word to text"
    order = 1
    parts = ("embedding", "decoder")
    default_corpus = "themes"
    sample_input = "月"
    many_targets = True
    defaults = {"attention": "none", "word_dropout": 0.2, "common_tokens": 1500}
    budgets = {2: {"tokens": 2_900_000}, 5: {"tokens": 6_000_000}, 10: {"tokens": 13_000_000, "dropout": 0.2},
               60: {"tokens": 33_000_000, "corpus": "themes-tang-song", "embedding_size": 128, "hidden_size": 400,
                    "max_vocabulary": 5000}}
    search_defaults = {"max_output": 80, "no_repeat_ngram_size": 2, "length_penalty": 1.5}

    def advice(self, data: Splits) -> list[str]:
        long = statistics.median(len(e.source) for e in data.train[:SAMPLE]) > 12
        return super().advice(data) + ["sources are longer than a word; `task` translate reads whole sentences"] * long

    def source_text(self, example: Example, settings: Settings) -> str:
        """The word, behind the mark of its text, as of themes-tang-song: 宋：月."""
        return mark_before(example) + example.source

    def codecs(self, settings: Settings, sources: Iterable[str], targets: Iterable[str]) -> tuple[Codec, Any]:
        """The source is one unit: the word and, beside it, its characters; of a word rarer than min_count only these.
        Only the target is cut into tokens."""
        from core.text import Codec
        return (Codec.from_texts("word and characters", sources, settings.lowercase, settings.min_count),
                Codec.from_texts(settings.tokenizer, targets, settings.lowercase, settings.min_count,
                                 settings.max_vocabulary))

    def build(self, settings: Settings, source: Codec, target: Any) -> torch.nn.Module:
        """One unit needs no recurrence: its embedding is c, and the decoder starts from it."""
        from core.models import Seq2Seq, make_decoder, make_lookup
        lookup = make_lookup(settings, len(source))
        return Seq2Seq(lookup, make_decoder(settings, len(target), lookup.memory_size),
                       settings.source_dropout)

    def forms(self, train: Sequence[Example]) -> dict[str, Any]:
        """The forms of the texts about all words together ("") and, where they differ, about each: those of tunes."""
        from tasks.shared.forms import forms_of
        return forms_of(train)

    def patterns(self, model: Trained, examples: Sequence[Example],
                 search: SearchSettings) -> list[list[Pattern]] | None:
        """The forms of the texts that a word stands for; of quatrains every template of regulated verse."""
        from tasks.shared.forms import patterns_of
        return patterns_of(model.metadata.get("forms", {}), [e.source for e in examples], search)

    def temperature(self, model: Trained) -> float:
        """Quatrains are varied and fluent at 0.95; the longer tunes lose their sense there. Both by dev."""
        return 0.95 if "" in model.metadata.get("forms", {}) else super().temperature(model)

    def evaluate(self, model: Trained, data: Splits, search: SearchSettings) -> Report:
        """Texts about a theme are measured by perplexity and by whether the theme shows; glosses by chrF."""
        from tasks.shared import evaluation
        measure = evaluation.evaluate_themes if data.many_targets else evaluation.evaluate_pairs
        return measure(self, model, data, search)
