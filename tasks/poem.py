"""N→N: a line in, a line of the same length out. embedding → encoder → attention → decoder held to length N."""

from __future__ import annotations

import re

from core.data import Example, InputError
from tasks.shared.task import Task, need_text


class Poem(Task):
    name = "poem"
    sizes = "N→N"
    title = "poem continuation"
    order = 3
    default_corpus = "tang"
    parts = ("embedding", "encoder", "attention", "decoder")
    defaults = {"max_length": 24, "min_count": 2, "bidirectional": False}
    search_defaults = {"length_penalty": 0.0}
    ends_with_eos = False  # the decoder stops at length N

    def source_text(self, example, settings):
        """The poem so far, as it would be printed: ， after odd lines and 。 after even ones, which tells the model
        where in a couplet it is. Where that is more than max_length characters, the oldest lines are left out."""
        lines = [*example.context, example.source]
        first = 0
        while first < len(lines) - 1 and sum(len(line) + 1 for line in lines[first:]) > settings.max_length:
            first += 1
        return punctuate(lines[first:], start=first)

    def read_input(self, text, settings):
        """Lines divided by any punctuation or space; the last one is to be continued."""
        lines = re.findall(r"\w+", need_text(text, "a line of a poem, for example 床前明月光"))
        if not lines:
            raise InputError(f"the input {text[:20]!r} holds no line of a poem; give one, for example 床前明月光")
        if len(lines[-1]) >= settings.max_length:
            raise InputError(f"the line {lines[-1][:20]!r}… has {len(lines[-1])} characters, this model reads at most "
                             f"{settings.max_length - 1}; shorten it, or train with a larger --max-length")
        return Example(lines[-1], "", tuple(lines[:-1]))

    def codecs(self, settings, sources, targets):
        """Both sides are one language in one script: they share one vocabulary and one embedding."""
        from core.text import Codec, Texts
        if settings.tokenizer != "characters":
            raise InputError(f"--tokenizer {settings.tokenizer}: a poem's lines are counted in characters; "
                             "use characters")
        shared = Codec.from_texts("characters", Texts(sources, targets), settings.lowercase, settings.min_count,
                             settings.max_vocabulary)
        return shared, shared

    def build(self, settings, source, target):
        from core.models import Seq2Seq, make_decoder, make_encoder
        encoder = make_encoder(settings, len(source))
        return Seq2Seq(encoder, make_decoder(settings, len(target), encoder.memory_size, shared=encoder.embedding))

    def output_lengths(self, examples):
        """N→N: as many characters out as in the line."""
        return [len(e.source) for e in examples]

    def evaluate(self, model, train, dev, test, search):
        from tasks.shared.evaluation import evaluate_poems
        return evaluate_poems(model, train, dev, test, search)


def continue_poem(model, example: Example, lines: int, search) -> list[str]:
    """The next `lines` lines, each with all lines before it as context."""
    poem = [*example.context, example.source]
    for _ in range(lines):
        poem.append(_next_line(model, poem, search))
    return poem[-lines:]


def acrostic(model, heads: str, length: int, search) -> list[str]:
    """藏头诗: one line of `length` characters for each character of `heads`, beginning with it.

    Nothing stands before the first line, so it follows on the heads themselves, read as if they were a line.
    Raises InputError for a character that the model does not know.
    """
    unknown = [c for c in heads if c not in model.target.vocabulary]
    if not heads or unknown:
        why = f"the model does not know {unknown[0]!r}; choose another character" if unknown else "is empty; give some"
        raise InputError(f"--acrostic {heads!r}: {why}")
    if not 2 <= length < model.settings.max_length or len(heads) > 100:
        raise InputError(f"--line-length {length}, {len(heads)} lines: a line has 2 to {model.settings.max_length - 1} "
                         "characters, a poem at most 100 lines")
    poem: list[str] = []
    for head in heads:
        poem.append(_next_line(model, poem or [(heads * length)[:length]], search, head))
    return poem


def punctuate(lines: list[str], start: int = 0) -> str:
    """Lines as a text: ， after odd lines and 。 after even ones. start: how many lines stand before them.

    >>> punctuate(["疑是地上霜", "举头望明月"], start=1)
    '疑是地上霜。举头望明月，'
    """
    return "".join(line + "，。"[(start + i) % 2] for i, line in enumerate(lines))


def _next_line(model, poem: list[str], search, head: str = "") -> str:
    example = Example(poem[-1], "", tuple(poem[:-1]))
    return model.task.answer(model, [example], search, [head] if head else None)[0][0][0]
