"""The tab of a task: text in, answers with what the model attended to, their walk, and whole files."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import gradio as gr

from core.data import InputError
from core.verses import lines_of
from n2m.page import OPTIONS
from n2m.playground import marks
from n2m.playground.controls import Controls
from n2m.playground.marks import Words
from n2m.playground.visitors import Visitors
from n2m.serve.service import Answered, Service
from tasks.shared.task import Task

AT_ONCE, MOST_LINES = 32, 5000  # of a file
LABELS = 5  # that are shown
HEADS = ("春夏秋冬", "明月山水", "平安喜乐")
QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
WORK: dict[str, Any] = {"concurrency_limit": None, "show_progress": "minimal", "api_visibility": "private"}


class TaskTab:
    """All of a tab, in the context where it is created. language: "en" or "zh" """

    def __init__(self, service: Service, visitors: Visitors, task: Task, words: Words, language: str) -> None:
        self.service, self.visitors, self.task, self.words, self.language = service, visitors, task, words, language
        choices = self.choices()
        gr.Markdown(f"**{task.sizes}** {words.get(f'{task.name}_lead', task.title)}")
        with gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=300):
                self.model = gr.Dropdown(choices, value=choices[0][1] if choices else None, label=words["model"])
                samples = self.samples(choices[0][1] if choices else "")
                self.text = gr.Textbox(samples[0][0], lines=1 if task.name == "word" else 3,
                                       label=words[{"poem": "line", "word": "unit"}.get(task.name, "text")],
                                       max_length=service.max_length, elem_classes="n2m-input")
                self.examples = gr.Dataset(components=["textbox"], label=words["examples"], samples_per_page=12,
                                           samples=samples)
                self.mode: gr.Radio | None = None
                self.lines: gr.Slider | None = None
                self.length: gr.Slider | None = None
                self.n_best: gr.Slider | None = None
                self.controls: Controls | None = None
                self._how()
                button = gr.Button(words["answer"], variant="primary")
                if task.name != "classify":
                    with gr.Accordion(words["search" if task.name == "translate" else "settings"], open=False):
                        self.controls = Controls(task, words)
                self._file()
            with gr.Column(scale=6, min_width=300):
                self.out = gr.HTML(elem_classes="n2m-out")
        self.walk = gr.HTML()
        inputs = {self.model, self.text, *(c for c in (self.mode, self.lines, self.length, self.n_best) if c),
                  *(self.controls.components if self.controls else ())}
        gr.on([button.click, self.text.submit], self.answer, inputs, self.out, **WORK).then(
            self.show_walk, inputs, self.walk, **WORK)
        self.examples.click(lambda row: row[0], self.examples, self.text, **QUIET).then(
            self.answer, inputs, self.out, **WORK).then(self.show_walk, inputs, self.walk, **WORK)
        self.file_button.click(self.answer_file, {self.file, *inputs}, [self.file_said, self.file_out], **WORK)
        self.model.change(lambda name: gr.Dataset(samples=self.samples(name)), self.model, self.examples, **QUIET)

    def choices(self) -> list[tuple[str, str]]:
        return [(f"{e.name} ({e.corpus})", e.name) for e in self.service.catalogue.entries().values()
                if e.task == self.task.name]

    def samples(self, name: str, heads: bool = False) -> list[list[str]]:
        """Texts to click: those that the model's card has."""
        if heads:
            return [[text] for text in HEADS]
        entry = self.service.catalogue.entries().get(name)
        return [[text] for text in (entry.examples if entry else [self.task.sample_input])]

    def refresh(self, now: str) -> Any:
        """The models that there are by now."""
        choices = self.choices()
        names = [name for _, name in choices]
        return gr.Dropdown(choices=choices, value=now if now in names else names[0] if names else None)

    def _how(self) -> None:
        words = self.words
        if self.task.writes_lines:
            self.mode = gr.Radio([(words["continue"], "continue"), (words["acrostic"], "acrostic")], value="continue",
                                 label=words["mode"])
            with gr.Row():
                self.lines = gr.Slider(1, 7, 3, step=1, label=words["lines"])
                self.length = gr.Slider(5, 7, 5, step=2, label=words["line_length"], visible=False)
                self.n_best = gr.Slider(1, 6, 2, step=1, label=words["n_best"])
            self.mode.change(self.change_mode, [self.mode, self.model],
                             [self.text, self.lines, self.length, self.n_best, self.examples], **QUIET)
        elif self.task.answers_with != "label":
            self.n_best = gr.Slider(1, 5, 2 if self.task.name == "word" else 1, step=1, label=words["n_best"])

    def change_mode(self, mode: str, model: str) -> list[Any]:
        acrostic = mode == "acrostic"
        samples = self.samples(model, acrostic)
        return [gr.update(label=self.words["heads" if acrostic else "line"], value=samples[0][0]),
                gr.update(visible=not acrostic), gr.update(visible=acrostic), gr.update(visible=not acrostic),
                gr.Dataset(samples=samples)]

    def _file(self) -> None:
        with gr.Accordion(self.words["file"], open=False):
            self.file = gr.File(label=self.words["file_in"], file_types=[".txt"], height=110)
            self.file_button = gr.Button(self.words["file_go"])
            self.file_said = gr.HTML()
            self.file_out = gr.File(label=self.words["file_out"], interactive=False, visible=False)

    # answering

    def options(self, values: dict[Any, Any]) -> dict[str, Any]:
        found = self.controls.options(values) if self.controls else {}
        if self.n_best is not None:
            found["n_best"] = values[self.n_best]
        if self.lines is not None and values[self.lines] > 1:
            found["lines"] = values[self.lines]
        return found

    async def ask(self, values: dict[Any, Any], request: gr.Request, texts: list[str],
                  **more: Any) -> list[Answered | InputError]:
        options = {**self.options(values), **more}
        return await self.visitors.result(self.service.answer(values[self.model] or "", texts, **options), request)

    async def answer(self, values: dict[Any, Any], request: gr.Request) -> str:
        """The answers to the text as HTML, or why there are none."""
        begun, text = time.monotonic(), values[self.text] or ""
        try:
            shown = await self._shown(values, request, text)
        except InputError as error:
            return marks.error(error)
        took = self.words["seconds"].format(model=values[self.model], seconds=f"{time.monotonic() - begun:.1f}")
        return shown + f'<p class="n2m-legend">{took}</p>'

    async def _shown(self, values: dict[Any, Any], request: gr.Request, text: str) -> str:
        if self.mode is not None and values[self.mode] == "acrostic":
            options = {name: value for name, value in self.options(values).items() if name not in ("n_best", "lines")}
            lines = await self.visitors.result(self.service.acrostic(
                values[self.model] or "", text, line_length=values[self.length], **options), request)
            return marks.poems((), [_joined(lines)], self.words)
        label, attention = self.task.answers_with == "label", self.task.name == "translate"
        [found] = await self.ask(values, request, [text], weights=attention, **({"n_best": LABELS} if label else {}))
        if isinstance(found, InputError):
            raise found
        if label:
            _, walk = await self.visitors.result(self.service.walk(values[self.model] or "", text), request)
            return marks.labels(found.answers, walk, self.words)
        if attention:
            return marks.translations(found.answers, found.source, self.words)
        return marks.poems(lines_of(text) if self.task.writes_lines else (), found.answers, self.words)

    async def show_walk(self, values: dict[Any, Any], request: gr.Request) -> str:
        """The walk as a page in a frame; nothing for a text that has no answer."""
        if self.mode is not None and values[self.mode] == "acrostic":
            return f'<p class="n2m-legend">{self.words["walk_none"]}</p>'
        form = self.controls.form(values) if self.controls else {}
        try:
            task, found = await self.visitors.result(self.service.walk(
                values[self.model] or "", values[self.text] or "", **OPTIONS, **form), request)
        except InputError:
            return ""
        return await asyncio.to_thread(marks.walk, task, found, self.words, self.language)

    async def answer_file(self, values: dict[Any, Any], request: gr.Request) -> AsyncIterator[tuple[str, Any]]:
        """An answer for each line of a file, in a file; an impossible one is an empty line."""
        try:
            texts, answers, bad = self._texts(values[self.file]), [], 0
            for start in range(0, len(texts), AT_ONCE):  # others get their turn in between
                yield self.words["file_progress"].format(done=start, all=len(texts)), gr.skip()
                for found in await self.ask(values, request, texts[start:start + AT_ONCE]):
                    bad += isinstance(found, InputError)
                    answers.append("" if isinstance(found, InputError) else found.answers[0].text.replace("\n", " "))
        except InputError as error:
            yield marks.error(error), gr.skip()
            return
        with tempfile.TemporaryDirectory(prefix="n2m-") as folder:  # Gradio copies the file
            path = Path(folder) / "answers.txt"
            path.write_text("".join(f"{line}\n" for line in answers), encoding="utf-8")
            yield self.words["file_done"].format(all=len(texts), bad=bad), gr.File(str(path), visible=True)

    def _texts(self, name: str | None) -> list[str]:
        if not name:
            raise InputError(self.words["file_missing"])
        try:
            texts = Path(name).read_bytes().decode("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise InputError(f"the file is not UTF-8 (byte {error.start}); convert it to UTF-8") from None
        if not texts:
            raise InputError(self.words["file_none"])
        if len(texts) > MOST_LINES:
            raise InputError(self.words["file_long"].format(all=len(texts), most=MOST_LINES))
        return [text if len(text) <= self.service.max_length else "" for text in texts]  # too long is impossible too


def _joined(lines: list[Any]) -> Any:
    """The lines of an acrostic as one answer."""
    from tasks.poem import as_poem
    return as_poem(lines, start=0)
