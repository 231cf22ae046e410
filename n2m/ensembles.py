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
    """As Model, with the mean of several models' probabilities. It has no directory and no walk of its own."""

    def save(self, folder: str | Path, *, half: bool = False) -> NoReturn:
        raise InputError("an ensemble is not saved; save each of its models")

    def walk(self, text: str, **options: Any) -> NoReturn:
        raise InputError("an ensemble has no steps of its own; explain one of its models")


def ensemble(models: Sequence[Model | str | Path], *, device: str = "auto") -> EnsembleModel:
    """Models of one corpus with the same vocabulary, for example from several seeds, as one that answers with the mean
    of their probabilities, see core.ensemble. It takes as long as all of them together.

    models: at least two, loaded or their directories. Raises InputError if they do not fit together.
    """
    if isinstance(models, (str, Path)) or len(models) < 2:
        raise InputError("an ensemble takes a list of at least two models; add one")
    loaded = [m if isinstance(m, Model) else load(m, device=device) for m in models]
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
                             "trained on one corpus with the same settings for text and another `seed`")
    settings = replace(first.settings, max_length=min(m.settings.max_length for m in (first, *others)),
                       source_dropout=min(m.settings.source_dropout for m in (first, *others)))
    network: Any = (Ensemble if kind is Seq2Seq else ClassifierEnsemble)([m.network for m in (first, *others)])
    return EnsembleModel(replace(first, settings=settings, network=network.eval()), dataset=loaded[0]._dataset)


def _text_of(model: TextModel) -> list[Any]:
    """What must be equal: otherwise their ids differ, or one has been trained on the other's test split."""
    corpus = model.metadata["corpus"]
    return [model.source.to_json(), model.target.to_json(), *map(corpus.get, ("name", "checksum", "reverse"))]


def _name(model: Model) -> str:
    return str(model.folder or "a model that was not saved")
