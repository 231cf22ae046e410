"""Feeds random bytes to every reader, as a user's file would be, and lists the inputs that break a promise.

    python benchmarks/fuzz.py --seconds 60                     every target in turn
    python benchmarks/fuzz.py --seconds 600 --target csv       one of them for longer
    python benchmarks/fuzz.py --target csv --input FILE        one input again, without the fuzzer

What must hold for every input: it is read, or refused with an InputError of one line; what is no example is counted as
Rejected; a cleaned text holds no tab and no line end; what is written reads back the same; memory and time are bounded.
Needs the package atheris: pip install atheris.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project, if it is not installed

from benchmarks import command
from core.data import InputError

LONGEST, SECONDS, MEGABYTES = 1 << 14, 20, 1500  # of one input: bytes, time, and resident memory of the process
TASKS = ("translate", "word", "poem", "classify")
SCRIPTS = ("as-written", "simplified", "traditional")
ENCODINGS = ("utf-8", "utf-16", "gb18030", "big5", "latin-1", "shift_jis", "utf-7", "utf-32", "hz", "iso2022_jp",
             "unicode_escape", "raw_unicode_escape", "idna", "punycode", "cp037")

Target = Callable[[bytes, Path], None]  # an input, and an empty folder for the files that are made of it


def use(paths: list[Path], choice: int, **settings: str) -> None:
    """Read, clean and store what stands there, as a run does. choice: of task and script."""
    import corpora
    import tasks
    from core.cache import Folder
    from core.data import Example, InputError, Rejected
    from core.settings import CorpusSettings
    from corpora.prepare.cleaning import Cleaner
    from corpora.prepare.hashes import read
    from corpora.prepare.store import Examples, Rejects, Store, Writer

    format, script = tasks.find(TASKS[choice % 4]).format, SCRIPTS[choice // 4 % 3]
    try:
        reading = CorpusSettings(normalization=("nfc", "nfkc")[choice // 12 % 2], **settings)
        corpus = corpora.find([str(path) for path in paths], format, reading)
        corpus.version()

        def checked(script: str) -> Iterator[Example | Rejected]:
            for number, item in enumerate(corpus.load(script), 1):
                assert isinstance(item, Example | Rejected), item
                assert (item.line or number) >= 1, item
                if isinstance(item, Rejected):
                    assert item.reason and len((item.reason + item.detail).splitlines()) == 1, item
                yield item

        cleaner, good = Cleaner(reading, script), []
        clean = cleaner.clean

        def kept(e: Example) -> Example | Rejected:
            done = clean(e)
            if isinstance(done, Example):
                for text in (done.source, done.target, *done.context, done.key):
                    assert not {"\n", "\t"} & set(text), done
                good.append(dataclasses.replace(done, split=""))
            return done

        cleaner.clean = kept
        with tempfile.TemporaryDirectory() as name, Rejects(Path(name)) as rejects:
            with Writer(Path(name)) as writer:
                hashes = read(checked(script), format, cleaner, writer, ("source",), False, rejects.add)
            if good:
                store = Store(Folder(Path(name), {}))
                first = hashes.first()
                assert list(Examples(store, first)) == [good[i] for i in first], "reads back otherwise"
    except InputError as error:
        assert str(error).strip() and str(error).isprintable(), repr(str(error))


def a_file(ending: str) -> Target:
    """The first byte chooses task and script, the rest is the file."""
    def target(data: bytes, folder: Path) -> None:
        path = folder / f"a{ending}"
        path.write_bytes(data[1:])
        use([path], data[0] if data else 0)
    return target


def a_pipe(data: bytes, folder: Path) -> None:
    """What comes through standard input, whose format is told by its beginning."""
    import atexit
    import io
    from types import SimpleNamespace
    from unittest import mock

    from corpora.read import listing
    closing: list[Callable[[], None]] = []
    listing._copied.cache_clear()
    with (mock.patch.object(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data[1:]))),
          mock.patch.object(atexit, "register", closing.append)):
        try:
            use([Path("-")], data[0] if data else 0)
        finally:
            for close in closing:
                close()


def an_encoding(data: bytes, folder: Path) -> None:
    path = folder / "a.tsv"
    path.write_bytes(data[2:])
    use([path], data[0] if data else 0, encoding=ENCODINGS[data[1] % len(ENCODINGS)] if len(data) > 1 else "utf-8")


def columns(data: bytes, folder: Path) -> None:
    """Column names of the user's: the first two lines."""
    choice, source, target, rest = [*data.split(b"\n", 3), b"", b"", b"", b""][:4]
    path = folder / ("a.csv", "a.jsonl", "a.json", "a.tsv")[len(choice) % 4]
    path.write_bytes(rest)
    use([path], choice[0] if choice else 0, source_column=source.decode(errors="surrogateescape"),
        target_column=target.decode(errors="surrogateescape"))


def aligned(data: bytes, folder: Path) -> None:
    for name, part in zip(("a.de", "a.en"), [*data[1:].split(b"\xff\xff", 1), b""]):
        (folder / name).write_bytes(part)
    use([folder / "a.de", folder / "a.en"], data[0] if data else 0)


def folder_of_labels(data: bytes, folder: Path) -> None:
    for i, text in enumerate(data.split(b"\xff\xff")[:8]):
        label = folder / "in" / ("train", "test")[i // 4] / f"label {i % 2}"
        label.mkdir(parents=True, exist_ok=True)
        (label / f"{i}.txt").write_bytes(text)
    use([folder / "in"], 3)


def names_in_a_zip(data: bytes, folder: Path) -> None:
    """Lines of the input are in turn the name of a file in a .zip and its text."""
    import warnings
    import zipfile
    choice, *lines = data.split(b"\n")
    with warnings.catch_warnings(), zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as out:
        warnings.simplefilter("ignore")  # of duplicate names
        for name, text in zip(lines[::2], lines[1::2]):
            if name[:1] not in (b"", b"\0"):  # zipfile reads an empty name, but does not write it
                out.writestr(name.decode(errors="replace"), text.replace(b"\r", b"\n"))
    use([folder / "a.zip"], choice[0] if choice else 0)


def cleaned(data: bytes, folder: Path) -> None:
    """Any text, lone surrogates among them, as JSON can hold it."""
    import json
    text = data[1:].decode("utf-16-le", "surrogatepass" if len(data) % 2 else "replace")
    source, target = [*text.split("\0", 1), "x"][:2]
    (folder / "a.jsonl").write_text(json.dumps({"source": source, "target": target}), encoding="utf-8")
    use([folder / "a.jsonl"], data[0] if data else 0)


def an_answer(data: bytes, folder: Path) -> None:
    """What a server answers, byte for byte, to a download that begins or goes on."""
    import http.client
    import io
    from unittest import mock

    from corpora.fetch import download
    from corpora.shared.corpus import CorpusUnavailable

    address, path = "http://127.0.0.1/a.txt", folder / "a.txt"
    if data[:1] == b"\1":
        (folder / "a.txt.part").write_bytes(b"begun")
        (folder / "a.txt.mark").write_text(f'{address}\n"1"')
    connection = mock.Mock(sendall=lambda *_: None, makefile=lambda *_: io.BytesIO(data[1:]))
    with (mock.patch.object(http.client.HTTPConnection, "connect", lambda self: setattr(self, "sock", connection)),
          mock.patch.object(download, "PAUSE", 0), mock.patch.object(download, "TRIES", 2),
          mock.patch.dict(os.environ, no_proxy="*")):
        try:
            download.fetch(address, path)
            assert path.is_file()
        except CorpusUnavailable as error:
            assert str(error).isprintable() and not path.exists(), repr(str(error))
    assert {p.name for p in folder.iterdir()} in ({"a.txt"}, {"a.txt.part", "a.txt.mark"}, set())


def an_archive(ending: str) -> Target:
    """The rest of the input is an archive that was downloaded."""
    def target(data: bytes, folder: Path) -> None:
        from corpora.fetch.archives import extract
        from corpora.shared.corpus import CorpusUnavailable
        (folder / "out").mkdir()
        (folder / f"a{ending}").write_bytes(data)
        try:
            extract(folder / f"a{ending}", folder / "out", {"mine.tsv": "train.tsv", "other": "in/测试.csv"})
        except CorpusUnavailable as error:
            assert str(error).isprintable(), repr(str(error))
        assert {p.name for p in folder.rglob("*")} <= {"out", f"a{ending}", "mine.tsv", "other"}
    return target


def vectors(data: bytes, folder: Path) -> None:
    from core.data import InputError
    from core.vocabulary import Vocabulary
    (folder / "vectors").write_bytes(data)
    try:
        table, given, _ = Vocabulary(["a", "月"]).vectors(str(folder / "vectors"), folder / "kept")
        assert table.isfinite().all() and not table[~given].any()
    except InputError as error:
        assert len(str(error).splitlines()) == 1, repr(str(error))


PAIRS = "你好\thello\n\"a\" b\tc d\nx ||| y\n".encode()
OBJECTS = '{"source": "你好", "target": 1}\n{"text": "\\ud800", "label": true, "split": "dev"}\n'
LIST = "[" + OBJECTS.strip().replace("\n", ",\n") + "]"
CSV = 'source,target,split\n"a ""b"", c\nd",e,train\n你好,hello,test\n'.encode()
POEMS = "床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。\n一二三\t四五六\n".encode()


def packed(module: str) -> bytes:
    return importlib.import_module(module).compress(PAIRS)


def a_zip(method: int) -> bytes:
    import io
    import zipfile
    with zipfile.ZipFile(file := io.BytesIO(), "w", method) as out:
        out.writestr("train.tsv", PAIRS)
        out.writestr("in/测试.csv", CSV)
    return file.getvalue()


def a_tar(mode: str) -> bytes:
    import io
    import tarfile
    with tarfile.open(fileobj=(file := io.BytesIO()), mode=mode) as out:
        for name, data in (("train.tsv", PAIRS), ("in/测试.csv", CSV)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
    return file.getvalue()


def a_table() -> bytes:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        sys.exit("fuzz.py: --target parquet needs the package pyarrow; pip install pyarrow")
    table = pyarrow.table({"text": ["你好", "b"], "label": [0, 1], "split": ["train", None], "on": [None, b"x"]})
    pyarrow.parquet.write_table(table, sink := pyarrow.BufferOutputStream())
    return sink.getvalue().to_pybytes()


# name → what to do with an input, and valid inputs to start from
TARGETS: dict[str, tuple[Target, Callable[[], list[bytes]]]] = {
    "tsv": (a_file(".tsv"), lambda: [b"\0" + PAIRS, b"\4source\ttarget\n" + PAIRS]),
    "csv": (a_file(".csv"), lambda: [b"\0" + CSV, b"\7text,label\na,b\n"]),
    "json": (a_file(".json"), lambda: [b"\0" + LIST.encode(), b"\1" + OBJECTS.encode()]),
    "jsonl": (a_file(".jsonl"), lambda: [b"\0" + OBJECTS.encode(), b"\5" + OBJECTS.encode()]),
    "txt": (a_file(".txt"), lambda: [b"\0" + PAIRS, b"\3" + PAIRS]),
    "poems": (a_file(".txt"), lambda: [b"\2" + POEMS, b"\6" + POEMS.replace(b"\t", b" ")]),
    "parquet": (a_file(".parquet"), lambda: [b"\3" + a_table()]),
    "gz": (a_file(".tsv.gz"), lambda: [b"\0" + packed("gzip")]),
    "bz2": (a_file(".tsv.bz2"), lambda: [b"\0" + packed("bz2")]),
    "xz": (a_file(".tsv.xz"), lambda: [b"\0" + packed("lzma")]),
    "zip": (a_file(".zip"), lambda: [b"\0" + a_zip(method) for method in (0, 8, 12, 14)]),
    "names in a zip": (names_in_a_zip, lambda: [b"\3\na/b.txt\nx\nc/d.txt\ny", b"\0\ntrain.de\neins\ntrain.en\none",
                                                b"\0\n../../a.tsv\na\tb\n/b.csv\nc,d"]),
    "aligned": (aligned, lambda: [b"\0eins\nzwei\n\xff\xffone\ntwo\n"]),
    "labels": (folder_of_labels, lambda: [b"fine\n\xff\xffbad\n\xff\xff\n\xff\xffx\0\xff\xffgood"]),
    "pipe": (a_pipe, lambda: [b"\0" + data for data in (
        PAIRS, CSV, LIST.encode(), OBJECTS.encode(), packed("gzip"), packed("bz2"), packed("lzma"), a_zip(8))]),
    "encodings": (a_file(".tsv"), lambda: [b"\0" + PAIRS.decode().encode(e) for e in
                                           ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030")]),
    "encoding given": (an_encoding, lambda: [bytes([0, i]) + "a\tb\n".encode(e) for i, e in enumerate(ENCODINGS)]),
    "columns": (columns, lambda: [b"\0\ntext\nlabel\n" + CSV, b"\0.\na.b\na.c\n" + OBJECTS.encode()]),
    "download": (an_answer, lambda: [start + head + b"\r\n" + body for start, head, body in (
        (b"\0", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"1\"\r\n", b"whole"),
        (b"\1", b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-6/7\r\nContent-Length: 2\r\n", b"go"),
        (b"\1", b"HTTP/1.1 416 Range Not Satisfiable\r\n", b""),
        (b"\0", b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/b\r\n", b""),
        (b"\0", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", b"2\r\nab\r\n0\r\n\r\n"))]),
    "zip fetched": (an_archive(".zip"), lambda: [a_zip(8)]),
    "tar fetched": (an_archive(".tar"), lambda: [a_tar("w")]),
    "tgz fetched": (an_archive(".tgz"), lambda: [a_tar("w:gz")]),
    "vectors": (vectors, lambda: [b"2 3\na 1 2 3\n" + "月 4 5 6\n".encode(), b"1 2\na \0\0\x80?\0\0\0@"]),
    "cleaner": (cleaned, lambda: [b"\4" + "漢\0x\ud800 \u0301\u202e\ufeff\u2028".encode("utf-16-le", "surrogatepass")]),
}


def one(name: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="n2m-fuzz-") as folder:
        TARGETS[name][0](data, Path(folder))


def fuzz(name: str, arguments: list[str]) -> None:
    """Takes this process over and does not return."""
    import atheris
    ours = ["corpora", "core.tokenizer", "core.vectors"]  # alone, to stay quick
    with atheris.instrument_imports(include=ours):
        import core.vectors  # noqa: F401
        import corpora.fetch.archives  # noqa: F401
    atheris.Setup([sys.argv[0], *arguments], lambda data: one(name, data))
    atheris.Fuzz()


def alone(name: str, seconds: int, found: Path) -> tuple[str, bool]:
    """Fuzz one target in a process of its own; a line of the table, and whether all held."""
    with tempfile.TemporaryDirectory(prefix="n2m-fuzz-") as folder:
        (Path(folder) / "inputs").mkdir()
        for i, seed in enumerate(TARGETS[name][1]()):
            (Path(folder) / "inputs" / f"seed {i}").write_bytes(seed)
        prefix = found / f"{name.replace(' ', '-')}-"
        command = [sys.executable, __file__, "--target", name, "--alone", str(Path(folder) / "inputs"),
                   f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-timeout={SECONDS}",
                   f"-rss_limit_mb={MEGABYTES}", f"-artifact_prefix={prefix}", "-print_final_stats=1"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              env={**os.environ, "N2M_CACHE": folder, "TMPDIR": folder})
    runs = re.findall(r"number_of_executed_units: +(\d+)", done.stdout) or re.findall(r"^#(\d+)", done.stdout, re.M)
    cover = re.findall(r"cov: (\d+) ft: (\d+)", done.stdout) or [("", "")]
    line = f"{name:<16}{runs[-1] if runs else '':>10}{cover[-1][0]:>10}{cover[-1][1]:>10}  "
    if not done.returncode:
        return line + "held", True
    log = prefix.with_name(prefix.name + "log.txt")
    log.write_text(done.stdout, encoding="utf-8")
    reasons = re.findall(r"^(?:\w+\.)*\w*(?:Error|Exception|Interrupt)\b.*|SUMMARY.*", done.stdout, re.M) or ["ended"]
    files = re.findall(r"Test unit written to (.*)", done.stdout)
    again = f"; again: python benchmarks/fuzz.py --target '{name}' --input '{files[-1]}'" if files else ""
    return f"{line}FAILED {reasons[0][:200]}{again}; log: {log}", False


def main() -> int:
    parser = command.Parser(__doc__)
    parser.add_argument("--seconds", type=command.positive, default=60, metavar="N",
                        help="time per target in seconds (default 60)")
    parser.add_argument("--target", choices=TARGETS, metavar="NAME", help=f"only this target: {', '.join(TARGETS)}")
    parser.add_argument("--input", type=Path, metavar="FILE", help="run this input once; needs --target")
    parser.add_argument("--found", type=Path, default=Path("fuzz-found"), metavar="DIR",
                        help="directory for the inputs that fail (default fuzz-found)")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    args, more = parser.parse_known_args()
    if more and not args.alone:
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    if args.input:
        if not args.target:
            parser.error("--input needs --target; add it")
        one(args.target, args.input.read_bytes())
        print(f"{args.input}: held")
        return 0
    if importlib.util.find_spec("atheris") is None:
        raise InputError("needs the package atheris; pip install atheris")
    if args.alone:
        fuzz(args.target, more)
    args.found.mkdir(parents=True, exist_ok=True)
    print(f"{'target':<16}{'runs':>10}{'edges':>10}{'features':>10}  result, after {args.seconds} s each")
    held = True
    for name in [args.target] if args.target else TARGETS:
        line, good = alone(name, args.seconds, args.found)
        print(line, flush=True)
        held = held and good
    return 0 if held else 1


if __name__ == "__main__":
    command.run(main)
