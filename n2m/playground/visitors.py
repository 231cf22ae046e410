"""Who waits for what: a page that is closed takes its waiting requests along, as Gradio alone does not."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from concurrent.futures import CancelledError, Future
from typing import Any

import gradio as gr

from core.data import InputError


class Visitors:
    """The requests of each open page."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[Future]] = defaultdict(set)

    async def result(self, future: Future, request: gr.Request) -> Any:
        """What the future gives. Raises InputError if the page is closed before."""
        page = str(request.session_hash)
        self._waiting[page].add(future)
        try:
            return await asyncio.wrap_future(future)
        except (asyncio.CancelledError, CancelledError):
            future.cancel()
            raise InputError("the page was closed, or the server is stopping") from None
        finally:
            self._waiting[page].discard(future)
            if not self._waiting[page]:
                del self._waiting[page]

    def gone(self, request: gr.Request) -> None:
        """Called when a page is closed."""
        for future in list(self._waiting.get(str(request.session_hash), ())):
            future.cancel()
