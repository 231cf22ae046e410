"""Blocks that take no file but an uploaded one.

Gradio itself checks this only after Blocks.launch. Of Blocks that are mounted on another application it would take any
path of the server for an uploaded file, and would download addresses.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder


class UploadsOnly(gr.Blocks):
    """Gradio's Blocks, which refuse other files wherever a request names them."""

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *more: Any, **named: Any) -> list[Any]:
        for path in paths_in(inputs):
            if not isinstance(path, str) or "://" in path or not Path(path).resolve().is_relative_to(
                    Path(get_upload_folder()).resolve()):
                raise gr.Error("a file must be uploaded first", print_exception=False)
        return await super().preprocess_data(block_fn, inputs, *more, **named)


def paths_in(data: Any) -> list[Any]:
    """All that Gradio might take for the place of a file."""
    if isinstance(data, dict):
        return [*([data["path"]] if "path" in data else []), *paths_in(list(data.values()))]
    return [path for one in data for path in paths_in(one)] if isinstance(data, (list, tuple)) else []
