"""N→N: a line becomes the next line, of the same length. embedding → encoder → attention → decoder held to length N."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.data import Example, InputError
from core.settings import SearchSettings, Settings
from core.tokenizer import HAN, MARK
from core.verses import HAS_CHINESE, lines_of
from tasks.shared.decoding_task import SAMPLE, DecodingTask, mark_before, report_faults
from tasks.shared.report import Report
from tasks.shared.task import Answer, Splits, Trained

if TYPE_CHECKING:
    import torch

    from core.text import Codec
    from tasks.shared.verse_rules import Pattern


BEFORE = 7  # lines whose characters do not come again: regulated verse has eight lines
POEMS = 12  # written side by side where one is wanted
ONLY_HAN = re.compile(f"[{HAN}]+")


class Poem(DecodingTask):
    """p(y | x) = Π_t p(y_t | y_<t, x), t = 1 … N; x are the lines so far, N the length of the last one."""

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
    # Four lines of seven characters, with their punctuation and a mark.
    defaults = {"max_length": 34, "min_count": 2, "bidirectional": False, "attention": "dot", "source_dropout": 0.05,
                "common_tokens": 1500}
    budgets = {2: {"tokens": 1_750_000}, 5: {"tokens": 4_900_000},
               10: {"tokens": 10_600_000, "corpus": "tang-song", "max_vocabulary": 7000},
               60: {"tokens": 63_000_000, "corpus": "tang-song", "max_vocabulary": 7000}}
    search_defaults = {"length_penalty": 0.0}
    ignored_search = ("max_output", "tune")  # a line is as long as the one before

    def advice(self, data: Splits) -> list[str]:
        pairs = data.train[:SAMPLE]
        uneven = sum(len(e.source) != len(e.target) for e in pairs) / max(len(pairs), 1)
        return super().advice(data) + [f"{uneven:.0%} of the pairs have lines of different lengths, but this task "
                                       "writes lines of equal length; `task` translate takes any pair"] * bool(uneven)

    def source_text(self, example: Example, settings: Settings) -> str:
        """The poem so far as it is printed, ， after odd lines and 。 after even ones: this tells the model where in a
        couplet it is. Of a poem of more than max_length characters the oldest lines are left out, several at a time:
        the sources of most lines then begin those of the next ones, which training needs to read only once."""
        lines = [line for line in (*example.context, example.source) if line]
        mark = mark_before(example)
        most = settings.max_length - len(mark)
        first, several = 0, max(1, most // (len(example.source) + 1) // 2)
        while first < len(lines) - 1 and sum(len(line) + 1 for line in lines[first:]) > most:
            first = min(first + several, len(lines) - 1)
        return mark + punctuate(lines[first:], start=first)

    def read_input(self, text: str, settings: Settings) -> Example:
        """The lines of a poem, cut as those of a corpus are; the last one is to be continued. A mark, as of tang-song,
        may come first: 宋：床前明月光."""
        marked = MARK.match(text)
        lines = lines_of(super().read_input(text[marked.end():] if marked else text, settings).source)
        if not lines:
            raise InputError(f"the input {text[:20]!r} has no line of a poem; enter one, for example "
                             f"{self.sample_input}")
        if len(lines[-1]) >= settings.max_length:
            raise InputError(f"the line {lines[-1][:20]!r}… has {len(lines[-1])} characters, but this model reads at "
                             f"most {settings.max_length - 1}; shorten it, or train with a larger `max_length`")
        return Example(lines[-1], "", tuple(lines[:-1]), mark=marked[1] if marked else "")

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
        return Seq2Seq(encoder, make_decoder(settings, len(target), encoder.memory_size, shared=encoder.embedding),
                       settings.source_dropout)

    def output_lengths(self, examples: Sequence[Example]) -> list[int]:
        """N→N: as many characters as the line has."""
        return [len(e.source) for e in examples]

    def evaluate(self, model: Trained, data: Splits, search: SearchSettings) -> Report:
        from tasks.shared.evaluation import evaluate_poems
        return evaluate_poems(self, model, data, search)

    def patterns(self, model: Trained, examples: Sequence[Example], search: SearchSettings) -> list[list[Pattern]]:
        """The next line of regulated verse: its tones and its rhyme follow from the lines before, and no character
        comes twice in eight lines. Lines that are not of 5 or 7 Chinese characters are free."""
        return [[self._pattern_of([*e.context, e.source], len(e.source), search)] for e in examples]

    def _pattern_of(self, lines: Sequence[str], length: int, search: SearchSettings, later: str = "") -> Pattern:
        """What the line after `lines` has to be. later: characters that are kept for lines to come."""
        from tasks.shared.prosody import table
        from tasks.shared.verse import REGULATED, next_line
        from tasks.shared.verse_rules import Pattern, free
        if search.form == "free" or not table() or length not in REGULATED or not all(map(ONLY_HAN.fullmatch, lines)):
            return free(length)
        rhymed = [line[-1] for line in (*lines[:1], *lines[1:-BEFORE:2])]  # in a long poem these do not come again
        return Pattern(next_line(lines, length, search.rhyme), used="".join([*lines[-BEFORE:], *rhymed, later]))

    def continued(self, model: Trained, example: Example, lines: int, search: SearchSettings,
                  seed: Sequence[int]) -> list[Answer]:
        """The next `lines` lines as one text, each with all lines before it as context; n_best poems, best first."""
        before = [*example.context, example.source]
        poems = self._poems(model, before, [""] * lines, len(example.source), search, seed, example.mark)
        return [as_poem(written, start=len(example.context) + 1) for written in poems]

    def acrostic(self, model: Trained, heads: str, length: int, search: SearchSettings,
                 seed: Sequence[int]) -> list[Answer]:
        """藏头诗: one line of `length` characters for each character of `heads`, beginning with it.

        The first line has none before it, so it is written without a source; a model that has not learned this reads
        the heads themselves. Raises InputError for a character that the model does not know.
        """
        unknown = [c for c in heads if c not in model.target.vocabulary]
        if not heads or unknown:
            raise InputError(f"`acrostic` {heads!r} has the character {unknown[0]!r}, which the model does not know; "
                             "choose another one" if unknown else "`acrostic` is empty; enter at least one character")
        if not 2 <= length < model.settings.max_length:
            raise InputError(f"`line_length` {length} must be from 2 to {model.settings.max_length - 1}")
        if len(heads) > 100:
            raise InputError(f"`acrostic` has {len(heads)} characters; at most 100 are allowed")
        return self._poems(model, [], list(heads), length, search, seed)[0]

    def _poems(self, model: Trained, before: list[str], heads: Sequence[str], length: int, search: SearchSettings,
               seed: Sequence[int], mark: str = "") -> list[list[Answer]]:
        """n_best poems of lines of this length behind the lines `before`: one for each of the heads, which it begins
        with.

        Several poems are written side by side, from different first lines on, and compared when they are complete: a
        fine first line may lead nowhere.
        """
        begun = min(max(search.n_best, POEMS), search.samples) if search.search == "varied" else search.n_best
        poems: list[list[Answer]] = [[]]
        patterns: list[list[list[Pattern]]] = [[]]  # of the lines of each poem
        nothing = "" if model.settings.source_dropout else ("".join(heads) * length)[:length]
        for number, head in enumerate(heads):
            known = [[*before, *(a.text for a in poem)] for poem in poems]
            asked = [Example(lines[-1] if lines else nothing, "", tuple(lines[:-1]), mark=mark) for lines in known]
            of_line = [[self._pattern_of(lines, length, search, "".join(heads[number + 1:]))] for lines in known]
            found = self._generate(model, asked, replace(search, n_best=1 if number else begun), of_line,
                                   [head] * len(asked) if head else None,
                                   [(*seed, number, n) for n in range(len(asked))])
            patterns = [[*own, new] for own, new, answers in zip(patterns, of_line, found) for _ in answers]
            poems = [[*poem, a] for poem, answers in zip(poems, found) for a in answers]
        best = sorted(range(len(poems)), key=lambda n: -sum(a.score for a in poems[n]))[:search.n_best]
        report_faults([[line] for n in best for line in poems[n]], [own for n in best for own in patterns[n]])
        return [poems[n] for n in best]


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
