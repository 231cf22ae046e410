"""What the page needs to keep the forms of verse: tables of tones and rhymes, and the forms that a model knows."""

from __future__ import annotations

from typing import Any

from core.rules import Positions
from core.settings import SearchSettings
from tasks.shared import prosody
from tasks.shared.forms import patterns_of
from tasks.shared.model import TextModel
from tasks.shared.prosody import LEVEL, OBLIQUE
from tasks.shared.rhyme_table import DOUBLED, PARTS
from tasks.shared.verse_rules import Pattern, free, rules_of


def verse_data(model: TextModel) -> dict[str, Any] | None:
    """None for a model whose answers have no form. The tables hold every character, not only those of the vocabulary: a
    reader's line may end on another one, and all of them take 60 kB."""
    forms = model.metadata.get("forms", {})
    if not prosody.table() or not (model.task.name == "poem" or forms):
        return None
    couplets = bool(forms.get("couplets"))
    patterns = {} if couplets else {source: pattern_data(found[0]) for source in forms
                                    for found in patterns_of(forms, [source], SearchSettings()) or [] if found}
    ci = any(pattern["ci"] for pattern in patterns.values())
    return {"couplets": couplets, "patterns": patterns, "rhymes": rhyme_table(), "parts": part_table() if ci else [],
            "classes": class_bits(model.target), "doubled": "".join(sorted(DOUBLED))}


def pattern_data(pattern: Pattern) -> dict[str, Any]:
    form = pattern.form
    return {"tones": form.tones, "rhymes": form.rhymes, "groups": sorted(form.groups), "ci": form.ci,
            "used": pattern.used, "copies": list(pattern.copies), "repeats": pattern.repeats,
            "doubles": pattern.doubles}


def class_bits(codec: Any) -> list[int]:
    """For each id the classes of characters that it is in, as the bits of a number."""
    punctuation = rules_of(codec, [free(1)])[0]
    assert isinstance(punctuation, Positions)
    return [sum(int(one) << k for k, one in enumerate(own)) for own in punctuation.classes.t().tolist()]


def rhyme_table() -> list[tuple[str, str, str, str]]:
    """Each rhyme: its name, its simplified name, its tone and its characters."""
    return [(name, short, tone, "".join(c for c, found in prosody.table().items() if (tone, name) in found))
            for tone in (LEVEL, OBLIQUE) for name, short in prosody.rhyme_names(tone).items()]


def part_table() -> list[tuple[str, str, str, str]]:
    """The same of the parts of 词林正韵."""
    return [(part, part, tone, "".join(c for c in prosody.table() if part in prosody.groups(c, True, tone)))
            for tone in (LEVEL, OBLIQUE) for part in PARTS]
