# SPDX-License-Identifier: EUPL-1.2
"""The long form asks as often as it is told, the same at every run of a seed, and tells how to ask again."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from fuzz.asking import headers_of, is_excused, load, said_of
from fuzz.requesting import Asked, ask_about
from fuzz.running import Target
from fuzz.unlisted import STRANGE, changed_forms, fields_of

DOCUMENT = load("parking-occupancy").include(method="GET", path="/v1/rejections")


class Server(ThreadingHTTPServer):
    """Answers every request with a status and remembers it."""

    status, asked = 200, list[str]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"items": [], "next_cursor": null}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        running.asked = []
        Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def ask(server: Server, seed: int) -> tuple[Asked, list[str]]:
    server.asked.clear()
    return ask_about(DOCUMENT, Target(server.url, {}), 20, seed), list(server.asked)


def test_every_fourth_request_goes_without_our_key() -> None:
    running = Target("", {"authorization": "x"})
    keyless = [not headers_of(number, running) for number in range(80)]
    assert keyless.count(True) == 20
    assert {number % 2 for number, is_so in enumerate(keyless) if is_so} == {0, 1}


@pytest.mark.parametrize(
    ("path", "status", "code", "excused"),
    [
        ("/feeds/siri/vm.xml", 503, "nothing_published_yet", True),
        ("/feeds/siri/vm.xml", 503, "unavailable", False),
        ("/feeds/siri/vm.xml", 500, "nothing_published_yet", False),
        ("/feeds/parkapi/v3/parking-sites", 503, "nothing_published_yet", False),
    ],
)
def test_only_feeds_of_vehicles_may_have_nothing(
    path: str, status: int, code: str, *, excused: bool
) -> None:
    assert is_excused(path, httpx.Response(status, json={"code": code})) == excused


def test_form_of_a_page_is_read_and_sent_with_something_strange_in_each_field() -> None:
    page = '<input name="form_token" value="t"><select name="a"><textarea name="b">'
    right = fields_of(page)
    assert [name for name, _ in right] == ["form_token", "a", "b"]
    changed = list(changed_forms(right))
    assert all(("form_token", "t") in each for each in changed if each)
    for name in ("a", "b"):
        said = {value for each in changed for other, value in each if other == name}
        assert said >= set(STRANGE)


def test_service_is_asked_as_often_as_was_said_and_the_same_for_one_seed(server: Server) -> None:
    asked, first = ask(server, 7)
    assert not asked.findings
    assert 20 <= asked.requests == len(first)
    assert ask(server, 7)[1] == first
    assert ask(server, 8)[1] != first


def test_what_a_request_says_is_the_same_at_every_run() -> None:
    (operation,) = (each.ok() for each in DOCUMENT.get_all_operations())
    said = said_of(operation.Case(query={"limit": 1}))
    assert said == "['GET /v1/rejections', {}, {'limit': 1}, None]"


def test_wrong_answer_is_told_once_with_the_command_that_asks_again(server: Server) -> None:
    server.status = 500
    asked, _ = ask(server, 7)
    (finding,) = asked.findings.values()
    assert "Server error" in finding.text
    assert finding.curl.startswith("curl")
    assert server.url in finding.curl
