"""A Corpus from a data set of the Hugging Face hub, or from a folder with the same layout."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from core.data import SPLITS, Example, ExampleFormat, InputError, Rejected
from core.events import progress
from core.settings import CorpusSettings
from corpora.fetch.hub import PREFIX, HubDataset, Listing, card, file_path, list_files
from corpora.read.columns import by_name
from corpora.read.files import checksum, split_of
from corpora.read.formats import ENDINGS, examples_of, of_split
from corpora.read.parquet import name_labels
from corpora.shared.corpus import Corpus, CorpusUnavailable
from corpora.shared.opening import File

__all__ = ["PREFIX", "hub_corpus"]
IGNORED = ("dataset_infos.json", "dataset_info.json", "state.json", "requirements.txt", "LICENSE.txt", "README.txt")
PARTIAL = "partial-"  # before the name of a split that the hub has exported in part only


def hub_corpus(given: str, format: ExampleFormat, settings: CorpusSettings | None = None) -> Corpus:
    """The data set hf:… as a corpus of this format. Looked up at once, fetched file by file when it is read."""
    settings = settings or CorpusSettings()
    dataset = HubDataset.parse(given)
    listing = list_files(dataset)
    head = card(dataset, listing)
    configs = _configurations(dataset, listing, head)
    config = _choose(dataset, configs, head)
    splits, notes = _splits(dataset, configs[config])
    labels = _labels(head, config, settings)
    names = [name for files in splits.values() for name, _ in files]

    def load(script: str) -> Iterator[Example | Rejected]:
        with progress(f"reading {given}", len(names), " files") as advance:
            for files in splits.values():
                for name, split in files:
                    file = File(file_path(dataset, listing.commit, name), name=f"{given}/{name}")
                    items = examples_of(file, format, settings)
                    items = items if file.suffix == ".parquet" else name_labels(items, [[], labels])
                    yield from of_split(split, items, name if len(names) > 1 else "")
                    advance(1)

    content = checksum([File(Path(dataset.path, name)) for name in names]) if dataset.is_folder else listing.commit
    size = sum(listing.files[name] for name in names)
    return Corpus(name=given, task=format.task, title=f"data set, configuration {config}",
                  size=f"{size:,} bytes in {len(names):,} file" + "s" * (len(names) > 1),
                  licence=_licence(head) or ("yours" if dataset.is_folder else "see its page"),
                  origin=dataset.page + ("" if dataset.is_folder else f" at revision {listing.commit}"), load=load,
                  scripts=("as-written", "simplified", "traditional"), converted=True, disjoint_fields=None,
                  version=lambda: f"{dataset.page} {config} {content} {settings}", notes=tuple(notes),
                  citation="" if dataset.is_folder else f"see {dataset.page}",
                  names=(PREFIX + dataset.path + f":{dataset.config}" * bool(dataset.config),) if dataset.is_folder
                  else (given,))


# which files


def _configurations(dataset: HubDataset, listing: Listing, head: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """The files of each split of each configuration."""
    found: dict[str, dict[str, list[str]]] = {}
    if listing.is_export:
        for name in sorted(listing.files):
            config, split, _ = name.split("/")
            found.setdefault(config, {}).setdefault(split, []).append(name)
        return found
    names = [name for name in sorted(listing.files) if _suffix(name) in ENDINGS and Path(name).name not in IGNORED]
    for entry in head.get("configs") or []:
        patterns = entry.get("data_files") or [{"split": "train", "path": "**"}]
        if not isinstance(patterns, list) or not all(isinstance(p, dict) for p in patterns):
            patterns = [{"split": "train", "path": patterns}]
        found[str(entry.get("config_name", "default"))] = {
            str(p["split"]): [name for name in names if _matches(name, p["path"], entry.get("data_dir") or "")]
            for p in patterns}
    if not found and names:
        if dataset.config and any(name.startswith(f"{dataset.config}/") for name in names):
            names = [name for name in names if name.startswith(f"{dataset.config}/")]
        suffix = Counter(map(_suffix, names)).most_common(1)[0][0]  # the others are about the data, not the data
        config = dataset.config if names[0].startswith(f"{dataset.config}/") else "default"
        for name in names:
            if _suffix(name) == suffix:
                found.setdefault(config, {}).setdefault(split_of(Path(name)) or Path(name).stem, []).append(name)
    if not any(files for splits in found.values() for files in splits.values()):
        script = any(name.endswith(".py") for name in listing.files)
        raise CorpusUnavailable(f"{dataset.given}: " + (
            "needs a dataset script; n2m never runs those" if script else
            f"has no files ending in {', '.join(ENDINGS)}; see {dataset.page}"))
    return found


def _suffix(name: str) -> str:
    return File(Path(name)).suffix


def _matches(name: str, patterns: str | list[str], folder: str) -> bool:
    patterns = [patterns] if isinstance(patterns, str) else patterns
    full = [str(PurePosixPath(folder, pattern)) for pattern in patterns]
    return any(fnmatch.fnmatchcase(name, p) or fnmatch.fnmatchcase(name, p.replace("**/", "")) or
               name.startswith(f"{p}/") for p in full)


def _choose(dataset: HubDataset, configs: dict[str, Any], head: dict[str, Any]) -> str:
    marked = [str(entry.get("config_name")) for entry in head.get("configs") or [] if entry.get("default")]
    usual = [*marked, "default", *(configs if len(configs) == 1 else [])]
    found = next((name for name in ([dataset.config] if dataset.config else usual) if name in configs), "")
    if not found:
        has = f"has no configuration {dataset.config}" if dataset.config else "has several configurations"
        raise InputError(f"{dataset.given}: {has}; choose one with hf:{dataset.path}:CONFIGURATION from: "
                         f"{', '.join(configs)[:300]}")
    return found


def _splits(dataset: HubDataset, config: dict[str, list[str]]) -> tuple[dict[str, list[tuple[str, str]]], list[str]]:
    """The files to read, each with its split, empty to split them here; with notes. As with the files of a folder,
    names mean nothing without a training split."""
    given, notes = dataset.given, []
    splits = {name: split_of(Path(name.removeprefix(PARTIAL))) for name in config}
    if partial := [name.removeprefix(PARTIAL) for name in config if name.startswith(PARTIAL)]:
        notes.append(f"{given}: the hub has only the first part of {', '.join(partial)} as Parquet; "
                     f"hf:{dataset.path}@main reads the files of the data set itself")
    if len(splits) == 1 or "train" not in splits.values():
        if len(splits) > 1:
            notes.append(f"{given}: has no training split, so all of it is split here: {', '.join(splits)}")
        splits = dict.fromkeys(splits, "")
    elif unread := [name for name in splits if not splits[name]]:
        notes.append(f"{given}: not read: {', '.join(unread)}; only splits for train, validation and test are")
        splits = {name: split for name, split in splits.items() if split}
    order = sorted(splits, key=lambda name: SPLITS.index(splits[name] or "train"))
    return {name: [(file, splits[name]) for file in config[name]] for name in order}, notes


# what its page says


def _labels(head: dict[str, Any], config: str, settings: CorpusSettings) -> list[str]:
    """The names of the target's labels. Parquet files have these themselves."""
    infos = head.get("dataset_info") or []
    for info in [infos] if isinstance(infos, dict) else infos:
        if info.get("config_name", config) == config:
            kinds = {feature.get("name"): feature.get("dtype") for feature in info.get("features") or []}
            target = by_name(kinds, settings, False)[1]
            if isinstance(kinds.get(target), dict) and (names := kinds[target].get("class_label", {}).get("names")):
                return [str(name) for name in (names.values() if isinstance(names, dict) else names)]
    return []


def _licence(head: dict[str, Any]) -> str:
    """One licence, or several, or the name of an unusual one."""
    found = head.get("license") or []
    found = [*([found] if isinstance(found, str) else found), *filter(None, [head.get("license_name")])]
    return ", ".join(" ".join(str(text).split()) for text in found)
