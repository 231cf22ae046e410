"""Several trained models that answer as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from core.data import InputError
from core.ensemble import ClassifierEnsemble, Ensemble
from core.models import Classifier, Seq2Seq
from n2m.model import Model, load
from tasks.shared.model import TextModel


class EnsembleModel(Model):
    """As Model, with the mean of several models' probabilities. It has no directory and no walk of its own.

    folders: those of its models
    """

    folders: tuple[Path | None, ...] = ()

    def save(self, folder: str | Path, *, half: bool = False) -> NoReturn:
        raise InputError("an ensemble is not saved; save each of its models")

    def walk(self, text: str, **options: Any) -> NoReturn:
        raise InputError("an ensemble has no steps of its own; explain one of its models")


def ensemble(models: Sequence[Model | str | Path], *, device: str = "auto") -> EnsembleModel:
    """Models of one corpus with the same vocabulary, for example from several seeds, as one that answers with the mean
    of their probabilities, see core.ensemble. It takes as long as all of them together.

    models: at least two, loaded or their directories. Raises InputError if they do not fit together.
    """
    if not isinstance(models, (list, tuple)) or len(models) < 2 or any(isinstance(m, EnsembleModel) for m in models):
        raise InputError("an ensemble takes a list of at least two models, none of them an ensemble; list all of them")
    loaded = [m if isinstance(m, Model) else load(m, device=device) for m in models]
    folders = tuple(m.folder for m in loaded)
    if twice := [f for n, f in enumerate(folders) if f and f.resolve() in [g.resolve() for g in folders[:n] if g]]:
        raise InputError(f"the model {twice[0]} is given twice; an ensemble needs different ones, for example of "
                         "another `seed`")
    first, *others = [m.text_model for m in loaded]
    kind = type(first.network)
    if kind not in (Seq2Seq, Classifier):
        raise InputError(f"the model {_name(loaded[0])} of the task {first.task.name} has a network of its own, which "
                         "cannot be in an ensemble; use another model")
    for model, other in zip(loaded[1:], others):
        if other.task.name != first.task.name:
            raise InputError(f"{_name(model)} is of the task {other.task.name}, but {_name(loaded[0])} of "
                             f"{first.task.name}; use models of one task")
        if _text_of(other) != _text_of(first):
            raise InputError(f"{_name(model)} and {_name(loaded[0])} differ in corpus or vocabulary; use models "
                             "trained on one corpus with the same `limit` and settings for text")
    # What all of them can read; and p(y) only if all have learned it.
    settings = replace(first.settings, max_length=min(m.settings.max_length for m in (first, *others)),
                       source_dropout=min(m.settings.source_dropout for m in (first, *others)))
    network: Any = (Ensemble if kind is Seq2Seq else ClassifierEnsemble)([m.network for m in (first, *others)])
    together = EnsembleModel(replace(first, settings=settings, network=network.eval()), dataset=loaded[0]._dataset)
    together.folders = folders
    return together


def _text_of(model: TextModel) -> list[Any]:
    """What must be equal: otherwise their ids differ, or one has been trained on the other's test split."""
    corpus = model.metadata["corpus"]
    return [model.source.to_json(), model.target.to_json(), *map(corpus.get, ("name", "checksum", "reverse"))]


def _name(model: Model) -> str:
    return str(model.folder or "a model that was not saved")
