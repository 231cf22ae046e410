"""The server under load: many clients at once against one request at a time, and a server that is killed under load.

    python benchmarks/serve.py                            32 clients for a minute: about two minutes
    python benchmarks/serve.py --seconds 10 --model poem

It starts `run.py serve` on a free port of this machine and asks /api/answer for different sentences. At first one
client sends one request after another, then all clients do so at the same time: their requests are answered in batches.
At last it kills the server (kill -9) while all clients ask, starts another on the same port, and counts the seconds
until every client is answered again. A request that fails for another reason than the killed server is an error.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project, if it is not installed

import numpy as np

from benchmarks import command
from benchmarks.command import ROOT
from tasks.shared.report import table

TEXTS = {"translate": ["我喜欢喝茶。", "他比我高。", "如果明天下雨，我们就不去了。", "你在哪儿工作？",
                       "这本书很有意思。", "我们昨天去了公园。", "请给我一杯水。", "她会说三种语言。"],
         "poem": ["床前明月光", "白日依山尽", "独在异乡为异客", "春眠不觉晓", "空山新雨后", "两个黄鹂鸣翠柳"],
         "classify": ["这家酒店很干净，下次还来", "房间又小又脏，服务员态度很差", "书的内容不错，就是印刷差了点"],
         "word": ["月", "江", "春", "山", "风", "雪"]}
AIM = 3.0  # times the throughput of one request at a time


def parse() -> argparse.Namespace:
    p = command.Parser(description=__doc__)
    p.add_argument("--clients", type=command.positive, default=32, metavar="N", help="clients at once (default 32)")
    p.add_argument("--seconds", type=command.positive, default=60, metavar="N", help="of the load (default 60)")
    p.add_argument("--model", choices=TEXTS, default="translate", help="task of the pretrained model (default "
                   "translate)")
    p.add_argument("--without-restart", action="store_true", help="do not kill the server under load")
    return p.parse_args()


@contextlib.contextmanager
def server(port: int) -> Iterator[subprocess.Popen]:
    """A server that answers; it is ended behind this block."""
    process = subprocess.Popen([sys.executable, ROOT / "run.py", "serve", "--port", str(port)], cwd=ROOT,
                               stdout=subprocess.DEVNULL)
    try:
        for _ in range(1200):
            with contextlib.suppress(OSError, http.client.HTTPException):
                ask(port, "translate", 0)
                break
            if process.poll() is not None:
                raise OSError(0, "run.py serve ended before it answered", "benchmarks/serve.py")
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.wait()


def ask(port: int, model: str, number: int) -> float:
    """The seconds that one request takes. Raises OSError or HTTPException if it is not answered."""
    texts = TEXTS[model]
    content = {"model": f"pretrained/{model}", "text": texts[number % len(texts)]}
    begun = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/api/answer", json.dumps(content), {"Content-Type": "application/json"})
        answered = connection.getresponse()
        if answered.status != 200 or not json.loads(answered.read()).get("answers"):
            raise http.client.HTTPException(f"status {answered.status}")
    finally:
        connection.close()
    return time.perf_counter() - begun


class Load:
    """Clients that ask one request after another until they are stopped."""

    def __init__(self, port: int, model: str, clients: int) -> None:
        self.seconds: list[float] = []
        self.errors: list[str] = []
        self.last = [0.0] * clients  # when each client was answered last
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(port, model, n)) for n in range(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self, port: int, model: str, client: int) -> None:
        number = client
        while not self._stop.is_set():
            try:
                self.seconds.append(ask(port, model, number))
                self.last[client] = time.monotonic()
            except (OSError, http.client.HTTPException) as error:
                self.errors.append(f"{type(error).__name__}: {error}")
                time.sleep(0.1)
            number += 1

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def measured(port: int, model: str, clients: int, seconds: float) -> dict[str, float]:
    begun = time.monotonic()
    load = Load(port, model, clients)
    time.sleep(seconds)
    load.stop()
    took = time.monotonic() - begun
    for error in dict.fromkeys(load.errors):
        print(f"error: {error}")
    return {"answers": len(load.seconds), "errors": len(load.errors), "per second": len(load.seconds) / took,
            "median": float(np.median(load.seconds)), "99th percentile": float(np.percentile(load.seconds, 99))}


def restarted(port: int, model: str, clients: int, process: subprocess.Popen) -> float:
    """Kills the server while all clients ask, starts another, and returns the seconds until all are answered again."""
    load = Load(port, model, clients)
    time.sleep(2)
    process.kill()
    process.wait()
    begun = time.monotonic()
    try:
        with server(port):
            for _ in range(600):
                if min(load.last) > begun:
                    return time.monotonic() - begun
                time.sleep(0.1)
            raise OSError(0, "not every client was answered again within a minute", "benchmarks/serve.py")
    finally:
        load.stop()


def main() -> int:
    args = parse()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    before = os.getloadavg()[0]
    with server(port) as process:
        for number in range(len(TEXTS[args.model])):
            ask(port, args.model, number)  # the first answers load and prepare the model
        alone = measured(port, args.model, 1, max(1, args.seconds / 4))
        together = measured(port, args.model, args.clients, args.seconds)
        again = None if args.without_restart else restarted(port, args.model, args.clients, process)
    rows = [["", "answers", "errors", "per second", "median, s", "99th percentile, s"]]
    rows += [[name, f"{found['answers']:,}", f"{found['errors']}", f"{found['per second']:.1f}",
              f"{found['median']:.3f}", f"{found['99th percentile']:.3f}"]
             for name, found in (("one at a time", alone), (f"{args.clients} clients", together))]
    times = together["per second"] / alone["per second"]
    print("\n".join(table(rows)))
    print(f"{times:.1f} times the throughput of one request at a time (aim: {AIM:.0f}); "
          f"load average {before:.1f} before, {os.getloadavg()[0]:.1f} after")
    if again is not None:
        print(f"killed under load and restarted: all {args.clients} clients answered again after {again:.1f} s")
    return int(bool(alone["errors"] + together["errors"]) or times < AIM)


if __name__ == "__main__":
    command.run(main)
