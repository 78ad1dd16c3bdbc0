"""Webhooks of both network servers: a fast 2xx, but only after durable storage."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request, Response

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.problem import Problem, Unavailable, UnsupportedMediaType
from uplink_decoder.decode import Inbound
from uplink_decoder.intake import Intake, IntakeFullError
from uplink_decoder.sources import Origin, Source, SourceTable

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

Secret = Annotated[
    str | None, Header(alias="X-Stadttakt-Secret", description="the secret of the source")
]
Bearer = Annotated[
    str | None, Header(alias="Authorization", description="or `Bearer <secret>`", max_length=500)
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


class SecretMissing(Problem):
    """No source has this secret."""

    status, code, title = 401, "unauthenticated", "The webhook's secret is missing or wrong"


@router.post("/chirpstack", status_code=204, response_class=Response)
async def chirpstack(
    request: Request,
    event: Annotated[ChirpStackEvent, Query(description="as ChirpStack appends it")],
    secret: Secret = None,
    bearer: Bearer = None,
) -> None:
    """Take one event of ChirpStack's HTTP integration.

    The answer comes once the message is stored and its observations are published. What cannot be
    read is quarantined and answered with 204 too, since sending it again would not help.
    """
    source = _source(request, "chirpstack", secret, bearer)
    await _submit(request, Origin(source, None, None, event, via="webhook"))


@router.post("/ttn", status_code=204, response_class=Response)
async def the_things_stack(
    request: Request,
    event: Annotated[TtsEvent, Query(description="the event path of the webhook")] = "up",
    secret: Secret = None,
    bearer: Bearer = None,
) -> None:
    """Take one message of The Things Stack's webhook; without `event` it is an uplink.

    The answer comes once the message is stored and its observations are published.
    """
    source = _source(request, "tts", secret, bearer)
    await _submit(request, Origin(source, None, None, event, via="webhook"))


def _source(request: Request, dialect: str, secret: str | None, bearer: str | None) -> Source:
    given = secret or (bearer or "").removeprefix("Bearer ").strip()
    sources: SourceTable = request.app.state.sources
    source = sources.of_secret(dialect, given) if given else None
    if source is None:
        raise SecretMissing("send X-Stadttakt-Secret or Authorization: Bearer")
    return source


async def _submit(request: Request, origin: Origin) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedMediaType("send application/json (ChirpStack: JSON encoding)")
    payload = await request.body()
    intake: Intake = request.app.state.intake
    topic = f"webhook/{origin.source.source_id}/{origin.event}"
    try:
        await intake.submit(Inbound(origin, topic, payload, utc_now()))
    except IntakeFullError as error:
        raise Unavailable("too many messages wait", headers={"retry-after": "1"}) from error
    except TimeoutError as error:
        raise Unavailable("not stored in time", headers={"retry-after": "5"}) from error
