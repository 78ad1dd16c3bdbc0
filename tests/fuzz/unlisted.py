# SPDX-License-Identifier: EUPL-1.2
"""What no page sends, asked of every writing route that stands in no OpenAPI document: the forms of portal and desks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx
import lxml.html
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from fuzz.answering import Target

FORM, PARTS = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
STRANGE = (
    "\0",
    "ü",
    "%ED%A0%80",
    "wort-das-keines-ist",
    "",
    "x" * 5000,
    '{"title": ["a"]}',
    "²",
    "9" * 30,
)
"""What is put in each field; half a surrogate pair stands as it is sent."""
BODIES = (
    (None, b""),
    ("application/json", b"[1]"),
    ("application/json", b'{"a": "\\ud800"'),
    ("text/plain; charset=undefined", b"x"),
    (f"{FORM}; charset=undefined", b"form_token=1&title=%ED%A0%80"),
    (FORM, b"&&==&%&%0&a=%00"),
    ("multipart/form-data", b"--x\r\n\r\n"),
    (PARTS, b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n"),
)
CHARSETS = ("undefined", "unicode_escape", "utf-7", "idna", "utf-8")
_WRITING = {"POST", "PUT", "PATCH", "DELETE"}
PAGES = {
    "/berichte/{report_id}": "/berichte",
    "/erfassen/abmelden": "/erfassen",
    "/erfassen/datei/{file_id}/{value_id}/{verb}": "/erfassen/datei/{file_id}",
    "/erfassen/datei/{file_id}/{verb}": "/erfassen/datei/{file_id}",
    "/erfassen/einlesen/uebernehmen": "/erfassen/einlesen",
    "/erfassen/werte/{indicator_id}": "/erfassen",
    "/erfassen/werte/{value_id}/withdraw": "/erfassen",
    "/erfassen/werte/{value_id}/{verdict}": "/erfassen",
    "/intern/abmelden": "/intern",
    "/leitstelle/abmelden": "/leitstelle",
    "/leitstelle/festhalten": "/leitstelle?tag={tag}",
    "/leitstelle/zuruecknehmen": "/leitstelle?tag={tag}",
}
"""Where the forms stand that are sent to a route, if not at the route itself."""
UNSAID = "Ein Text, lang genug"
Pairs = list[tuple[str, str]]


class Answered(NamedTuple):
    """What a route was sent, in a few words, and the status that it answered."""

    method: str
    path: str
    sent: str
    status: int


def unlisted(app: FastAPI) -> list[tuple[str, str]]:
    """Return method and path of each writing route that an OpenAPI document leaves out."""
    return sorted(
        (method, each.path)
        for each in iter_route_contexts(app.routes)
        if each.path is not None and not getattr(each, "include_in_schema", True)
        for method in _WRITING.intersection(each.methods or ())
    )


def ask_unlisted(app: FastAPI, running: Target, most: int | None = None) -> Iterator[Answered]:
    """Ask each such route as somebody who is logged in; at most so many requests with one field changed, if told."""
    routes = unlisted(app)
    # A service that failed ends the connection.
    alone = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=running.url, timeout=60, limits=alone) as client:
        # Who entered something decides on nothing of it.
        key = (running.colleague or running.headers)["authorization"].removeprefix("Bearer ")
        # Who left has no cookie any more.
        for method, path in sorted(routes, key=lambda each: each[1].endswith("/abmelden")):
            entrance = next((each for _, each in routes if each.endswith("/anmelden")), None)
            if entrance is not None and not client.cookies:
                client.post(entrance, data={"key": key})
            page = filled(PAGES.get(path, path), running)
            right = fields_of(client.get(page, headers={"accept": "text/html"}).text)
            asking = _Asking(client, method, filled(path, running))
            yield from asking.of_documents(right, running.bodies.get(path), most)
            yield from asking.of_forms(right, most)


def filled(path: str, running: Target) -> str:
    """Return a path to something that is there."""
    for name in sorted(running.known, key=len, reverse=True):
        path = path.replace(name, running.known[name])
    return path


class _Asking(NamedTuple):
    """One route, to be asked."""

    client: httpx.Client
    method: str
    path: str

    def of_documents(self, page: Pairs, right: Any, most: int | None) -> Iterator[Answered]:
        """Send what is no form, and a right document, where there is one, with one value changed."""
        for content_type, body in BODIES:
            yield self._ask(content_type, body)[0]
        headers = {"x-form-token": dict(page).get("form_token", "")}
        for document in islice(changed_documents(right), most):
            yield self._ask("application/json", document, headers)[0]

    def of_forms(self, right: Pairs, most: int | None) -> Iterator[Answered]:
        """Send a page's form with one field changed."""
        for number, pairs in enumerate(islice(changed_forms(right), most)):
            content_type, body = _written(pairs, number)
            answered, text = self._ask(content_type, body, {"accept": "text/html"})
            yield answered
            # A form that is shown again may be sent at once; a first one is looked at for a while.
            begun = dict(fields_of(text)).get("begun")
            right = [(name, begun if name == "begun" and begun else value) for name, value in right]

    def _ask(
        self, content_type: str | None, body: bytes, headers: dict[str, str] | None = None
    ) -> tuple[Answered, str]:
        of_body = {} if content_type is None else {"content-type": content_type}
        headers = {**of_body, **(headers or {})}
        answer = self.client.request(self.method, self.path, content=body, headers=headers)
        sent = f"{content_type} {body!r:.2000}"
        return Answered(self.method, self.path, sent, answer.status_code), answer.text


def changed_documents(right: dict[str, Any] | None) -> Iterator[bytes]:
    """Yield a right document, and each with something strange for one of its values; nothing where there is none."""
    if right is not None:
        yield json.dumps(right).encode()
        strangers: tuple[Any, ...] = (*STRANGE, None, [], 10**30)
        for name in right:
            for strange in strangers:
                yield json.dumps({**right, name: strange}).encode()


def fields_of(page: str) -> Pairs:
    """Return the fields of a page's forms with what stands in them, or could."""
    # Whatever was answered: pages are no XML, and may be empty.
    parser = lxml.html.HTMLParser(encoding="utf-8")
    root = lxml.html.document_fromstring(f"<p>{page}".encode("utf-8", "replace"), parser=parser)
    fields = root.iter("input", "select", "textarea", "button")
    named = ((each.get("name"), each) for each in fields)
    return [(name, _value(each)) for name, each in named if name]


def _value(field: Any) -> str:
    if field.tag == "select":
        return next((each for each in field.value_options if each), UNSAID)
    if field.tag == "textarea":
        return field.text or UNSAID
    value = field.get("value")
    return UNSAID if value is None else str(value)


def changed_forms(right: Pairs) -> Iterator[Pairs]:
    """Yield forms with something strange in all fields but the token, then in one field after the other."""
    named = [name for name, _ in right if name != "form_token"]
    for strange in STRANGE:
        yield [(name, value if name == "form_token" else strange) for name, value in right]
    for strange in STRANGE[:3]:
        for action in dict.fromkeys(value for name, value in right if name == "action"):
            asked = {"form_token": None, "reason": None, "action": action, "version": None}
            yield [(name, asked.get(name, strange) or value) for name, value in right]
    yield [*right, *right]
    yield []
    for shift in range(len(STRANGE)):
        strangers = islice(cycle(STRANGE), shift, None)
        for name, strange in zip(dict.fromkeys(named), strangers, strict=False):
            yield [(each, strange if each == name else value) for each, value in right]


def _written(pairs: Pairs, number: int) -> tuple[str, bytes]:
    """Return a form as bytes: in turn as browsers send small ones, and as parts in one charset or another."""
    if number % 2 == 0:
        # What is escaped already stays so: half a surrogate pair.
        return FORM, urlencode(pairs, encoding="utf-8", safe="%").encode()
    charset = "" if number % 4 == 1 else f"; charset={CHARSETS[number // 4 % len(CHARSETS)]}"
    parts = b"".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in pairs
    )
    return f"{PARTS}{charset}", parts + b"--x--\r\n"


def wrong(answers: list[Answered]) -> list[Any]:
    """Return the answers that say that a service failed."""
    return [each for each in answers if each.status >= 500]
