"""N→M: a sentence in, a sentence of any length out. embedding → encoder → attention → decoder until <eos>."""

from __future__ import annotations

from core.data import Example
from tasks.shared.task import Task, need_text


class Translate(Task):
    name = "translate"
    sizes = "N→M"
    title = "translation, or any other pair of texts"
    order = 4
    default_corpus = "hsk"
    parts = ("embedding", "encoder", "attention", "decoder")
    reversible = True
    defaults = {"tokenizer": "words", "dropout": 0.4, "word_dropout": 0.1, "label_smoothing": 0.1, "epochs": 20}

    def build(self, settings, source, target):
        from core.models import Seq2Seq, make_decoder, make_encoder
        encoder = make_encoder(settings, len(source))
        return Seq2Seq(encoder, make_decoder(settings, len(target), encoder.memory_size))

    def read_input(self, text, settings):
        return Example(need_text(text, "a sentence"), "")

    def evaluate(self, model, train, dev, test, search):
        from tasks.shared.evaluation import evaluate_pairs
        return evaluate_pairs(model, train, dev, test, search)
