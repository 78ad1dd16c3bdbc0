# SPDX-License-Identifier: EUPL-1.2
"""SQL of deliveries and their payloads; never commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from open_data_publisher.domain.deliveries import Answer, Delivery, Latest, Payload, Reason, Status

_ADD = """
insert into delivery (delivery_id, target, feed, is_static, reason, requested_by, queued_at,
    next_attempt_at, status)
values ($1, $2, $3, $4, $5, $6, $7, $7, 'waiting')
on conflict do nothing
"""
_LATEST = """
select feed, content, queued_at, sent_at, status
from unnest($2::text[]) as given (name), lateral (
    select feed, content, queued_at, sent_at, status from delivery
    where target = $1 and feed = given.name order by number desc limit 1) as newest
"""
# Of one offer the oldest goes first: a receiver that gets an older table last would keep it.
_NEXT = """
select delivery_id, feed, is_static, attempts, sha256,
    exists (select from delivery later where later.target = d.target and later.feed = d.feed
        and later.number > d.number) as has_successor
from delivery d
where target = $1 and done_at is null and next_attempt_at <= $2
    and not exists (select from delivery earlier where earlier.target = d.target
        and earlier.feed = d.feed and earlier.done_at is null and earlier.number < d.number)
order by is_static desc, next_attempt_at limit 1
"""
_KEEP_PAYLOAD = """
insert into delivery_payload (sha256, media_type, zipped, used_at) values ($1, $2, $3, $4)
on conflict (sha256) do update set used_at = excluded.used_at
"""
_BIND = """
update delivery set sha256 = $2, bytes = $3, content = $4, simulated = $5 where delivery_id = $1
"""
_PAYLOAD = """
select d.sha256, media_type, bytes, zipped, content, simulated
from delivery d join delivery_payload p on p.sha256 = d.sha256 where delivery_id = $1
"""
_BEGIN = """
update delivery set status = 'sending', attempts = attempts + 1, sent_at = $2
where delivery_id = $1 returning attempts
"""
_END = """
update delivery set status = $2, http_status = $3, error = $4, receipt = $5, next_attempt_at = $6,
    done_at = $7
where delivery_id = $1
"""
_POSTPONE = "update delivery set next_attempt_at = $2 where delivery_id = $1"
_HURRY = """
update delivery set next_attempt_at = least(next_attempt_at, $3), requested_by = $4
where delivery_id = (
    select delivery_id from delivery where target = $1 and feed = $2 and done_at is null
    order by number limit 1)
returning delivery_id
"""
_WITHDRAW = """
update delivery set status = 'withdrawn', done_at = $3
where done_at is null and not exists (
    select from unnest($1::text[], $2::text[]) as given (target, feed)
    where given.target = delivery.target and given.feed = delivery.feed)
"""
_STANDING = """
select target, feed, status, http_status, error, simulated
from unnest($2::text[]) as given (name), lateral (
    select target, feed, status, http_status, error, simulated from delivery
    where target = $1 and feed = given.name and attempts > 0 and status <> 'sending'
    order by number desc limit 1) as newest
"""
_OPEN = """
select target, count(*) as open, min(next_attempt_at) as next_attempt_at
from delivery where done_at is null group by target
"""
_LIST = """
select delivery_id, number, target, feed, sent_at, status, http_status, bytes, sha256, attempts,
    receipt
from delivery
where number < $1 and ($2::text is null or target = $2) and ($3::text is null or feed = $3)
    and ($4::text is null or status = $4)
    and ($5::timestamptz is null or queued_at >= $5)
    and ($6::timestamptz is null or queued_at < $6)
order by number desc limit $7
"""
_ONE = """
select d.*, media_type from delivery d left join delivery_payload p on p.sha256 = d.sha256
where delivery_id = $1
"""
_FORGET_DELIVERIES = """
delete from delivery d where done_at < $1 and exists (
    select from delivery later where later.target = d.target and later.feed = d.feed
        and later.number > d.number)
"""
_FORGET_PAYLOADS = """
delete from delivery_payload p where used_at < $1
    and not exists (select from delivery d where d.sha256 = p.sha256 and done_at is null)
"""


async def add(  # noqa: PLR0913 (what a delivery is)
    connection: Any,
    delivery_id: UUID,
    *,
    target: str,
    feed: str,
    is_static: bool,
    reason: Reason,
    now: datetime,
    by: str | None = None,
) -> None:
    """Queue a delivery; of a live offer that has an open one already, nothing."""
    await connection.execute(_ADD, delivery_id, target, feed, is_static, reason.value, by, now)


async def latest(connection: Any, target: str, feeds: Sequence[str]) -> dict[str, Latest]:
    """Return the newest delivery of feeds of a target."""
    return {
        row["feed"]: Latest(row["content"], row["queued_at"], row["sent_at"], Status(row["status"]))
        for row in await connection.fetch(_LATEST, target, feeds)
    }


async def next_due(connection: Any, target: str, now: datetime) -> Delivery | None:
    """Return what a target is to be sent next."""
    row = await connection.fetchrow(_NEXT, target, now)
    if row is None:
        return None
    return Delivery(
        row["delivery_id"],
        row["feed"],
        row["is_static"],
        row["attempts"],
        row["sha256"],
        row["has_successor"],
    )


async def bind(connection: Any, delivery_id: UUID, payload: Payload, now: datetime) -> None:
    """Say what a delivery carries."""
    await connection.execute(_KEEP_PAYLOAD, payload.sha256, payload.media_type, payload.zipped, now)
    await connection.execute(
        _BIND,
        delivery_id,
        payload.sha256,
        payload.body_bytes,
        payload.content,
        payload.simulated,
    )


async def payload(connection: Any, delivery_id: UUID) -> Payload | None:
    """Return what a delivery carries, if that is still kept."""
    row = await connection.fetchrow(_PAYLOAD, delivery_id)
    if row is None:
        return None
    return Payload(
        row["sha256"],
        row["media_type"],
        row["bytes"],
        row["zipped"],
        row["content"],
        row["simulated"],
    )


async def begin(connection: Any, delivery_id: UUID, now: datetime) -> int:
    """Note that an attempt begins; return which one it is."""
    return int(await connection.fetchval(_BEGIN, delivery_id, now))


async def end(
    connection: Any,
    delivery_id: UUID,
    status: Status,
    answer: Answer,
    *,
    next_attempt_at: datetime,
    done_at: datetime | None,
) -> None:
    """Note what came of an attempt."""
    await connection.execute(
        _END,
        delivery_id,
        status.value,
        answer.http_status,
        answer.error,
        answer.text,
        next_attempt_at,
        done_at,
    )


async def postpone(connection: Any, delivery_id: UUID, until: datetime) -> None:
    """Try a delivery later, which was not tried."""
    await connection.execute(_POSTPONE, delivery_id, until)


async def hurry(connection: Any, target: str, feed: str, *, now: datetime, by: str) -> UUID | None:
    """Have the open delivery of an offer tried at once; nothing where there is none."""
    found: UUID | None = await connection.fetchval(_HURRY, target, feed, now, by)
    return found


async def withdraw_others(
    connection: Any, offers: Sequence[tuple[str, str]], now: datetime
) -> None:
    """End open deliveries of all but these targets and feeds."""
    targets, feeds = [t for t, _ in offers], [f for _, f in offers]
    await connection.execute(_WITHDRAW, targets, feeds, now)


async def standing(connection: Any, target: str, feeds: Sequence[str]) -> list[Any]:
    """Return what came of the newest attempt of feeds of a target."""
    return list(await connection.fetch(_STANDING, target, feeds))


async def count_open(connection: Any) -> dict[str, Any]:
    """Return how many deliveries of each target are open, and when the next is tried."""
    return {row["target"]: row for row in await connection.fetch(_OPEN)}


async def newest_first(  # noqa: PLR0913 (filters)
    connection: Any,
    *,
    before: int,
    limit: int,
    target: str | None = None,
    feed: str | None = None,
    status: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Any]:
    """Return deliveries, those queued last first."""
    return list(await connection.fetch(_LIST, before, target, feed, status, since, until, limit))


async def one(connection: Any, delivery_id: UUID) -> Any:
    """Return all of a delivery but its payload."""
    return await connection.fetchrow(_ONE, delivery_id)


async def forget(connection: Any, *, before: datetime, payloads_before: datetime) -> None:
    """Delete old receipts and payloads; the newest of each offer and all that is open stay."""
    await connection.execute(_FORGET_DELIVERIES, before)
    await connection.execute(_FORGET_PAYLOADS, payloads_before)
