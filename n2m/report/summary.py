"""A grid in numbers: means and spreads over its models, as a table for the terminal and rows for a file."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from n2m.grid import Result
from tasks.shared.report import number, table


class Mean(NamedTuple):
    """Mean and standard deviation of some values; both None without values, the spread also of a single one."""

    value: float | None
    spread: float | None

    def __str__(self) -> str:
        return number(self.value) + (f" ± {number(self.spread)}" if self.spread is not None else "")


def mean(values: Iterable[float | None]) -> Mean:
    """Of the values that are there.

    >>> print(mean([1.0, 2.0, 3.0, None]))
    2.00 ± 1.00
    >>> print(mean([0.25]), mean([]))
    0.250 –
    """
    return pooled([values])


def pooled(groups: Iterable[Iterable[float | None]]) -> Mean:
    """The mean of all values, and the standard deviation within the groups: how far seeds alone move a score, whatever
    the settings of the groups do to it.

    >>> print(pooled([[1.0, 2.0, 3.0], [11.0, 12.0, 13.0]]))
    7.00 ± 1.00
    """
    there = [[v for v in values if v is not None] for values in groups]
    every = [v for values in there for v in values]
    squares = sum((v - statistics.fmean(values)) ** 2 for values in there if values for v in values)
    free = sum(len(values) - 1 for values in there if values)
    return Mean(statistics.fmean(every) if every else None, (squares / free) ** 0.5 if free else None)


def of_models(results: Sequence[Result], measure: Callable[[Result], float | None]) -> Mean:
    """The mean of a measure, and its spread over seeds."""
    return pooled([map(measure, group) for group in combinations(results)])


def difference(results: Sequence[Result], others: Sequence[Result], setting: str) -> float | None:
    """How much higher the main metric of these models is than that of the others, all else equal: the mean over pairs
    of one seed that differ in this setting, and otherwise at most in one that the other has not (without attention
    there is no placement). None if there is no such pair."""
    def paired(one: Result, other: Result) -> bool:
        rest = {name: value for name, value in one.cell.options.items() if name != setting}
        return one.cell.seed == other.cell.seed and all(
            other.cell.options.get(name, value) == value for name, value in rest.items())

    return mean(one.scores[one.main] - other.scores[other.main]
                for one in results for other in others if paired(one, other)).value


def varied(results: Sequence[Result]) -> dict[str, list[Any]]:
    """The settings that vary, each with its values in the order given."""
    found: dict[str, list[Any]] = {}
    for result in results:
        for name, value in result.cell.options.items():
            if value not in found.setdefault(name, []):
                found[name].append(value)
    return found


def combinations(results: Sequence[Result]) -> list[list[Result]]:
    """The results of each combination of values, one per seed."""
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(repr(result.cell.options), []).append(result)
    return list(found.values())


def main_metric(results: Sequence[Result]) -> str:
    return next((r.main for r in results if r.done), "")


def lines(results: Sequence[Result]) -> list[str]:
    """A table with a row for each combination, mean ± standard deviation over its seeds; then what failed or waits."""
    settings, main = list(varied(results)), main_metric(results)
    metrics = list(dict.fromkeys([*([main] if main else []), *(m for r in results for m in r.scores)]))
    rows = [[*settings, "models", *metrics, "parameters", "trained in", "open"]]
    for group in combinations(results):
        done = [r for r in group if r.done]
        failed, waiting = sum(bool(r.error) for r in group), sum(bool(r.waiting) for r in group)
        rows.append([*(str(group[0].cell.options.get(name, "–")) for name in settings), str(len(done)),
                     *(str(mean(r.scores.get(m) for r in done)) for m in metrics),
                     f"{done[0].parameters:,}" if done else "–",
                     f"{mean(r.seconds for r in done).value or 0:.0f} s" if done else "–",
                     ", ".join([f"{failed} failed"] * bool(failed) + [f"{waiting} to train"] * bool(waiting))])
    if not any(row[-1] for row in rows[1:]):
        rows = [row[:-1] for row in rows]
    first = next((r for r in results if r.done), None)
    baselines = [f"{name}: " + ", ".join(f"{m} {number(v)}" for m, v in row.items())
                 for name, row in (first.baselines.items() if first else ())]
    wrong = [f"{r.cell.name}: failed: {r.error}" for r in results if r.error]
    several = any(sum(r.done for r in group) > 1 for group in combinations(results))
    return [*table(rows), *["mean ± standard deviation over the seeds"] * several, *baselines, *wrong]


def rows(results: Sequence[Result]) -> list[dict[str, Any]]:
    """A row for each model, for a file."""
    return [{**r.cell.options, "seed": r.cell.seed, "state": r.error or r.waiting or "done", **r.scores,
             "parameters": r.parameters or "", "seconds": round(r.seconds, 1) if r.done else "",
             "epochs": len(r.epochs) or "", **{f"tokens {k}": v for k, v in r.copying.items()}} for r in results]
