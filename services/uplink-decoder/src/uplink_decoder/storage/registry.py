# SPDX-License-Identifier: EUPL-1.2
"""SQL that writes the device registry and tells what changed in it; never commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from uplink_decoder.domain.periods import Period
from uplink_decoder.domain.readings import Asset
from uplink_decoder.domain.registration import Action, Description, Entry, Owner, Step

# Writers wait for each other until they commit, so that changes become visible in the order of
# their numbers: a decoder or a poller that has seen number 7 will never miss a 6.
TAKE_TURN = "select pg_advisory_xact_lock(hashtextextended(current_schema() || '.device', 0))"

# Of the rows, not of the sequence, which tells of a change before its commit.
NEWEST_CHANGE = "select coalesce(max(change), 0) from device_change"

CHANGED_AFTER = """
select change, dev_eui from device_change where change > $1 order by change limit $2
"""

ALL_EUIS = "select dev_eui from device order by dev_eui"

ENTRIES = """
select dev_eui, name, codec_id, expected_interval_s, description, maker, model, lat, lon,
    tags::text as tags, codec_variables::text as codec_variables, origin, retired_at, in_folder,
    change
from device where dev_eui = any($1)
"""

PERIODS = """
select assignment_id, dev_eui, asset_kind, asset_id, observes, valid_from, valid_to
from assignment where dev_eui = any($1)
order by dev_eui, valid_from desc
"""

NUMBERS = "select nextval('registry_version') from generate_series(1, $1)"

SAVE = """
insert into device (dev_eui, name, codec_id, expected_interval_s, description, maker, model, lat,
    lon, tags, codec_variables, origin, retired_at, in_folder, change, updated_at)
select dev_eui, name, codec_id, expected_interval_s, description, maker, model, lat, lon,
    tags::jsonb, codec_variables::jsonb, origin, retired_at, in_folder, change, $16
from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[],
    $8::float8[], $9::float8[], $10::text[], $11::text[], $12::text[], $13::timestamptz[],
    $14::bool[], $15::bigint[])
    as given (dev_eui, name, codec_id, expected_interval_s, description, maker, model, lat, lon,
    tags, codec_variables, origin, retired_at, in_folder, change)
on conflict (dev_eui) do update
set name = excluded.name, codec_id = excluded.codec_id,
    expected_interval_s = excluded.expected_interval_s, description = excluded.description,
    maker = excluded.maker, model = excluded.model, lat = excluded.lat, lon = excluded.lon,
    tags = excluded.tags, codec_variables = excluded.codec_variables, origin = excluded.origin,
    retired_at = excluded.retired_at, in_folder = excluded.in_folder, change = excluded.change,
    updated_at = excluded.updated_at
"""

NOTE = """
insert into device_change (change, dev_eui, at, action, author, note, before, after)
select change, dev_eui, $6, action, $7, $8, before::jsonb, after::jsonb
from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[])
    as given (change, dev_eui, action, before, after)
"""

DROP_PERIODS = "delete from assignment where assignment_id = any($1)"

CHANGE_PERIODS = """
update assignment set asset_kind = given.asset_kind, asset_id = given.asset_id,
    observes = given.observes, valid_from = given.valid_from, valid_to = given.valid_to,
    set_by = $7, set_at = $8
from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::timestamptz[],
    $6::timestamptz[]) as given (number, asset_kind, asset_id, observes, valid_from, valid_to)
where assignment.assignment_id = given.number
"""

ADD_PERIODS = """
insert into assignment (dev_eui, asset_kind, asset_id, observes, valid_from, valid_to, set_by,
    set_at)
select dev_eui, asset_kind, asset_id, observes, valid_from, valid_to, $7, $8
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[],
    $6::timestamptz[]) as given (dev_eui, asset_kind, asset_id, observes, valid_from, valid_to)
"""

DROP_DEVICES = "delete from device where dev_eui = any($1)"
DROP_ALL_PERIODS = "delete from assignment where dev_eui = any($1)"

SET_IN_FOLDER = "update device set in_folder = $2 where dev_eui = any($1) and in_folder <> $2"


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes, when, and why if he says so."""

    name: str
    at: datetime
    note: str | None = None


async def take_turn(connection: Any) -> None:
    """Wait until nobody else writes the registry; holds until the transaction ends."""
    await connection.execute(TAKE_TURN)


async def newest_change(connection: Any) -> int:
    """Return the number of the newest committed change."""
    return int(await connection.fetchval(NEWEST_CHANGE))


async def changed_after(connection: Any, change: int, limit: int) -> tuple[int, list[str]]:
    """Return which devices changed after a number, and up to which number that is all."""
    rows = await connection.fetch(CHANGED_AFTER, change, limit)
    return rows[-1]["change"] if rows else change, sorted({row["dev_eui"] for row in rows})


async def all_euis(connection: Any) -> list[str]:
    """Return every device, those that only sent among them."""
    return [row["dev_eui"] for row in await connection.fetch(ALL_EUIS)]


async def read_entries(connection: Any, euis: Sequence[str]) -> dict[str, Entry]:
    """Return those of the devices that are there, those that only sent among them."""
    history: dict[str, list[Period]] = {}
    for row in await connection.fetch(PERIODS, euis):
        history.setdefault(row["dev_eui"], []).append(_period(row))
    return {
        row["dev_eui"]: _entry(row, history.get(row["dev_eui"], ()))
        for row in await connection.fetch(ENTRIES, euis)
    }


async def write(connection: Any, steps: Sequence[Step], author: Author) -> int:
    """Write what changed, each with a number and its audit row; return the newest number."""
    done = [step for step in steps if step.action != Action.UNCHANGED]
    if not done:
        return 0
    numbers = [row[0] for row in await connection.fetch(NUMBERS, len(done))]
    numbered = list(zip(numbers, done, strict=True))
    gone = [step.after.dev_eui for step in done if step.action == Action.DELETED]
    await connection.execute(DROP_ALL_PERIODS, gone)
    await connection.execute(DROP_DEVICES, gone)
    kept = [(number, step) for number, step in numbered if step.action != Action.DELETED]
    if kept:
        await connection.execute(SAVE, *_columns([_row(*each) for each in kept]), author.at)
    await _write_periods(connection, [step for _, step in kept], author)
    notes = _columns([_note(*each) for each in numbered])
    await connection.execute(NOTE, *notes, author.at, author.name, author.note)
    return int(numbers[-1])


async def set_in_folder(connection: Any, euis: Sequence[str], *, present: bool) -> None:
    """Note whether the city folder has a line for these devices."""
    await connection.execute(SET_IN_FOLDER, euis, present)


async def _write_periods(connection: Any, steps: Sequence[Step], author: Author) -> None:
    dropped: list[int] = []
    changed: list[tuple[Any, ...]] = []
    added: list[tuple[Any, ...]] = []
    for step in steps:
        known = {each.number: each for each in step.before.history} if step.before else {}
        kept = {each.number for each in step.after.history}
        dropped += [number for number in known if number is not None and number not in kept]
        for each in step.after.history:
            if each.number is None:
                added.append((step.after.dev_eui, *_period_row(each)))
            elif known.get(each.number) != each:
                changed.append((each.number, *_period_row(each)))
    if dropped:
        await connection.execute(DROP_PERIODS, dropped)
    for statement, rows in ((CHANGE_PERIODS, changed), (ADD_PERIODS, added)):
        if rows:
            await connection.execute(statement, *_columns(rows), author.name, author.at)


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _row(number: int, step: Step) -> tuple[Any, ...]:
    entry, told = step.after, step.after.description
    return (
        entry.dev_eui,
        told.name,
        told.codec_id,
        told.expected_interval_s,
        told.description,
        told.maker,
        told.model,
        told.lat,
        told.lon,
        _json(told.tags),
        _json(told.codec_variables),
        entry.owner.value,
        entry.retired_at,
        entry.in_folder,
        number,
    )


def _note(number: int, step: Step) -> tuple[Any, ...]:
    before, after = step.differences()
    return number, step.after.dev_eui, step.action.value, _json(before), _json(after)


def _period_row(period: Period) -> tuple[Any, ...]:
    asset = period.asset
    return asset.kind, asset.asset_id, asset.observes, period.valid_from, period.valid_to


def _json(document: Mapping[str, Any]) -> str:
    return orjson.dumps(document, option=orjson.OPT_UTC_Z).decode()


def _period(row: Any) -> Period:
    asset = Asset(row["asset_kind"], row["asset_id"], row["observes"])
    return Period(asset, row["valid_from"], row["valid_to"], row["assignment_id"])


def _entry(row: Any, history: Sequence[Period]) -> Entry:
    return Entry(
        dev_eui=row["dev_eui"],
        description=Description(
            name=row["name"],
            codec_id=row["codec_id"],
            expected_interval_s=row["expected_interval_s"],
            description=row["description"],
            maker=row["maker"],
            model=row["model"],
            lat=row["lat"],
            lon=row["lon"],
            tags=orjson.loads(row["tags"]),
            codec_variables=orjson.loads(row["codec_variables"]),
        ),
        owner=Owner(row["origin"]),
        history=tuple(history),
        retired_at=row["retired_at"],
        in_folder=row["in_folder"],
        change=row["change"],
    )
