"""The controls of a search: form of verse, kind of search, and the sliders that this kind has."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.settings import SearchSettings
from n2m.playground.marks import Words
from n2m.serve.service import LIMITS
from tasks.shared.task import Task

# What each kind of search is told, with the ranges of the sliders.
SEARCHES: dict[str, dict[str, tuple[float, float, float]]] = {
    "": {},
    "varied": {"samples": (4, LIMITS["samples"], 4), "mmi_weight": (0, 1.5, 0.05)},
    "likeliest": {"beam": (1, LIMITS["beam"], 1), "length_penalty": (0, 2, 0.1), "no_repeat_ngram_size": (0, 5, 1)},
    "sample": {"temperature": (0.1, 2, 0.1), "top_k": (0, 100, 1), "top_p": (0.05, 1, 0.05)},
}
START = {"temperature": 0.8, "samples": 32, "seed": 1}


class Controls:
    """All controls in the context where it is created. options: their values as options of n2m.Model.answer."""

    def __init__(self, task: Task, words: Words) -> None:
        defaults = {**vars(SearchSettings()), **task.search_defaults, **START}
        self._sliders: dict[str, gr.Slider] = {}
        self._form = self._rhyme = self._tune = None
        if task.name in ("poem", "word"):
            with gr.Row():
                self._form = gr.Radio([(words["form_auto"], "auto"), (words["form_free"], "free")], value="auto",
                                      label=words["form"])
                self._rhyme = gr.Textbox(label=words["rhyme"], info=words["rhyme_info"], max_length=10)
        if task.name == "word":
            self._tune = gr.Textbox(label=words["tune"], info=words["tune_info"], max_length=20)
        self._search = gr.Radio([(words[f"search_{name}"], name) for name in SEARCHES], value="", label=words["search"])
        with gr.Group():
            for name, (low, high, step) in {n: r for own in SEARCHES.values() for n, r in own.items()}.items():
                self._sliders[name] = gr.Slider(low, high, defaults[name], step=step, label=words[name], visible=False)
            if "max_output" not in task.ignored_search:
                self._sliders["max_output"] = gr.Slider(1, LIMITS["max_output"], defaults["max_output"], step=1,
                                                        label=words["max_output"])
            self._seed = gr.Number(1, label=words["seed"], precision=0, minimum=0, maximum=LIMITS["seed"])
        of_kinds = {name: slider for name, slider in self._sliders.items() if name != "max_output"}
        self._search.change(lambda kind: [gr.update(visible=name in SEARCHES[kind]) for name in of_kinds],
                            self._search, list(of_kinds.values()), queue=False, show_progress="hidden",
                            api_visibility="private")

    @property
    def components(self) -> set[Any]:
        found = {self._search, self._seed, self._form, self._rhyme, self._tune, *self._sliders.values()}
        return found - {None}

    def options(self, values: dict[Any, Any]) -> dict[str, Any]:
        """values: of all components."""
        kind = values[self._search]
        found = {name: values[slider] for name, slider in self._sliders.items()
                 if name in SEARCHES[kind] or name == "max_output"}
        if kind in ("varied", "likeliest"):
            found["search"] = kind
        return {**found, **self.form(values), "seed": int(values[self._seed] or 0)}

    def form(self, values: dict[Any, Any]) -> dict[str, Any]:
        """The options of the form alone, which a walk has too."""
        found = {}
        for name, control in (("form", self._form), ("rhyme", self._rhyme), ("tune", self._tune)):
            if control is not None and (value := (values[control] or "").strip()) not in ("", "auto"):
                found[name] = value
        return found
