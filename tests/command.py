"""run.py as a user calls it, but in this process: its heavy imports are paid once."""

import contextlib
import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import tasks
from tests.copies import ROOT as ROOT

TASKS = {task.name: task.sample_input for task in tasks.all_tasks()}
QUICK = ["--epochs", "2", "--embedding-size", "16", "--hidden-size", "16"]


@dataclass(frozen=True)
class Done:
    """What a finished command left."""

    returncode: int
    stdout: str
    stderr: str


def forget() -> None:
    """A new process would not know what the project's functions keep from earlier calls, such as standard input."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in ("core", "corpora", "tasks", "n2m", "run"):
            for value in list(vars(module).values()):
                if callable(getattr(value, "cache_clear", None)):
                    value.cache_clear()


def run(*arguments, where: Path | None = None, stdin: str | bytes = "", **environment: str) -> Done:
    """What these arguments print and return; where: the working folder, else the one the test is in."""
    import run as program
    forget()
    given = stdin if isinstance(stdin, bytes) else stdin.encode()
    streams = [io.TextIOWrapper(io.BytesIO(content), encoding="utf-8") for content in (given, b"", b"")]
    before, modules, path = Path.cwd(), set(sys.modules), list(sys.path)
    with (mock.patch("sys.stdin", streams[0]), mock.patch("sys.stdout", streams[1]),
          mock.patch("sys.stderr", streams[2]), mock.patch.dict(os.environ, environment)):
        try:
            if where is not None:
                os.chdir(where)
            code = program.main([str(a) for a in arguments])
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
        finally:
            folder = Path.cwd()
            os.chdir(before)
            sys.path[:] = path
            for name in set(sys.modules) - modules:  # another test's module may have the same name
                file = Path(getattr(sys.modules[name], "__file__", None) or ROOT)
                if folder in file.parents and ROOT not in file.parents:
                    del sys.modules[name]
            for stream in streams[1:]:
                with contextlib.suppress(ValueError):
                    stream.flush()
    out, errors = (stream.buffer.getvalue().decode() for stream in streams[1:])
    return Done(code, out, errors)


def refused(*arguments, **options) -> str:
    """The one line that a mistake is answered with."""
    done = run(*arguments, **options)
    assert done.returncode == 2, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("run.py:")]
    assert len(lines) == 1, done.stderr
    return lines[0]


def train_each_task(folder: Path) -> None:
    """A model of each task, trained on its starter corpus, in folder / task, with what was printed in a .txt beside."""
    folder.mkdir()
    for task in TASKS:
        done = run("--task", task, "--corpus", "starter", "--model-dir", folder / task, *QUICK, where=folder)
        assert done.returncode == 0, done.stderr
        (folder / f"{task}.txt").write_text(done.stdout, encoding="utf-8")
