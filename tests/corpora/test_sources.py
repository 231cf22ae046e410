"""corpora/fetch/sources.py: files are fetched into the cache folder once, and checked."""

import errno
import io
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path

import pytest
from loopback import BODY, FILES, SUMS, contents, digest

from corpora.fetch import download, sources
from corpora.fetch.sources import FETCHED, Source, folder, from_github, from_web, use_mirror
from corpora.shared.corpus import CorpusUnavailable

ROOT = Path(__file__).resolve().parents[2]


def gives(files: dict[str, bytes]) -> Source:
    def get(into: Path, names: list[str]) -> None:
        for name in names:
            (into / name).write_bytes(files[name])
    return get


def fails(reason: str) -> Source:
    def get(into: Path, names: list[str]) -> None:
        (into / names[0]).write_bytes(b"half")
        raise CorpusUnavailable(reason)
    return get


def shown(cache: Path) -> list[str]:
    """What the cache holds, but for locks."""
    return sorted(name for name in os.listdir(cache) if not name.endswith(".lock"))


# the cache folder


def test_a_folder_is_fetched_from_the_web_once_with_exactly_its_files(server, own_cache):
    sources = [from_web(f"{server.address}/files")]
    assert folder("poems", SUMS, sources) == own_cache / "poems"
    assert server.asked == [f"/files/{name}" for name in FILES]
    assert folder("poems", SUMS, sources) == own_cache / "poems"
    assert len(server.asked) == len(FILES)
    assert contents(own_cache / "poems") == SUMS
    assert shown(own_cache) == ["poems"]


@pytest.mark.parametrize("lost", FILES)
def test_only_missing_files_are_fetched_again(server, own_cache, lost):
    path = folder("poems", SUMS, [gives(FILES)])
    (path / lost).unlink()
    (path / "of another corpus").write_text("left alone")
    assert folder("poems", SUMS, [from_web(f"{server.address}/files")]) == path
    assert server.asked == [f"/files/{lost}"]
    assert contents(path) == SUMS | {"of another corpus": digest(b"left alone")}


@pytest.mark.parametrize("damaged", [b"", b"[", FILES["b.json"]])
def test_a_damaged_file_is_reported_and_fetched_again(server, own_cache, notes, damaged, refused):
    path = folder("poems", SUMS, [gives(FILES)])
    (path / "a.json").write_bytes(damaged)
    refused(lambda: folder("poems", SUMS, [fails("gone")]), CorpusUnavailable)
    assert folder("poems", SUMS, [from_web(f"{server.address}/files")]) == path
    assert server.asked == ["/files/a.json"] and contents(path) == SUMS
    assert f"{path}: damaged, fetching again: a.json" in notes[0]


def test_a_file_without_a_checksum_of_ours_is_known_by_the_one_it_came_with(server, own_cache, notes):
    path = folder("poems", {"a.json": ""}, [gives(FILES)])
    assert folder("poems", {"a.json": ""}, []) == path
    (path / "a.json").write_bytes(FILES["a.json"][:5])
    assert folder("poems", {"a.json": ""}, [from_web(f"{server.address}/files")]) == path
    assert (path / "a.json").read_bytes() == FILES["a.json"] and server.asked == ["/files/a.json"]
    assert "damaged, fetching again: a.json" in notes[0]
    (path / FETCHED).write_text("[")  # without it, a file is taken as it is
    (path / "a.json").write_bytes(b"of the user's own")
    assert folder("poems", {"a.json": ""}, []) == path


def test_a_web_page_is_not_taken_for_a_file(own_cache, refused):
    page = b"\n<!DOCTYPE HTML><html>please log in"
    said = refused(lambda: folder("poems", {"a.json": ""}, [gives({"a.json": page})]), CorpusUnavailable)
    assert "a.json: is a web page, not the file" in said and shown(own_cache) == []
    assert folder("poems", {"a.json": ""}, [gives({"a.json": page}), gives(FILES)]).is_dir()


def test_an_incomplete_folder_is_kept_if_no_source_is_available(own_cache, refused):
    path = folder("poems", SUMS, [gives(FILES)])
    (path / "a.json").unlink()
    refused(lambda: folder("poems", SUMS, [fails("gone")]), CorpusUnavailable)
    assert contents(path) == {name: SUMS[name] for name in ("b.json", "c.json")}
    assert shown(own_cache) == ["poems"]


def test_each_source_is_asked_for_what_is_still_missing_and_none_when_nothing_is(server, own_cache, nobody):
    def never(into, names):
        raise AssertionError("asked although there was no need")

    def one(into, names):
        (into / "b.json").write_bytes(FILES["b.json"])
        raise CorpusUnavailable("has one file only")

    sources = [from_web(nobody), fails("half"), one, from_web(f"{server.address}/files"), never]
    assert contents(folder("poems", SUMS, sources)) == SUMS
    assert server.asked == ["/files/a.json", "/files/c.json"]
    assert shown(own_cache) == ["poems"]


def test_when_every_source_fails_every_reason_is_given_and_nothing_is_left(server, nobody, own_cache, refused):
    sources = [fails("no npm here"), from_web(nobody), from_web(server.address),
               gives(FILES | {"b.json": b"other"})]
    said = refused(lambda: folder("poems", SUMS, sources), CorpusUnavailable)
    assert said.startswith("could not be fetched: no npm here; ")
    assert f"{nobody}/a.json: " in said and f"{server.address}/a.json: Not Found" in said
    assert "b.json: wrong checksum; it is not the file this version expects" in said
    assert said.endswith("; `mirror` may name a folder or URL with poems/b.json")
    assert contents(own_cache / "poems") == {name: SUMS[name] for name in ("a.json", "c.json")}  # of the last source
    assert shown(own_cache) == ["poems"]


def test_what_an_interrupted_source_has_fetched_is_kept_but_not_shown(server, own_cache):
    def interrupted(into, names):
        from_web(f"{server.address}/files")(into, names[:2])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        folder("poems", SUMS, [interrupted])
    assert not (own_cache / "poems").exists()
    assert contents(folder("poems", SUMS, [from_web(f"{server.address}/files")])) == SUMS
    assert server.asked == [f"/files/{name}" for name in FILES]
    assert shown(own_cache) == ["poems"]


def test_the_half_of_a_file_that_an_interrupt_left_is_completed(server, own_cache, refused):
    server.breaks = download.TRIES
    refused(lambda: folder("poems", {"a.json": SUMS["a.json"]}, [from_web(f"{server.address}/once")]))
    assert shown(own_cache) == [".poems.partial"]
    assert contents(folder("poems", {"a.json": SUMS["a.json"]}, [from_web(f"{server.address}/once")])) == {
        "a.json": SUMS["a.json"]}
    assert server.ranges[-1] == len(BODY) - len(BODY) // 2 ** download.TRIES
    assert shown(own_cache) == ["poems"]


def test_two_runs_that_want_the_same_fetch_it_once(own_cache, notes, monkeypatch):
    begun, fetched = threading.Event(), []

    def slow(into, names):
        begun.set()
        time.sleep(1.5)
        fetched.append(names)
        gives(FILES)(into, names)

    first = threading.Thread(target=lambda: folder("poems", SUMS, [slow]))
    first.start()
    begun.wait()
    assert contents(folder("poems", SUMS, [slow])) == SUMS
    first.join()
    assert fetched == [list(SUMS)]
    assert "another run is fetching poems; waiting for it" in notes[0]


def test_the_lock_of_a_killed_run_is_free(own_cache):
    program = ("import os; from corpora.fetch.sources import folder\n"
               "folder('poems', {'a.json': ''}, [lambda *_: os.kill(os.getpid(), 9)])")
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == -signal.SIGKILL
    begun = time.monotonic()
    assert contents(folder("poems", SUMS, [gives(FILES)])) == SUMS
    assert time.monotonic() - begun < 0.9


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_cache_that_cannot_be_written_is_reported_with_the_remedy(tmp_path, monkeypatch, below, refused):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("N2M_CACHE", str(tmp_path / "file" / below))
    said = refused(lambda: folder("poems", SUMS, [gives(FILES)]))
    assert said.startswith(f"{tmp_path / 'file' / below / 'poems'}: cannot be written (")
    assert said.endswith("set N2M_CACHE to another folder") and "None" not in said


def test_a_full_disk_is_reported(monkeypatch, refused):
    def full(into, names):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    said = refused(lambda: folder("poems", SUMS, [full]))
    assert "No space left on device" in said and "N2M_CACHE" in said


@pytest.mark.parametrize("error", [OSError(errno.ENETUNREACH, "Network is unreachable"), ssl.SSLError(1, "bad record"),
                                   ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")],
                         ids=["unreachable", "encryption", "reset"])
def test_a_network_that_fails_while_reading_is_no_fault_of_the_cache_folder(tmp_path, monkeypatch, error, refused):
    class Answer(io.BytesIO):
        def __init__(self):
            super().__init__()
            self.headers, self.length, self.status = defaultdict(str, {"Content-Length": "10"}), 10, 200

        def read(self, size=-1):
            raise error

    monkeypatch.setattr("urllib.request.urlopen", lambda *args, **kwargs: Answer())
    sources = [from_web("http://somewhere"), gives(FILES)]
    said = refused(lambda: folder("poems", SUMS, sources[:1]))
    assert "http://somewhere/a.json: " in said and error.strerror in said and "N2M_CACHE" not in said
    assert contents(folder("poems", SUMS, sources)) == SUMS


# mirrors


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    place = tmp_path / "mirror"
    place.mkdir()
    monkeypatch.setenv("N2M_MIRROR", str(place))
    return place


def never(into, names):
    raise AssertionError(f"asked for {names} although the mirror has them")


@pytest.mark.parametrize("inside", ["poems", "."])
def test_a_mirror_is_asked_first_for_name_and_file_or_for_the_file_alone(mirror, inside):
    (mirror / inside).mkdir(exist_ok=True)
    for name, data in FILES.items():
        (mirror / inside / name).write_bytes(data)
    assert contents(folder("poems", SUMS, [never])) == SUMS


def test_a_cache_folder_is_a_mirror(own_cache, monkeypatch, tmp_path):
    folder("poems", SUMS, [gives(FILES)])
    monkeypatch.setenv("N2M_MIRROR", str(own_cache))
    monkeypatch.setenv("N2M_CACHE", str(tmp_path / "another"))
    assert folder("poems", SUMS, [never]) == tmp_path / "another" / "poems"


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("inside", ["mirror", "files"])
def test_a_mirror_may_be_an_address(server, monkeypatch, inside, slash):
    monkeypatch.setenv("N2M_MIRROR", f"{server.address}/{inside}{slash}")
    assert contents(folder("poems", SUMS, [never])) == SUMS
    first = ["/mirror/poems/a.json"] if inside == "mirror" else ["/files/poems/a.json", "/files/a.json"]
    assert server.asked[:len(first)] == first


def test_what_a_mirror_lacks_comes_from_the_usual_sources(server, mirror):
    (mirror / "b.json").write_bytes(FILES["b.json"])
    assert contents(folder("poems", SUMS, [from_web(f"{server.address}/files")])) == SUMS
    assert server.asked == ["/files/a.json", "/files/c.json"]


def test_files_of_a_mirror_are_checked(mirror, refused):
    for name in FILES:
        (mirror / name).write_bytes(b"other")
    said = refused(lambda: folder("poems", SUMS, [fails("no network")]), CorpusUnavailable)
    assert "a.json (from the mirror): wrong checksum" in said and "no network" in said
    assert contents(folder("poems", SUMS, [gives(FILES)])) == SUMS


def test_what_a_mirror_lacks_is_named(mirror, refused):
    said = refused(lambda: folder("poems", SUMS, []), CorpusUnavailable)
    assert f"the mirror {mirror} has no poems/a.json, poems/b.json, poems/c.json; " in said


def test_a_mirror_that_does_not_answer_is_asked_once(nobody, monkeypatch, refused):
    monkeypatch.setenv("N2M_MIRROR", nobody)
    said = refused(lambda: folder("poems", SUMS, []), CorpusUnavailable)
    assert said.count(nobody) == 1 and "refused" in said


@pytest.mark.parametrize("place", ["nowhere", "ftp://somewhere", "file"])
def test_a_mirror_must_be_a_folder_or_an_address(tmp_path, monkeypatch, place, refused):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.setenv("N2M_MIRROR", place)
    says = f"{place}: no such folder; give a folder, or a URL with http"
    assert refused(lambda: use_mirror(place).__enter__()).startswith(f"`mirror` {says}")
    assert refused(lambda: folder("poems", SUMS, [gives(FILES)])).startswith(f"N2M_MIRROR {says}")


def test_a_mirror_that_is_none_stops_nothing_that_needs_none(own_cache, monkeypatch):
    found = folder("poems", SUMS, [gives(FILES)])
    monkeypatch.setenv("N2M_MIRROR", "nowhere")
    assert folder("poems", SUMS, []) == found


def test_no_mirror_and_good_ones_are_accepted(tmp_path, monkeypatch):
    for place in ("", str(tmp_path), "https://somewhere/else", "http://127.0.0.1:1"):
        with use_mirror(place):
            assert sources.mirror() == place


def test_a_mirror_is_used_within_its_block_only_before_the_one_of_the_environment_which_stays(mirror, tmp_path):
    before = dict(os.environ)
    (tmp_path / "other").mkdir()
    with use_mirror(str(tmp_path / "other")):
        assert sources.mirror() == str(tmp_path / "other")
        with use_mirror(None):
            assert sources.mirror() == str(tmp_path / "other")
        with use_mirror(""):
            assert sources.mirror() == ""
    assert sources.mirror() == str(mirror) and dict(os.environ) == before


# sources on the web


def test_a_file_may_go_by_another_name_there(server):
    assert contents(folder("poems", {"mine": SUMS["a.json"]}, [from_web(f"{server.address}/files", {"mine": "a.json"})])
                    ) == {"mine": SUMS["a.json"]}


def test_github_has_a_mirror(monkeypatch):
    asked = []

    def fetch(address, path):
        asked.append(address)
        raise CorpusUnavailable("not now")

    monkeypatch.setattr(sources, "fetch", fetch)
    with pytest.raises(CorpusUnavailable):
        folder("poems", {"a.json": ""}, from_github("me/poems", "abc", "data"))
    assert asked == ["https://raw.githubusercontent.com/me/poems/abc/data/a.json",
                     "https://cdn.jsdelivr.net/gh/me/poems@abc/data/a.json"]
