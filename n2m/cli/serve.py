"""`run.py serve`: the playground and the JSON API, on this machine unless told otherwise."""

from __future__ import annotations

import argparse
import importlib.util
import ipaddress
import logging
import os
import socket
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path

from core.data import InputError
from core.os_errors import reason
from n2m.cli.flags import Parser
from n2m.cli.terminal import note

SECONDS = 3  # in which requests may end after Ctrl-C


def main(arguments: Sequence[str]) -> int:
    args = parser().parse_args(arguments)
    for name, least in (("queue", 1), ("max_length", 1), ("port", 0)):
        if getattr(args, name) < least:
            raise InputError(f"`{name}` {getattr(args, name)} must be at least {least}")
    if missing := [name for name in ("gradio", "fastapi", "uvicorn") if importlib.util.find_spec(name) is None]:
        raise InputError(f"serve needs the package {missing[0]}; install it with pip install -c constraints.txt -e "
                         "'.[serve]'")
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is loaded
    with listen(args.host, args.port) as listening, tempfile.TemporaryDirectory(prefix="n2m-") as uploads:
        os.environ["GRADIO_TEMP_DIR"] = uploads  # what was uploaded goes with the server
        serve(args, listening)
    return 0


def parser() -> Parser:
    p = Parser(prog="run.py serve", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter,
               description="Open a playground in the browser, and a JSON API, for trained models.",
               epilog=textwrap.dedent("""\
                   examples:
                     python run.py serve                           the models that come with n2m, and those in models/
                     python run.py serve --model-dir runs/mine     another one too
                     python run.py serve --allow-training          also trains on files from the browser
                     curl --json '{"model": "poem", "text": "床前明月光"}' http://127.0.0.1:7860/api/answer"""))
    p.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1: this machine only; "
                   "0.0.0.0: whoever can reach it)")
    p.add_argument("--port", type=int, default=7860, metavar="N", help="port (default 7860; 0: any free one)")
    p.add_argument("--model-dir", type=Path, action="append", default=[], metavar="DIR",
                   help="model directory to offer, besides models/ and the pretrained ones; may be repeated")
    p.add_argument("--allow-training", action="store_true", help="a tab that trains on uploaded files, into "
                   "models/NAME")
    p.add_argument("--queue", type=int, default=64, metavar="N", help="number of requests that may wait; further ones "
                   "are answered with 503 (default 64)")
    p.add_argument("--max-length", type=int, default=1000, metavar="N", help="maximum length of a text in characters "
                   "(default 1000)")
    return p


def listen(host: str, port: int) -> socket.socket:
    """A socket at this address. Raises InputError if that is impossible."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except socket.gaierror:
        raise InputError(f"`host` {host} is not an address of this machine; use 127.0.0.1 or 0.0.0.0") from None
    except (OSError, OverflowError) as error:
        # Of some errors the text repeats the address.
        why = reason(error).split(" (while")[0] if isinstance(error, OSError) else "must be at most 65535"
        raise InputError(f"`port` {port} of `host` {host}: {why}; choose another one") from None


def serve(args: argparse.Namespace, listening: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    import uvicorn

    from n2m.playground.application import application
    from n2m.serve.models import Catalogue
    from n2m.serve.service import Service

    service = Service(Catalogue(args.model_dir), args.queue, args.max_length)
    app = application(service, allow_training=args.allow_training)
    host, port = listening.getsockname()[:2]
    local = ipaddress.ip_address(host).is_loopback
    shown = f"[{host}]" if ":" in host else host
    print(f"n2m at http://{shown}:{port}" + (" (this machine only)" if local else "")
          + (", training allowed" if args.allow_training else "") + "; Ctrl-C stops it", flush=True)
    if not local:
        note(f"warning: it listens on {host}: whoever can reach this machine can use it"
             + " and train on it" * args.allow_training)
    service.warm()
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=SECONDS))
    # That requests are cut off at the end is meant, and no error.
    logging.getLogger("uvicorn.error").addFilter(lambda record: not server.should_exit)
    try:
        server.run(sockets=[listening])
        raise KeyboardInterrupt  # what ended it; asyncio loses it where nothing was left to cancel
    finally:
        ended = service.queue.close(SECONDS)
        if app.state.training:
            ended &= app.state.training.stop(SECONDS)
        if not ended:  # a thread that is inside torch while Python ends would abort the process
            note("stopped; what was being computed is lost")
            os._exit(130)
