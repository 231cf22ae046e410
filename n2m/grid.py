"""One task with different settings: every combination of some values is trained, scored and kept."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.data import InputError
from core.files import write_aside
from core.history import INTERRUPTED, UNFINISHED
from core.options import suggest
from core.settings import Settings
from tasks.shared.report import MODEL, Report
from tasks.shared.task import Task

if TYPE_CHECKING:
    from n2m.model import Model

DEFAULTS: dict[str, Any] = {f.name: f.default for f in fields(Settings)}
MOST = 1000  # models of a grid
KEPT = 2000  # answers of a model that are kept for its score by source length
NOT_TRAINED, NOT_FINISHED = "not trained yet", "not finished yet"


@dataclass(frozen=True)
class Cell:
    """One model of a grid: the values of the settings that vary, and its seed."""

    options: dict[str, Any]
    seed: int

    @property
    def name(self) -> str:
        """Of its directory, for example attention=dot,seed=1."""
        return ",".join(f"{key}={_plain(value)}" for key, value in {**self.options, "seed": self.seed}.items())


@dataclass
class Result:
    """What became of a cell.

    error     why it failed; empty if it did not
    waiting   "not trained yet", "not finished yet" or "interrupted"; empty if it is finished
    scores    of its model on the test split; baselines: name → scores of the same run
    main, higher_is_better, answered   see tasks.shared.report.Report
    copying   see n2m.report.measures.copying; empty where it makes no sense
    epochs    of the training's history
    """

    cell: Cell
    error: str = ""
    waiting: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)
    main: str = ""
    higher_is_better: bool = True
    answered: list[list[str]] = field(default_factory=list)
    copying: dict[str, Any] = field(default_factory=dict)
    parameters: int = 0
    seconds: float = 0.0
    epochs: list[dict[str, Any]] = field(default_factory=list)
    corpus: str = ""
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        return not self.error and not self.waiting


def cells(task: Task, vary: Sequence[str], chosen: Mapping[str, Any], seeds: int = 1) -> list[Cell]:
    """Every combination of the values, with each seed. Raises InputError for one that cannot be trained.

    vary    texts such as "cell=rnn,gru,lstm"
    chosen  the settings that all share
    seeds   how many models of each combination; their seeds begin with that of `chosen`
    """
    if seeds < 1:
        raise InputError(f"`seeds` {seeds} must be at least 1")
    values = dict(_values(text) for text in vary)
    if len(values) < len(vary):
        raise InputError("`vary` names a setting twice; give all its values at once")
    for name in values:
        if name in chosen:
            raise InputError(f"`{name}` cannot be combined with `vary` {name}; remove one of them")
    options: list[dict[str, Any]] = []
    for combination in product(*values.values()):
        own = dict(zip(values, combination))
        found = task.settings({}, {**chosen, **own})  # refuses impossible values
        if "placement" in own and (found.attention == "none" or "decoder" not in task.parts):
            del own["placement"]
        if own not in options:
            options.append(own)
    if "placement" in values and not any("placement" in own for own in options):
        raise InputError("`vary` placement has no effect without attention in a decoder; remove it")
    first = chosen.get("seed", DEFAULTS["seed"])
    if len(options) * seeds > MOST:
        raise InputError(f"`vary` makes {len(options) * seeds:,} models; use fewer values, at most {MOST:,} models")
    return [Cell(own, first + n) for own in options for n in range(seeds)]


def _values(text: str) -> tuple[str, list[Any]]:
    """The setting and its values in a text such as "cell=rnn,gru"."""
    name, _, listed = text.partition("=")
    name, words = name.strip().replace("-", "_"), [word.strip() for word in listed.split(",")]
    if name == "seed":
        raise InputError("`vary` seed: use `seeds` with the number of models per combination")
    if name not in DEFAULTS:
        raise InputError(f"`vary` {text}: only settings of text, model and training can vary, not {name}; "
                         + suggest(name, sorted({*DEFAULTS} - {"seed"})))
    if len(words) < 2 or len({*words}) < len(words) or "" in words:
        raise InputError(f"`vary` {text}: give at least two different values, for example `vary` cell=rnn,gru,lstm")
    return name, [_value(name, word) for word in words]


def _value(name: str, word: str) -> Any:
    kind = type(DEFAULTS[name])
    known = {"true": True, "false": False}
    if kind is bool and word not in known:
        raise InputError(f"`vary` {name}={word} must be true or false")
    try:
        return known[word] if kind is bool else kind(word)
    except ValueError:
        raise InputError(f"`vary` {name}={word} must be a{'n integer' if kind is int else ' number'}") from None


def _plain(value: Any) -> str:
    """A value as part of a file's name."""
    return re.sub(r"[^\w.-]", "_", str(value))


def folder_name(task: str, corpus: Sequence[str], chosen: Mapping[str, Any]) -> str:
    """The directory of a grid: what all its models share is in its name, so another grid has another one.

    >>> folder_name("translate", ["hsk"], {"epochs": 3})
    'grid-translate-hsk-epochs=3'
    """
    shared = [f"{key}={_plain(value)}" for key, value in chosen.items() if key != "seed"]
    return "-".join(["grid", task, *(_plain(Path(name).name) for name in corpus), *shared])[:200]


def run(found: Sequence[Cell], folder: Path, train: Callable[[Cell, Path, float], Model],
        evaluate: Callable[[Model], Report], search: Mapping[str, Any], *, minutes: float = 0.0,
        on_result: Callable[[int, Result], None] | None = None,
        clock: Callable[[], float] = time.monotonic) -> list[Result]:
    """Train and score one cell after another; what is finished in the folder is loaded. A cell that fails ends none of
    the others.

    train      a function of a cell, its directory and the minutes that are left (0: no limit); returns its model
    evaluate   a function of a model, with these search settings
    minutes    for all cells together; 0: no limit
    on_result  called after each cell with its number, from 1 on, and its result
    """
    begun, results, stopped = clock(), [], False
    for number, cell in enumerate(found, 1):
        left = minutes - (clock() - begun) / 60 if minutes else 0.0
        if stopped or left < 0:
            results.append(Result(cell, waiting=NOT_TRAINED))
            continue
        try:
            result = _result(cell, train(cell, folder / cell.name, left), folder / f"{cell.name}.json", evaluate,
                             search)
        except InputError as error:
            result = Result(cell, str(error))
        except Exception as error:  # whatever it is, the work of the other cells does not depend on it
            result = Result(cell, f"{type(error).__name__}: {error}")
        results.append(result)
        stopped = result.waiting == INTERRUPTED
        if on_result:
            on_result(number, result)
    return results


def _result(cell: Cell, model: Model, saved: Path, evaluate: Callable[[Model], Report],
            search: Mapping[str, Any]) -> Result:
    """The scores of a trained cell, from the file of an earlier run if they are of the same weights and search."""
    from n2m.report import facts, measures
    history = model.metadata["history"]
    if history["stopped"] in UNFINISHED or model.folder is None:
        return Result(cell, waiting=INTERRUPTED if history["stopped"] == INTERRUPTED else NOT_FINISHED)
    about = {"weights": (model.folder / "weights.safetensors").stat().st_mtime_ns, "search": dict(search)}
    try:
        kept = json.loads(saved.read_text(encoding="utf-8"))
        if kept.pop("about") == about:
            return Result(**{**kept, "cell": cell})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        pass  # there is none yet, or it is not whole
    report = evaluate(model)
    model.save_report(report)
    rows = dict(report.rows)
    result = Result(cell, "", "", rows.pop(MODEL), rows, report.main, report.higher_is_better,
                    [list(e) for e in report.answered[:KEPT]], measures.copying(model, report.answered[:KEPT]),
                    sum(facts.parameters(model).values()), history["seconds"], history["epochs"],
                    model.metadata["corpus"]["name"], model.metadata["versions"])
    with write_aside(saved) as file:
        file.write(json.dumps({**asdict(result), "about": about}, ensure_ascii=False).encode())
    return result
