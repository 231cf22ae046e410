"""N→1: a text in, one label out. embedding → encoder → attention pooling → linear."""

from __future__ import annotations

from core.data import Example
from tasks.shared.task import Task, need_text


class Classify(Task):
    name = "classify"
    sizes = "N→1"
    title = "classification"
    order = 2
    default_corpus = "reviews"
    parts = ("embedding", "encoder", "attention", "linear")
    defaults = {"tokenizer": "words", "embedding_size": 128, "hidden_size": 128, "dropout": 0.5, "word_dropout": 0.2,
                "min_count": 2}
    ends_with_eos = False

    def codecs(self, settings, sources, targets):
        from core.text import Codec, Labels
        source = Codec.from_texts(settings.source_tokenizer or settings.tokenizer, sources, settings.lowercase,
                             settings.min_count, settings.max_vocabulary)
        return source, Labels.from_texts(targets)

    def load_target(self, saved):
        from core.text import Labels
        return Labels.from_json(saved)

    def build(self, settings, source, target):
        """The encoder's states, weighted by an attention with a learned query, become one vector for one label."""
        from core.models import Classifier, make_encoder, make_pooling
        encoder = make_encoder(settings, len(source))
        return Classifier(encoder, make_pooling(settings, encoder.memory_size), len(target), settings.dropout)

    def read_input(self, text, settings):
        return Example(need_text(text, "a text to classify"), "")

    def answer(self, model, examples, search, prefixes=None):
        """The labels by falling probability, at least the first, at most n_best."""
        from tasks.shared.classification import probabilities
        p = probabilities(model, examples)
        return [[(model.target.names[i], float(row[i])) for i in (-row).argsort()[:search.n_best]] for row in p]

    def evaluate(self, model, train, dev, test, search):
        from tasks.shared.classification import evaluate_labels
        return evaluate_labels(model, train, test)

    def explain(self, model, example, search):
        from tasks.shared.explain import explain_classification
        return explain_classification(model, example)
