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
from corpora.fetch.hub import PREFIX, HubDataset, look_up
from corpora.read.columns import by_name
from corpora.read.files import checksum, split_of
from corpora.read.formats import ENDINGS, examples_of, of_split
from corpora.read.parquet import name_labels
from corpora.shared.corpus import Corpus, CorpusUnavailable
from corpora.shared.opening import File

IGNORED = ("dataset_infos.json", "dataset_info.json", "state.json", "requirements.txt", "LICENSE.txt", "README.txt")
PARTIAL = "partial-"  # before the name of a split that the hub has exported in part only


def hub_corpus(given: str, format: ExampleFormat, settings: CorpusSettings | None = None) -> Corpus:
    """The data set hf:… as a corpus of this format. Looked up at once, fetched file by file when it is read."""
    settings, dataset = settings or CorpusSettings(), look_up(given)
    page, card = dataset.page, dataset.card()
    configs = _configurations(dataset, card)
    config = _choose(dataset, configs, card)
    files, notes = _splits(dataset, configs[config])
    labels = _labels(card, config, settings)

    def load(script: str) -> Iterator[Example | Rejected]:
        with progress(f"reading {given}", len(files), " files") as advance:
            for name, split in files:
                file = File(dataset.file_path(name), name=f"{given}/{name}")
                items = examples_of(file, format, settings)
                items = items if file.suffix == ".parquet" else name_labels(items, [[], labels])
                yield from of_split(split, items, name if len(files) > 1 else "")
                advance(1)

    local, size = dataset.is_folder, sum(dataset.files[name] for name, _ in files)
    content = checksum([File(Path(page, name)) for name, _ in files]) if local else dataset.commit
    absolute = PREFIX + page + f":{dataset.config}" * bool(dataset.config)
    return Corpus(name=given, task=format.task, title=f"data set, configuration {config}",
                  size=f"{size:,} bytes in {len(files):,} file" + "s" * (len(files) > 1),
                  licence=_licence(card) or ("yours" if local else "see its page"),
                  origin=page if local else f"{page} at revision {content}", load=load,
                  scripts=("as-written", "simplified", "traditional"), converted=True, disjoint_fields=None,
                  version=lambda: f"{page} {config} {content} {settings}", notes=tuple(notes),
                  citation="" if local else f"see {page}", names=(absolute if local else given,))


def _configurations(dataset: HubDataset, card: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """The files of each split of each configuration."""
    found: dict[str, dict[str, list[str]]] = {}
    if dataset.is_export:
        for name in sorted(dataset.files):
            config, split, _ = name.split("/")
            found.setdefault(config, {}).setdefault(split, []).append(name)
        return found
    suffixes = {name: File(Path(name)).suffix for name in sorted(dataset.files) if Path(name).name not in IGNORED}
    names = [name for name, suffix in suffixes.items() if suffix in ENDINGS]
    for entry in card.get("configs") or []:
        patterns = entry.get("data_files") or "**"
        if not isinstance(patterns, list) or not all(isinstance(p, dict) for p in patterns):
            patterns = [{"split": "train", "path": patterns}]
        found[str(entry.get("config_name", "default"))] = {
            str(p["split"]): [name for name in names if _matches(name, p["path"], entry.get("data_dir") or "")]
            for p in patterns}
    if not found and names:
        inside = [name for name in names if dataset.config and name.startswith(f"{dataset.config}/")]
        usual = Counter(suffixes[name] for name in inside or names).most_common(1)[0][0]  # others are about the data
        for name in inside or names:
            if suffixes[name] == usual:
                splits = found.setdefault(dataset.config if inside else "default", {})
                splits.setdefault(split_of(Path(name)) or Path(name).stem, []).append(name)
    if not any(files for splits in found.values() for files in splits.values()):
        raise CorpusUnavailable(f"{dataset.given}: " + (
            "needs a dataset script; n2m never runs those" if any(name.endswith(".py") for name in dataset.files) else
            f"has no files ending in {', '.join(ENDINGS)}; see {dataset.page}"))
    return found


def _matches(name: str, patterns: str | list[str], folder: str) -> bool:
    """Is it one of the files that a configuration names? Each pattern may be a folder."""
    full = [str(PurePosixPath(folder, p)) for p in ([patterns] if isinstance(patterns, str) else patterns)]
    return any(fnmatch.fnmatchcase(name, p) or fnmatch.fnmatchcase(name, p.replace("**/", "")) or
               name.startswith(f"{p}/") for p in full)


def _choose(dataset: HubDataset, configs: dict[str, Any], card: dict[str, Any]) -> str:
    """The configuration asked for, or the usual one."""
    marked = [str(entry.get("config_name")) for entry in card.get("configs") or [] if entry.get("default")]
    usual = [*marked, "default", *(configs if len(configs) == 1 else [])]
    for name in [dataset.config] if dataset.config else usual:
        if name in configs:
            return name
    has = f"has no configuration {dataset.config}" if dataset.config else "has several configurations"
    raise InputError(f"{dataset.given}: {has}; choose one with hf:{dataset.path}:CONFIGURATION from: "
                     f"{', '.join(configs)[:300]}")


def _splits(dataset: HubDataset, config: dict[str, list[str]]) -> tuple[list[tuple[str, str]], list[str]]:
    """The files to read, each with its split, empty to split them here; with notes. As with the files of a folder,
    names of splits are ignored if none is for training."""
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
    order = sorted(splits, key=lambda name: SPLITS.index(splits[name] or "train"))
    return [(file, splits[name]) for name in order if splits[name] or not any(splits.values())
            for file in config[name]], notes


def _labels(card: dict[str, Any], config: str, settings: CorpusSettings) -> list[str]:
    """The names of the target's labels. Parquet files have these themselves."""
    infos = card.get("dataset_info") or []
    for info in [infos] if isinstance(infos, dict) else infos:
        if info.get("config_name", config) == config:
            kinds = {feature.get("name"): feature.get("dtype") for feature in info.get("features") or []}
            target = by_name(kinds, settings, False)[1]
            if isinstance(kinds.get(target), dict) and (names := kinds[target].get("class_label", {}).get("names")):
                return [str(name) for name in (names.values() if isinstance(names, dict) else names)]
    return []


def _licence(card: dict[str, Any]) -> str:
    """One licence, or several, or the name of an unusual one."""
    found = card.get("license") or []
    found = [*([found] if isinstance(found, str) else found), *filter(None, [card.get("license_name")])]
    return ", ".join(" ".join(str(text).split()) for text in found)
