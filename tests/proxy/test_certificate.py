# SPDX-License-Identifier: EUPL-1.2
"""A renewed certificate at the real proxy: taken by itself, while a sign's stream goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from ssl import SSLSocket
from threading import Thread

import pytest

from proxy.running import RunningProxy, hosts, lay_certificate, running_proxy
from support.authority import Authority

STREAM = b"GET /api/parking/v1/signs/a/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
events: Queue[bytes] = Queue()


class Streaming(BaseHTTPRequestHandler):
    """Answers with a stream of what the test puts in; an empty event ends it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        while event := events.get():
            self.wfile.write(event)
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[RunningProxy]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Streaming) as service:
        Thread(target=service.serve_forever, daemon=True).start()
        with running_proxy(dict.fromkeys(hosts(), service.server_port), tmp_path) as running:
            yield running
        service.shutdown()


def test_renewed_certificate_is_shown_without_anybodys_doing_and_a_stream_goes_on(
    proxy: RunningProxy,
) -> None:
    renewed = Authority("city, renewed")
    with proxy.connect(proxy.authority) as sign:
        sign.sendall(STREAM)
        events.put(b"data: 36\n\n")
        assert received(sign, b"data: 36\n\n").startswith(b"HTTP/1.1 200")
        lay_certificate(proxy.folder, renewed)
        until_trusted(proxy, renewed)
        assert not proxy.is_trusted_by(proxy.authority)
        events.put(b"data: 35\n\n")
        assert received(sign, b"data: 35\n\n")
        events.put(b"")
    assert proxy.process.poll() is None


@pytest.mark.parametrize("broken", ["privkey.pem", "fullchain.pem"])
def test_file_that_is_half_written_leaves_the_certificate_before_in_place(
    proxy: RunningProxy, broken: str
) -> None:
    file = proxy.folder / "tls" / broken
    whole = file.read_bytes()
    file.write_bytes(whole[:100])
    deadline = time.monotonic() + 60
    while broken not in proxy.said():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert proxy.is_trusted_by(proxy.authority)
    renewed = Authority("city, renewed")
    lay_certificate(proxy.folder, renewed)
    until_trusted(proxy, renewed)
    assert proxy.process.poll() is None


def received(connection: SSLSocket, wanted: bytes) -> bytes:
    """Read until what is wanted has come; return all that came."""
    got = b""
    while wanted not in got:
        part = connection.recv(4096)
        assert part, got
        got += part
    return got


def until_trusted(proxy: RunningProxy, authority: Authority) -> None:
    deadline = time.monotonic() + 60
    while not proxy.is_trusted_by(authority):
        assert time.monotonic() < deadline
        time.sleep(0.05)
