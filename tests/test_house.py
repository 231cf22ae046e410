"""The rules of the house: who may import whom, what loads without torch, who prints, how long a file may be."""

import ast
import subprocess
import sys
import time

import pytest

from tests.imports import PICTURE, ROOT, Module, circles, drawing, graph, imports, modules, structure, without_torch

MODULES = modules()
EDGES = graph(MODULES)
MAY_IMPORT = {"core": {"core"}, "corpora": {"corpora", "core"}, "tasks": {"tasks", "core"},
              "n2m": {"n2m", "tasks", "corpora", "core"}, "run.py": {"n2m", "core"}}
# What the command line uses of core.
PLAIN = {"core.data", "core.history", "core.options", "core.os_errors", "core.settings"}
each_module = pytest.mark.parametrize("module", MODULES.values(), ids=lambda m: m.name)


def test_no_module_leads_back_to_itself():
    assert [sorted(circle) for circle in circles(EDGES)] == []


def test_circles_are_found_over_any_way():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [{"b", "c"}]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_late_imports_and_those_for_type_checking_are_found():
    source = ("import core.data\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tasks import poem\n"
              "class A:\n    def f(self):\n        from core import cells, Unknown\n"
              "try:\n    import torch\nexcept ImportError:\n    pass\n")
    found = imports(Module("a", ROOT / "a.py", "", ast.parse(source)), {"tasks.poem", "core.cells", "core.data"})
    assert [found[1:] for found in found] == [
        ("core.data", "now"), ("typing", "now"), ("tasks.poem", "typing"), ("core.cells", "late"), ("core", "late"),
        ("torch", "now")]


@each_module
def test_a_room_is_imported_only_by_those_above_it(module):
    room = module.room.split("/")[0]
    assert {MODULES[name].room.split("/")[0] for name in EDGES[module.name]} <= MAY_IMPORT[room]


def test_corpora_import_only_what_loads_without_torch():
    light = without_torch(MODULES)
    used = {other for name, others in EDGES.items() if name.split(".")[0] == "corpora" for other in others}
    assert used - light == set()
    assert {name for name in EDGES["run"] if name.startswith("core.")} <= PLAIN <= light


def test_the_library_needs_nothing_of_the_command_line():
    assert {name for name in MODULES if not name.startswith(("n2m.cli", "run"))
            and any(other.startswith(("n2m.cli", "run")) for other in EDGES[name])} == set()


@each_module
def test_torchtext_is_used_in_one_module_only_and_only_the_command_line_prints(module):
    if module.name != "core.vocabulary":
        assert not any(found.imported.split(".")[0] == "torchtext" for found in imports(module, MODULES))
    if not module.name.startswith(("run", "n2m.cli")):
        names = {ast.unparse(n.func) for n in ast.walk(module.tree) if isinstance(n, ast.Call)}
        assert not names & {"print", "tqdm.write", "sys.stdout.write", "sys.stderr.write", "sys.exit", "exit"}


@each_module
def test_a_module_opens_with_one_line_that_says_what_it_is(module):
    assert module.about.endswith(".")


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
    lengths = {module.name: len(module.path.read_text(encoding="utf-8").splitlines()) for module in MODULES.values()}
    assert {name: n for name, n in lengths.items() if n > (150 if name == "run" else 220)} == {}


def test_the_picture_of_the_house_is_up_to_date():
    shown, wanted = structure(PICTURE.read_text(encoding="utf-8")), structure(drawing())
    assert (wanted - shown, shown - wanted) == (set(), set()), "draw it anew: python tests/imports.py"


def test_a_picture_without_one_file_or_arrow_is_out_of_date():
    text = drawing()
    for part in ('data-module="core.data"', 'data-room="core"', 'data-to="core"'):
        assert part in text and structure(text.replace(part, part.replace("core", "gone"))) != structure(text)
