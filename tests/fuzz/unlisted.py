# SPDX-License-Identifier: EUPL-1.2
"""What no page sends, asked of every writing route that stands in no OpenAPI document: the forms of portal and desks."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from fuzz.running import Target

KNOWN = {
    "idea_id": "idea-0001",
    "format_id": "format-0001",
    "sort": "massnahme",
    "name": "smart-field",
    "indicator_id": "digitale-instrumente",
    "report_id": "awwsd",
    "file_id": "1",
    "value_id": "1",
    "verb": "freigeben",
    "verdict": "approve",
}
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
_FIELD = re.compile(r"<(?:input|select|textarea|button)\b[^>]*?\bname=\"([^\"]+)\"[^>]*>")
_VALUE = re.compile(r'\bvalue="([^"]*)"')
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
        key = running.headers["authorization"].removeprefix("Bearer ")
        # Who left has no cookie any more.
        for method, path in sorted(routes, key=lambda each: each[1].endswith("/abmelden")):
            entrance = next((each for _, each in routes if each.endswith("/anmelden")), None)
            if entrance is not None and not client.cookies:
                client.post(entrance, data={"key": key})
            yield from _ask(client, method, re.sub(r"{(\w+)}", lambda m: KNOWN[m[1]], path), most)


def _ask(client: httpx.Client, method: str, path: str, most: int | None) -> Iterator[Answered]:
    right = fields_of(client.get(path, headers={"accept": "text/html"}).text)
    for content_type, body in BODIES:
        headers = {} if content_type is None else {"content-type": content_type}
        answer = client.request(method, path, content=body, headers=headers)
        yield Answered(method, path, f"{content_type} {body!r}", answer.status_code)
    for number, pairs in enumerate(islice(changed_forms(right), most)):
        content_type, body = _written(pairs, number)
        headers = {"content-type": content_type, "accept": "text/html"}
        answer = client.request(method, path, content=body, headers=headers)
        yield Answered(method, path, f"{content_type} {body!r:.2000}", answer.status_code)
        # A form that is shown again may be sent at once; a first one is looked at for a while.
        begun = dict(fields_of(answer.text)).get("begun")
        right = [(name, begun if name == "begun" and begun else value) for name, value in right]


def fields_of(page: str) -> Pairs:
    """Return the fields of a page's forms with what stands in them."""
    found = []
    for each in _FIELD.finditer(page):
        value = _VALUE.search(each[0])
        found.append((each[1], html.unescape(value[1]) if value else "Ein Text, lang genug"))
    return found


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
