"""Fine-tuning: a training that starts from a trained model, with its vocabularies and its sizes.

What a model has learned from much text serves a task with little (Howard and Ruder 2018); further training on a part of
the same text, or for longer, starts there, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import torch

from core.batches import EncodedSplit
from core.cache import digest
from core.data import Example, InputError
from core.metrics import perplexity
from core.settings import Settings
from core.text import Codec, Labels
from core.training_run import evaluate
from tasks.shared.model import TextModel
from tasks.shared.task import Task

# Settings of text and model that may differ from those of the model it starts from: no weight depends on them.
FREE = ("max_length", "dropout", "word_dropout", "source_dropout", "recurrent_dropout")
# Of the model's own start, which its weights have replaced.
DROPPED = ("vectors", "freeze_vectors")
GENTLE = 0.25  # the usual learning rate times this, so that little is forgotten
PATIENCE = 2  # few texts are soon known by heart
LABELS = ("output.", "ngrams.")  # weights of a classifier that belong to its labels


def inherited(base: TextModel, task: Task, chosen: dict[str, Any]) -> dict[str, Any]:
    """Settings that a training keeps from the model it starts from. Raises InputError if it is of another task, or
    if a chosen setting contradicts it."""
    given = chosen["fine_tune"]
    if base.task.name != task.name:
        raise InputError(f"`fine_tune` {given}: found a model for `task` {base.task.name}, not {task.name}; use "
                         "another directory")
    for name in DROPPED:
        if chosen.get(name):
            raise InputError(f"`{name}` has no effect with `fine_tune`, whose model has embeddings of its own; remove "
                             "it")
    own = {f.name: getattr(base.settings, f.name) for f in fields(Settings)
           if f.metadata["group"] in ("text", "model") and f.name not in DROPPED}
    for name in sorted({*own} & {*chosen} - {*FREE}):
        if chosen[name] != own[name]:
            raise InputError(f"`{name}` {chosen[name]} differs from {own[name] or 'none'} of the model in {given}, "
                             "whose vocabularies and sizes `fine_tune` keeps; remove it")
    return own


def gentle(settings: Settings, chosen: dict[str, Any]) -> Settings:
    """The settings with a learning rate and a patience for fine-tuning, unless they were chosen."""
    learning_rate = settings.learning_rate if "learning_rate" in chosen else settings.learning_rate * GENTLE
    return replace(settings, learning_rate=learning_rate, patience=chosen.get("patience", PATIENCE))


def codecs_from(base: TextModel, train: Sequence[Example]) -> tuple[Codec, Codec | Labels]:
    """The codecs of the model; of a classifier new labels, unless it knows all of these examples."""
    if not isinstance(base.target, Labels):
        return base.source, base.target
    labels = Labels.from_texts(e.target for e in train)
    return base.source, base.target if {*labels.names} <= {*base.target.names} else labels


def start_from(base: TextModel, network: torch.nn.Module, target: Codec | Labels) -> dict[str, Any]:
    """Copy the weights of the model into a network of the same sizes; those of other labels stay as they are. Returns
    facts about it to save with the new model."""
    same_labels = target.to_json() == base.target.to_json()
    weights = {name: w for name, w in base.network.state_dict().items() if same_labels or not name.startswith(LABELS)}
    network.load_state_dict(weights, strict=same_labels)
    about = {name: base.metadata["corpus"].get(name) for name in ("name", "script", "licence", "origin")}
    before = {"fine_tune": base.metadata["fine_tune"]} if "fine_tune" in base.metadata else {}
    return {**about, **before, "all weights": same_labels,
            "checksum": digest(w.cpu().numpy().tobytes() for w in weights.values())}


def lines(model: TextModel, dev: EncodedSplit) -> list[str]:
    """What a training starts from, one line each, and how good that is on the dev split."""
    base, settings, corpus = model.metadata.get("fine_tune"), model.settings, model.metadata["corpus"]
    if base is None:
        return []
    found = [f"starting from the weights of {settings.fine_tune}, trained on {base['name']}, with `learning_rate` "
             f"{settings.learning_rate:g}"]
    if base["all weights"]:
        loss = evaluate(model.network, dev.sorted_batches(settings.batch_size * 2))
        found.append(f"before fine-tuning: dev loss {loss:.3f} (perplexity {perplexity(loss):.1f})")
    else:
        found.append("its labels are others, so the weights of the labels start anew")
    if base["name"] != corpus["name"]:
        found.append(f"scores are fair only if {base['name']} contains no text of the test split of {corpus['name']}")
    if {base["script"], corpus.get("script")} == {"simplified", "traditional"}:
        found.append(f"warning: that model is of `script` {base['script']}, this corpus of {corpus['script']}")
    return found
