"""corpora/shared/opening.py: reading folders, archives and packed files, with a limit on what they unpack to."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kinds import file_corpus

from corpora.read import listing
from corpora.read.listing import files_of
from corpora.shared import opening
from corpora.shared.opening import File, open_file

TEXT = "你好\thello\n谢谢\tthank you\n".encode()
PACKERS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
PAIRS = [("你好", "hello"), ("谢谢", "thank you")]


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            out.writestr(name, data)
    return path


def pairs_in(*paths: Path) -> list[tuple[str, str]]:
    return [(e.source, e.target) for e in file_corpus(list(paths), "translate").examples()]


@pytest.mark.parametrize("ending", PACKERS)
def test_a_packed_file_reads_as_the_file_in_it(tmp_path, ending):
    path = tmp_path / f"mine.tsv{ending}"
    path.write_bytes(PACKERS[ending](TEXT))
    assert pairs_in(path) == PAIRS
    assert File(path).suffix == ".tsv"


def test_a_zip_reads_as_the_files_in_it_by_name(tmp_path):
    path = archive(tmp_path / "mine.zip", {"b.tsv": b"c\td\n", "a.tsv.gz": gzip.compress(b"a\tb\n"), "c/": b"",
                                           "__MACOSX/a.tsv": b"x\ty", ".DS_Store": b"\0"})
    assert [str(f) for f in files_of(path)] == [f"{path}/a.tsv.gz", f"{path}/b.tsv"]
    assert pairs_in(path) == [("a", "b"), ("c", "d")]


@pytest.mark.parametrize("name", ["../../outside.tsv", "/outside.tsv", "a/../../outside.tsv"])
def test_a_path_outside_the_archive_is_not_written(tmp_path, name):
    path = archive(tmp_path / "inner" / "mine.zip" if (tmp_path / "inner").mkdir() is None else tmp_path, {name: TEXT})
    assert pairs_in(path) == PAIRS
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file() and "cache" not in p.parts) == ["mine.zip"]


@pytest.mark.parametrize("ending", [*PACKERS, ".zip"])
def test_what_unpacks_without_end_is_refused_at_the_limit(tmp_path, monkeypatch, refused, ending):
    monkeypatch.setattr(opening, "FREE", 1 << 16)
    bomb = b"a\tb\n" * (1 << 20)
    path = tmp_path / f"bomb.tsv{ending}" if ending != ".zip" else tmp_path / "bomb.zip"
    if ending == ".zip":
        archive(path, {"bomb.tsv": bomb})
    else:
        path.write_bytes(PACKERS[ending](bomb))
    assert "unpacks to more than 200 times its size" in refused(lambda: list(file_corpus([path], "word").examples()))


def test_what_unpacks_to_as_much_as_text_does_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "FREE", 1 << 10)
    text = "".join(f"第{i}句\tsentence {i * i}\n" for i in range(5000))
    path = tmp_path / "mine.tsv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert len(pairs_in(path)) == 5000


@pytest.mark.parametrize("ending", [*PACKERS, ".zip"])
@pytest.mark.parametrize("cut", [1, 12, -5])
def test_a_torn_file_is_refused_in_one_line(tmp_path, refused, ending, cut):
    path = tmp_path / f"torn.tsv{ending}" if ending != ".zip" else tmp_path / "torn.zip"
    whole = PACKERS[ending](TEXT) if ending != ".zip" else archive(path, {"a.tsv": TEXT}).read_bytes()
    path.write_bytes(whole[:cut])
    said = refused(lambda: list(file_corpus([path], "translate").examples()))
    assert said.startswith(str(path)) and ("damaged" in said or "cannot be read" in said)


def test_a_damaged_byte_inside_is_found(tmp_path, refused):
    for ending, pack in PACKERS.items():
        data = bytearray(pack(TEXT * 100))
        data[len(data) // 2] ^= 0xff
        path = tmp_path / f"bad.tsv{ending}"
        path.write_bytes(data)
        assert str(path) in refused(lambda path=path: list(file_corpus([path], "translate").examples()))


@pytest.mark.parametrize("ending", ["", *PACKERS])
@pytest.mark.parametrize("text,pairs", [
    (TEXT, PAIRS), (b"text,label\n" + TEXT.replace(b"\t", b","), PAIRS), (b"a ||| b, c\n", [("a", "b, c")]),
    (b'\xef\xbb\xbf [{"text": "a", "label": "b"}]', [("a", "b")]),
    (b'{"text": "a", "label": "b"}\n' * 2, [("a", "b")] * 2),
    ("原文,译文\n你好,谢谢\n".encode(), [("你好", "谢谢")]),
    ("原文,译文\n我们的国家,大家都来这里说话\n".encode("gb18030"), [("我们的国家", "大家都来这里说话")]),
    (b"[music]\tplays\n", [("[music]", "plays")])],
    ids=["TSV", "CSV", "bars", "JSON", "JSON lines", "Chinese names", "and in GB18030", "a bracket"])
def test_what_comes_through_a_pipe_is_known_by_its_beginning(monkeypatch, text, pairs, ending):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(PACKERS.get(ending, bytes)(text))))
    listing._copied.cache_clear()
    assert pairs_in(Path("-")) == pairs


def test_a_zip_through_a_pipe_is_refused(tmp_path, monkeypatch, refused):
    data = archive(tmp_path / "a.zip", {"a.tsv": TEXT}).read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    listing._copied.cache_clear()
    assert "cannot be read from a pipe" in refused(lambda: pairs_in(Path("-")))


def test_an_encrypted_zip_is_refused(tmp_path, refused):
    path = archive(tmp_path / "mine.zip", {"a.tsv": TEXT})
    data = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    path.write_bytes(data)
    assert "encrypted" in refused(lambda: list(file_corpus([path], "translate").examples()))


@pytest.mark.parametrize("name", ["mine.tar", "mine.tar.gz", "mine.tgz", "mine.tsv"])
def test_a_tar_archive_is_refused_with_the_remedy(tmp_path, refused, name):
    path = tmp_path / name
    with tarfile.open(path, "w:gz" if name.endswith("gz") else "w") as out:
        info = tarfile.TarInfo("a.tsv")
        info.size = len(TEXT)
        out.addfile(info, io.BytesIO(TEXT))
    assert "is a tar archive; unpack it and pass the folder" in refused(
        lambda: list(file_corpus([path], "translate").examples()))


def test_an_empty_folder_and_an_empty_zip_say_so(tmp_path, refused):
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", archive(tmp_path / "empty.zip", {})):
        assert "contains no files" in refused(lambda path=path: file_corpus([path], "translate"))


def test_a_device_is_no_corpus(refused):
    assert "is a device" in refused(lambda: file_corpus([Path("/dev/zero")], "translate"))


@given(st.binary(max_size=200), st.sampled_from([".gz", ".bz2", ".xz", ".zip", ".tsv", ".csv", ".jsonl", ".json"]))
def test_random_bytes_are_read_or_refused_never_a_crash(tmp_path_factory, data, ending):
    from core.data import InputError
    path = tmp_path_factory.mktemp("random") / f"mine{ending}"
    path.write_bytes(data)
    try:
        for item in file_corpus([path], "translate").examples():
            assert item.line >= 0
    except InputError as error:
        assert str(path) in str(error) and len(str(error).splitlines()) == 1


def test_bytes_come_out_whole_whatever_the_size_of_a_read(tmp_path):
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(gzip.compress(TEXT * 50))
    with open_file(File(path)) as raw:
        assert b"".join(iter(lambda: raw.read(7), b"")) == TEXT * 50
