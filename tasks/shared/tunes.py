"""The forms of set tunes (词牌), and of any texts of one pattern, read off the texts themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from tasks.shared.prosody import LEVEL, OBLIQUE, groups, tones
from tasks.shared.rhyme_table import PARTS
from tasks.shared.verse import EITHER, MARKS, NO_RHYME, Form

FEWEST = 15        # texts that a pattern needs
SHARE = 0.25       # of all texts that the commonest pattern needs; the next ones need half as much
TONE_SHARE = 0.85  # of the texts that agree where a tone is fixed
RHYME_SHARE = 0.65 # of the texts in which two line ends of one chain rhyme
SOFT = "、"        # stands within a line, where some editors write it and some do not
BRACKETS = re.compile("[《》〈〉（）()“”‘’「」『』…—]")


@dataclass(frozen=True)
class Tune:
    """A form that many texts share.

    lengths  characters of each line
    copies   per symbol of the form: the earlier place whose character stands here again; -1: none
    count    texts that have these lengths, of `total` texts
    """

    form: Form
    lengths: tuple[int, ...]
    copies: tuple[int, ...]
    count: int
    total: int


def to_json(tune: Tune) -> dict[str, Any]:
    return {"tones": tune.form.tones, "rhymes": tune.form.rhymes, "groups": sorted(tune.form.groups),
            "ci": tune.form.ci, "lengths": list(tune.lengths), "copies": list(tune.copies), "count": tune.count,
            "total": tune.total}


def from_json(saved: dict[str, Any]) -> Tune:
    form = Form(saved["tones"], saved["rhymes"], frozenset(saved["groups"]), saved["ci"])
    return Tune(form, tuple(saved["lengths"]), tuple(saved["copies"]), saved["count"], saved["total"])


def derive(texts: Sequence[str]) -> list[Tune]:
    """The patterns of line lengths that are common among these punctuated texts, the most common one first, each with
    its punctuation, tones and rhymes; none if no pattern is common.

    A line ends at any mark, or at any but 、, whichever way more texts agree.
    """
    read = [_divide(BRACKETS.sub("", text)) for text in texts]
    patterns = [Counter(_lengths(marks, soft) for _, marks in read) for soft in (True, False)]
    soft = max((True, False), key=lambda soft: max(patterns[not soft].values(), default=0))
    common = [(lengths, count) for lengths, count in patterns[not soft].most_common()
              if count >= max(FEWEST, SHARE / 2 * len(texts)) and lengths]
    if not common or common[0][1] < SHARE * len(texts):
        return []
    return [_tune([text for text in read if _lengths(text[1], soft) == lengths], lengths, len(texts))
            for lengths, _ in common]


def _divide(text: str) -> tuple[str, dict[int, str]]:
    """The characters of a text, and the mark after each of those that have one."""
    characters = ""
    marks: dict[int, str] = {}
    for symbol in text:
        if symbol not in MARKS:
            characters += symbol
        elif characters:
            marks.setdefault(len(characters), symbol)
    return characters, marks


def _lengths(marks: dict[int, str], soft: bool) -> tuple[int, ...]:
    ends = [0, *(end for end, mark in marks.items() if soft or mark != SOFT)]
    return tuple(b - a for a, b in pairwise(ends))


def _tune(read: Sequence[tuple[str, dict[int, str]]], lengths: tuple[int, ...], total: int) -> Tune:
    size, ends = sum(lengths), np.cumsum(lengths) - 1
    codes = np.array([[ord(character) for character in characters[:size]] for characters, _ in read])
    known, ids = np.unique(codes, return_inverse=True)
    characters, ids = [chr(code) for code in known], ids.reshape(codes.shape)  # (texts, places)
    parts = np.array([[part in found for part in PARTS] for found in (groups(c, ci=True) for c in characters)])
    level = np.array([np.nan if len(found) > 1 else float(LEVEL in found) for found in map(tones, characters)])
    chains = _chains(parts[ids[:, ends]])
    shares = _level_shares(level[ids], [int(end) for end, chain in zip(ends, chains) if chain == "1"])
    chain_of, same = dict(zip(ends.tolist(), chains)), _copies(ids)
    symbols, rhymes, copies, places = "", "", [], []
    for place, share in enumerate(shares):
        places.append(len(symbols))
        symbols += LEVEL if share >= TONE_SHARE else OBLIQUE if share <= 1 - TONE_SHARE else EITHER
        rhymes += chain_of.get(place, NO_RHYME)
        copies.append(places[same[place]] if same[place] >= 0 else -1)
        mark = Counter(marks.get(place + 1, "") for _, marks in read).most_common(1)[0][0]
        symbols, rhymes, copies = symbols + mark, rhymes + NO_RHYME * len(mark), copies + [-1] * len(mark)
    return Tune(Form(symbols, rhymes, ci=True), lengths, tuple(copies), len(read), total)


def _level_shares(level: np.ndarray, ends: Sequence[int]) -> np.ndarray:
    """The share of level tones at each place, of the characters that have one tone only.

    level  (texts, places) 1 level, 0 oblique, NaN both or unknown
    ends   places of the first rhyme; some tunes have a level and an oblique one, and only the more usual one counts
    """
    count = np.maximum((~np.isnan(level)).sum(axis=0), 1)
    shares = np.nansum(level, axis=0) / count + 0.5 * np.isnan(level).all(axis=0)
    mixed = [end for end in ends if 1 - TONE_SHARE < shares[end] < TONE_SHARE]
    if not mixed:
        return shares
    balance = np.nansum(2 * level[:, mixed] - 1, axis=1)                       # (texts,)
    side = np.sign(np.sign(balance).sum()) or 1.0
    return _level_shares(level[balance * side > 0], ())


def _chains(parts: np.ndarray) -> list[str]:
    """The chain of each line end, numbered in the order of the text: clusters of line ends of which two rhyme with
    each other, on average, in most texts.

    parts  (texts, lines, parts) the parts that the end of a line has; none for a character that is not in the table
    """
    if parts.shape[1] < 2:
        return [NO_RHYME] * parts.shape[1]
    from sklearn.cluster import AgglomerativeClustering
    each, known = parts.astype(np.float32), parts.any(axis=2)
    both = (np.einsum("nip,njp->nij", each, each) > 0).sum(axis=0)
    rates = both / np.maximum(np.einsum("ni,nj->ij", known, known, dtype=np.int64), 1)  # (lines, lines)
    labels = AgglomerativeClustering(n_clusters=None, distance_threshold=1 - RHYME_SHARE, metric="precomputed",
                                     linkage="average").fit_predict(1 - rates).tolist()
    chained = list(dict.fromkeys(label for label in labels if labels.count(label) > 1))
    # A chain is one symbol; no tune known has more than nine.
    return [str(chained.index(label) + 1) if label in chained[:9] else NO_RHYME for label in labels]


def _copies(ids: np.ndarray) -> list[int]:
    """Per place the earlier place whose character stands there again in most texts (叠句), or -1."""
    rates = [(ids[:, :place] == ids[:, place:place + 1]).mean(axis=0) for place in range(1, ids.shape[1])]
    return [-1, *(int(rate.argmax()) if rate.max() >= RHYME_SHARE else -1 for rate in rates)]
