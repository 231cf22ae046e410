"""The toolkit as a library: train, load, answer, walk, evaluate. The command line is built on it.

`import n2m` is quick: torch is loaded when a model is needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from core.data import Example, InputError
from core.events import listening

if TYPE_CHECKING:
    from core.machine import keep_freed_memory
    from n2m.data import corpora, corpus, tasks
    from n2m.ensembles import ensemble
    from n2m.finding import pretrained
    from n2m.model import Model, load
    from n2m.report.facts import comparison
    from n2m.training import train
    from tasks.shared.report import Report
    from tasks.shared.task import Answer, Task
    from tasks.shared.walk import Candidate, Step, Walk

_MODULES = {"train": "n2m.training", "load": "n2m.model", "Model": "n2m.model", "pretrained": "n2m.finding",
            "corpus": "n2m.data", "corpora": "n2m.data", "tasks": "n2m.data", "ensemble": "n2m.ensembles",
            "comparison": "n2m.report.facts",
            "Answer": "tasks.shared.task", "Task": "tasks.shared.task", "Report": "tasks.shared.report",
            "Walk": "tasks.shared.walk", "Step": "tasks.shared.walk", "Candidate": "tasks.shared.walk",
            "keep_freed_memory": "core.machine"}

__all__ = ["Answer", "Candidate", "Example", "InputError", "Model", "Report", "Step", "Task", "Walk", "comparison",
           "corpora", "corpus", "ensemble", "keep_freed_memory", "listening", "load", "pretrained", "tasks", "train"]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'n2m' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__
