"""A data set of the Hugging Face hub in, or a folder laid out like one; a Corpus out, of columns chosen by name."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from core.data import Dropped, Example, InputError
from core.settings import CorpusSettings
from corpora.shared.columns import SOURCE_NAMES, TARGET_NAMES
from corpora.shared.corpus import Corpus, CorpusUnavailable
from corpora.shared.files import checksum, many_texts_a_word, part_of
from corpora.shared.hub_errors import Place, told
from corpora.shared.listing import files_of
from corpora.shared.objects import named

PREFIX = "hf:"
FORM = "hf:NAME or hf:OWNER/NAME, then :CONFIGURATION and @REVISION where wanted; or a folder, hf:./FOLDER"
BATCH = 1024  # rows in memory at a time
Item = Example | Dropped


def hub_corpus(given: str, task: str, settings: CorpusSettings | None = None) -> Corpus:
    """The data set hf:… as a corpus of this task. Looked up at once, fetched when examples are asked for."""
    settings = settings or CorpusSettings()
    if settings.encoding:
        raise InputError(f"--encoding {settings.encoding}: is for files read as they are; {given} is not")
    place = _place(given)
    content = checksum(files_of(Path(place.path))) if place.is_folder else ""
    with told(place):
        builder = _builder(place, content)
        card, info = _card(place, builder), builder.info
    parts, notes = _parts(place, builder)
    if info.features:  # else they are known once it is fetched
        _columns(place, info.features, settings)

    def read() -> Iterator[Item]:
        # Fetched as a whole and not streamed: what broke off goes on where it was, a later run needs no network, and
        # the rows are mapped into memory, not held in it.
        with told(place):
            builder.download_and_prepare()
            splits = {name: builder.as_dataset(split=name) for name in parts}
        for name, rows in splits.items():
            for e in _items(place, rows, settings):
                e = replace(e, file=name) if len(parts) > 1 else e
                yield replace(e, part=parts[name]) if parts[name] and isinstance(e, Example) else e

    themes = task == "word" and many_texts_a_word(read())

    def load(script: str) -> Iterator[Item]:
        return (replace(e, key=e.target) if isinstance(e, Example) else e for e in read()) if themes else read()

    count = sum(info.splits[name].num_examples for name in parts if name in (info.splits or ()))
    exclusive = ("target",) if themes else ("source", "target", "context") if task == "poem" else ("source",)
    citation = " ".join(info.citation.split()) or ("" if place.is_folder else f"see {place.page}")
    notes += [f"homepage: {info.homepage}"] * bool(info.homepage)
    return Corpus(name=given, task=task, title=f"data set, configuration {builder.config.name}",
                  size=f"{count:,} examples" if count else "size known once it is fetched",
                  licence=_licence(card, info) or ("yours" if place.is_folder else "see its page"),
                  origin=place.page + ("" if place.is_folder else f" at revision {builder.hash}"), load=load,
                  scripts=("as-written", "simplified", "traditional"), converted=True, exclusive=exclusive,
                  version=lambda: f"{place.page} {builder.config.name} {content or builder.hash} {settings}",
                  notes=tuple(notes), citation=citation)


# which data set


def _place(given: str) -> Place:
    text = given.removeprefix(PREFIX)
    if text.startswith((".", "/", "~")):
        text = os.path.expanduser(text)
        path, config = (text, "") if os.path.isdir(text) or ":" not in text else text.rsplit(":", 1)
        if not os.path.isdir(path):
            raise InputError(f"{given}: no such folder; give {FORM}")
        return Place(given, os.path.abspath(path), config or None, None, True)
    found = re.fullmatch(r"([\w.-]+(?:/[\w.-]+)?)(?::([^:@]+))?(?:@([^:@]+))?", text)
    if not found:
        raise InputError(f"{given}: names no data set; give {FORM}")
    if os.path.isdir(found[1]):  # which the library would read instead of the hub's
        raise InputError(f"{given}: there is a folder {found[1]} here too; hf:./{found[1]} reads it, and from another "
                         "folder the hub's data set can be read")
    return Place(given, found[1], found[2], found[3], False)


def _builder(place: Place, content: str) -> Any:
    """What the library knows of the data set, before anything large is fetched. content: a folder's checksum"""
    try:
        import datasets
    except ImportError:
        raise InputError(f"{place.given}: needs the package datasets; pip install datasets") from None
    for name in ("datasets", "huggingface_hub"):  # what they would log, a note or an error says in one line
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if not place.is_folder:
        tqdm.write(f"{place.given}: asking the hub; without a network it takes half a minute to give up",
                   file=sys.stderr)
    if not place.is_folder and importlib.util.find_spec(f"datasets.packaged_modules.{place.path.split('/')[0]}"):
        raise InputError(f"{place.given}: is a format of files, not a data set; give such a file itself as --corpus")
    # Of a folder with configurations the library would not see that a file has changed, and give what it read before.
    own = os.path.join(datasets.config.HF_DATASETS_CACHE, "n2m", content) if content else None
    builder = datasets.load_dataset_builder(place.path, place.config, revision=place.revision, cache_dir=own)
    return _of_revision(place, builder) if _is_cached(builder) else builder


def _of_revision(place: Place, cached: Any) -> Any:
    """From the cache the library takes the revision used last; this takes the one asked for, if it is there."""
    from huggingface_hub.constants import HF_HUB_CACHE
    asked = place.revision or "main"
    known = Path(HF_HUB_CACHE, "datasets--" + place.path.replace("/", "--"), "refs", asked)
    commit = known.read_text().strip() if known.is_file() else place.revision or cached.hash
    if commit == cached.hash:
        return cached
    builder = type(cached)(dataset_name=cached.dataset_name, repo_id=cached.repo_id, config_name=cached.config.name,
                           version=str(cached.config.version), hash=commit)
    if not os.path.isdir(builder.cache_dir):
        raise CorpusUnavailable(f"{place.given}: cannot be had from the hub now, and the cache has revision "
                                f"{cached.hash}, not {asked}; name that one with @, or go online")
    return builder


def _is_cached(builder: Any) -> bool:
    """Did the library take what it has, because it could not ask the hub?"""
    return builder.name == "cache"


def _parts(place: Place, builder: Any) -> tuple[dict[str, str], list[str]]:
    """The splits to read, each with the one of ours that it is; and what is to be said of it. As with the files of a
    folder, names mean nothing where there is no training split."""
    names = list(map(str, builder.info.splits or builder.config.data_files or ()))
    said = (f"{place.given}: cannot be had from the hub now; read from the cache: configuration {builder.config.name}, "
            f"revision {builder.hash}")
    notes = [said] * _is_cached(builder)
    parts = {name: part_of(Path(name)) for name in names}
    if len(names) == 1 or "train" not in parts.values():
        said = f"{place.given}: has no training split, so all of it is split anew: {', '.join(names)}"
        return dict.fromkeys(names, ""), notes + [said] * (len(names) > 1)
    if unread := [name for name in names if not parts[name]]:
        notes.append(f"{place.given}: not read: {', '.join(unread)}; only splits for train, validation and test are")
    return {name: part for name, part in parts.items() if part}, notes


# its rows


def _items(place: Place, rows: Any, settings: CorpusSettings) -> Iterator[Item]:
    """The examples of one split, with the names of its labels for their numbers."""
    columns, labels = _columns(place, rows.features, settings)
    settings = replace(settings, source_column=columns[0], target_column=columns[1])
    wanted = [name for name in rows.features  # the rest, pictures perhaps, stays on disk
              if name == "split" or any(column == name or column.startswith(name + ".") for column in columns)]
    number = 0
    with told(place):
        for table in rows.select_columns(wanted).with_format("arrow").iter(BATCH):
            for item in table.to_pylist():
                number += 1
                for path, names in labels.items():
                    _name(item, path, names)
                yield named(item, number, settings)


def _columns(place: Place, features: Any, settings: CorpusSettings) -> tuple[list[str], dict[str, list[str]]]:
    """The columns of source and target; and of those that hold labels by number, the labels' names. Raises InputError
    where a column is not there, or holds no text."""
    known = {**features.flatten(), **features}
    found, labels = [], {}
    asked = settings.source_column, settings.target_column
    for side, given, other, usual in (("source", *asked, SOURCE_NAMES), ("target", *asked[::-1], TARGET_NAMES)):
        name = given or next((n for n in usual if n in features and _is_text(features[n])), "")
        if not name and other in features and len(features) == 2:  # of two columns one tells the other
            name = next(n for n in features if n != other)
        if name not in known:
            what = f"{given}: is no column of {place.given}" if given else f"must be given for {place.given}"
            raise InputError(f"--{side}-column {what}; it has: {', '.join(features.flatten())[:200]}")
        if not _is_text(known[name]):
            raise InputError(f"--{side}-column {name}: of {place.given} is {' '.join(str(known[name]).split())[:80]}; "
                             "must be texts, labels or numbers")
        found.append(name)
        if hasattr(known[name], "names"):
            labels[name] = known[name].names
    return found, labels


def _is_text(feature: Any) -> bool:
    return hasattr(feature, "names") or bool(re.match("(large_)?str|u?int|bool|float", getattr(feature, "dtype", "")))


def _name(item: dict, path: str, names: list[str]) -> None:
    """Put the label's name in the place of its number; -1 stands for a label that is kept secret."""
    *outer, last = [path] if path in item else path.split(".")
    for name in outer:
        item = item[name] or {}
    number = item.get(last)
    item[last] = names[number] if number is not None and 0 <= number < len(names) else None


# what is said of it


def _card(place: Place, builder: Any) -> dict[str, Any]:
    """The head of its page, which the library has just fetched."""
    from huggingface_hub import metadata_load, try_to_load_from_cache
    path = (os.path.join(place.path, "README.md") if place.is_folder else
            try_to_load_from_cache(place.path, "README.md", revision=builder.hash, repo_type="dataset"))
    return (metadata_load(path) if isinstance(path, str) and os.path.isfile(path) else None) or {}


def _licence(card: dict[str, Any], info: Any) -> str:
    """As the page's head says, where one licence may stand, or several, or the name of one that is not usual."""
    found = card.get("license") or info.license or []
    found = [*([found] if isinstance(found, str) else found), *filter(None, [card.get("license_name")])]
    return ", ".join(" ".join(str(text).split()) for text in found)
