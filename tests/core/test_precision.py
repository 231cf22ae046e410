import json

import pytest
import torch

from core import events, precision
from core.precision import bf16_speedup, choose_precision, has_bf16_instructions

CPU = torch.device("cpu")


@pytest.fixture
def notes():
    found = []
    with events.listening(note=found.append):
        yield found


def a_processor(monkeypatch, instructions=True, speedups=(2.0,)):
    """A processor that has such instructions, and whose measurements come out so."""
    coming = list(speedups)
    monkeypatch.setattr(precision, "has_bf16_instructions", lambda: instructions)
    monkeypatch.setattr(precision, "bf16_speedup", lambda: coming.pop(0))


@pytest.mark.parametrize("asked", ["fp32", "bf16"])
def test_the_asked_precision_is_chosen(asked, notes):
    assert choose_precision(asked, CPU) == asked
    assert notes == []


@pytest.mark.parametrize("speedup, chosen", [(1.4, "fp32"), (1.6, "bf16"), (0.2, "fp32")])
def test_auto_takes_bf16_if_it_is_faster_by_half_and_says_so(monkeypatch, notes, speedup, chosen):
    a_processor(monkeypatch, speedups=[speedup])
    assert choose_precision("auto", CPU) == chosen
    assert notes == [f"precision: {chosen}; bf16 is {speedup:.1f} times as fast as fp32 on this processor"]


def test_a_processor_without_the_instructions_is_not_measured(monkeypatch):
    a_processor(monkeypatch, instructions=False, speedups=[])
    assert choose_precision("auto", CPU) == "fp32"


def test_the_decision_is_kept_with_the_machine(monkeypatch, tmp_path, notes):
    a_processor(monkeypatch, speedups=[2.0])
    cache = tmp_path / "new" / "cache"
    assert [choose_precision("auto", CPU, cache) for _ in range(3)] == ["bf16"] * 3  # measured once
    assert notes[0] == notes[1] and notes[0].endswith(f"on this processor (kept in {cache / 'precision.json'})")
    a_processor(monkeypatch, speedups=[1.0])
    monkeypatch.setattr(precision, "_processor", lambda: "another")
    assert choose_precision("auto", CPU, cache) == "fp32"
    assert len(json.loads((cache / "precision.json").read_text())) == 2


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}', '{"a": {"precision": "fp8", "speedup": 1}}'])
def test_a_damaged_decision_is_made_again(monkeypatch, tmp_path, content):
    (tmp_path / "precision.json").write_text(content)
    a_processor(monkeypatch)
    assert choose_precision("auto", CPU, tmp_path) == "bf16"


def test_without_a_place_to_keep_it_the_decision_is_made_all_the_same(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("mine")
    a_processor(monkeypatch)
    assert choose_precision("auto", CPU, tmp_path / "file" / "cache") == "bf16"


def test_a_busy_moment_does_not_change_the_measurement(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(precision.time, "perf_counter", lambda: clock[0])
    calls = []

    def product(a, b):  # three times as fast in bf16; the first third of the time everything takes ten times as long
        calls.append(a.dtype)
        busy = 10 if len(calls) < 20 and a.dtype is torch.bfloat16 else 1
        clock[0] += busy * {torch.float32: 3.0, torch.bfloat16: 1.0}[a.dtype]

    monkeypatch.setattr(torch, "mm", product)
    assert bf16_speedup() == 3.0


def test_the_processor_is_asked_for_its_instructions(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False, raising=False)
    for flags, wanted in (("flags : sse avx2 avx512f", False), ("flags : avx512_bf16", True),
                          ("Features : fp asimd bf16", True), ("", False)):
        monkeypatch.setattr(precision, "_cpuinfo", lambda flags=flags: flags)
        assert has_bf16_instructions() is wanted
