"""The tab that trains on the reader's own file, with the live curve and a button to stop."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from core.data import InputError
from n2m.serve import marks
from n2m.serve.marks import Words
from n2m.serve.training import MOST_EPOCHS, TRAIN, Training
from tasks import all_tasks

LINES = 30  # of the log that are shown
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}


def train_tab(training: Training, words: Words, page: gr.Blocks) -> None:
    """The tab's content, in the context where it is called."""
    names = (words["train_update"], words["train_loss"], words["train_kind"])

    def now() -> list[Any]:
        """Curve, log, and what can be done."""
        points = [(x, y, words["train_train" if kind == TRAIN else "train_dev"]) for x, y, kind in training.curve]
        log = "\n".join(training.log[-LINES:]) or words["train_idle"]
        return [pd.DataFrame(points, columns=names), f'<pre class="n2m-log">{escape(log)}</pre>',
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
            curve = gr.LinePlot(x=names[0], y=names[1], color=names[2], height=280, label=words["train_curve"])
            said = gr.HTML()
    timer = gr.Timer(1.0, active=False)
    shown = [curve, said, go, stop, timer]
    go.click(start, [task, file, name, epochs], shown, **QUIET)
    stop.click(training.stop, **QUIET)
    gr.on([timer.tick, page.load], now, None, shown, **QUIET)
