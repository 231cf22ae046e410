"""benchmarks/fuzz.py: every target holds for the inputs it starts from, and for a few others."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
spec = importlib.util.spec_from_file_location("fuzz", ROOT / "benchmarks" / "fuzz.py")
fuzz = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fuzz)


@pytest.mark.parametrize("name", fuzz.TARGETS)
def test_every_target_holds_for_its_first_inputs_whole_and_cut_off(name):
    if name == "parquet":
        pytest.importorskip("pyarrow")
    for seed in fuzz.TARGETS[name][1]():
        for data in (seed, seed[:len(seed) // 2], seed[:1], b""):
            fuzz.one(name, data)


def test_an_input_that_does_not_hold_fails(monkeypatch):
    from corpora.prepare import cleaning
    monkeypatch.setattr(cleaning, "normalize", lambda text: text + "\n")
    with pytest.raises(AssertionError):
        fuzz.one("tsv", b"\0a\tb\n")


def test_one_input_is_run_again_without_the_fuzzer_and_without_it_there_is_one_line(tmp_path):
    (tmp_path / "input").write_bytes(b"\0a\tb\n")
    again = [sys.executable, "benchmarks/fuzz.py", "--target", "tsv", "--input", tmp_path / "input"]
    done = subprocess.run(again, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == f"{tmp_path}/input: held\n", done.stderr
    code = ("import importlib.util as u, runpy, sys; found = u.find_spec; sys.argv = ['fuzz.py']\n"
            "u.find_spec = lambda name: None if name == 'atheris' else found(name)\n"
            "runpy.run_path('benchmarks/fuzz.py', run_name='__main__')")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "fuzz.py: needs the package atheris; pip install atheris\n")
