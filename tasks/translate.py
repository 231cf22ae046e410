"""N→M: a sentence becomes a sentence of any length. embedding → encoder → attention → decoder until <eos>."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from core.data import Example, InputError
from core.settings import SearchSettings, Settings
from tasks.shared.decoding_task import SAMPLE, DecodingTask
from tasks.shared.report import Report
from tasks.shared.task import Splits, Trained

if TYPE_CHECKING:
    import torch

    from core.text import Codec
    from tasks.shared.verse_rules import Pattern

SUBWORDS = 20_000  # examples that are needed to learn subwords


class Translate(DecodingTask):
    """p(y | x) = Π_t p(y_t | y_<t, x), until y_t is <eos> (Sutskever et al. 2014; Bahdanau et al. 2015)."""

    name = "translate"
    sizes = "N→M"
    title = "translation, or any other pair of texts"
    order = 4
    parts = ("embedding", "encoder", "attention", "decoder")
    default_corpus = "tatoeba-zh-en"
    fallback_corpora = ("hsk-words",)
    sample_input = "我喜欢喝茶。"
    reversible = True
    ignored_settings = ("ngrams",)
    ignored_search = ("rhyme", "tune")
    defaults = {"tokenizer": "units", "min_count": 2, "common_tokens": 1500, "learning_rate": 3e-3,
                "label_smoothing": 0.1}
    by_examples = {6_000: {"min_count": 1, "dropout": 0.5, "word_dropout": 0.2, "epochs": 45, "patience": 0},
                   20_000: {"dropout": 0.3, "word_dropout": 0.1, "epochs": 20},
                   60_000: {"dropout": 0.3, "word_dropout": 0.1, "epochs": 12},
                   10**12: {"dropout": 0.1, "epochs": 3}}
    budgets = {**{minutes: {"tokens": minutes * 740_000, "usual_epochs": True} for minutes in (2, 5, 10)},
               60: {"tokens": 44_400_000, "usual_epochs": True, "corpus": "zh-en", "batch_size": 32, "epochs": 24}}

    def sized(self, train: Sequence[Example], chosen: Collection[str] = ()) -> dict[str, Any]:
        """Sources in an alphabet are cut into subwords, so that rare and compound words are read too (Regenanzug: a
        suit for rain); of Chinese each character is a token already. Tokens that somebody chose stay."""
        from core.tokenizer import wide  # late: it compiles expressions, which --help does not need
        text = "".join(e.source for e in train[:SAMPLE])
        cut = len(train) > SUBWORDS and not {"tokenizer", "shared_vocabulary", "vectors"} & {*chosen} \
            and sum(map(wide, text)) < len(text) / 2
        return super().sized(train) | ({"source_tokenizer": "subwords"} if cut else {})

    def codecs(self, settings: Settings, sources: Iterable[str], targets: Iterable[str]) -> tuple[Codec, Any]:
        from core.text import Codec, Texts
        if not settings.shared_vocabulary:
            return super().codecs(settings, sources, targets)
        if settings.source_tokenizer not in ("", settings.tokenizer):
            raise InputError(f"`shared_vocabulary` needs one tokenizer for both sides, but `source_tokenizer` is "
                             f"{settings.source_tokenizer} and `tokenizer` {settings.tokenizer}; make them equal")
        shared = Codec.from_texts(settings.tokenizer, Texts(sources, targets), settings.lowercase, settings.min_count,
                                  settings.max_vocabulary)
        return shared, shared

    def build(self, settings: Settings, source: Codec, target: Any) -> torch.nn.Module:
        from core.models import Seq2Seq, make_decoder, make_encoder
        encoder = make_encoder(settings, len(source))
        shared = encoder.embedding if settings.shared_vocabulary else None
        return Seq2Seq(encoder, make_decoder(settings, len(target), encoder.memory_size, shared),
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
