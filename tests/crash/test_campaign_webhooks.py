# SPDX-License-Identifier: EUPL-1.2
"""Who brings uplinks by webhook sends each again until it is taken, and tells what is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from crash.campaign.town import CHIRPSTACK, SECRETS, TTS
from crash.campaign.traffic import Told
from crash.campaign.webhooks import Webhooks

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def _told(name: str, source: str) -> Told:
    return Told(b"", name.encode(), name, name, NOON, "bay", "west-01", (True,), name, source)


class Decoder(ThreadingHTTPServer):
    """Answers as it is told to, 204 once nothing is told any more; 0 is a connection that ends unanswered."""

    def __init__(self, *answers: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = list(answers)
        self.heard: list[tuple[str, str | None, bytes]] = []


class Handler(BaseHTTPRequestHandler):
    server: Decoder

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.heard.append((self.path, self.headers["x-stadttakt-secret"], body))
        status = self.server.answers.pop(0) if self.server.answers else 204
        if status:
            self.send_response(status)
            self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    server = Decoder()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _sent(decoder: Decoder, *told: Told) -> Webhooks:
    webhooks = Webhooks()
    with webhooks.sending(f"http://127.0.0.1:{decoder.server_port}"):
        webhooks.give(told)
    return webhooks


def test_uplink_is_sent_again_until_it_is_taken_and_by_its_own_server(decoder: Decoder) -> None:
    decoder.answers = [503, 0, 204]
    first, second = _told("a", CHIRPSTACK), _told("b", TTS)
    webhooks = _sent(decoder, first, second)
    assert (webhooks.taken, webhooks.refused, webhooks.again) == ([first, second], [], 2)
    of_first = ("/v1/webhooks/chirpstack?event=up", SECRETS[CHIRPSTACK], b"a")
    assert decoder.heard == [*[of_first] * 3, ("/v1/webhooks/ttn", SECRETS[TTS], b"b")]


def test_sender_that_dies_ends_the_round(decoder: Decoder) -> None:
    nobody = replace(_told("a", CHIRPSTACK), source=None)
    with pytest.raises(AssertionError, match="no uplink"):
        _sent(decoder, nobody)


def test_refused_uplink_is_told_and_does_not_count_as_taken(decoder: Decoder) -> None:
    decoder.answers = [401]
    refused, taken = _told("a", CHIRPSTACK), _told("b", CHIRPSTACK)
    webhooks = _sent(decoder, refused, taken)
    assert webhooks.taken == [taken]
    (told,) = webhooks.refused
    assert told.startswith("webhook: 401")
