# SPDX-License-Identifier: EUPL-1.2
"""What people send to hand something in: the citizens' form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import Request

from fuzz.parsers.target import Parser, at_once
from measure_registry.api.pages.reading import body_of, read_form
from measure_registry.sealing import Stamp, token_hash
from stadttakt_runtime.http.problem import FormUnreadable

STAMP = Stamp(b"k" * 32)
FIELDS = {
    "begun": "1764147600.ab",
    "title": "Bänke am Fluss",
    "summary": "Mehr Sitzplätze am Ufer.",
    "handlungsfeld": "mobilitaet",
    "mehrwerte": "stadtstolz",
    "target_groups": "alle",
    "place_name": "Peißnitzinsel",
    "name": "Emilie",
    "email": "emilie@beispiel.example",
    "submitter_kind": "zivilgesellschaft",
    "without": "1",
    "draft": "abc",
    "once": "abc",
    "action": "submit",
}
FILE = '--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\nPNG\r\n'


class WrongFormError(Exception):
    """A form that is shown again, with what is wrong in words."""


def _sent(charset: str = "", **changes: str) -> bytes:
    parts = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {**FIELDS, **changes}.items()
    )
    return f"POST\nmultipart/form-data; boundary=x{charset}\n\n{parts}{FILE}--x--\r\n".encode()


def _form(data: bytes) -> Any:
    """The input is a line, the content type, an empty line, and the body."""
    head, _, body = data.partition(b"\n\n")
    content_type = head.partition(b"\n")[2]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    request = Request({"type": "http", "headers": [(b"content-type", content_type)]}, receive)
    written = at_once(read_form(request))
    if written.trap:
        raise WrongFormError
    token_hash(written.draft)
    written.fingerprint()
    # As the form shows it again.
    "".join([*written.texts.values(), *written.action]).encode()
    STAMP.moment(written.begun)
    body_, faults = body_of(written, "de", with_contact=True)
    if body_ is None:
        assert faults
        raise WrongFormError
    # Of a file its name is not kept.
    return body_, [content for _, content in written.files], written.without


def parsers() -> Iterator[Parser]:
    """Yield the only one."""
    forms = (_sent(), _sent("; charset=utf-8"), _sent(mehrwerte="stadtstolz", budget="wenig"))
    yield Parser("portal-form", _form, (FormUnreadable, WrongFormError), forms)
