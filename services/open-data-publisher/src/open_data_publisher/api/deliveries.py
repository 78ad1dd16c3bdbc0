# SPDX-License-Identifier: EUPL-1.2
"""Deliveries with their receipts, the targets, and "publish now"."""

from __future__ import annotations

import gzip
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from open_data_publisher.deliveries.dispatch import certificate_ends
from open_data_publisher.deliveries.targets import Target, Targets
from open_data_publisher.domain.deliveries import Reason, Status
from open_data_publisher.feeds.catalogue import FORMATS
from open_data_publisher.storage import deliveries
from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.idempotency import Idempotent
from stadttakt_runtime.http.model import WriteModel
from stadttakt_runtime.http.paging import (
    HIGHEST_NUMBER,
    Cursor,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
)
from stadttakt_runtime.http.problem import NotFound, ValidationFailed

router = APIRouter(prefix="/v1", tags=["deliveries"])
READ = require("deliveries:read")
Plain = Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,80}$")]


class DeliveryView(BaseModel):
    """One delivery; `bytes` and `sha256` are those of the document, before it was compressed."""

    delivery_id: UUID
    target: str
    feed: str
    sent_at: datetime | None = Field(description="the last attempt's beginning")
    status: Status
    http_status: int | None
    bytes: int | None
    sha256: str | None
    attempts: int
    receipt: str | None = Field(description="what the receiver answered, else what went wrong")


class DeliveryDetail(DeliveryView):
    """One delivery with all that is known of it."""

    reason: Reason
    requested_by: str | None
    queued_at: datetime
    next_attempt_at: datetime | None
    done_at: datetime | None
    error: str | None
    simulated: bool
    media_type: str | None
    payload: str | None = Field(description="where the bytes are that were sent, while kept")


class OfferView(BaseModel):
    """A feed that a target gets."""

    feed: str
    at_least_every_s: int
    at_most_every_s: int
    last_sent_at: datetime | None
    last_status: Status | None


class TargetView(BaseModel):
    """Somebody who is delivered to."""

    target: str
    kind: str
    url: str
    simulated: bool
    certificate_ends_at: datetime | None
    open_deliveries: int
    next_attempt_at: datetime | None
    offers: list[OfferView]


class TargetList(BaseModel):
    """All targets."""

    items: list[TargetView]


class PublishNow(WriteModel):
    """What to deliver at once; without `feeds` all that the target gets."""

    target: Annotated[str, Field(min_length=1, max_length=60)]
    feeds: Annotated[list[str], Field(min_length=1, max_length=50)] | None = None


class Queued(BaseModel):
    """The deliveries that were queued, or were open already and are tried at once."""

    items: list[DeliveryView]


class _BeforeNumber(BaseModel):
    number: Annotated[int, Field(ge=0, le=HIGHEST_NUMBER)]


@router.get("/deliveries", dependencies=[READ])
async def list_deliveries(  # noqa: PLR0913, PLR0917 (filters)
    request: Request,
    target: Plain = None,
    feed: Plain = None,
    status: Status | None = None,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[DeliveryView]:
    """List deliveries with their receipts, those queued last first; `from` and `to` are queuing times."""
    position = decode_cursor(cursor, _BeforeNumber)
    async with _database(request).connection() as connection:
        rows = await deliveries.newest_first(
            connection,
            before=position.number if position else HIGHEST_NUMBER,
            limit=limit + 1,
            target=target,
            feed=feed,
            status=status.value if status else None,
            since=since,
            until=until,
        )
    last = rows[limit - 1]["number"] if len(rows) > limit else None
    return Page(
        items=[delivery_view(row) for row in rows[:limit]],
        next_cursor=encode_cursor(_BeforeNumber(number=last)) if last is not None else None,
    )


@router.get("/deliveries/{delivery_id}", dependencies=[READ])
async def get_delivery(request: Request, delivery_id: UUID) -> DeliveryDetail:
    """Return one delivery."""
    row = await _row(request, delivery_id)
    is_open = row["done_at"] is None
    where = f"/v1/deliveries/{delivery_id}/payload" if row["media_type"] else None
    return DeliveryDetail(
        **delivery_view(row).model_dump(),
        reason=row["reason"],
        requested_by=row["requested_by"],
        queued_at=row["queued_at"],
        next_attempt_at=row["next_attempt_at"] if is_open else None,
        done_at=row["done_at"],
        error=row["error"],
        simulated=row["simulated"],
        media_type=row["media_type"],
        payload=where,
    )


@router.get(
    "/deliveries/{delivery_id}/payload",
    dependencies=[READ],
    response_class=Response,
    responses={
        200: {
            "content": {each: {} for each in FORMATS},
            "description": "The feed as it was sent, or will be",
        }
    },
)
async def get_payload(request: Request, delivery_id: UUID) -> Response:
    """Return the bytes that were sent, or will be."""
    await _row(request, delivery_id)
    async with _database(request).connection() as connection:
        found = await deliveries.payload(connection, delivery_id)
    if found is None:
        raise NotFound("nothing was sent yet, or it is no longer kept", code="payload_not_kept")
    headers = {"cache-control": "private, no-store"}
    return Response(gzip.decompress(found.zipped), headers=headers, media_type=found.media_type)


@router.get("/targets", dependencies=[READ])
async def list_targets(request: Request) -> TargetList:
    """List to whom is delivered, and how that stands."""
    targets = _targets(request)
    ends = certificate_ends(targets.targets)
    async with _database(request).connection() as connection:
        opened = await deliveries.count_open(connection)
        views = []
        for target in targets.targets:
            latest = await deliveries.latest(connection, target.target_id, target.feeds)
            row = opened.get(target.target_id)
            views.append(
                TargetView(
                    target=target.target_id,
                    kind=target.entry.kind,
                    url=target.entry.url,
                    simulated=target.entry.simulated,
                    certificate_ends_at=ends.get(target.target_id),
                    open_deliveries=row["open"] if row else 0,
                    next_attempt_at=row["next_attempt_at"] if row else None,
                    offers=_offers(target, latest),
                )
            )
    return TargetList(items=views)


@router.post("/deliveries", status_code=202, response_model=Queued)
async def publish_now(
    request: Request,
    body: PublishNow,
    once: Idempotent,
    principal: Annotated[Principal, require("deliveries:write")],
) -> Response:
    """Deliver at once, whatever the intervals; the deliveries tell what came of it."""
    target = _targets(request).find(body.target)
    if target is None:
        raise _wrong("target", f"there is no target {body.target!r}")
    return await _publish(request, target, body.feeds or target.feeds, once, principal)


@router.post("/targets/{target_id}:publish", status_code=202, response_model=Queued)
async def publish_target(
    request: Request,
    target_id: Annotated[str, Path(pattern=r"^[a-z0-9-]{1,60}$")],
    once: Idempotent,
    principal: Annotated[Principal, require("deliveries:write")],
) -> Response:
    """Deliver all that a target gets at once."""
    target = _targets(request).find(target_id)
    if target is None:
        raise NotFound(f"there is no target {target_id!r}")
    return await _publish(request, target, target.feeds, once, principal)


async def _publish(
    request: Request, target: Target, feeds: list[str], once: Idempotent, principal: Principal
) -> Response:
    unknown = [feed for feed in feeds if target.offer(feed) is None]
    if unknown:
        raise _wrong("feeds", f"{target.target_id} does not get {unknown[0]!r}")
    now = utc_now()
    async with _database(request).transaction() as connection:
        repeated = await once.recall(connection)
        if repeated is not None:
            return repeated
        rows = []
        for feed in dict.fromkeys(feeds):
            found = await queue(connection, target, feed, now=now, by=str(principal))
            rows.append(await deliveries.one(connection, found))
        return await once.answer(
            connection, Queued(items=[delivery_view(row) for row in rows]), 202
        )


async def queue(connection: Any, target: Target, feed: str, *, now: datetime, by: str) -> UUID:
    """Hurry the open delivery of a feed to a target, else queue one; return its id."""
    found = await deliveries.hurry(connection, target.target_id, feed, now=now, by=by)
    if found is not None:
        return found
    offer = target.offer(feed)
    delivery_id = uuid4()
    await deliveries.add(
        connection,
        delivery_id,
        target=target.target_id,
        feed=feed,
        is_static=offer is not None and offer.is_static,
        reason=Reason.REQUEST,
        now=now,
        by=by,
    )
    return delivery_id


def _offers(target: Target, latest: dict[str, Any]) -> list[OfferView]:
    return [
        OfferView(
            feed=offer.feed_id,
            at_least_every_s=int(offer.at_least_every.total_seconds()),
            at_most_every_s=int(offer.at_most_every.total_seconds()),
            last_sent_at=latest[offer.feed_id].sent_at if offer.feed_id in latest else None,
            last_status=latest[offer.feed_id].status if offer.feed_id in latest else None,
        )
        for offer in target.offers
    ]


async def _row(request: Request, delivery_id: UUID) -> Any:
    async with _database(request).connection() as connection:
        row = await deliveries.one(connection, delivery_id)
    if row is None:
        raise NotFound(f"there is no delivery {delivery_id}")
    return row


def delivery_view(row: Any) -> DeliveryView:
    """Return what is told of a delivery."""
    return DeliveryView(
        delivery_id=row["delivery_id"],
        target=row["target"],
        feed=row["feed"],
        sent_at=row["sent_at"],
        status=row["status"],
        http_status=row["http_status"],
        bytes=row["bytes"],
        sha256=row["sha256"].hex() if row["sha256"] else None,
        attempts=row["attempts"],
        receipt=row["receipt"],
    )


def _wrong(field: str, detail: str) -> ValidationFailed:
    return ValidationFailed([{"in": "body", "field": field, "detail": detail, "code": "unknown"}])


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def _targets(request: Request) -> Targets:
    targets: Targets = request.app.state.targets
    return targets
