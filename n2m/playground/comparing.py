"""The tab that shows models side by side: shared parts, training, scores beside baselines."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import gradio as gr

from core.data import InputError
from n2m.playground import marks
from n2m.playground.marks import Words
from n2m.playground.visitors import Visitors
from n2m.report.facts import column
from n2m.serve.models import Entry
from n2m.serve.service import Service
from tasks import all_tasks
from tasks.shared.report import MODEL, Report

MOST = 8


def compare_tab(service: Service, visitors: Visitors, words: Words, page: gr.Blocks) -> None:
    """The tab's content, in the context where it is called. page: whose loading renews the list of models."""
    def names() -> list[str]:
        return list(service.catalogue.entries())

    async def compare(chosen: list[str], request: gr.Request) -> str:
        try:
            if not chosen:
                raise InputError(words["compare_none"])
            entries = [service.catalogue.find(name) for name in chosen[:MOST]]
            models = [await visitors.result(service.load(entry), request) for entry in entries]
        except InputError as error:
            return marks.error(error)
        columns = [column(model, report_of(entry)) for model, entry in zip(models, entries)]
        return marks.table([[words["part"], *(entry.name for entry in entries)],
                            *([words.get(f"row {name}", name), *(c[name] for c in columns)] for name in columns[0])])

    gr.Markdown(words["compare_lead"])
    chosen = gr.CheckboxGroup(names(), value=one_of_each(service), label=words["compare_models"])
    button, out = gr.Button(words["compare_go"], variant="primary"), gr.HTML()
    button.click(compare, chosen, out, concurrency_limit=None, show_progress="minimal", api_visibility="private")
    page.load(lambda now: gr.CheckboxGroup(choices=names(), value=[n for n in now if n in names()]), chosen, chosen,
              queue=False, show_progress="hidden", api_visibility="private")


def one_of_each(service: Service) -> list[str]:
    """The first model of each task."""
    entries = service.catalogue.entries().values()
    return [e.name for task in all_tasks() for e in [e for e in entries if e.task == task.name][:1]]


def report_of(entry: Entry) -> Report:
    """The scores that lie beside a model: its metrics, or those of its card."""
    def read(name: str) -> dict[str, Any]:
        try:
            return json.loads((entry.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    metrics, card = read("metrics.json"), read("card.json")
    if metrics:
        return Report(**{f.name: metrics[f.name] for f in fields(Report) if f.name in metrics})
    rows: dict[str, Any] = card.get("scores") or {MODEL: {"score": None}}
    main = next(iter(rows[MODEL]))
    return Report(main, main != "perplexity", rows,
                  examples=[(text, answer, "") for text, answer in card.get("answers", {"–": "–"}).items()])
