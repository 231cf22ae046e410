"""Ratios and a table from the figures of the race against JoeyNMT. See joeynmt.py."""

from __future__ import annotations

import math
from collections.abc import Iterable

from core.metrics import bleu
from core.tokenizer import Words


def score(figures: dict, references: dict[str, list[str]]) -> None:
    """Put BLEU in place of the answers. JoeyNMT's tokens are joined to text as ours are."""
    for toolkit, found in figures.items():
        for part, result in [*(("dev", epoch) for epoch in found["train"]["epochs"]),
                             *(("test", answered) for answered in found.get("decode", {}).values()
                               if isinstance(answered, dict))]:
            if toolkit == "JoeyNMT":
                score_answers([result], references[part])
            else:
                result["bleu"] = bleu(result.pop("answers"), references[part])[0]


def score_answers(results: Iterable[dict], references: list[str]) -> None:
    """Put BLEU in place of answers in tokens."""
    for result in results:
        answers = [Words().join(answer.split()) for answer in result.pop("answers")]
        result["bleu"] = bleu(answers, references)[0]


def uneven(figures: dict, torch: str) -> list[str]:
    """Differences that make the race unfair."""
    ours, theirs = (figures[name]["train"] for name in ("n2m", "JoeyNMT"))
    found = [f"{what}: {ours[what]} in n2m, {theirs[what]} in JoeyNMT" for what in ("threads", "vocabulary")
             if ours[what] != theirs[what]]
    tokens = [[epoch["tokens"] for epoch in side["epochs"]] for side in (ours, theirs)]
    if tokens[0] != tokens[1]:
        found.append(f"target tokens up to each epoch: {tokens[0]} in n2m, {tokens[1]} in JoeyNMT")
    if theirs["joeynmt"] != "2.3.0" or theirs["torch"].split("+")[0] != torch:
        found.append(f"JoeyNMT {theirs['joeynmt']} with torch {theirs['torch']}, wanted 2.3.0 with {torch}")
    return found


def speed(found: dict, clock: str = "training_seconds") -> float:
    """Target tokens per second over all epochs, by this clock."""
    last = found["epochs"][-1]
    return last["tokens"] / last[clock]


def seconds_to(goal: float, epochs: list[dict], clock: str) -> float:
    """When an epoch's dev BLEU first reached the goal; infinite if it never did."""
    return next((epoch[clock] for epoch in epochs if epoch["bleu"] >= goal), math.inf)


def reached(figures: dict, clock: str = "training_seconds") -> float:
    """When n2m first had the dev BLEU of JoeyNMT's last epoch."""
    ours = figures["n2m"]
    goal = figures["JoeyNMT"]["train"]["epochs"][-1]["bleu"]
    return min(seconds_to(goal, ours[name]["epochs"], clock) for name in ("train", "longer") if name in ours)


def results(figures: dict) -> list[dict]:
    """One row per measurement: both figures, their ratio, and the bar for the ratio, if there is one."""
    ours, theirs = figures["n2m"], figures["JoeyNMT"]
    rows = []

    def add(what: str, unit: str, a: float, b: float, at_least: float | None = None, at_most: float | None = None,
            inverse: bool = False) -> None:
        """a: n2m's figure, b: JoeyNMT's. The ratio is a / b; inverse, b / a: how many times as fast."""
        top, bottom = (b, a) if inverse else (a, b)
        ratio = top / bottom if bottom else math.inf
        bar, met = "", None
        if at_least is not None:
            bar, met = f"≥ {at_least}", ratio >= at_least
        elif at_most is not None:
            bar, met = f"≤ {at_most}", ratio <= at_most
        a, b, ratio = (x if math.isfinite(x) else None for x in (a, b, ratio))
        rows.append({"what": what, "unit": unit, "n2m": a, "JoeyNMT": b, "ratio": ratio, "bar": bar, "met": met})

    base = speed(theirs["train"])
    add("training, dot after", "tokens/s", speed(ours["train"]), base, at_least=5)
    add("training, additive before", "tokens/s", speed(ours["speed"]["additive before"]), base, at_least=2.5)
    add("training, additive after", "tokens/s", speed(ours["speed"]["additive after"]), base)
    add("training, dot after, fp32", "tokens/s", speed(ours["speed"]["dot after, fp32"]), base)
    add("training, dot after, with validation", "tokens/s", speed(ours["train"], "seconds"),
        speed(theirs["train"], "seconds"))
    goal = theirs["train"]["epochs"][-1]["bleu"]
    for clock, name in (("training_seconds", ""), ("seconds", ", with validation")):
        add(f"to dev BLEU {goal:.2f}{name}", "s", reached(figures, clock),
            seconds_to(goal, theirs["train"]["epochs"], clock), at_most=0.2)
    for search, name in (("greedy", "greedy"), ("beam", "beam 5")):
        add(f"decoding, {name}", "s", *(side["decode"][search]["seconds"] for side in (ours, theirs)), at_least=5,
            inverse=True)
    for job, name in (("train", "training"), ("decode", "decoding")):
        add(f"peak memory, {name}", "MB", *(side[job]["peak_bytes"] / 2 ** 20 for side in (ours, theirs)), at_most=1)
    for search, name in (("greedy", "greedy"), ("beam", "beam 5")):
        add(f"test BLEU, {name}", "", *(side["decode"][search]["bleu"] for side in (ours, theirs)))
    for job, name in (("train", "training"), ("decode", "decoding")):
        add(f"start-up, {name}", "s", *(side[job]["startup_seconds"] for side in (ours, theirs)))
    add("parameters", "million", *(side["train"]["parameters"] / 1e6 for side in (ours, theirs)))
    return rows


def table(figures: dict, rows: list[dict]) -> list[str]:
    """The lines to print."""
    ours, theirs = (figures[name]["train"] for name in ("n2m", "JoeyNMT"))
    lines = [f"torch {ours['torch']}, {ours['threads']} threads; n2m trains in {ours['precision']}, "
             f"JoeyNMT in {theirs['precision']}",
             "vocabulary, source and target: n2m {:,} and {:,}; JoeyNMT {:,} and {:,}".format(
                 *ours["vocabulary"], *theirs["vocabulary"])]
    longer = figures["n2m"].get("longer")
    for name, found in (("n2m", ours), *([("n2m, for longer", longer)] if longer else []), ("JoeyNMT", theirs)):
        lines.append(f"{name}, dev BLEU after each epoch (training seconds): "
                     + ", ".join(f"{e['bleu']:.2f} ({e['training_seconds']:.0f})" for e in found["epochs"]))
    width = max(len(row["what"]) for row in rows)
    lines += ["", f"{'':<{width}}  {'':<8}  {'n2m':>8}  {'JoeyNMT':>8}  {'ratio':>6}  bar"]
    for row in rows:
        verdict = "" if row["met"] is None else f"{row['bar']:<5}  {'met' if row['met'] else 'NOT MET'}"
        lines.append(f"{row['what']:<{width}}  {row['unit']:<8}  {number(row['n2m']):>8}  "
                     f"{number(row['JoeyNMT']):>8}  {number(row['ratio']):>6}  {verdict}".rstrip())
    if marian := figures.get("Marian"):
        lines += ["", f"Marian's s2s: training {marian['tokens_per_second']:,.0f} tokens/s; " + "; ".join(
            f"{name} {found['seconds']:.2f} s, test BLEU {found['bleu']:.2f}"
            for name, found in marian["decode"].items())]
    asked = [row["met"] for row in rows if row["met"] is not None]
    return [*lines, "", f"{sum(asked)} of {len(asked)} bars met"]


def number(x: float | None) -> str:
    """None: a BLEU not reached, or nothing to divide by.

    >>> number(1234.5), number(1.234), number(None)
    ('1,234', '1.23', '–')
    """
    return "–" if x is None else f"{x:,.0f}" if x >= 100 else f"{x:.2f}"
