# SPDX-License-Identifier: EUPL-1.2
"""The long form asks as often as it is told, the same at every run of a seed, and tells how to ask again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from fuzz.answering import Answers, Example, Target
from fuzz.asking import ask as ask_one
from fuzz.asking import headers_of, load, mixed, said_of
from fuzz.requesting import Asked, ask_about
from fuzz.unlisted import STRANGE, UNSAID, changed_documents, changed_forms, fields_of, filled

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
    by = {"authorization": "x"}
    keyless = [not headers_of(number, by) for number in range(80)]
    assert keyless.count(True) == 20
    assert {number % 2 for number, is_so in enumerate(keyless) if is_so} == {0, 1}


def test_form_of_a_page_is_read_and_sent_with_something_strange_in_each_field() -> None:
    page = '<input name="form_token" value="t"><select name="a"><textarea name="b">'
    right = fields_of(page)
    assert [name for name, _ in right] == ["form_token", "a", "b"]
    changed = list(changed_forms(right))
    assert all(("form_token", "t") in each for each in changed if each)
    for name in ("a", "b"):
        said = {value for each in changed for other, value in each if other == name}
        assert said >= set(STRANGE)


def test_fields_hold_what_stands_in_them_or_could() -> None:
    page = (
        "<!doctype html><form><input type='hidden' name='a' value='&amp;'>"
        "<select name='b'><option value=''>-<option value='x'>X</select>"
        "<textarea name='c'>Text</textarea><input name='d' value=''><button name='e'></form>"
    )
    assert fields_of(page) == [("a", "&"), ("b", "x"), ("c", "Text"), ("d", ""), ("e", UNSAID)]
    for nothing in ("", "\0", '{"a": 1}', '<?xml version="1.0" encoding="utf-8"?><a/>'):
        assert fields_of(nothing) == []


def test_right_document_has_something_strange_for_each_of_its_values() -> None:
    sent = [json.loads(each) for each in changed_documents({"a": 1, "b": "x"})]
    assert sent[0] == {"a": 1, "b": "x"}
    strangers: list[Any] = [*STRANGE, None, []]
    for name, others in (("a", {"b": "x"}), ("b", {"a": 1})):
        changed = [each[name] for each in sent if others.items() <= each.items()]
        assert all(strange in changed for strange in strangers)
    assert list(changed_documents(None)) == []


def test_path_of_a_form_is_one_to_something_that_is_there() -> None:
    running = Target("", {}, known={"part/{name}": "part/a", "{name}": "b", "{number}": "1"})
    paths = [filled(each, running) for each in ("/part/{name}/{number}", "/whole/{name}")]
    assert paths == ["/part/a/1", "/whole/b"]


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


def test_every_other_request_is_about_what_is_there(server: Server) -> None:
    (operation,) = (each.ok() for each in DOCUMENT.get_all_operations())
    running = Target(server.url, {})
    running.examples[operation.label].append(Example({}, {"reason": "known"}, {}))
    for number in range(200):
        ask_one(
            operation.Case(query={"limit": number % 100 + 1, "reason": f"drawn-{number}"}), running
        )
    of_known = [each for each in server.asked if "reason=known" in each]
    assert 40 < len(of_known) < 120
    assert all("limit=" in each for each in of_known)


@pytest.mark.parametrize("drawn", [{"a": 7}, {"b": {"c": 7}}, {"new": 7}])
def test_right_body_has_one_drawn_value(drawn: dict[str, Any]) -> None:
    right = {"a": 1, "b": {"c": 2, "d": 3}}
    found = [mixed(right, drawn, number) for number in range(64)]
    assert right in found
    others = [each for each in found if each != right]
    assert others
    wholly = {**right, **drawn}
    assert all(each in (wholly, {**right, "b": {"c": 7, "d": 3}}) for each in others)


def test_drawn_body_that_is_no_object_takes_the_place_of_a_right_one() -> None:
    found = [mixed({"a": 1}, 7, number) for number in range(4)]
    assert sorted(map(str, found)) == ["7", "7", "{'a': 1}", "{'a': 1}"]


def test_what_answered_well_is_counted() -> None:
    answers = Answers()
    for label, status in (("a", 404), ("a", 204), ("b", 304), ("c", 500)):
        answers.note(label, status)
    assert answers.well == {"a"}
    assert answers.told("abcd") == "1 of 4"


def test_wrong_answer_is_told_once_with_the_command_that_asks_again(server: Server) -> None:
    server.status = 500
    asked, _ = ask(server, 7)
    (finding,) = asked.findings.values()
    assert "Server error" in finding.text
    assert finding.curl.startswith("curl")
    assert server.url in finding.curl
