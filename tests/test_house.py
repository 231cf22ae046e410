"""The house rules: who may import whom, what loads without torch, what the tree may hold."""

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("core", "corpora", "tasks")
ALLOWED = {"core": {"core"}, "corpora": {"core", "corpora"}, "tasks": {"core", "tasks"},
           "run.py": {"core", "corpora", "tasks"}}
PLAIN = {"core.cache", "core.data", "core.settings", "core.tokenizer"}  # without torch; corpora may import them
FILES = [ROOT / "run.py", *(p for part in PARTS for p in (ROOT / part).rglob("*.py"))]


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nobody_imports_from_a_room_he_may_not(path):
    room = path.relative_to(ROOT).parts[0]
    own = [name for name in imports(path) if name.split(".")[0] in (*PARTS, "run")]
    assert {name.split(".")[0] for name in own} <= ALLOWED[room]
    if room == "corpora":
        from_core = {name for name in own if name.startswith("core.")}
        assert all(any(name == m or name.startswith(m + ".") for m in PLAIN) for name in from_core), from_core


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_torchtext_is_used_in_one_module_only_and_core_never_prints(path):
    relative = str(path.relative_to(ROOT))
    if relative != "core/vocabulary.py":
        assert not any(name.split(".")[0] == "torchtext" for name in imports(path))
    if relative.startswith("core/"):
        calls = [n.func.id for n in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                 if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
        assert "print" not in calls


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_opens_with_one_line_that_says_what_it_is(path):
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert text and text.split("\n")[0].endswith((".", "once."))


@pytest.mark.parametrize("arguments", [["--help"], ["--list"], ["--tsak", "poem"]])
def test_help_and_list_and_wrong_flags_answer_at_once_without_torch(arguments):
    code = ("import sys, run; sys.argv = ['run.py']\ntry: run.main(" + repr(arguments) + ")\nexcept SystemExit: pass\n"
            "assert 'torch' not in sys.modules and 'sklearn' not in sys.modules")
    best = min(_seconds([sys.executable, "-c", code]) for _ in range(3))
    assert best < 1.0  # half a second on a quiet machine; tests may share theirs


def _seconds(command):
    begun = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - begun


def test_files_are_short_enough_to_read_in_one_sitting():
    lengths = {str(p.relative_to(ROOT)): len(p.read_text(encoding="utf-8").splitlines()) for p in FILES}
    assert {name: n for name, n in lengths.items() if n > (370 if name == "run.py" else 220)} == {}
