"""Fonts that have the characters of a picture, Chinese ones above all. Imports matplotlib late."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files

LATIN = "DejaVu Sans"  # comes with matplotlib
# The Chinese fonts of Linux, macOS and Windows, sans serif first.
CHINESE = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC",
           "Hiragino Sans GB", "Microsoft YaHei", "SimHei", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Heiti SC",
           "Droid Sans Fallback", "Arial Unicode MS", "Noto Sans CJK JP", "Noto Serif CJK SC", "SimSun")
PACKAGE = "noto_cjk_sans_otc"  # of the extra `report`, for systems without any of them


def families(text: str) -> tuple[list[str], set[str]]:
    """Fonts that together have the characters of a text, in the order to try them, and the characters that none has."""
    chosen, missing = [LATIN], {c for c in text if not c.isspace()} - characters(LATIN)
    for name in _others() if missing else ():
        if found := missing & characters(name):
            chosen.append(name)
            missing -= found
        if not missing:
            break
    return chosen, missing


def labels(tokens: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """What to draw for each token: itself or, where no font has its characters, a number; and number → token."""
    tokens = list(tokens)
    missing = families("".join(tokens))[1]
    lacking = [token for token in dict.fromkeys(tokens) if missing & {*token}]
    numbers = {token: f"#{number}" for number, token in enumerate(lacking, 1)}
    return [numbers.get(token, token) for token in tokens], {number: token for token, number in numbers.items()}


@lru_cache(maxsize=64)
def characters(family: str) -> frozenset[str]:
    """The characters of a font by its name; none if there is no such font."""
    from matplotlib import font_manager
    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    log.setLevel(logging.ERROR)  # it warns of fonts that lack the usual weight
    try:
        path = font_manager.findfont(font_manager.FontProperties(family=family), fallback_to_default=False)
    except ValueError:
        return frozenset()
    finally:
        log.setLevel(level)
    return frozenset(map(chr, font_manager.get_font(path).get_charmap()))


def _others() -> Iterator[str]:
    """Names of fonts: those known to be Chinese, the one of the package, then any font of the system."""
    yield from CHINESE
    try:
        for path in files(PACKAGE).iterdir():
            if path.name.endswith((".ttc", ".otf", ".ttf")):
                yield from _added(str(path))
    except ModuleNotFoundError:
        pass
    from matplotlib import font_manager
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for new in sorted({*font_manager.findSystemFonts()} - known):  # installed after matplotlib made its list
        yield from _added(new)
    yield from sorted({entry.name for entry in font_manager.fontManager.ttflist})


def _added(path: str) -> list[str]:
    from matplotlib import font_manager
    before = {entry.name for entry in font_manager.fontManager.ttflist}
    try:
        font_manager.fontManager.addfont(path)
    except (OSError, RuntimeError):  # not a font that matplotlib reads
        return []
    characters.cache_clear()
    added = sorted({entry.name for entry in font_manager.fontManager.ttflist} - before)
    return sorted(added, key=lambda name: "SC" not in name.split())  # of a collection the simplified forms first
