"""What the tests of the corpora share: nothing here leaves this machine or touches the user's cache folder."""

import socket
import threading
from collections.abc import Callable

import loopback
import pytest
from hypothesis import settings

from core import events
from core.data import InputError
from corpora.fetch import download

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("repeatable")

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("N2M_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    look_up, connect = socket.getaddrinfo, socket.socket.connect

    def guarded_look_up(host, *args, **kwargs):
        assert host in LOOPBACK, f"a test asked for the address of {host}"
        return look_up(host, *args, **kwargs)

    def guarded_connect(self, address):
        assert self.family == socket.AF_UNIX or address[0] in LOOPBACK, f"a test connected to {address}"
        return connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    monkeypatch.setattr(socket.socket, "connect", guarded_connect)


@pytest.fixture(scope="session")
def refused():
    """The text with which an action is refused, which must be one line."""
    def text_of(action: Callable[[], object], kind: type[InputError] = InputError) -> str:
        with pytest.raises(kind) as caught:
            action()
        text = str(caught.value)
        assert text.strip() and len(text.splitlines()) == 1, repr(text)
        return text
    return text_of


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0)


@pytest.fixture
def server():
    with loopback.Server(("127.0.0.1", 0), loopback.Handler) as running:
        running.asked, running.over = [], threading.Event()
        running.ranges, running.breaks, running.tag = [], 0, '"version 1"'
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


@pytest.fixture
def notes():
    """What is noted meanwhile in this thread."""
    heard = []

    with events.listening(note=heard.append):
        yield heard
