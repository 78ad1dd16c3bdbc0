# SPDX-License-Identifier: EUPL-1.2
"""Services behind the proxy that answer with what they were asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from proxy.running import hosts

HEADERS = (
    "host",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-prefix",
    "x-client-cert",
)


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    def do_GET(self) -> None:
        headers = {name: self.headers.get(name) for name in HEADERS}
        body = f"{self.path}\n{headers}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.send_header("x-service", str(self.server.server_port))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class EchoServer(ThreadingHTTPServer):
    """Lets more connections wait than the five of its base class: nginx gives up on who is dropped from the queue."""

    request_queue_size = 128


@contextmanager
def echoing() -> Iterator[dict[str, int]]:
    """Yield the ports of such servers, one for each of the proxy's services, by its names for them."""
    servers = {name: EchoServer(("127.0.0.1", 0), Echo) for name in hosts()}
    assert len(servers) == 6
    for server in servers.values():
        Thread(target=server.serve_forever, daemon=True).start()
    yield {name: server.server_port for name, server in servers.items()}
    for server in servers.values():
        server.shutdown()
        server.server_close()
