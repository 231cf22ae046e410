"""Compare the page of each pretrained model with PyTorch, on 200 inputs of its test split, in Chromium.

    python benchmarks/export.py                 all pretrained models
    python benchmarks/export.py poem word       these

Prints for each: size of the page, seconds until it answers, the largest difference of a probability (of every candidate
that is listed, at every step), how many greedy answers are equal, and how many tokens a second the page writes.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project, if it is not installed

from benchmarks import command

CANDIDATES, INPUTS = 10, 200
ANSWER = """(text) => {
    const began = performance.now(), found = answerTo(model, text), ms = performance.now() - began;
    if (found.error) return { error: found.error.key };
    const { answer, steps } = walkOf(model, found, CANDIDATES);
    return { answer, ms, tokens: steps.length,
             steps: steps.map(({ candidates }) => candidates.map((c) => [c.token, c.probability])) };
}""".replace("CANDIDATES", str(CANDIDATES))


def main() -> int:
    parser = command.Parser(__doc__)
    parser.add_argument("models", nargs="*", help="folders in pretrained/ (default all)")
    folders = sorted(path.parent for path in (command.ROOT / "pretrained").glob("*/card.json"))
    names = parser.parse_args().models or [folder.name for folder in folders]
    from core.data import InputError
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        browser = None
    if browser is None:
        raise InputError("the page is compared in a browser; install Chromium, and pip install playwright")
    print("model                 page MB  opens in s  inputs  largest difference  equal answers  tokens/s")
    with sync_playwright() as started, tempfile.TemporaryDirectory() as folder:
        opened = started.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        for name in names:
            compare(opened, Path(folder) / f"{name}.html", name)
        opened.close()
    return 0


def readable(model: Any, test: Any, numbers: list[int]) -> Iterator[str]:
    """The texts of these test examples that the model can answer: some are too long."""
    from core.data import InputError
    for number in dict.fromkeys(numbers):
        text = model.task.source_text(test[number], model.settings)
        with contextlib.suppress(InputError):
            model.read_input(text)
            yield text


def compare(browser: Any, page: Path, name: str) -> None:
    import torch

    import n2m
    from n2m.export.page import write_page
    torch.set_num_threads(1)  # the steps of a walk are too small to share
    model = n2m.load(command.ROOT / "pretrained" / name, device="cpu")
    sample = json.loads((command.ROOT / "pretrained" / name / "card.json").read_text(encoding="utf-8"))["sample"]
    test = n2m.corpus(sample["corpus"], model.task.name).test
    texts = list(islice(readable(model, test, [*sample["numbers"], *range(len(test))]), INPUTS))
    size, tab = write_page(page, model), browser.new_page()
    began = time.perf_counter()
    tab.goto(page.as_uri())
    tab.evaluate("opened")
    seconds = time.perf_counter() - began
    difference, equal, tokens, ms = 0.0, 0, 0, 0.0
    labels = model.task.answers_with == "label"
    answers = model.answer(texts, **({"n_best": 5} if labels else {"beam": 1}))
    for text, best in zip(texts, answers, strict=True):
        found = tab.evaluate(ANSWER, text)
        same = found.get("answer") == best[0].text
        equal += same
        if not same:
            print(f"  {text}: {best[0].text} in Python, {found} in the page")
            continue
        tokens, ms = tokens + found["tokens"], ms + found["ms"]
        if labels:  # a walk reads all of a long text, an answer its beginning
            steps = [[(label.text, label.score) for label in best]]
        else:
            walk = model.walk(text, candidates=CANDIDATES)
            steps = [[(c.token, c.probability) for c in step.candidates] for step in walk.steps]
        for candidates, others in zip(steps, found["steps"], strict=True):
            shown = dict(others)  # the last ones of both lists may differ, if they are about as likely
            difference = max([difference, *(abs(p - shown[token]) for token, p in candidates if token in shown)])
    print(f"{name:<20}  {size / 1e6:>7.1f}  {seconds:>10.1f}  {len(texts):>6}  {difference:>18.1e}  {equal:>13}"
          f"  {1000 * tokens / ms:>8.0f}", flush=True)
    tab.close()


if __name__ == "__main__":
    command.run(main)
