# SPDX-License-Identifier: EUPL-1.2
"""What is and was public, as rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from open_data_publisher.domain.states import KINDS, MODELS, Change, Entry, Kind
from open_data_publisher.domain.truth import PLACE, AnyState

KEEP_LIVE = """
insert into live (kind, entity_id, state, static_since, told_at, heard_at)
select kind, entity_id, state::jsonb, static_since, told_at, heard_at
from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[],
    $6::timestamptz[]) as given (kind, entity_id, state, static_since, told_at, heard_at)
on conflict (kind, entity_id) do update
set state = excluded.state, static_since = excluded.static_since,
    told_at = excluded.told_at, heard_at = excluded.heard_at
"""

WITHDRAW = """
delete from live using unnest($1::text[], $2::text[]) as given (kind, entity_id)
where live.kind = given.kind and live.entity_id = given.entity_id
"""

# A renewal only prolongs what is told already.
KEEP_PAST = """
insert into past (kind, entity_id, told_at, state, static_since, held_until)
select kind, entity_id, told_at, state::jsonb, static_since, held_until
from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::timestamptz[],
    $6::timestamptz[]) as given (kind, entity_id, told_at, state, static_since, held_until)
on conflict (kind, entity_id, told_at) do update
set held_until = excluded.held_until
"""

# What was withdrawn then is withdrawn, only not at a time to come.
FORGET_AHEAD = """
with gone as (delete from past where told_at > $1 returning kind, entity_id, state)
insert into past (kind, entity_id, told_at)
select distinct kind, entity_id, $1::timestamptz from gone
where state is null and not exists (
    select from live where live.kind = gone.kind and live.entity_id = gone.entity_id
)
"""

# Versions of standing data that were told ahead, of what was told by the right clock since. Of the last day, as below.
VERSION_AHEAD = """
update past set static_since = told_at
where static_since > $1 and told_at between $1::timestamptz - interval '1 day' and $1
"""

# Of the last day: a year of others is never read.
TOLD_BEHIND = """
select kind, entity_id from live
where exists (
    select from past where past.kind = live.kind and past.entity_id = live.entity_id
       and past.told_at > live.told_at and past.told_at between now() - interval '1 day' and now()
)
"""

LIVE = "select kind, entity_id, state::text as state, static_since, told_at, heard_at from live"

KNOW = """
insert into known (kind, entity_id)
select kind, entity_id from unnest($1::text[], $2::text[]) as given (kind, entity_id)
where kind in ('lot', 'bay') order by 1, 2
on conflict do nothing
"""

# Of each lot and bay the index leads to the one row that held: a year of others is never read.
PAST = """
select k.kind, k.entity_id, p.state::text as state, p.static_since, p.told_at, p.held_until
from known k cross join lateral (
    select state, static_since, told_at, held_until from past
    where past.kind = k.kind and past.entity_id = k.entity_id and told_at <= $1
    order by told_at desc limit 1
) p where k.kind = any ($2::text[])
"""
PASSED = """
select distinct on (kind, entity_id) kind, entity_id, state::text as state, static_since,
    told_at, held_until
from past where told_at <= $1 and told_at > $3 and kind = any ($2::text[])
  and kind in ('trip', 'vehicle') and (kind <> 'vehicle' or $1 > now() - $4::interval)
order by kind, entity_id, told_at desc
"""
TRIPS_TOLD_AHEAD = timedelta(days=3)
"""A trip is told of at most so long before it is over, a vehicle for less: older tellings need not be looked at."""

PASSING = frozenset({"trip", "vehicle"})
"""Kinds of which so many come and go that none is known for ever."""

VEHICLES_TOLD = timedelta(hours=2)
"""Which vehicle drove which trip is told so long (decision 0055)."""

DROP_TRIPS = """
delete from live where kind = 'trip' and (state ->> 'valid_until')::timestamptz < $1
"""

DROP_VEHICLES = "delete from past where kind = 'vehicle' and told_at < $1"

# What was told of a bay before it became a person's; that it was withdrawn stays known.
ERASE = """
delete from past where kind = 'bay' and state is not null
   and (entity_id = any ($1::text[])
        or entity_id in (select bay_id from parking.v1_personal_bay
                          where $2::text[] is null or bay_id = any ($2::text[])))
"""
ERASE_NAMED = (
    "delete from past where kind = 'bay' and state is not null and entity_id = any ($1::text[])"
)
# Parking may be older, or not there.
KNOWS_PERSONAL = """
select coalesce(has_table_privilege(to_regclass('parking.v1_personal_bay'), 'select'), false)
"""

FORGET = "select drop_chunks('opendata.past', older_than => $1::timestamptz)"
FORGET_KNOWN = """
delete from known k where not exists (
    select from past where past.kind = k.kind and past.entity_id = k.entity_id)
"""
OLDEST = "select min(told_at) from past"


async def keep(connection: Any, changes: Sequence[Change]) -> None:
    """Store what messages changed; the same again changes nothing more."""
    told = [(change, change.entry) for change in changes if change.entry is not None]
    if told:
        rows = [
            (c.kind, c.entity_id, _json(e.state), e.static_since, e.told_at, e.heard_at)
            for c, e in told
        ]
        await connection.execute(KEEP_LIVE, *zip(*rows, strict=True))
    withdrawn = [(change.kind, change.entity_id) for change in changes if change.entry is None]
    if withdrawn:
        await connection.execute(WITHDRAW, *zip(*withdrawn, strict=True))
    if changes:
        await connection.execute(KEEP_PAST, *zip(*map(_past, changes), strict=True))
        keys = [(change.kind, change.entity_id) for change in changes]
        await connection.execute(KNOW, *zip(*keys, strict=True))


async def live(connection: Any) -> list[tuple[Kind, str, Entry]]:
    """Return what is public now."""
    return [
        (
            row["kind"],
            row["entity_id"],
            Entry(
                _state(row["kind"], row["state"]),
                row["static_since"],
                row["told_at"],
                row["heard_at"],
            ),
        )
        for row in await connection.fetch(LIVE)
    ]


async def forget_ahead(connection: Any, moment: datetime) -> None:
    """Forget what was told as of a time after a moment; what was withdrawn then is withdrawn at that moment, and no version is later."""
    await connection.execute(FORGET_AHEAD, moment)
    await connection.execute(VERSION_AHEAD, moment)


async def told_behind(connection: Any) -> list[tuple[Kind, str]]:
    """Return what stands in the past before something that it replaced: the clock was behind when it was told.

    What was withdrawn then is not among it: it is told as of the past until it is over by itself.
    """
    return [(row["kind"], row["entity_id"]) for row in await connection.fetch(TOLD_BEHIND)]


async def rows_at(
    connection: Any, at: datetime, kinds: Collection[Kind] = KINDS
) -> Sequence[Mapping[str, Any]]:
    """Return what was public at a moment, for `entries_of` to read.

    Where vehicles were is not kept, and that they drove is told for `VEHICLES_TOLD`.
    """
    rows: list[Mapping[str, Any]] = await connection.fetch(PAST, at, list(kinds))
    if not PASSING.isdisjoint(kinds):
        asked = (at, list(kinds), at - TRIPS_TOLD_AHEAD, VEHICLES_TOLD)
        rows += await connection.fetch(PASSED, *asked)
    return rows


def entries_of(rows: Iterable[Mapping[str, Any]]) -> Mapping[Kind, Mapping[str, Entry]]:
    """Return what rows say; a renewed state has the times of when it was told first.

    It takes a second of the processor for a large city: not for the event loop.
    """
    found: dict[Kind, dict[str, Entry]] = {kind: {} for kind in KINDS}
    for row in rows:
        if row["state"] is None:
            continue
        state = _state(row["kind"], row["state"])
        state = state.model_copy(update={"valid_until": row["held_until"]})
        entry = Entry(state, row["static_since"], row["told_at"], row["told_at"])
        found[row["kind"]][row["entity_id"]] = entry
    return found


async def drop_trips(connection: Any, before: datetime) -> None:
    """Take trips that were over before a moment out of what is public now."""
    await connection.execute(DROP_TRIPS, before)


async def forget_vehicles(connection: Any, now: datetime) -> None:
    """Forget what was told of vehicles longer ago than it may be told."""
    await connection.execute(DROP_VEHICLES, now - VEHICLES_TOLD)


async def erase_personal(
    connection: Any, named: Collection[str] = (), *, among: Collection[str] | None = None
) -> None:
    """Forget what was ever told of bays that are named, and of those `among` some that parking calls personal; None: of all."""
    if await connection.fetchval(KNOWS_PERSONAL):
        await connection.execute(ERASE, list(named), None if among is None else list(among))
    elif named:
        await connection.execute(ERASE_NAMED, list(named))


async def oldest(connection: Any) -> datetime | None:
    """Return since when what was public is known."""
    value: datetime | None = await connection.fetchval(OLDEST)
    return value


async def forget(connection: Any, before: datetime) -> None:
    """Drop what was public before a moment, in whole chunks."""
    await connection.execute(FORGET, before)
    await connection.execute(FORGET_KNOWN)


def _past(change: Change) -> tuple[Any, ...]:
    entry = change.entry
    key = (change.kind, change.entity_id, change.told_at)
    if entry is None:
        return (*key, None, None, None)
    # lots and bays do not move: their place is standing data
    unkept = set(PLACE) if change.kind == "vehicle" else None
    state = entry.state.model_dump_json(exclude=unkept)
    return (*key, state, entry.static_since, entry.state.valid_until)


def _json(state: AnyState) -> str:
    return state.model_dump_json()


def _state(kind: Kind, text: str) -> AnyState:
    return MODELS[kind].model_validate_json(text)
