"""N→N: a line becomes the next line, of the same length. embedding → encoder → attention → decoder held to length N."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.data import Example, InputError
from core.settings import SearchSettings, Settings
from core.verses import HAS_CHINESE, lines_of
from tasks.shared.decoding_task import SAMPLE, DecodingTask
from tasks.shared.report import Report
from tasks.shared.task import Answer, Splits, Trained

if TYPE_CHECKING:
    import torch

    from core.text import Codec


class Poem(DecodingTask):
    name = "poem"
    sizes = "N→N"
    title = "poem continuation"
    order = 3
    parts = ("embedding", "encoder", "attention", "decoder")
    default_corpus = "tang"
    sample_input = "床前明月光"
    writes_lines = True
    lines = True
    ends_with_eos = False  # the decoder stops at length N
    defaults = {"max_length": 24, "min_count": 2, "bidirectional": False}
    search_defaults = {"length_penalty": 0.0}
    ignored_search = ("max_output",)  # a line is as long as the one before

    def advice(self, data: Splits) -> list[str]:
        pairs = data.train[:SAMPLE]
        uneven = sum(len(e.source) != len(e.target) for e in pairs) / max(len(pairs), 1)
        return super().advice(data) + [f"{uneven:.0%} of the pairs have lines of different lengths, but this task "
                                       "writes lines of equal length; `task` translate takes any pair"] * bool(uneven)

    def source_text(self, example: Example, settings: Settings) -> str:
        """The poem so far as it is printed, ， after odd lines and 。 after even ones: this tells the model where in a
        couplet it is. Of a poem of more than max_length characters the oldest lines are left out."""
        lines = [*example.context, example.source]
        first = 0
        while first < len(lines) - 1 and sum(len(line) + 1 for line in lines[first:]) > settings.max_length:
            first += 1
        return punctuate(lines[first:], start=first)

    def read_input(self, text: str, settings: Settings) -> Example:
        """The lines of a poem, cut as those of a corpus are; the last one is to be continued."""
        lines = lines_of(super().read_input(text, settings).source)
        if not lines:
            raise InputError(f"the input {text[:20]!r} has no line of a poem; enter one, for example "
                             f"{self.sample_input}")
        if len(lines[-1]) >= settings.max_length:
            raise InputError(f"the line {lines[-1][:20]!r}… has {len(lines[-1])} characters, but this model reads at "
                             f"most {settings.max_length - 1}; shorten it, or train with a larger `max_length`")
        return Example(lines[-1], "", tuple(lines[:-1]))

    def codecs(self, settings: Settings, sources: Iterable[str], targets: Iterable[str]) -> tuple[Codec, Any]:
        """Both sides are one language in one script: they share one vocabulary and one embedding."""
        from core.text import Codec, Texts
        if settings.tokenizer != "characters":
            raise InputError(f"`tokenizer` {settings.tokenizer} cannot count the characters of a line; "
                             "use `tokenizer` characters")
        shared = Codec.from_texts("characters", Texts(sources, targets), settings.lowercase, settings.min_count,
                                  settings.max_vocabulary)
        return shared, shared

    def build(self, settings: Settings, source: Codec, target: Any) -> torch.nn.Module:
        from core.models import Seq2Seq, make_decoder, make_encoder
        encoder = make_encoder(settings, len(source))
        return Seq2Seq(encoder, make_decoder(settings, len(target), encoder.memory_size, shared=encoder.embedding))

    def output_lengths(self, examples: Sequence[Example]) -> list[int]:
        """N→N: as many characters as the line has."""
        return [len(e.source) for e in examples]

    def evaluate(self, model: Trained, data: Splits, search: SearchSettings) -> Report:
        from tasks.shared.evaluation import evaluate_poems
        return evaluate_poems(self, model, data, search)

    def continued(self, model: Trained, example: Example, lines: int, search: SearchSettings,
                  seed: Sequence[int]) -> list[Answer]:
        """The next `lines` lines as one text, each with all lines before it as context; n_best poems, best first."""
        starts = [[answer] for answer in self._next(model, [*example.context, example.source], search, (*seed, 0))]
        one = replace(search, n_best=1)
        poems = []
        for n, written in enumerate(starts):
            for number in range(1, lines):
                so_far = [*example.context, example.source, *(a.text for a in written)]
                written += self._next(model, so_far, one, (*seed, number, n))
            poems.append(as_poem(written, start=len(example.context) + 1))
        return sorted(poems, key=lambda poem: -poem.score)

    def acrostic(self, model: Trained, heads: str, length: int, search: SearchSettings,
                 seed: Sequence[int]) -> list[Answer]:
        """藏头诗: one line of `length` characters for each character of `heads`, beginning with it.

        The first line has none before it, so it continues the heads themselves, read as a line. Raises InputError for
        a character that the model does not know.
        """
        unknown = [c for c in heads if c not in model.target.vocabulary]
        if not heads or unknown:
            raise InputError(f"`acrostic` {heads!r} has the character {unknown[0]!r}, which the model does not know; "
                             "choose another one" if unknown else "`acrostic` is empty; enter at least one character")
        if not 2 <= length < model.settings.max_length:
            raise InputError(f"`line_length` {length} must be from 2 to {model.settings.max_length - 1}")
        if len(heads) > 100:
            raise InputError(f"`acrostic` has {len(heads)} characters; at most 100 are allowed")
        written: list[Answer] = []
        for number, head in enumerate(heads):
            so_far = [a.text for a in written] or [(heads * length)[:length]]
            written += self._next(model, so_far, replace(search, n_best=1), (*seed, number), head)
        return written

    def _next(self, model: Trained, poem: list[str], search: SearchSettings, seed: Sequence[int],
              head: str = "") -> list[Answer]:
        example = Example(poem[-1], "", tuple(poem[:-1]))
        return self.answer(model, [example], search, prefixes=[head] if head else None, seeds=[seed])[0]


def as_poem(lines: list[Answer], start: int) -> Answer:
    """Lines as one answer: their text, Chinese with punctuation, and the sum of their scores."""
    texts = [a.text for a in lines]
    chinese = any(HAS_CHINESE.search(text) for text in texts)
    return Answer(punctuate(texts, start) if chinese else " / ".join(texts), sum(a.score for a in lines),
                  tuple(token for a in lines for token in a.tokens))


def punctuate(lines: list[str], start: int = 0) -> str:
    """Lines as a text: ， after odd lines and 。 after even ones. start: how many lines come before them.

    >>> punctuate(["疑是地上霜", "举头望明月"], start=1)
    '疑是地上霜。举头望明月，'
    """
    return "".join(line + "，。"[(start + i) % 2] for i, line in enumerate(lines))
