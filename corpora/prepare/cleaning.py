"""Cleaning texts and examples: Unicode form, script, lengths. The steps have names, and each change is counted."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from core.data import Example, Rejected
from core.settings import CorpusSettings
from core.tokenizer import few_marks, normalize
from corpora.prepare.store import one_line


@cache
def script_converter(script: str) -> Callable[[str], str]:
    """A function that converts Chinese text to "simplified" or "traditional"; any other script changes nothing.

    >>> script_converter("simplified")("牀前明月光"), script_converter("")("開")
    ('床前明月光', '開')
    """
    if script not in ("simplified", "traditional"):
        return str
    from opencc import OpenCC
    convert = OpenCC("t2s" if script == "simplified" else "s2t").convert
    return lambda text: convert(text.encode("utf-8", "replace").decode())  # OpenCC accepts valid UTF-8 only


class TextCleaner:
    """Cleans a text as those of a corpus are cleaned: Unicode form, then script.

    normalization: "nfc" or "nfkc"; script: as for script_converter; changed: how many texts each step has changed
    """

    def __init__(self, normalization: str = "nfc", script: str = "") -> None:
        self.normalization, self.convert, self.changed = normalization, script_converter(script), Counter[str]()

    def clean(self, text: str) -> str:
        """
        >>> TextCleaner("nfkc", "simplified").clean("ＡＢＣ  開")
        'ABC 开'
        """
        normal = normalize(unicodedata.normalize("NFKC", few_marks(text)) if self.normalization == "nfkc" else text)
        if normal != text:
            self.changed["normalised"] += 1
        converted = self.convert(normal)
        if converted != normal:
            self.changed["converted to the other script"] += 1
        return converted


class Cleaner:
    """Cleans examples: texts, empty sides, lengths, their ratio. What needs all examples together (duplicates, one text
    under two labels, texts shared with held-out examples) is done in splits."""

    def __init__(self, settings: CorpusSettings, script: str = "") -> None:
        self.settings, self.texts = settings, TextCleaner(settings.normalization, script)

    def clean(self, e: Example) -> Example | Rejected:
        s, convert = self.settings, self.texts.convert
        source, target = self.texts.clean(e.source), self.texts.clean(e.target)
        if not source or not target:
            return as_rejected("empty source or target", e)
        short, long = sorted((len(source), len(target)))
        if short < s.min_characters:
            return as_rejected(f"shorter than {s.min_characters} characters", e)
        if s.max_characters and long > s.max_characters:
            return as_rejected(f"longer than {s.max_characters:,} characters", e)
        if s.max_ratio and long > s.max_ratio * short:
            return as_rejected(f"one text more than {s.max_ratio:g} times as long as the other", e)
        return replace(e, source=source, target=target, context=tuple(one_line(convert(c)) for c in e.context),
                       key=one_line(convert(e.key)), mark=one_line(convert(e.mark)))


def as_rejected(reason: str, e: Example, detail: str = "") -> Rejected:
    """The example as Rejected."""
    return Rejected(reason, f"{e.source}\t{e.target}", e.line, detail, e.file)
