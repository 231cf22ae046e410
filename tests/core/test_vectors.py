"""core/vectors.py: binary files of word vectors, whole, cut short and hostile."""

import gzip
import re
import struct
import tempfile
import tracemalloc
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data import InputError
from core.vectors import FASTTEXT_MODEL, header_of
from core.vocabulary import Vocabulary

ROWS = {"b": [1.0, 2.0, 3.0], "月光": [-1.0, 0.5, 4.0], "x": [0.0, 0.0, 0.0]}


def binary(rows, end=b"\n", header=None):
    """As word2vec writes it; other programs leave out the end of the line."""
    size = len(next(iter(rows.values())))
    return (header or f"{len(rows)} {size}\n".encode()) + b"".join(
        (word if isinstance(word, bytes) else word.encode()) + b" " + struct.pack(f"<{size}f", *row) + end
        for word, row in rows.items())


def text(rows, header=True):
    return "".join([f"{len(rows)} {len(next(iter(rows.values())))}\n"] * header
                   + [" ".join([word, *map(repr, row)]) + "\n" for word, row in rows.items()]).encode()


def read(folder, content, name="vectors.bin", words=("b", "月光", "y")):
    (Path(folder) / name).write_bytes(content)
    return Vocabulary(list(words)).vectors(str(Path(folder) / name), Path(folder) / "place")


@pytest.mark.parametrize("end", [b"\n", b""], ids=["line ends", "none"])
@pytest.mark.parametrize("packed", [False, True])
def test_binary_vectors_go_to_their_tokens(tmp_path, end, packed):
    content = binary(ROWS, end)
    name = "vectors.bin.gz" if packed else "vectors.bin"
    for _ in range(2):  # read, and found again
        table, given, unused = read(tmp_path, gzip.compress(content) if packed else content, name)
        assert table[4:].tolist() == [ROWS["b"], ROWS["月光"], [0, 0, 0]]
        assert (given[4:].tolist(), unused) == ([True, True, False], 0)
    [folder] = (tmp_path / "place").iterdir()
    itos, stoi, vectors, dim = torch.load(folder / f"{name}.pt", weights_only=True)
    assert (itos, list(stoi.values()), vectors.tolist(), dim) == (list(ROWS), [0, 1, 2], list(ROWS.values()), 3)


@pytest.mark.parametrize("rows", [{b"b": [1.0], b"\xff": [2.0], b"y": [3.0]}, {b"b": [1.0], b"x": [2.0], "y": [3.0]}])
def test_binary_words_that_are_not_utf8_are_skipped_and_counted(tmp_path, rows):
    table, _, unused = read(tmp_path, binary(rows))
    assert table[4:].tolist() == [[1], [0], [3]]
    assert unused == (b"\xff" in rows)


def test_content_tells_text_from_binary_whatever_the_name(tmp_path):
    for name, content, kind in (("a.bin", text(ROWS), False), ("a.txt", binary(ROWS), True), ("b.bin", b"", None),
                                ("b.txt", text(ROWS, header=False), None),
                                ("c.bin", b"1 3\nword 1 2 -3e-5", False), ("c.txt", binary({"b": [0.1] * 300}), True)):
        (tmp_path / name).write_bytes(content)
        header = header_of(tmp_path / name)
        assert (header.binary if header else None) == kind, name


def test_a_fasttext_model_is_told_from_its_vectors(tmp_path):
    with pytest.raises(InputError, match=r"`vectors` .*cc.zh.bin is a fastText model; use the .vec file next"):
        read(tmp_path, FASTTEXT_MODEL + struct.pack("<13i", *range(13)), "cc.zh.bin")


@pytest.mark.parametrize("header", [b"1000000000000 3\n", b"3 1000000000000\n", b"9" * 18 + b" " + b"9" * 18 + b"\n",
                                    b"0 3\n", b"3 0\n", b"4 3\n"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_header_that_says_more_than_there_is_takes_no_memory(tmp_path, header, packed):
    content, name = binary(ROWS, header=header), "vectors.bin.gz" if packed else "vectors.bin"
    words, numbers = header.decode().split()
    tracemalloc.start()
    with pytest.raises(InputError, match=re.escape(f"says {int(words):,} words of {int(numbers):,} numbers")) as error:
        read(tmp_path, gzip.compress(content) if packed else content, name)
    assert "but the file is incomplete; download it again" in str(error.value)
    assert tracemalloc.get_traced_memory()[1] < 10e6
    tracemalloc.stop()


def test_a_word_without_end_is_refused(tmp_path):
    with pytest.raises(InputError, match="says 2 words of 3 numbers, but the file is incomplete"):
        read(tmp_path, b"2 3\n" + b"\xe6" * 3_000_000 + b" " + bytes(24))


NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False)
WORDS = st.text(st.characters(exclude_characters=" \n", exclude_categories=["Cs"]), min_size=1, max_size=4)
TABLES = st.integers(3, 6).flatmap(lambda size: st.dictionaries(WORDS, st.lists(NUMBERS, min_size=size, max_size=size),
                                                                min_size=1, max_size=5))


@settings(max_examples=60, deadline=None)
@given(TABLES, st.booleans())
def test_text_and_binary_of_the_same_vectors_are_one(rows, header):
    with tempfile.TemporaryDirectory() as folder:
        words = sorted({*rows, "b"} - {"<pad>", "<bos>", "<eos>", "<unk>"})
        a, b = read(folder, binary(rows), "a.bin", words), read(folder, text(rows, header), "b.txt", words)
    assert torch.equal(a.table, b.table) and torch.equal(a.pretrained_mask, b.pretrained_mask)
    assert a.unused == b.unused == 0
    assert a.table[a.pretrained_mask].tolist() == [rows[word] for word in words if word in rows]


@settings(max_examples=60, deadline=None)
@given(TABLES, st.sampled_from([b"\n", b""]), st.data())
def test_a_binary_cut_anywhere_is_refused_or_still_whole(rows, end, data):
    content = binary(rows, end)
    length = data.draw(st.integers(0, len(content)))
    with tempfile.TemporaryDirectory() as folder:
        words = sorted({*rows, "b"} - {"<pad>", "<bos>", "<eos>", "<unk>"})
        whole = read(folder, content, words=words)
        try:
            cut = read(folder, content[:length], words=words)
        except InputError as error:
            assert "\n" not in str(error)
            assert length < len(content)
        else:
            assert length >= len(content) - len(end)
            assert torch.equal(cut.table, whole.table) and torch.equal(cut.pretrained_mask, whole.pretrained_mask)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60) | st.tuples(st.sampled_from([b"2 3\n", b"1 1\n", b"9 9 9\n"]), st.binary(max_size=60))
       .map(b"".join))
def test_any_bytes_are_vectors_or_refused_in_one_line(content):
    with tempfile.TemporaryDirectory() as folder:
        try:
            read(folder, content)
        except InputError as error:
            assert len(str(error).splitlines()) == 1
