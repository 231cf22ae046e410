"""Scores and results of grids to make reports of, without training or evaluating anything."""

import n2m
from n2m import grid

POEM = n2m.Report("perplexity", False, {"this model": {"perplexity": 9.0}, "character trigram": {"perplexity": 12.5}},
                  ["per character"], [("海上 / 明月", "生", "共")])
LABELS = n2m.Report("accuracy", True, {"this model": {"accuracy": 0.5}, "commonest label": {"accuracy": 0.75}},
                    ["confusion:", "1 2", "bad 1 0", "good 3 4"], [("<b>好</b>", "good", "good")],
                    labels=["bad", "good"], confusion=[[1, 0], [3, 4]])


def answered(value: str, seed: int, score: float) -> grid.Result:
    """A model whose answers to sources of one to three characters are right, and all others wrong."""
    texts = [["我" * n, "ab" if n < 4 else "xy", "ab"] for n in range(1, 8) for _ in range(20)]
    return grid.Result(grid.Cell({"attention": value}, seed), scores={"chrF": score}, main="chrF", answered=texts,
                       baselines={"commonest": {"chrF": 1.0}}, corpus="mine", parameters=5,
                       copying={"written": 80, "copied": 60, "at_peak": None if value == "none" else 45,
                                "should_copy": 60, "copied_right": 30, "should_generate": 40, "generated_right": 10},
                       epochs=[{"epoch": 1, "dev_loss": 3.0 - score / 10, "train_loss": 3.0, "best": True}])


def results() -> list[grid.Result]:
    """A grid with a model that failed."""
    done = [answered(*cell) for cell in (("none", 1, 5.0), ("none", 2, 7.0), ("dot", 1, 9.0))]
    return [*done, grid.Result(grid.Cell({"attention": "dot"}, 2), "<out> of memory")]
