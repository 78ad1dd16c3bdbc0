# SPDX-License-Identifier: EUPL-1.2
"""Webhooks of both network servers: a fast 2xx, but only after durable storage."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Header, Path, Query, Request, Response

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.problem import (
    Problem,
    Unavailable,
    UnsupportedMediaType,
    ValidationFailed,
)
from stadttakt_runtime.log import get_logger
from uplink_decoder.decode import Inbound
from uplink_decoder.downlinks.routes import PushAddresses
from uplink_decoder.intake import Intake, IntakeFullError
from uplink_decoder.sources import Origin, Source, SourceTable

log = get_logger(__name__)
router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

Secret = Annotated[
    str | None, Header(alias="X-Stadttakt-Secret", description="the secret of the source")
]
Bearer = Annotated[
    str | None,
    Header(
        alias="Authorization",
        description="or `Bearer <secret>`, or Basic with the secret as password",
        max_length=500,
    ),
]
PushUrl = Annotated[
    str | None,
    Header(alias="X-Downlink-Push", max_length=500, description="where downlinks are pushed to"),
]
PushKey = Annotated[
    str | None, Header(alias="X-Downlink-Apikey", max_length=500, description="the key for it")
]
ChirpStackEvent = Literal["up", "join", "ack", "txack", "log", "status", "location", "integration"]
TtsEvent = Literal[
    "up",
    "join",
    "down/queued",
    "down/sent",
    "down/ack",
    "down/nack",
    "down/failed",
    "service/data",
    "location/solved",
]


CHALLENGE = 'Bearer realm="stadttakt-webhooks", Basic realm="stadttakt-webhooks"'


class SecretMissing(Problem):
    """No source has this secret (RFC 9110, section 15.5.2)."""

    status, code, title = 401, "unauthenticated", "The webhook's secret is missing or wrong"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"www-authenticate": CHALLENGE})


@router.post("/chirpstack", status_code=204, response_class=Response)
async def chirpstack(
    request: Request,
    event: Annotated[ChirpStackEvent, Query(description="as ChirpStack appends it")],
    secret: Secret = None,
    bearer: Bearer = None,
) -> None:
    """Take one event of ChirpStack's HTTP integration.

    The answer comes once the message is stored and its observations are published. What cannot be
    read is quarantined and answered with 204 too, since sending it again would not help; a body
    that is no JSON object at all is quarantined and answered with 422.
    """
    source = _source(request, "chirpstack", secret, bearer)
    await _submit(request, Origin(source, None, None, event, via="webhook"))


@router.post("/ttn", status_code=204, response_class=Response)
async def the_things_stack(
    request: Request,
    event: Annotated[TtsEvent, Query(description="the event path of the webhook")] = "up",
    secret: Secret = None,
    bearer: Bearer = None,
    push_url: PushUrl = None,
    push_key: PushKey = None,
) -> None:
    """Take one message of The Things Stack's webhook; without `event` it is an uplink.

    The answer comes once the message is stored and its observations are published.
    """
    source = _source(request, "tts", secret, bearer)
    await _submit(request, Origin(source, None, None, event, via="webhook"))
    _learn(request, source, push_url, push_key)


@router.post("/ttn/{event:path}", status_code=204, response_class=Response)
async def the_things_stack_by_path(
    request: Request,
    event: Annotated[TtsEvent, Path(description="what the webhook appends to its base URL")],
    secret: Secret = None,
    bearer: Bearer = None,
    push_url: PushUrl = None,
    push_key: PushKey = None,
) -> None:
    """Take one message of The Things Stack's webhook whose paths are named after its events.

    The answer comes once the message is stored and its observations are published.
    """
    source = _source(request, "tts", secret, bearer)
    await _submit(request, Origin(source, None, None, event, via="webhook"))
    _learn(request, source, push_url, push_key)


def _source(request: Request, dialect: str, secret: str | None, bearer: str | None) -> Source:
    user, given = (None, secret) if secret else _given(bearer or "")
    sources: SourceTable = request.app.state.sources
    source = sources.of_secret(dialect, given, user) if given else None
    if source is None:
        raise SecretMissing("send X-Stadttakt-Secret or Authorization: Bearer")
    return source


def _given(authorization: str) -> tuple[str | None, str]:
    """Return a bearer token, or user and password of Basic (RFC 7617, section 2)."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None, rest.strip() if scheme.lower() == "bearer" else ""
    try:
        user, _, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None, ""
    return user, password


def _learn(request: Request, source: Source, url: str | None, api_key: str | None) -> None:
    pushes: PushAddresses = request.app.state.pushes
    if url and api_key and not pushes.learn(source, url, api_key):
        log.warning("push_address_refused", source=source.source_id)


async def _submit(request: Request, origin: Origin) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        told = "send application/json (ChirpStack: JSON encoding)"
        raise UnsupportedMediaType(told, headers={"accept": "application/json"})
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        # Stored as it came, a compressed body could be read by nobody (RFC 9110, section 15.5.16).
        raise UnsupportedMediaType("send it uncompressed", headers={"accept-encoding": "identity"})
    payload = await request.body()
    intake: Intake = request.app.state.intake
    topic = f"webhook/{origin.source.source_id}/{origin.event}"
    try:
        await intake.submit(Inbound(origin, topic, payload, utc_now()))
    except IntakeFullError as error:
        raise Unavailable("too many messages wait", headers={"retry-after": "1"}) from error
    except TimeoutError as error:
        raise Unavailable("not stored in time", headers={"retry-after": "5"}) from error
    if not _is_object(payload):
        unread = {"in": "body", "field": "", "detail": "no JSON object", "code": "invalid_json"}
        raise ValidationFailed([unread])


def _is_object(payload: bytes) -> bool:
    try:
        document: Any = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return False
    return isinstance(document, dict)
