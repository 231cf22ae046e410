"""N→M: a sentence becomes a sentence of any length. embedding → encoder → attention → decoder until <eos>."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.data import Example
from core.settings import SearchSettings, Settings
from tasks.shared.decoding_task import SAMPLE, DecodingTask
from tasks.shared.report import Report
from tasks.shared.task import Splits, Trained

if TYPE_CHECKING:
    import torch

    from core.text import Codec
    from tasks.shared.verse_rules import Pattern


class Translate(DecodingTask):
    name = "translate"
    sizes = "N→M"
    title = "translation, or any other pair of texts"
    order = 4
    parts = ("embedding", "encoder", "attention", "decoder")
    default_corpus = "tatoeba-zh-en"
    fallback_corpora = ("hsk",)
    sample_input = "我喜欢喝茶。"
    reversible = True
    ignored_search = ("rhyme", "tune")
    defaults = {"tokenizer": "words", "dropout": 0.4, "word_dropout": 0.1, "label_smoothing": 0.1, "epochs": 20}
    budgets = {minutes: {"tokens": minutes * 740_000, "usual_epochs": True} for minutes in (2, 5, 10, 60)}

    def build(self, settings: Settings, source: Codec, target: Any) -> torch.nn.Module:
        from core.models import Seq2Seq, make_decoder, make_encoder
        encoder = make_encoder(settings, len(source))
        return Seq2Seq(encoder, make_decoder(settings, len(target), encoder.memory_size),
                       settings.source_dropout)

    def forms(self, train: Sequence[Example]) -> dict[str, Any]:
        """Couplets are pairs of equal length, of Chinese characters, of which hardly any is in both lines."""
        from tasks.shared.forms import are_couplets
        return {"couplets": True} if are_couplets(train[:SAMPLE]) else {}

    def patterns(self, model: Trained, examples: Sequence[Example],
                 search: SearchSettings) -> list[list[Pattern]] | None:
        from tasks.shared.forms import couplet_patterns
        if search.form == "free" or not model.metadata.get("forms", {}).get("couplets"):
            return None
        return couplet_patterns([e.source for e in examples])

    def evaluate(self, model: Trained, data: Splits, search: SearchSettings) -> Report:
        from tasks.shared.evaluation import evaluate_pairs
        return evaluate_pairs(self, model, data, search)
