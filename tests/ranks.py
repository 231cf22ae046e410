"""run.py in several processes as torchrun starts them, each forked from one process that has imported everything."""

import atexit
import gc
import importlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("core", "corpora", "tasks", "n2m")


class Server:
    """Starts processes until it is closed; a start costs no import."""

    def __init__(self, **environment: str) -> None:
        self._process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         text=True, cwd=ROOT, env={**os.environ, **environment})

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self, processes: int, *arguments: object) -> tuple[int, str, str]:
        """The worst exit code, and what was printed on standard output and standard error."""
        printed = [Path(tempfile.mkstemp()[1]) for _ in range(2)]
        self._process.stdin.write(json.dumps([processes, [str(a) for a in arguments], *map(str, printed)]) + "\n")
        self._process.stdin.flush()
        codes = json.loads(self._process.stdout.readline())
        output, errors = (path.read_text(encoding="utf-8") for path in printed)
        for path in printed:
            path.unlink()
        return max(codes, key=abs), output, errors


def serve() -> None:
    """The server's side: reads one order per line; prints the processes' exit codes."""
    sys.path.insert(0, str(ROOT))
    import run
    for path in sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py")):
        importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    import torch
    torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))])  # imports more when it is first used
    gc.freeze()  # no collection in a child copies what they share
    for line in sys.stdin:
        size, arguments, output, errors = json.loads(line)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        children = []
        for rank in range(size):
            if child := os.fork():
                children.append(child)
                continue
            for name, number in ((os.devnull, 0), (output, 1), (errors, 2)):
                os.dup2(os.open(name, os.O_RDWR | os.O_APPEND), number)
            if size > 1:
                os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(size),
                               "LOCAL_WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
            try:
                code = run.main(arguments)
            except BaseException:
                traceback.print_exc()
                code = 1
            atexit._run_exitfuncs()  # leaves the group; taking all modules apart would last longer than the rest
            sys.stdout.flush()
            os._exit(code)
        print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(c, 0)[1]) for c in children]), flush=True)


if __name__ == "__main__":
    serve()
