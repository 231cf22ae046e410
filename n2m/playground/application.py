"""The playground: a page in English and one in Chinese, with a tab for each task, on top of the JSON API."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from n2m.playground.comparing import compare_tab
from n2m.playground.tabs import QUIET, TaskTab
from n2m.playground.training import Training
from n2m.playground.training_tab import train_tab
from n2m.playground.uploads import UploadsOnly
from n2m.playground.visitors import Visitors
from n2m.playground.words import WORDS
from n2m.serve.api import api
from n2m.serve.service import Service
from tasks import all_tasks

STYLE = Path(__file__).with_name("style.css")
FONTS = ("system-ui", "-apple-system", "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")
ICON = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="#d66e00"/>'
        '<path d="M9 23V9l14 14V9" fill="none" stroke="#fff" stroke-width="3.4"/></svg>')
CACHED = (3600, 24 * 3600)  # every so many seconds, files that are older than so many are deleted
FIRST = ("poem", "word", "classify", "translate")  # the tabs in this order, others behind them


def application(service: Service, allow_training: bool = False, models: Path = Path("models")) -> FastAPI:
    """The JSON API with the playground at /en/ and /zh/; / leads to the reader's language. models: where it trains."""
    app, training = api(service), Training(models) if allow_training else None
    app.state.training = training

    @app.get("/")
    def home(request: Request) -> Response:
        asked = request.headers.get("accept-language", "").lower()
        return RedirectResponse("/zh/" if asked.startswith("zh") else "/en/")

    @app.get("/favicon.ico")
    def icon() -> Response:
        return Response(ICON, media_type="image/svg+xml")

    for language in WORDS:
        gr.mount_gradio_app(app, blocks(service, language, training), path=f"/{language}", footer_links=[],
                            run_history=False, ssr_mode=False, css_paths=[STYLE], theme=theme(),
                            max_file_size="20mb", mcp_server=False, enable_monitoring=False, show_error=False)
    app.add_middleware(Spoken)
    return app


class Spoken:
    """ASGI middleware that gives a page one language: Gradio's own buttons follow the browser's otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        codes = {f"/{language}/": "zh-CN" if language == "zh" else language for language in WORDS}
        if scope["type"] != "http" or scope["path"] not in codes:
            await self.app(scope, receive, send)
            return
        code = codes[scope["path"]]
        head = (f'<script>for (const [name, value] of [["language", "{code}"], ["languages", ["{code}"]]]) '
                "Object.defineProperty(navigator, name, { value })</script>").encode()

        async def changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [h for h in message["headers"] if h[0].lower() != b"content-length"]
            elif message["type"] == "http.response.body":
                page = message.get("body", b"").replace(b"<head>", b"<head>" + head, 1)
                message["body"] = page.replace(b'lang="en"', f'lang="{code}"'.encode(), 1)
            await send(message)

        plain = [h for h in scope["headers"] if h[0] != b"accept-encoding"]
        await self.app({**scope, "headers": plain}, receive, changed)


def theme() -> gr.themes.Base:
    """Colours and shapes; all fonts are those of the reader's system."""
    return gr.themes.Base(primary_hue="orange", secondary_hue="orange", neutral_hue="stone", font=FONTS,
                          font_mono=("ui-monospace", "Consolas", "monospace"), radius_size="lg")


def blocks(service: Service, language: str, training: Training | None) -> gr.Blocks:
    words, visitors = WORDS[language], Visitors()
    tasks = sorted(all_tasks(), key=lambda t: FIRST.index(t.name) if t.name in FIRST else len(FIRST))
    with UploadsOnly(title=words["title"], analytics_enabled=False, delete_cache=CACHED) as found:
        gr.HTML(f'<header class="n2m-head"><h1>{words["title"]}</h1><a class="n2m-other" '
                f'href="{words["other_path"]}">{words["other"]}</a><p>{words["lead"]}</p></header>')
        with gr.Tabs():
            for task in tasks:
                with gr.Tab(words.get(task.name, task.name)) as tab:
                    own = TaskTab(service, visitors, task, words, language)
                gr.on([tab.select, found.load], own.refresh, own.model, own.model, **QUIET)
            with gr.Tab(words["compare"]):
                compare_tab(service, visitors, words, found)
            if training:
                with gr.Tab(words["train"]):
                    train_tab(training, words, found)
        found.unload(visitors.gone)
    found.has_launched = True  # so that Gradio checks paths too; mounting does not set it
    return found.queue(max_size=service.queue.limit, default_concurrency_limit=None)
