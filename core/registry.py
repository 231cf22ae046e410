"""The recurrent cells, attentions and tokenizers to choose from. Loads without torch.

Settings, the tests' grids and the lists in the docs follow from these dictionaries. A new part is one class and one
line here: its name and where the class is.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

CELLS = {
    "rnn": "core.cells:RNN",
    "gru": "core.cells:GRU",
    "lstm": "core.cells:LSTM",
}
ATTENTIONS = {
    "none": "",
    "additive": "core.attention:AdditiveAttention",
    "dot": "core.attention:DotAttention",
}
TOKENIZERS = {
    "characters": "core.tokenizer:Characters",
    "words": "core.tokenizer:Words",
    "units": "core.tokenizer:Units",
    "spaces": "core.tokenizer:Spaces",
    "subwords": "core.subwords:Subwords",
}
TASK_TOKENIZERS = {"word and characters": "core.tokenizer:WordAndCharacters"}  # chosen by a task, not by the user


def load_class(location: str) -> Any:
    """The class at "module:Class"; its module is imported only now.

    >>> load_class("core.registry:CELLS")["gru"]
    'core.cells:GRU'
    """
    module, _, name = location.partition(":")
    return getattr(import_module(module), name)
