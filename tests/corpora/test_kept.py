"""What corpora/prepare/splits.py keeps on disk: the same splits as in memory, found again or made again."""

import hashlib
import os
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kinds import file_corpus, prepare

from core.data import SPLITS, Example, InputError
from core.tokenizer import normalize
from corpora.prepare.hashes import DEV, TEST, dedup_key, split_hash
from corpora.shared.corpus import Corpus

ROOT = Path(__file__).resolve().parents[2]
FILLERS = [Example(f"source {i}", f"target {i % 2}") for i in range(60)]
text = st.sampled_from(["ab", "Ab", " ab", "a  b", "cd", "ef", "gh", "ij", "", " "])
drawn = st.lists(st.builds(Example, text, text.map(lambda t: t[:1]), st.lists(text, max_size=2).map(tuple),
                           st.sampled_from(["", "poem 1", "poem 2", "poem 7"])), max_size=40)


def corpus(examples, disjoint_fields=("source",), task="translate", calls=None, version="1"):
    def load(script):
        if calls is not None:
            calls.append(script)
        yield from examples
    return Corpus(name="mine", task=task, title="title", size="size", licence="licence", origin="origin", load=load,
                  disjoint_fields=disjoint_fields, version=version and (lambda: version))


def in_memory(examples, disjoint_fields, task, reverse):
    """The same splits, said plainly and all in lists."""
    def texts(e):
        for part in disjoint_fields if not reverse or "source" in disjoint_fields else ("source",):
            value = getattr(e.reversed() if reverse else e, part)
            yield from map(dedup_key, value if isinstance(value, tuple) else [value])

    def without(some, held):
        return [e for e in some if not {t for h in held for t in texts(h)} & set(texts(e))]

    unique = {}
    for e in examples:
        e = Example(normalize(e.source), normalize(e.target), e.context, e.key)
        if e.source and e.target:
            at = split_hash(e)
            unique.setdefault((dedup_key(e.source), e.target, e.context, at < TEST, at < TEST + DEV), e)
    kept = list(unique.values())
    labels = defaultdict(set)
    for e in kept:
        labels[dedup_key(e.source)].add(e.target)
    if task == "classify":
        kept = [e for e in kept if len(labels[dedup_key(e.source)]) == 1]
    checksum = hashlib.sha256("".join("\t".join((e.source, e.target, *e.context, e.key, "\n"))
                                      for e in kept).encode()).hexdigest()
    kept.sort(key=split_hash)
    count = max(1, sum(split_hash(e) < TEST for e in kept))
    test, rest = kept[:count], without(kept[count:], kept[:count])
    count = max(1, sum(split_hash(e) < TEST + DEV for e in rest))
    dev, train = rest[:count], without(rest[count:], rest[:count])
    if task == "classify":
        dev, test = ([e for e in part if e.target in {t.target for t in train}] for part in (dev, test))
    return [[e.reversed() if reverse else e for e in part] for part in (train, dev, test)], checksum


@given(drawn, st.sampled_from([("source",), ("target",), ("source", "target", "context")]),
       st.sampled_from(["translate", "classify"]), st.booleans())
def test_the_stream_gives_the_splits_that_lists_in_memory_would(examples, disjoint_fields, task, reverse):
    examples = FILLERS + examples
    if "target" in disjoint_fields or reverse:  # then these, too, must differ, or nothing is left for training
        examples = [Example(e.source, e.target if i >= 60 else f"{e.target} {i}", e.context, e.key)
                    for i, e in enumerate(examples)]
        task = "translate"
    expected, checksum = in_memory(examples, disjoint_fields, task, reverse)
    found = prepare(corpus(examples, disjoint_fields, task, version=None), reverse=reverse)
    assert [list(getattr(found, part)) for part in SPLITS] == expected
    assert found.checksum == checksum
    assert isinstance(found.rejected, Counter)
    assert sum(found.rejected.values()) == len(examples) - sum(map(len, expected))


def test_a_second_run_does_not_read_the_corpus_again(own_cache):
    calls = []
    first, again = (prepare(corpus(FILLERS, calls=calls)) for _ in range(2))
    assert calls == ["simplified"] and first == again
    assert len(list((own_cache / "prepared").iterdir())) == 1


def test_another_version_script_direction_or_program_reads_it_again(monkeypatch):
    calls = []
    prepare(corpus(FILLERS, calls=calls))
    prepare(corpus(FILLERS, calls=calls, version="2"))
    unlike = [Example(f"source {i}", f"target {i}") for i in range(60)]
    prepare(corpus(unlike, calls=calls, version="2"), reverse=True)
    monkeypatch.setattr("corpora.prepare.splits.FORMAT", 0)
    prepare(corpus(FILLERS, calls=calls, version="2"))
    assert len(calls) == 4


def test_a_corpus_without_a_version_is_read_in_each_run_and_not_kept(own_cache):
    calls = []
    for _ in range(2):
        prepare(corpus(FILLERS, calls=calls, version=None))
    assert len(calls) == 2 and not own_cache.exists()


def test_a_damaged_preparation_is_made_again(own_cache):
    calls = []
    first = prepare(corpus(FILLERS, calls=calls))
    [folder] = (own_cache / "prepared").iterdir()
    (folder / "train.npy").unlink()  # the first dataset still reads the old file
    (folder / "train.npy").write_bytes(b"")
    assert prepare(corpus(FILLERS, calls=calls)) == first and len(calls) == 2


def test_an_interrupt_leaves_nothing_half_written(own_cache):
    def interrupted():
        yield from FILLERS
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        prepare(corpus(interrupted()))
    assert list((own_cache / "prepared").iterdir()) == []


def test_a_cache_folder_that_cannot_be_written_stops_nothing(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("N2M_CACHE", str(tmp_path / "file" / "cache"))
    assert len(prepare(corpus(FILLERS)).train) > 0


def test_a_corpus_that_is_refused_is_not_kept(own_cache):
    with pytest.raises(InputError, match="3 usable examples"):
        prepare(corpus(FILLERS[:3]))
    assert list((own_cache / "prepared").iterdir()) == []


def test_a_file_that_changes_is_prepared_again(tmp_path):
    path = tmp_path / "mine.tsv"
    sums = []
    for last in ("one", "one", "two"):
        path.write_text("".join(f"s {i}\tt {i}\n" for i in range(40)) + f"last\t{last}\n", encoding="utf-8")
        sums.append(prepare(file_corpus([path], "translate")).checksum)
    assert sums[0] == sums[1] != sums[2]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_read_like_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    words = "".join(f"s {i}\tt {i}\n" for i in range(40))
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_text(words, encoding="utf-8"))
    writer.start()
    dataset = prepare(file_corpus([tmp_path / "pipe"], "word"))
    writer.join()
    assert sum(len(getattr(dataset, part)) for part in SPLITS) == 40


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_preparing_many_pairs_takes_some_dozen_bytes_of_memory_each(tmp_path):
    count = 120_000
    path = tmp_path / "mine.tsv"
    path.write_text("".join(f"the source of the pair {i}\tthe target of the pair {i}\n" for i in range(count)),
                    encoding="utf-8")
    program = ("import re, corpora\nimport sys; sys.path.insert(0, 'tests/corpora')\nfrom kinds import find, prepare\n"
               "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) * 1024\n"
               f"prepare(find('starter', 'translate'))\nbefore = peak()\n"
               f"dataset = prepare(find({str(path)!r}, 'translate'))\nfor e in dataset.train: pass\n"
               "print(peak() - before)")
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) < 150 * count  # as lists of examples they took over 500
