"""Hostile files: an error of one line or a counted reject, in bounded memory, never a crash."""

import gzip
import json
import os
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds import file_corpus, prepare

from core.cache import Folder
from core.data import Example, Rejected
from core.settings import CorpusSettings
from corpora.prepare.cleaning import Cleaner
from corpora.prepare.description import advice, description
from corpora.prepare.store import Examples, Store, Writer
from corpora.read.encodings import LONGEST
from corpora.read.listing import files_of
from corpora.shared import opening

ROOT = Path(__file__).parents[2]
MEGABYTE = 1 << 20


def items_in(path: Path, task: str = "translate", **settings) -> list[Example | Rejected]:
    return list(file_corpus([path], task, CorpusSettings(**settings)).examples())


def pairs_in(path: Path, task: str = "translate") -> list[tuple[str, str]]:
    return [(e.source, e.target) for e in items_in(path, task)]


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# large ones, all read by one process whose memory is measured

READ = """
import json, re, resource, sys
from pathlib import Path
from collections import Counter
from core.data import Rejected, InputError
from core.settings import CorpusSettings
from corpora.prepare.cleaning import Cleaner
from corpora.shared import opening
opening.FREE = 150 << 20  # with the program itself more than the memory allowed below, and sooner reached
sys.path.insert(0, "tests/corpora")
from kinds import file_corpus
resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))  # a machine may have less than what an attack asks for
cleaner = Cleaner(CorpusSettings(), "simplified")
for line in sys.stdin:
    path, task = json.loads(line)
    said, counts = "", Counter()
    try:
        for item in file_corpus([Path(path)], task).examples():
            item = item if isinstance(item, Rejected) else cleaner.clean(item)
            counts[item.reason if isinstance(item, Rejected) else "good"] += 1
    except InputError as error:
        said = str(error)
    peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
    print(json.dumps([counts, said, int(peak[1]) >> 10]), flush=True)
"""
UNPACKS = "unpacks to more than 200 times its size"


def long(start: bytes = b"", end: bytes = b"") -> bytes:
    return start + b"x" * (100 * MEGABYTE) + end


def bomb(pack) -> bytes:
    """A gigabyte of zeros."""
    return pack(bytes(16 * MEGABYTE)) * 64


TOO_LONG = {"line of more than 1,000,000 characters": 1}
# name → task, what is written, what is counted, what the error says
LARGE = {
    "columns.csv": ("translate", lambda: b"a,b\n" + b"," * 20_000_000 + b"\nc,d\n", {**TOO_LONG, "good": 2}, ""),
    "columns.tsv": ("translate", lambda: b"a\tb\n" + b"\t" * 20_000_000 + b"\nc\td\n", {**TOO_LONG, "good": 2}, ""),
    "a million columns.csv": ("translate", lambda: b"a,b\nc,d" + b"," * 999_000 + b"\n", {"good": 2}, ""),
    "line.txt": ("translate", lambda: long(b"a\tb\n", b"\nc\td\n"), {**TOO_LONG, "good": 2}, ""),
    "an open quote.csv": ("translate", lambda: b'a,"' + b"b,c\n" * (25 * MEGABYTE), {}, "close every quote"),
    "a row without end.csv": ("translate", lambda: b'"' + b'\n","' * (25 * MEGABYTE), {}, "a row of more than"),
    "string.jsonl": ("translate", lambda: long(b'{"source": "', b'", "target": "b"}'), TOO_LONG, ""),
    "string.json": ("translate", lambda: long(b'[{"source": "', b'", "target": "b"}]'), {}, "(item 1: Unterminated"),
    "number.json": ("classify", lambda: b'[{"text": "a", "label": ' + b"1" * 1_000_000 + b"}]", {}, "(item 1: Exceeds"),
    "number.jsonl": ("classify", lambda: b'{"text": "a", "label": ' + b"1" * 999_000 + b"}", {"not JSON": 1}, ""),
    "deep.json": ("translate", lambda: b"[" * 100_000, {}, "is not JSON (item 1: nested too deep)"),
    "deep objects.json": ("translate", lambda: b"[" + b'{"a":' * 100_000, {}, "is not JSON (item 1: nested too deep)"),
    "deep.jsonl": ("translate", lambda: b'{"a":' * 100_000, {"not JSON": 1}, ""),
    "verses.txt": ("poem", lambda: "一，".encode() * 300_000, {"poem of more than 1,000 lines": 1}, "no two"),
    "marks.tsv": ("translate", lambda: b"a\tb" + "\u0301\u0323".encode() * 400_000, {"good": 1}, ""),
    "bomb.tsv.gz": ("translate", lambda: bomb(gzip.compress), {}, UNPACKS),
    "lines.tsv.gz": ("translate", lambda: gzip.compress(b"a\tb\n" * 1_000_000) * 80, {}, UNPACKS),
}


@pytest.fixture(scope="module")
def reader():
    with subprocess.Popen([sys.executable, "-c", READ], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}) as process:
        yield process
        process.stdin.close()
        process.wait(10)


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux counts it")
@pytest.mark.parametrize("name", LARGE)
def test_a_large_hostile_file_is_refused_or_counted_in_bounded_memory(tmp_path, reader, name):
    task, content, counted, says = LARGE[name]
    path = write(tmp_path / name, content())
    reader.stdin.write(json.dumps([str(path), task]) + "\n")
    reader.stdin.flush()
    counts, said, peak = json.loads(reader.stdout.readline())
    path.unlink()
    assert counts == counted and (says in said if says else not said) and len(said.splitlines()) <= 1
    assert peak < 200  # MiB, of which the program itself takes some 70


def test_a_document_of_many_lines_is_dropped_where_it_grows_too_long(tmp_path):
    write(tmp_path / "good" / "a.txt", b"fine\n" * 250_000)
    write(tmp_path / "bad" / "b.txt", b"poor\n")
    long, short = sorted(items_in(tmp_path, "classify"), key=lambda item: isinstance(item, Example))
    assert (long.reason, long.line) == ("text of more than 1,000,000 characters", 200_001) and short.source == "poor"


# archives


def archive(path: Path, files: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as out:
        for name, data in files:
            out.writestr(name, data)
    return path


@pytest.mark.parametrize("name", ["a\\..\\..\\outside.tsv", "C:\\outside.tsv", "a\nb\x1b[2J.tsv", "\u202egnp.tsv",
                                  "月" * 80 + ".tsv"], ids=ascii)
def test_a_strange_name_in_a_zip_is_only_a_name_and_is_shown_in_one_line(tmp_path, name):
    path = archive(tmp_path / "a.zip", [(name, b"a\tb\nalone\n"), ("\x1b.md", b"x")])
    pair, _ = items_in(path)
    assert (pair.source, pair.target) == ("a", "b")
    assert all(str(file).isprintable() for file in files_of(path))
    assert [note.isprintable() for note in file_corpus([path], "translate").notes] == [True]
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


def test_a_name_with_nul_in_a_zip_ends_there(tmp_path):
    path = archive(tmp_path / "a.zip", [("a.tsv_.exe", b"a\tb\n")])
    path.write_bytes(path.read_bytes().replace(b"a.tsv_", b"a.tsv\0"))
    assert [file.member for file in files_of(path)] == ["a.tsv"]
    assert pairs_in(path) == [("a", "b")]


def test_a_file_without_a_name_in_a_zip_is_left_out(tmp_path):
    path = archive(tmp_path / "a.zip", [("_.tsv", b"a\tb\n"), ("b.tsv", b"c\td\n")])
    path.write_bytes(path.read_bytes().replace(b"_.tsv", b"\0.tsv"))
    assert pairs_in(path) == [("c", "d")]


def test_a_name_in_a_zip_that_is_no_utf8_is_refused(tmp_path, refused):
    path = archive(tmp_path / "a.zip", [("月.tsv", b"a\tb\n")])
    whole = path.read_bytes()
    for data in (whole.replace("月".encode(), b"\xff\xfe\xfd"), whole.replace("月".encode(), b"\xff\xfe\xfd", 1)):
        path.write_bytes(data)
        assert "damaged" in refused(lambda: items_in(path))


def test_of_two_files_with_one_name_in_a_zip_the_last_is_read_once(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = archive(tmp_path / "a.zip", [("a.tsv", b"a\tb\n"), ("a.tsv", b"c\td\n")])
    assert pairs_in(path) == [("c", "d")]


def test_a_zip_of_many_files_is_opened_once(tmp_path, monkeypatch):
    path = archive(tmp_path / "a.zip", [(f"{i}.tsv", f"{i}\tx\n".encode()) for i in range(300)])
    open_file = []
    monkeypatch.setattr(zipfile.ZipFile, "__init__", lambda *args, init=zipfile.ZipFile.__init__, **named: (
        open_file.append(args), init(*args, **named))[1])
    assert len(pairs_in(path)) == 300 and len(open_file) == 1
    archive(path, [("a.tsv", b"a\tb\n")])
    assert pairs_in(path) == [("a", "b")]  # another file under the same name is read anew


def test_many_files_that_unpack_to_too_much_together_are_refused_before_they_are_read(tmp_path, monkeypatch, refused):
    monkeypatch.setattr(opening, "FREE", MEGABYTE)
    path = archive(tmp_path / "a.zip", [(f"{i}.tsv", bytes(MEGABYTE // 2)) for i in range(20)])
    assert UNPACKS in refused(lambda: files_of(path))


def test_a_zip_in_a_zip_is_not_unpacked(tmp_path, refused):
    inner = archive(tmp_path / "b.zip", [("a.tsv", b"a\tb\n")]).read_bytes()
    assert "nothing to read" in refused(lambda: items_in(archive(tmp_path / "a.zip", [("b.zip", inner)])))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_packed_in_a_way_that_python_unpacks_all_at_once_is_refused(tmp_path, refused, method):
    path = archive(tmp_path / "a.zip", [("a.tsv", b"a\tb\n")], method)
    assert "a.tsv: uses an unsupported .zip compression method" in refused(lambda: items_in(path))


def test_a_file_with_a_huge_tar_header_is_not_read_whole(tmp_path, refused):
    import tarfile
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 1 << 40
    path = write(tmp_path / "a.tsv", info.tobuf(tarfile.USTAR_FORMAT if info.size < 8 << 30 else tarfile.GNU_FORMAT))
    assert "is a tar archive" in refused(lambda: items_in(path))


# folders


def test_circular_links_and_links_to_devices_are_not_followed(tmp_path):
    write(tmp_path / "a.tsv", "a\tb\n")
    (tmp_path / "circle").symlink_to(tmp_path)
    (tmp_path / "zero.tsv").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.tsv")  # would be waited for without end
    assert pairs_in(tmp_path) == [("a", "b")]


@pytest.mark.parametrize("to,says", [("gone.tsv", "is a broken link"), ("link.tsv", "cannot be read")])
def test_a_broken_or_circular_link_is_named(tmp_path, refused, to, says):
    write(tmp_path / "a.tsv", "a\tb\n")
    (tmp_path / "link.tsv").symlink_to(tmp_path / to)
    assert f"{tmp_path}/link.tsv: {says}" in refused(lambda: items_in(tmp_path))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_named(tmp_path, refused):
    write(tmp_path / "a.tsv", "a\tb\n")
    write(tmp_path / "closed" / "b.tsv", "c\td\n")
    (tmp_path / "closed").chmod(0)
    try:
        assert "closed: cannot be read (Permission denied)" in refused(lambda: items_in(tmp_path))
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, refused, monkeypatch):
    write(tmp_path / "a.tsv", "a\tb\n")
    closed = write(tmp_path / "closed" / "b.tsv", "c\td\n").parent
    scan = os.scandir

    def scandir(path):
        if str(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert f"{closed}: cannot be read (Permission denied)" in refused(lambda: items_in(tmp_path))


@pytest.mark.parametrize("ending", ["tsv", "csv", "jsonl", "json", "txt"])
def test_a_file_that_vanishes_or_shrinks_before_it_is_read_is_reported(tmp_path, refused, ending):
    path = write(tmp_path / f"a.{ending}", '{"source": "a\t", "target": ",b"}\n' * 10)
    corpus = file_corpus([path], "translate")
    path.write_bytes(b"")
    assert "is empty" in refused(lambda: list(corpus.examples()))
    path.unlink()
    for use in (corpus.version, lambda: list(corpus.examples()), lambda: prepare(corpus)):
        assert refused(use) == f"{path}: no such file; check its name"


def test_a_file_that_shrinks_while_it_is_read_gives_what_is_left(tmp_path, refused):
    path = write(tmp_path / "a.tsv", "a\tb\n" * MEGABYTE)
    items = iter(file_corpus([path], "translate").examples())
    next(items)
    os.truncate(path, 10_000)
    assert all(isinstance(item, Example | Rejected) for item in items)


@pytest.mark.parametrize("name", ["a\0.tsv", "a\ud800.tsv", "a\0.zip"], ids=ascii)
def test_what_is_no_name_of_a_file_is_refused(refused, name):
    said = refused(lambda: file_corpus([Path(name)], "translate"))
    assert said == f"{name.replace(chr(0), '?').replace(chr(0xd800), '?')}: is not a valid file name"


# JSON


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_list_on_one_line_of_any_length_is_read_in_any_encoding(tmp_path, encoding):
    items = [{"source": f"我们今天去学校看书，他说那里的人都很好{i}", "target": f"的{i}"} for i in range(40_000)]
    text = json.dumps(items, ensure_ascii=False)
    assert len(text) > LONGEST
    path = write(tmp_path / "a.json", text.encode(encoding))
    assert pairs_in(path) == [(e["source"], e["target"]) for e in items]


@pytest.mark.parametrize("text,says", [
    ("[1, 2", "item 2: ends too early"), ("[1 2]", "item 1: a comma is missing"), ("[1,]", "item 2: Expecting value"),
    ("[", "item 1: "), ('[{"a": "\x1b[2J"}]', "item 1: Invalid control character"),
    ("[] []", "follows the list of 0 items"), ('[{"source": "a", "target": "b"}]]', "follows the list of 1 items")])
def test_an_error_in_a_list_is_reported_with_its_item(tmp_path, refused, text, says):
    path = write(tmp_path / "a.json", text)
    said = refused(lambda: items_in(path))
    assert says in said and said.startswith(f"{path}: is not JSON (") and said.isprintable()


def test_an_empty_list_has_no_examples(tmp_path):
    assert items_in(write(tmp_path / "a.json", " [ \n] ")) == []


@pytest.mark.parametrize("ending,form", [("json", "[{}]"), ("jsonl", "{}")])
@pytest.mark.parametrize("item,expected", [
    ('{"source": "a", "source": "c", "target": "b"}', ("c", "b")), ('{"source": NaN, "target": "b"}', None),
    ('{"source": 1e999, "target": "b"}', None), ('{"source": {"source": "a"}, "target": "b"}', None),
    ('{"source": "a\\u0000", "target": "\\u2028b"}', ("a\0", "\u2028b"))])
def test_odd_objects_are_read_as_json_reads_them_or_dropped(tmp_path, ending, form, item, expected):
    (found,) = items_in(write(tmp_path / f"a.{ending}", form.replace("{}", item)))
    assert (found.source, found.target) == expected if expected else found.reason.startswith("no text under")


def test_a_broken_byte_in_a_list_drops_its_item(tmp_path):
    good = '{"source": "我们今天去学校看书", "target": "好"}'.encode()
    items = [*[good] * 200, good.replace("好".encode(), b"\xff"), good]
    path = write(tmp_path / "a.json", b"[" + b", ".join(items) + b"]")
    assert [(d.reason, d.line) for d in items_in(path) if isinstance(d, Rejected)] == [("not UTF-8", 201)]


@pytest.mark.parametrize("task", ["translate", "word"])  # of which the second splits by the text
@pytest.mark.parametrize("script", ["as-written", "simplified"])
def test_lone_surrogates_go_all_the_way_through(tmp_path, task, script):
    texts = [{"source": f"a\ud800 {i % (40 if task == 'translate' else 8)}", "target": f"\udfff漢\x00\t{i}\n"}
             for i in range(40)]
    path = write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, [*texts, {"source": "\ud800", "target": ["\udc00"]},
                                                                  {"source": "\ud800", "target": "b"}])))
    corpus = file_corpus([path], task)
    dataset = prepare(corpus, script)
    assert len(dataset.train) + len(dataset.dev) + len(dataset.test) == 40
    assert dataset.rejected == {'no text under "target" or "label"': 1, "empty source or target": 1}
    for e in dataset.train:
        assert e.source.startswith("a ") and e.target[0] in "漢汉" and e.target.isprintable()
        assert not {"\n", "\t"} & set(e.key)
    assert "\\ud800" in dataset.rejects.read_text(encoding="utf-8")
    assert "\n".join([*description(corpus, dataset), *advice(dataset)]).encode("utf-8")


def test_lone_surrogates_do_not_reach_the_terminal(tmp_path):
    path = write(tmp_path / "a.jsonl", "\n".join(json.dumps(
        {"source": f"\ud800\x1b[2J{i}", "target": f"\u202e{i}\ud800"}) for i in range(40)) + '\n"\\ud800"')
    done = subprocess.run([sys.executable, "run.py", "corpora", "show", path, "--task", "translate", "--rejects",
                           tmp_path / "out.tsv"], cwd=ROOT, capture_output=True, env={**os.environ, "LC_ALL": "C"})
    assert done.returncode == 0, done.stderr
    assert not {"\x1b", "\u202e", "�"} & set(done.stdout.decode("utf-8"))
    assert "not an object with names" in (tmp_path / "out.tsv").read_text(encoding="utf-8")


# texts


@pytest.mark.parametrize("text,clean", [
    ("\u202eabc\u202c", "abc"), ("a\u200fb\u200e", "ab"), ("a\u200b\u200d\u2060b", "ab"), ("a\ufeffb", "ab"),
    ("a\u2028b\u0085c\u2029d", "a b c d"), ("a\0b", "ab"), ("\x1b[31mred", "[31mred"), ("e\u0301", "é"),
    ("e\u200b\u0301", "é"), ("a\u0323\u0301", "ạ\u0301"), ("a\u0301\u0323", "ạ\u0301"), ("\ud800", None),
    ("\u0301", "\u0301"), ("😀\U000e0001", "😀")], ids=ascii)
def test_direction_marks_invisible_signs_and_combining_marks_get_one_form(text, clean):
    found = Cleaner(CorpusSettings()).clean(Example(text, "b"))
    assert (found.source if isinstance(found, Example) else None) == clean


@pytest.mark.parametrize("normalization", ["nfc", "nfkc"])
def test_of_ten_thousand_combining_marks_thirty_are_kept(normalization):
    cleaner, kept = Cleaner(CorpusSettings(normalization=normalization)), "\u0323" * 15 + "\u0301" * 15
    assert cleaner.clean(Example("q" + "\u0301\u0323" * 5000 + "y", "b")).source == f"q{kept}y"
    assert cleaner.texts.changed == {"normalised": 1}
    signs = "?!—" * 100
    assert cleaner.clean(Example(signs, "b")).source == signs


odd = "\ud800\udfff\0\t\r\n\u2028\u0085\ufeff\u202e\u0301漢"
anything = st.text(st.characters() | st.sampled_from(odd), max_size=12)
examples = st.builds(Example, anything, anything, st.lists(anything, max_size=2).map(tuple), anything)


@settings(max_examples=60)
@given(st.lists(examples, max_size=8), st.sampled_from(["", "simplified"]), st.sampled_from(["nfc", "nfkc"]))
def test_any_text_is_cleaned_to_one_line_and_reads_back_from_the_store(tmp_path_factory, examples, script, form):
    folder = tmp_path_factory.mktemp("store")
    cleaner = Cleaner(CorpusSettings(normalization=form), script)
    good = [e for e in map(cleaner.clean, examples) if isinstance(e, Example)]
    with Writer(folder) as writer:
        for e in good:
            assert not {"\t", "\n"} & set("".join([e.source, e.target, *e.context, e.key]))
            writer.add(e)
    assert list(Examples(Store(Folder(folder, {})), np.arange(len(good)))) == good
    again = [cleaner.clean(e) for e in good]
    assert script or again == good


# CSV as Excel writes it


@pytest.mark.parametrize("text", [
    "sep=;\ntext;label\ngood, I say;1\n", "SEP=;\r\ngood, I say;1\r\n", "text;label\r\n\"good, I say\";1\r\n",
    '"text";"label"\ngood, I say;1\n', "sep=\t\ngood, I say\t1\n", "sep=,\ntext,label\n\"good, I say\",1\n",
    "\ufeffsep=;\ngood, I say;1\n"])
def test_columns_separated_by_semicolons_or_as_the_first_line_declares(tmp_path, text):
    assert pairs_in(write(tmp_path / "a.csv", text), "classify") == [("good, I say", "1")]


def test_a_semicolon_divides_nothing_where_commas_do_and_lines_keep_their_numbers(tmp_path):
    assert pairs_in(write(tmp_path / "a.csv", "a;b,c\nd,e;f\n")) == [("a;b", "c"), ("d", "e;f")]
    items = items_in(write(tmp_path / "b.csv", "sep=;\na;b\nalone\n"))
    assert [item.line for item in items] == [2, 3]


def test_a_header_that_is_shown_in_an_error_takes_one_line(tmp_path, refused):
    path = write(tmp_path / "a.csv", '"one\ntwo\x1b[2J",b\nc,d\n')
    said = refused(lambda: items_in(path, source_column="x\n", target_column="b"))
    assert "which has: one two [2J, b" in said and said.isprintable()


# Parquet


def table(path: Path, **columns) -> Path:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table(columns), path, compression="zstd", use_dictionary=False)
    return path


def test_parquet_cut_off_or_damaged_anywhere_is_read_or_refused_in_one_line(tmp_path, refused):
    path = table(tmp_path / "a.parquet", text=["a", "好"] * 50, label=[0, 1] * 50)
    whole = path.read_bytes()
    for cut in range(0, len(whole), 97):
        assert "is not a Parquet file" in refused(lambda cut=cut: items_in(write(path, whole[:cut])))
    for at in range(4, len(whole), 41):
        damaged = bytearray(whole)
        damaged[at] ^= 0xff
        write(path, bytes(damaged))
        try:
            assert all(isinstance(item, Example | Rejected) for item in items_in(path))
        except opening.InputError as error:
            assert str(error).startswith(f"{path}: is not a Parquet file, or is damaged (") and str(error).isprintable()


def test_parquet_columns_of_other_types_are_dropped_or_refused(tmp_path, refused):
    import datetime
    path = table(tmp_path / "a.parquet", source=[[1], [2]], target=["a", "b"])
    said = refused(lambda: items_in(path))
    assert "`source_column` source of" in said and "must hold texts, labels" in said
    path = table(tmp_path / "b.parquet", source=["a", None], target=[datetime.date.max, None])
    assert f"`target_column` target of {path} is date32" in refused(lambda: items_in(path))
    path = table(tmp_path / "b.parquet", source=["a", None], target=["b", None])
    assert Counter(getattr(item, "reason", "") for item in items_in(path)) == {"": 1, 'no text under "source"': 1}
    pyarrow = pytest.importorskip("pyarrow")
    ends = pyarrow.array([0, 1], pyarrow.int32()).buffers()[1]
    bad = pyarrow.StringArray.from_buffers(1, ends, pyarrow.py_buffer(b"\xff"))
    path = table(tmp_path / "c.parquet", source=bad, target=["b"])
    assert "is not a Parquet file, or is damaged ('utf-8' codec" in refused(lambda: items_in(path))


@pytest.mark.parametrize("ending", [".gz", ".zip"])
def test_parquet_is_read_from_an_archive_too(tmp_path, ending):
    data = table(tmp_path / "a.parquet", source=["a"], target=["b"]).read_bytes()
    path = tmp_path / f"b.parquet{ending}"
    write(path, gzip.compress(data)) if ending == ".gz" else archive(path, [("a.parquet", data)])
    assert pairs_in(path) == [("a", "b")]


def test_parquet_that_unpacks_without_end_is_refused(tmp_path, monkeypatch, refused):
    from corpora.read import parquet
    monkeypatch.setattr(parquet, "FREE", MEGABYTE)
    path = table(tmp_path / "a.parquet", source=["x" * 1000 + str(i) for i in range(50_000)], target=["b"] * 50_000)
    assert UNPACKS in refused(lambda: items_in(path))


def test_parquet_texts_have_a_limit_too(tmp_path):
    path = table(tmp_path / "a.parquet", source=["x" * 1_000_001, "a"], target=["b", "b"])
    long, short = items_in(path)
    assert long.reason == "text of more than 1,000,000 characters" and short.source == "a"


