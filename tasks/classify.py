"""N→1: a text becomes one label. embedding → encoder → attention pooling → linear."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from core.data import Example
from core.settings import SearchSettings, Settings
from tasks.shared.report import Report
from tasks.shared.task import Answer, Splits, Task, Trained
from tasks.shared.walk import Walk

if TYPE_CHECKING:
    import torch

    from core.text import Codec, Labels


SAMPLE = 1000  # training examples whose length is measured
SHORT = 40  # characters on average


class Classify(Task):
    """p(label | x) = softmax(W_o Σ_i α_i h_i + b_o + z), see core.models.Classifier."""

    name = "classify"
    sizes = "N→1"
    title = "classification"
    order = 2
    parts = ("embedding", "encoder", "attention", "linear")
    default_corpus = "reviews"
    sample_input = "这家酒店很干净，下次还来"
    answers_with = "label"
    ends_with_eos = False
    labels = True
    ignored_settings = ("shared_vocabulary",)
    ignored_search = tuple(f.name for f in fields(SearchSettings) if f.name != "n_best")
    defaults = {"tokenizer": "units", "ngrams": 3, "embedding_size": 128, "hidden_size": 64, "dropout": 0.6,
                "word_dropout": 0.3, "min_count": 2}
    budgets = {minutes: {"tokens": minutes * 3_000_000, "usual_epochs": True} for minutes in (2, 5, 10, 60)}

    def advice(self, data: Splits) -> list[str]:
        labels, texts = len({e.target for e in data.train}), len(data.train)
        return [f"there are {labels:,} different labels for {texts:,} texts; if they are texts, use `task` translate"
                ] * (labels > texts / 3)

    def sized(self, train: Sequence[Example], chosen: Collection[str] = ()) -> dict[str, Any]:
        """In short texts, as titles are, hardly an n-gram of three tokens occurs again, and the network adds more."""
        characters = sum(len(e.source) for e in train[:SAMPLE]) / max(len(train[:SAMPLE]), 1)
        return {"ngrams": 2, "learning_rate": 0.002, "batch_size": 32} if characters < SHORT else {}

    def codecs(self, settings: Settings, sources: Iterable[str], targets: Iterable[str]) -> tuple[Codec, Any]:
        from core.text import Codec, Labels
        source = Codec.from_texts(settings.source_tokenizer or settings.tokenizer, sources, settings.lowercase,
                                  settings.min_count, settings.max_vocabulary)
        return source, Labels.from_texts(targets)

    def load_target(self, saved: dict) -> Labels:
        from core.text import Labels
        return Labels.from_json(saved)

    def build(self, settings: Settings, source: Codec, target: Any) -> torch.nn.Module:
        """The encoder's states, weighted by an attention with a learned query, become one vector for one label."""
        from core.models import Classifier, make_encoder, make_pooling
        from core.ngrams import MOST_LABELS, NGrams
        encoder = make_encoder(settings, len(source))
        wide = settings.ngrams and len(target) <= MOST_LABELS
        ngrams = NGrams(len(source), settings.ngrams, len(target)) if wide else None
        return Classifier(encoder, make_pooling(settings, encoder.memory_size), len(target), settings.dropout, ngrams)

    def answer(self, model: Trained, examples: Sequence[Example], search: SearchSettings, *,
               prefixes: Sequence[str] | None = None, seeds: Sequence[Sequence[int]] | None = None,
               weights: bool = False) -> list[list[Answer]]:
        """The n most likely labels with their probabilities."""
        from tasks.shared.classification import pooling_weights, probabilities
        found = []
        for example, p in zip(examples, probabilities(model, examples)):
            alpha = pooling_weights(model, example) if weights else None
            found.append([Answer(model.target.names[i], float(p[i]), (model.target.names[i],), alpha)
                          for i in (-p).argsort(kind="stable")[:search.n_best]])
        return found

    def walk(self, model: Trained, example: Example, search: SearchSettings, candidates: int = 3) -> Walk:
        from tasks.shared.classification import labelling_walk
        return labelling_walk(model, self.source_text(example, model.settings), max(candidates, 5))

    def evaluate(self, model: Trained, data: Splits, search: SearchSettings) -> Report:
        from tasks.shared.classification import evaluate_labels
        return evaluate_labels(model, data)
