"""The JSON API: models, answers and walks over HTTP, with the one-line errors of the command line."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import Future
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from core.data import InputError
from n2m.serve.batching import Busy
from n2m.serve.service import Answered, Service
from tasks import find as find_task
from tasks.shared.task import Answer

MOST_BYTES = 1 << 20  # of a request
KINDS = {str: "a text", list: "a list of texts", bool: "true or false"}


def api(service: Service) -> FastAPI:
    """The application: GET /api/models, POST /api/answer and POST /api/walk, see docs/serve.md."""
    app = FastAPI(title="n2m", docs_url=None, redoc_url=None, openapi_url=None)  # those pages load scripts from the web

    @app.get("/api/models")
    def models() -> Response:
        found = service.catalogue.entries().values()
        return JSONResponse({"models": [
            {"name": e.name, "task": e.task, "sizes": find_task(e.task).sizes, "corpus": e.corpus,
             "examples": e.examples, "loaded": service.catalogue.is_loaded(e)} for e in found]})

    @app.post("/api/answer")
    async def answer(request: Request) -> Response:
        asked = await body(request, {"model": str, "text": str, "texts": list, "acrostic": str, "weights": bool})
        model = taken(asked, "model")
        inputs = [name for name in ("text", "texts", "acrostic") if name in asked]
        if len(inputs) != 1:
            raise InputError("enter one of `text`, `texts` and `acrostic`")
        given = asked.pop(inputs[0])
        if inputs == ["acrostic"]:
            lines = await result(request, service.acrostic(model, given, **asked))
            return JSONResponse({"answers": [to_json(line) for line in lines]})
        texts = given if inputs == ["texts"] else [given]
        if not all(isinstance(text, str) for text in texts):
            raise InputError("`texts` must be a list of texts")
        found = await result(request, service.answer(model, texts, **asked))
        if inputs == ["texts"]:
            return JSONResponse({"results": [{"error": str(one)} if isinstance(one, InputError) else answered(one)
                                             for one in found]})
        if isinstance(found[0], InputError):
            raise found[0]
        return JSONResponse(answered(found[0]))

    @app.post("/api/walk")
    async def walk(request: Request) -> Response:
        asked = await body(request, {"model": str, "text": str})
        model, text = taken(asked, "model"), taken(asked, "text")
        task, found = await result(request, service.walk(model, text, **asked))
        data = await run_in_threadpool(lambda: json.dumps({"task": task, **found.to_json()}, ensure_ascii=False))
        return Response(data, media_type="application/json")

    @app.exception_handler(InputError)
    def refused(_: Request, error: InputError) -> Response:
        busy = isinstance(error, Busy)
        return JSONResponse({"error": " ".join(str(error).split("\n"))}, 503 if busy else 400,
                            {"Retry-After": str(error.seconds)} if isinstance(error, Busy) else None)

    @app.exception_handler(HTTPException)
    def unknown(_: Request, error: HTTPException) -> Response:
        return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)

    @app.exception_handler(Exception)
    def failed(_: Request, error: Exception) -> Response:
        return JSONResponse({"error": "the server failed; its log says why"}, 500)

    return app


async def body(request: Request, kinds: dict[str, type]) -> dict[str, Any]:
    """The JSON object that was sent. kinds: of some of its fields. Raises InputError for anything else."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        # A page of another site can send other types without asking the browser's permission.
        raise HTTPException(415, "send JSON, with the header Content-Type: application/json")
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > MOST_BYTES:
            raise HTTPException(413, f"the request has more than {MOST_BYTES:,} bytes; send less at once")
    try:
        found = json.loads(read)
        json.dumps(found, ensure_ascii=False).encode()  # half of a surrogate pair could not be sent back
    except (ValueError, RecursionError) as error:
        raise InputError(f"the request is not JSON ({str(error)[:100]})") from None
    if not isinstance(found, dict):
        raise InputError('the request must be a JSON object, such as {"model": "poem", "text": "床前明月光"}')
    for name, kind in kinds.items():
        if name in found and type(found[name]) is not kind:
            raise InputError(f"`{name}` must be {KINDS[kind]}")
    return found


def taken(asked: dict[str, Any], name: str) -> Any:
    """Takes a field out that must be there."""
    if name not in asked:
        raise InputError(f"`{name}` is missing; add it")
    return asked.pop(name)


async def result(request: Request, future: Future) -> Any:
    """The result, once it is there; a client that goes meanwhile takes its request out of the queue."""
    waiting, gone = asyncio.wrap_future(future), asyncio.ensure_future(disconnected(request))
    try:
        await asyncio.wait([waiting, gone], return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            raise HTTPException(499, "the client has gone")
        return waiting.result()
    except asyncio.CancelledError:  # the server is closing
        waiting.cancel()
        raise HTTPException(503, "the server is stopping") from None
    finally:
        gone.cancel()


async def disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def to_json(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = {"text": answer.text, "score": answer.score, "tokens": list(answer.tokens)}
    if answer.weights is not None:
        found["weights"] = [[float(f"{x:.4g}") for x in row] for row in answer.weights.tolist()]
    return found


def answered(found: Answered) -> dict[str, Any]:
    return {"answers": [to_json(answer) for answer in found.answers],
            **({"source_tokens": found.source} if found.source else {})}
