"""The npm package chinese-poetry: Tang and Song poems and Song ci, each as its lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from core.verses import lines_of
from corpora.fetch.archives import from_npm
from corpora.fetch.download import versions_of
from corpora.fetch.sources import folder, from_github, from_web

PACKAGE, VERSION = "chinese-poetry", "2.0.1"
COMMIT = "fa1814a8044db4fb0c7a9e0a0449974e8c3463b7"  # of the same files
ABOUT: dict[str, Any] = {"licence": "MIT", "origin": f"npm package {PACKAGE} {VERSION}, from github.com/chinese-poetry",
         "citation": "chinese-poetry/chinese-poetry, the most comprehensive database of Chinese poetry, on GitHub"}
GITHUB = {"quantangshi": "全唐诗", "songci": "宋词"}


def version(sums: Path) -> str:
    """Everything that determines the poems."""
    return sums.read_text(encoding="utf-8") + versions_of("opencc", "scikit-learn")()


def works(sums: Path, path: str, conversion: str) -> Iterator[dict]:
    """Every poem of the files with these checksums, in the package's folder `path`, with its lines as "lines".

    conversion: between scripts, by OpenCC's name for it; empty leaves the text as it is
    """
    rows = sums.read_text(encoding="utf-8").split()
    known = dict(zip(rows[1::2], rows[::2]))
    files = folder(f"{PACKAGE}-{VERSION}", known, [
        from_npm(PACKAGE, VERSION, f"dist/{path}"),
        from_web(f"https://cdn.jsdelivr.net/npm/{PACKAGE}@{VERSION}/dist/{path}"),
        *from_github("chinese-poetry/chinese-poetry", COMMIT, GITHUB[path])])
    convert: Callable[[str], str] = str
    if conversion:
        from opencc import OpenCC
        convert = OpenCC(conversion).convert
    for name in known:
        for work in json.loads(convert((files / name).read_text(encoding="utf-8"))):
            yield work | {"lines": lines_of("".join(work["paragraphs"]))}
