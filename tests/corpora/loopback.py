"""A web server on this machine that serves a few files, resumes in the middle of them, and fails on request."""

import hashlib
import http.server
import random
import socket
import struct
import time
from pathlib import Path

BODY = random.Random(1).randbytes(200_000)  # more than one block of reading
FILES = {"a.json": BODY, "b.json": "[\"春\"]".encode(), "c.json": random.Random(2).randbytes(3000)}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


SUMS = {name: digest(data) for name, data in FILES.items()}


class Handler(http.server.BaseHTTPRequestHandler):
    """/files/NAME is served, /once/NAME in pieces; other addresses misbehave as they say."""

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        name = self.path.rpartition("/")[2]
        if self.path.startswith(("/files/", "/mirror/poems/")) and "/files/poems/" not in self.path and name in FILES:
            self.answer(FILES[name], len(FILES[name]))
        elif self.path.startswith("/once/") and name in FILES:  # breaks off, and goes on when asked to
            self.part_of(FILES[name])
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

    def part_of(self, body):
        """Half of what is asked for, at the first `breaks` times; a changed file begins anew."""
        asked = self.headers["Range"]
        begin = int(asked[len("bytes="):-1]) if asked and self.headers["If-Range"] == self.server.tag else 0
        if begin >= len(body):
            self.send_error(416)
            return
        self.server.ranges.append(begin)
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        if self.server.tag:
            self.send_header("ETag" if self.server.tag.endswith('"') else "Last-Modified", self.server.tag)
        self.send_header("Content-Length", str(len(body) - begin))
        self.end_headers()
        broken = len(self.server.ranges) <= self.server.breaks
        self.wfile.write(body[begin:begin + (len(body) - begin) // 2] if broken else body[begin:])
        self.wfile.flush()

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


def contents(path: Path) -> dict[str, str]:
    """The checksums of a folder's files: where they differ, pytest compares them sooner than the files themselves."""
    return {p.name: digest(p.read_bytes()) for p in path.iterdir()}
