"""From the name of a corpus to what a training starts from: examples, ids and an untrained model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from core import events
from core.settings import CorpusSettings
from corpora.fetch.download import cache_folder
from corpora.prepare.splits import SPLITS, Dataset
from corpora.shared.corpus import Corpus, CorpusUnavailable
from n2m import data
from n2m.finding import model_to_fine_tune
from n2m.model import Model
from tasks.shared import encoding, fine_tuning
from tasks.shared import training as model_training
from tasks.shared.task import Task

Names = str | Path | Sequence[str | Path]


class Prepared(NamedTuple):
    """All that a training starts from."""

    corpus: Corpus
    dataset: Dataset
    encoded: encoding.Encoded
    model: Model
    sized: dict[str, Any]  # settings chosen by the training examples, see Task.sized


def prepare(task: Task, names: Names | None, script: str | None, reverse: bool, rejects: Path | None,
             chosen: dict[str, Any], reading: CorpusSettings, device: str, budget: dict[str, Any],
             minutes: int | None) -> Prepared:
    """Corpus, ids and untrained model; of a group, one process makes what the others then find in the cache."""
    base = model_to_fine_tune(chosen["fine_tune"]).text_model if "fine_tune" in chosen else None
    if base:
        chosen = {**fine_tuning.inherited(base, task, chosen), **chosen}
    within = {name: value for name, value in budget.items() if name not in ("corpus", "tokens", "usual_epochs")}

    def read(names: Names, script: str | None) -> tuple[Corpus, Dataset]:
        corpus, limit = data.find(names, task, reading), {**within, **chosen}.get("limit", 0)
        return corpus, data.prepare(corpus, task, script, reverse, reading, rejects, limit)

    def read_default() -> tuple[Corpus, Dataset]:
        for name, other in pairwise((budget.get("corpus", task.default_corpus), *task.fallback_corpora, "starter")):
            try:
                return read(name, script)
            except CorpusUnavailable as error:
                events.note(f"default corpus {name} is unavailable: {error}; using the {other} corpus instead")
        events.note("it has a few hundred examples: enough to try things, too few for good results")
        return read("starter", None)

    corpus, dataset = read_default() if names is None else read(names, script)
    settled = {**corpus.suggested, **within}
    sized = {name: value for name, value in task.sized(dataset.train, {**settled, **chosen}).items()
             if name not in settled}
    settings = task.settings({**sized, **corpus.suggested, **within}, chosen)
    codecs = None
    if base:
        settings, codecs = fine_tuning.gentle(settings, chosen), fine_tuning.codecs_from(base, dataset.train)
    encoded = encoding.encode(task, settings, dataset.train, dataset.dev, cache_folder() / "encoded",
                              dataset.identity(), codecs)
    if "tokens" in budget:
        settings, limit = model_training.fit_budget(task, settings, encoded.train, budget, chosen)
        if limit:
            dataset = dataset.limited(limit)
            encoded = encoding.encode(task, settings, dataset.train, dataset.dev, cache_folder() / "encoded",
                                      dataset.identity(), codecs)
    facts = {"name": corpus.name, "given": list(corpus.names),
             "script": script if script in corpus.scripts else corpus.scripts[0], "reverse": reverse,
             "budget": minutes, "reading": asdict(reading), "checksum": dataset.checksum, "licence": corpus.licence,
             "origin": corpus.origin, "examples": {split: len(getattr(dataset, split)) for split in SPLITS},
             "rejected": dict(dataset.rejected)}
    model = model_training.create(task, settings, dataset.train, facts, (encoded.source, encoded.target),
                                  cache_folder() / "vectors", device, base)
    return Prepared(corpus, dataset, encoded, Model(model, None, dataset), sized)
