"""The tab that trains on the reader's own file, with the live curve and a button to stop."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from core.data import InputError
from n2m.playground import marks
from n2m.playground.marks import Words
from n2m.playground.training import DEV, MOST_EPOCHS, TRAIN, Training
from tasks import all_tasks

LINES = 30  # of the log that are shown
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}


def train_tab(training: Training, words: Words, page: gr.Blocks) -> None:
    """The tab's content, in the context where it is called."""
    def now() -> list[Any]:
        """Curve, log, and what can be done."""
        log = "\n".join(training.log[-LINES:]) or words["train_idle"]
        return [curve_of(list(training.curve), words), f'<pre class="n2m-log">{escape(log)}</pre>',
                gr.Button(interactive=not training.running), gr.Button(interactive=training.running),
                gr.Timer(active=training.running)]

    def start(task: str, file: str | None, name: str, epochs: float) -> list[Any]:
        try:
            if not file:
                raise InputError(words["file_missing"])
            training.start(task, Path(file), (name or "").strip(), int(epochs))
        except InputError as error:
            return [gr.skip(), marks.error(error), gr.skip(), gr.skip(), gr.skip()]
        return now()

    def stop_training() -> None:
        training.stop()

    gr.Markdown(words["train_lead"])
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            task = gr.Radio([(words.get(t.name, t.name), t.name) for t in all_tasks()], value="translate",
                            label=words["train_task"])
            file = gr.File(label=words["train_file"], file_types=[".tsv", ".csv", ".jsonl", ".txt"], height=120)
            name = gr.Textbox("mine", label=words["train_name"], max_length=40)
            epochs = gr.Slider(1, MOST_EPOCHS, 5, step=1, label=words["train_epochs"])
            with gr.Row():
                go = gr.Button(words["train_go"], variant="primary")
                stop = gr.Button(words["train_stop"], interactive=False)
        with gr.Column(scale=6, min_width=300):
            curve, said = gr.HTML(), gr.HTML()
    timer = gr.Timer(1.0, active=False)
    shown = [curve, said, go, stop, timer]
    go.click(start, [task, file, name, epochs], shown, **QUIET)
    stop.click(stop_training, **QUIET)
    gr.on([timer.tick, page.load], now, None, shown, **QUIET)


def curve_of(points: Sequence[tuple[int, float, str]], words: Words) -> str:
    """The losses as a picture: a line for the training split, a line with dots for the held-out texts."""
    if not points:
        return ""
    width, height, left, below = 640, 260, 52, 30
    last, low, high = max(x for x, _, _ in points), min(y for _, y, _ in points), max(y for _, y, _ in points)

    def place(x: float, y: float) -> tuple[str, str]:
        return (f"{left + (width - left - 10) * x / max(last, 1):.1f}",
                f"{10 + (height - below - 20) * (high - y) / max(high - low, 1e-9):.1f}")

    lines = ""
    for kind in (TRAIN, DEV):
        own = [place(x, y) for x, y, of in points if of == kind]
        lines += f'<polyline class="{kind}" points="{" ".join(",".join(point) for point in own)}"/>'
        lines += "".join(f'<circle class="{kind}" cx="{x}" cy="{y}" r="4"/>' for x, y in own) * (kind == DEV)
    marks = "".join(f'<text x="{left - 6}" y="{float(place(0, y)[1]) + 4:.1f}" text-anchor="end">{y:.2f}</text>'
                    for y in dict.fromkeys((low, high)))
    marks += (f'<text x="{width - 10}" y="{height - 10}" text-anchor="end">{words["train_update"]} {last:,}</text>'
              f'<path d="M{left},6 V{height - below} H{width - 10}"/>')
    legend = "".join(f'<span class="{kind}">{words[f"train_{kind}"]}</span>' for kind in (TRAIN, DEV))
    return (f'<figure class="n2m-curve"><figcaption>{words["train_curve"]} {legend}</figcaption>'
            f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{words["train_curve"]}">{marks}{lines}</svg>'
            "</figure>")
