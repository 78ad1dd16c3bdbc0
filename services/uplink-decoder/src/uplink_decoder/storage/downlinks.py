# SPDX-License-Identifier: EUPL-1.2
"""SQL of the downlinks: outbox, history, tracking; never commits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from uplink_decoder.domain.downlinks import DownlinkState, Evidence, furthest

INSERT = """
insert into downlink (
    downlink_id, dev_eui, f_port, payload, confirmed, priority, expires_at, note, created_at,
    created_by, source_id, alias, state, updated_at, next_attempt_at
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'queued', $9, $9)
"""

FIELDS = """
select downlink_id, dev_eui, f_port, payload, confirmed, priority, expires_at, note, created_at,
    created_by, state, reason, updated_at, source_id, alias, attempts, attempted_at
from downlink
"""

OF_DEVICE = f"""
{FIELDS}
where dev_eui = $1 and (created_at, downlink_id) < ($2, $3) and ($4::text is null or state = $4)
order by created_at desc, downlink_id desc
limit $5
"""

HISTORY = """
select downlink_id, at, state, detail from downlink_event
where downlink_id = any($1) order by at, evidence
"""

NEWEST_UPLINK = """
select source_id, raw from uplink
where dev_eui = $1 and not coalesce('no_right' = any(flags), false)
order by received_at desc limit 1
"""

# In the order of a device's queue; what another process claimed within the hour is its own.
CLAIM = """
with due as (
    select downlink_id from downlink
    where state = 'queued' and next_attempt_at <= $2
        and (claimed_by is null or claimed_at < $2 - interval '1 hour')
        and not exists (
            select from downlink earlier
            where earlier.dev_eui = downlink.dev_eui and earlier.state = 'queued'
                and (earlier.created_at, earlier.downlink_id)
                    < (downlink.created_at, downlink.downlink_id)
        )
    order by next_attempt_at
    limit $3
    for update skip locked
)
update downlink
set claimed_by = $1, claimed_at = $2, attempted_at = coalesce(attempted_at, $2),
    attempts = attempts + 1
from due where downlink.downlink_id = due.downlink_id
returning downlink.downlink_id, dev_eui, f_port, payload, confirmed, priority, expires_at, attempts
"""

RELEASE = """
update downlink
set claimed_by = null, claimed_at = null, next_attempt_at = $2, reason = $3,
    attempted_at = case when $4 or attempted_at < claimed_at then attempted_at end
where downlink_id = $1 and state = 'queued'
"""

RELEASE_OWN = """
update downlink set claimed_by = null, claimed_at = null
where claimed_by = $1 and state = 'queued'
"""

EXPIRED = """
select downlink_id from downlink
where state = 'queued' and expires_at <= $1 and claimed_by is null
for update skip locked
"""

TRACKED = """
select dev_eui, array_remove(array_agg(distinct alias), null) as aliases,
    min(created_at) as since
from downlink
where state not in ('queued', 'acknowledged') and created_at > $1
group by dev_eui
"""

# The chosen observation time lies at most 31 days before the receipt.
EVENTS = """
select event_id, source_id, dev_eui, received_at, kind, code, raw from device_event
where dev_eui = any($1) and received_at >= $2 and observed_at > $2::timestamptz - interval '32 days'
    and kind in ('ack', 'txack', 'log', 'downlink')
order by received_at, event_id
"""

NOTE = """
insert into downlink_event (downlink_id, evidence, at, state, detail)
values ($1, $2, $3, $4, $5)
on conflict (downlink_id, evidence) do nothing
"""


class NewDownlink(NamedTuple):
    """What a client orders."""

    downlink_id: uuid.UUID
    dev_eui: str
    f_port: int
    payload: bytes
    confirmed: bool
    priority: str
    expires_at: datetime | None
    note: str | None
    created_at: datetime
    created_by: str
    source_id: str
    alias: str | None


async def add(connection: Any, new: NewDownlink) -> None:
    """Store a downlink, to be handed over."""
    await connection.execute(INSERT, *new)
    evidence = Evidence(new.downlink_id, DownlinkState.QUEUED)
    await note(connection, evidence, key="queued", at=new.created_at)


async def get(connection: Any, downlink_id: uuid.UUID, *, lock: bool = False) -> Any | None:
    """Return one downlink, locked until the commit where it is to be changed."""
    query = f"{FIELDS} where downlink_id = $1{' for update' if lock else ''}"
    return await connection.fetchrow(query, downlink_id)


async def list_of_device(
    connection: Any,
    dev_eui: str,
    *,
    state: str | None,
    before: tuple[datetime, uuid.UUID],
    limit: int,
) -> list[Any]:
    """Return a device's downlinks, the newest first."""
    rows: list[Any] = await connection.fetch(OF_DEVICE, dev_eui, *before, state, limit)
    return rows


async def history(connection: Any, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Any]]:
    """Return what was told of each downlink, the oldest first."""
    told: dict[uuid.UUID, list[Any]] = {}
    for row in await connection.fetch(HISTORY, ids):
        told.setdefault(row["downlink_id"], []).append(row)
    return told


async def device_exists(connection: Any, dev_eui: str) -> bool:
    """Tell whether anybody registered or heard a device that is not retired."""
    query = "select exists (select from device where dev_eui = $1 and retired_at is null)"
    return bool(await connection.fetchval(query, dev_eui))


async def newest_uplink(connection: Any, dev_eui: str) -> Mapping[str, Any] | None:
    """Return source and raw message of the newest uplink of a device."""
    row: Mapping[str, Any] | None = await connection.fetchrow(NEWEST_UPLINK, dev_eui)
    return row


async def claim(connection: Any, instance: str, *, now: datetime, limit: int) -> list[Any]:
    """Take the downlinks that are due, of each device the oldest; they cannot be cancelled now."""
    rows: list[Any] = await connection.fetch(CLAIM, instance, now, limit)
    return rows


async def release(
    connection: Any,
    downlink_id: uuid.UUID,
    *,
    next_attempt_at: datetime,
    reason: str,
    maybe_taken: bool,
) -> None:
    """Give a downlink back to be tried later; `maybe_taken`: the server may have it already."""
    await connection.execute(RELEASE, downlink_id, next_attempt_at, reason, maybe_taken)


async def release_own(connection: Any, instance: str) -> None:
    """Give back what an earlier process of this instance had claimed when it died."""
    await connection.execute(RELEASE_OWN, instance)


async def expire(connection: Any, now: datetime) -> int:
    """Give up what waited beyond its time; return how many."""
    rows = await connection.fetch(EXPIRED, now)
    for row in rows:
        evidence = Evidence(row["downlink_id"], DownlinkState.EXPIRED, "not handed over in time")
        await note(connection, evidence, key="expired", at=now)
    return len(rows)


async def tracked(connection: Any, since: datetime) -> dict[str, datetime]:
    """Return the devices with open downlinks, each with the time of the oldest one.

    A device of The Things Stack stands there under its other name too: not every event tells EUIs.
    """
    return {
        name: row["since"]
        for row in await connection.fetch(TRACKED, since)
        for name in (row["dev_eui"], *row["aliases"])
    }


async def events(connection: Any, devices: Sequence[str], since: datetime) -> list[Any]:
    """Return what servers told of these devices' downlinks since a time of receipt."""
    rows: list[Any] = await connection.fetch(EVENTS, devices, since)
    return rows


async def note(
    connection: Any, told: Evidence, *, key: str, at: datetime, by: Any | None = None
) -> bool:
    """Add a piece of evidence and move the state if it outweighs; false where it was known.

    `by` is the device event that told it: one of another device or source has no say.
    """
    row = await get(connection, told.downlink_id, lock=True)
    if row is None or (by is not None and not _may_tell(by, row)):
        return False
    done = await connection.execute(NOTE, told.downlink_id, key, at, told.state, told.detail)
    if done == "INSERT 0 0":
        return False
    present = DownlinkState(row["state"])
    if furthest([present, told.state]) != present:
        await connection.execute(
            "update downlink set state = $2, reason = $3, updated_at = $4 where downlink_id = $1",
            told.downlink_id,
            told.state,
            told.detail,
            at,
        )
    return True


async def note_route(
    connection: Any, downlink_id: uuid.UUID, *, source_id: str, alias: str | None
) -> None:
    """Note which source a downlink goes through and what the device is called there."""
    query = "update downlink set source_id = $2, alias = $3 where downlink_id = $1"
    await connection.execute(query, downlink_id, source_id, alias)


def _may_tell(event: Any, downlink: Any) -> bool:
    return event["source_id"] == downlink["source_id"] and event["dev_eui"] in {
        downlink["dev_eui"],
        downlink["alias"],
    }
