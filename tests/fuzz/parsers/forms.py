# SPDX-License-Identifier: EUPL-1.2
"""What people and providers send to log in and to hand in: the citizens' form, and bearer tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import orjson
from fastapi import Request
from joserfc.jwk import KeySet, OKPKey
from joserfc.jws import default_registry
from joserfc.util import urlsafe_b64encode

from fuzz.parsers.target import Parser, at_once
from measure_registry.api.pages.reading import body_of, read_form
from measure_registry.sealing import Stamp, token_hash
from stadttakt_runtime.auth.authenticator import MAX_TOKEN_BYTES
from stadttakt_runtime.auth.jwks import KeySource
from stadttakt_runtime.auth.oidc import InvalidToken, OidcVerifier
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
ISSUER, AUDIENCE = "https://login.example", "stadttakt"
CLAIMS = {
    "iss": ISSUER,
    "aud": [AUDIENCE],
    "sub": "8f1c",
    "exp": 2**40,
    "nbf": 0,
    "iat": 0,
    "realm_access": {"roles": ["admin", "registry:write"]},
}


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


class _Keys(KeySource):
    """A provider's keys that are there at once."""

    async def current(self) -> KeySet:
        return _keys()

    async def renewed(self) -> KeySet:
        return _keys()


@cache
def _keys() -> KeySet:
    return KeySet([OKPKey.generate_key("Ed25519", {"kid": "ed", "use": "sig"})])


VERIFIER = OidcVerifier(ISSUER, AUDIENCE, "realm_access.roles", _Keys(""))


def _token(data: bytes) -> Any:
    """A JSON object of `header` and `claims` is signed rightly, whatever they say; anything else is the token."""
    try:
        told = json.loads(data)
        parts = [json.dumps(told[name]).encode() for name in ("header", "claims")]
    except (ValueError, KeyError, TypeError, RecursionError):
        text = data.decode("utf-8", "surrogateescape")
    else:
        signing = b".".join(urlsafe_b64encode(each) for each in parts)
        algorithm = default_registry.algorithms["Ed25519"]
        signature = algorithm.sign(signing, _keys().keys[0])
        text = (signing + b"." + urlsafe_b64encode(signature)).decode()
    try:
        return at_once(VERIFIER.principal(text[:MAX_TOKEN_BYTES]))
    except InvalidToken as error:
        # It is told in an answer.
        orjson.dumps(str(error))
        raise


def _signed(**header: Any) -> bytes:
    said = {"alg": "Ed25519", "kid": "ed", "typ": "JWT", **header}
    return json.dumps({"header": said, "claims": CLAIMS}).encode()


def parsers() -> Iterator[Parser]:
    """Yield both."""
    forms = (_sent(), _sent("; charset=utf-8"), _sent(mehrwerte="stadtstolz", budget="wenig"))
    yield Parser("portal-form", _form, (FormUnreadable, WrongFormError), forms)
    yield Parser("bearer-token", _token, (InvalidToken,), (_signed(),))
