# SPDX-License-Identifier: EUPL-1.2
"""What the stand-in answers: the Mobilithek's two sides, and a ParkAPI's; no sockets here.

Paths and rules as public clients of the Mobilithek use them (docs/how-to/mobilithek.md says which are
known and which assumed): supplier `POST …/publication/{id}`; subscriber
`GET …/subscription/{id}/clientPullService?subscriptionID={id}` and `…/subscription?subscriptionID={id}`.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from xml.parsers import expat

from stadttakt_simulators.mobilithek.exchange import Reply, Request

BASE = "/mobilithek/api/v1.0"
PUSH = re.compile(rf"{BASE}/publication/([A-Za-z0-9_-]+)")
PULL = re.compile(rf"{BASE}/subscription/([A-Za-z0-9_-]+)/clientPullService")
PULL_BY_QUERY = f"{BASE}/subscription"
PARKAPI = re.compile(r"/api/admin/v1/(?:(parking-sites)/upsert-list|(generic)/json)")
NEEDED_OF_A_SITE = ("uid", "name", "lat", "lon", "purpose", "static_data_updated_at")
NO_CERTIFICATE = b"400 No required SSL certificate was sent"


@dataclass(frozen=True)
class Received:
    """One delivery that was taken."""

    publication: str
    client: str
    at: datetime
    body: bytes
    media_type: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the document."""
        return sha256(self.body).hexdigest()


@dataclass
class Broker:
    """Publications by id with the common name of whom each belongs to; users of the ParkAPI."""

    owners: Mapping[str, str]
    users: Mapping[str, str] = field(default_factory=dict)
    kept: int = 1000
    received: list[Received] = field(default_factory=list)

    def answer(self, request: Request, now: datetime) -> Reply:
        """Return the answer to a request."""
        if found := PARKAPI.fullmatch(request.path):
            return self._parkapi(request, found[1] or found[2], now)
        if request.client is None:
            return Reply(400, NO_CERTIFICATE)
        if found := PUSH.fullmatch(request.path):
            return self._push(request, found[1], now)
        if found := PULL.fullmatch(request.path):
            return self._pull(request, found[1])
        if request.path == PULL_BY_QUERY:
            name = request.query.get("subscriptionID") or request.query.get("subscriptionId")
            return self._pull(request, name) if name else Reply(400, b"subscriptionID is missing")
        return Reply(404, b"no such path")

    def newest(self, publication: str) -> Received | None:
        """Return what a publication has now."""
        return next(
            (each for each in reversed(self.received) if each.publication == publication), None
        )

    def _push(self, request: Request, publication: str, now: datetime) -> Reply:
        if request.method != "POST":
            return Reply(405, headers={"allow": "POST"})
        if publication not in self.owners:
            return Reply(404, b"no such publication")
        if self.owners[publication] != request.client:
            return Reply(403, b"the publication belongs to somebody else")
        try:
            body = _decoded(request)
            kind = _checked(body, request.headers.get("content-type", ""))
        except ValueError as error:
            return Reply(400, str(error).encode())
        self._keep(Received(publication, request.client or "", now, body, kind))
        return Reply(200, headers={"x-stand-in-sha256": sha256(body).hexdigest()})

    def _pull(self, request: Request, publication: str) -> Reply:
        if publication not in self.owners:
            return Reply(404, b"no such subscription")
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Reply(400, b"Accept-Encoding: gzip is needed")
        found = self.newest(publication)
        if found is None:
            return Reply(204)
        modified = found.at.replace(microsecond=0)
        headers = {"last-modified": format_datetime(modified, usegmt=True)}
        if _has_it(request.headers.get("if-modified-since"), modified):
            return Reply(304, headers=headers)
        headers |= {"content-type": found.media_type, "content-encoding": "gzip"}
        return Reply(200, gzip.compress(found.body), headers)

    def _parkapi(self, request: Request, what: str, now: datetime) -> Reply:
        if request.method != "POST":
            return Reply(405, headers={"allow": "POST"})
        user = self._user(request.headers.get("authorization", ""))
        if user is None:
            return Reply(401, b'{"code": "unauthorized"}', {"www-authenticate": "Basic"})
        try:
            body = _decoded(request)
            items = json.loads(body)["items"]
        except (ValueError, KeyError, TypeError):
            return Reply(400, b'{"code": "invalid_json"}')
        self._keep(Received(what, user, now, body, "application/json"))
        errors = [] if what == "generic" else [e for item in items for e in _errors(item, user)]
        document = {
            "items": [{"original_uid": item.get("uid")} for item in items],
            "errors": errors,
        }
        return Reply(200, json.dumps(document).encode(), {"content-type": "application/json"})

    def _user(self, authorization: str) -> str | None:
        scheme, _, credentials = authorization.partition(" ")
        try:
            name, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return name if scheme == "Basic" and self.users.get(name) == password else None

    def _keep(self, received: Received) -> None:
        self.received.append(received)
        del self.received[: -self.kept]


def _decoded(request: Request) -> bytes:
    coding = request.headers.get("content-encoding", "identity")
    if coding == "identity":
        return request.body
    if coding != "gzip":
        raise ValueError(f"unknown Content-Encoding {coding}")
    try:
        return gzip.decompress(request.body)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError("the body is no gzip") from error


def _checked(body: bytes, content_type: str) -> str:
    kind = content_type.partition(";")[0].strip()
    if kind in {"application/xml", "text/xml"}:
        try:
            expat.ParserCreate().Parse(body, True)  # noqa: FBT003 (it takes no names)
        except expat.ExpatError as error:
            raise ValueError("the body is no XML") from error
    elif kind == "application/json":
        json.loads(body)
    else:
        raise ValueError(f"Content-Type {kind or 'missing'} is neither XML nor JSON")
    return kind


def _has_it(since: str | None, modified: datetime) -> bool:
    if since is None:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except ValueError:
        return False
    return modified <= moment.replace(tzinfo=moment.tzinfo or UTC)


def _errors(item: Mapping[str, object], user: str) -> list[dict[str, object]]:
    missing = [name for name in NEEDED_OF_A_SITE if item.get(name) is None]
    if not missing:
        return []
    wrong = {name: {"code": "required_field"} for name in missing}
    data = {"code": "field_errors", "field_errors": wrong}
    message = "Invalid parking site"
    return [
        {"source_uid": user, "message": message, "data": data, "parking_site_uid": item.get("uid")}
    ]
