"""Subwords: the tokenizer that learns its pieces from the training split."""

from __future__ import annotations

from collections.abc import Iterable

from core.tokenizer import START, Tokenizer


class Subwords(Tokenizer):
    """One token per byte-pair-encoding piece (Sennrich et al. 2016), learned on the training split.

    A piece that begins a word starts with ▁, which keeps the spaces of a text.
    """

    kind = "subwords"

    def __init__(self, state: str = "") -> None:
        from tokenizers import Tokenizer as Model
        self._model = Model.from_str(state)

    @classmethod
    def from_texts(cls, texts: Iterable[str], size: int) -> Subwords:
        from tokenizers import Tokenizer as Model
        from tokenizers import models, pre_tokenizers, trainers
        model = Model(models.BPE(unk_token="<unk>"))
        model.pre_tokenizer = pre_tokenizers.Metaspace(replacement=START, prepend_scheme="always")
        model.train_from_iterator(texts, trainers.BpeTrainer(
            vocab_size=size or 8000, special_tokens=["<unk>"], show_progress=False, min_frequency=2))
        return cls(model.to_str())

    def split(self, text: str) -> list[str]:
        if not text:
            return []
        shown = START + text.replace(" ", START)
        # Offsets give each piece as spelled in the text, even if the model only knows <unk>.
        pieces: list[tuple[int, int]] = []
        last = 0
        for start, end in self._model.encode(text).offsets:
            start, end = max(start, last), max(end, last)
            if end > start or not pieces:
                pieces.append((start, end))
                last = end
        return [shown[0 if i == 0 else start + 1:end + 1] for i, (start, end) in enumerate(pieces)]

    def join(self, tokens: list[str]) -> str:
        return "".join(tokens).replace(START, " ").removeprefix(" ")

    def state(self) -> str:
        return self._model.to_str()
