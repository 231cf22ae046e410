"""An example in, the cleaned one out, or why it is none. Each step has a name, and what it does is counted."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import replace

from core.data import Dropped, Example
from core.settings import CorpusSettings
from core.tokenizer import few_marks, normalize
from corpora.shared.store import one_line


class Cleaner:
    """The steps in this order: normalisation, script conversion, empty sides, lengths, their ratio. Those that look at
    all examples together (duplicates, one text under two labels, texts shared with held-out ones) are in splits.

    changed: how many texts a step has changed.
    """

    def __init__(self, settings: CorpusSettings, script: str = "") -> None:
        self.settings, self.changed = settings, Counter[str]()
        self._convert = None
        if script in ("simplified", "traditional"):
            from opencc import OpenCC
            self._convert = OpenCC("t2s" if script == "simplified" else "s2t").convert

    def clean(self, e: Example) -> Example | Dropped:
        s = self.settings
        source, target = self._text(e.source), self._text(e.target)
        if not source or not target:
            return self._dropped("empty source or target", e)
        short, long = sorted((len(source), len(target)))
        if short < s.min_characters:
            return self._dropped(f"shorter than {s.min_characters} characters", e)
        if s.max_characters and long > s.max_characters:
            return self._dropped(f"longer than {s.max_characters:,} characters", e)
        if s.max_ratio and long > s.max_ratio * short:
            return self._dropped(f"one text more than {s.max_ratio:g} times as long as the other", e)
        return replace(e, source=source, target=target, context=tuple(one_line(self._converted(c)) for c in e.context),
                       key=one_line(self._converted(e.key)))

    def _text(self, text: str) -> str:
        normal = unicodedata.normalize("NFKC", few_marks(text)) if self.settings.normalization == "nfkc" else text
        normal = normalize(normal)
        if normal != text:
            self.changed["normalised"] += 1
        converted = self._converted(normal)
        if converted != normal:
            self.changed["converted to the other script"] += 1
        return converted

    def _converted(self, text: str) -> str:
        return self._convert(text.encode("utf-8", "replace").decode()) if self._convert else text  # it knows only UTF-8

    def _dropped(self, reason: str, e: Example) -> Dropped:
        return Dropped(reason, f"{e.source}\t{e.target}", e.line, file=e.file)
