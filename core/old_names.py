"""Names in files that version 0.1.0 saved, and what they are called now. Loads without torch."""

from __future__ import annotations

import re
from typing import TypeVar

Value = TypeVar("Value")

FIELDS = {"state_size": "hidden_size", "clip": "max_grad_norm", "no_repeat": "no_repeat_ngram_size"}  # of settings
FACTS = {"waited": "bad_epochs", "share": "plateau_factor", "rate": "learning_rate"}  # of checkpoints
PARAMETERS = {r"\bencoder\.onward\.": "encoder.forward_layers.", r"\bencoder\.backward\.": "encoder.backward_layers."}


def with_new_names(saved: dict[str, Value], names: dict[str, str]) -> dict[str, Value]:
    """A copy of `saved` whose keys are the present names. names: old → new.

    >>> with_new_names({"clip": 1.0, "layers": 2}, FIELDS)
    {'max_grad_norm': 1.0, 'layers': 2}
    """
    return {names.get(name, name): value for name, value in saved.items()}


def with_new_parameter_names(saved: dict[str, Value]) -> dict[str, Value]:
    """A copy of `saved`, tensors by the names of their parameters, with the present names.

    >>> list(with_new_parameter_names({"encoder.onward.0.rnn.bias_ih_l0": None}))
    ['encoder.forward_layers.0.rnn.bias_ih_l0']
    """
    renamed = {}
    for name, value in saved.items():
        for old, new in PARAMETERS.items():
            name = re.sub(old, new, name)
        renamed[name] = value
    return renamed
