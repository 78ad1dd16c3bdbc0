# SPDX-License-Identifier: EUPL-1.2
"""SQL of lists of devices: by EUI, or in the order of their changes; never commits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from uplink_decoder.storage.devices import DEVICE_FIELDS, SILENT_BEFORE

WATCHES = """
device.dev_eui in (
    select dev_eui from assignment where asset_kind = {0} and ({1}::text is null or asset_id = {1})
        and valid_from <= $1 and (valid_to is null or valid_to > $1)
)
"""

# Each tells what it is in terms of columns: of a `case` the database cannot say how many are like that.
# Few are retired or unknown: these are found by an index.
STATUSES = {
    "retired": "device.retired_at is not null",
    "unknown": "device.retired_at is null and device.origin = 'seen'",
    "silent": f"""device.retired_at is null and device.origin <> 'seen'
        and (device.last_seen is null or device.last_seen < {SILENT_BEFORE})""",
    "active": f"""device.retired_at is null and device.origin <> 'seen'
        and device.last_seen >= {SILENT_BEFORE}""",
}

# What is searched is what the index of words holds, or it finds nothing by it.
WORDS = """
lower(device.dev_eui || ' ' || device.name || ' ' || device.maker || ' ' || device.model || ' '
    || device.description) like '%' || lower({0}) || '%'
"""

SIMPLE = {
    "codec_id": "device.codec_id = {0}",
    "source": "device.last_source = {0}",
    "owner": "device.origin = {0}",
}

# The EUIs of devices that are alike lie together, while the database takes them for mixed: for the page that is asked
# for alone it would look through the devices in order, tens of thousands where few or distant ones fit. So it plans
# for this many, which it then reads only up to the page's end, or finds them by an index first. Assets are looked up
# for the page's devices only.
PLANNED_FOR = 10_000

PAGE = f"""
with fitting as materialized (
    select device.dev_eui from device where device.dev_eui > $2 {{conditions}}
    order by device.dev_eui limit {PLANNED_FOR}
)
{{fields}} where device.dev_eui in (select dev_eui from fitting order by dev_eui limit $3)
order by device.dev_eui
"""  # noqa: S608 (constant parts only)

# What is gone is told once it is not there again. Not every condition names the present time, so that it is named here.
CHANGED = f"""
with present as (select $1::timestamptz), fitting as materialized (
    select device.change, device.dev_eui from device where device.change > $2 {{conditions}}
    order by device.change limit {PLANNED_FOR}
)
select change, dev_eui, is_gone from (
    (select change, dev_eui, false as is_gone from fitting order by change limit $3)
    union all
    (
        select change, dev_eui, true from device_change as gone
        where action = 'deleted' and change > $2 and not exists (
            select from device where device.dev_eui = gone.dev_eui and origin <> 'seen'
        )
        order by change limit $3
    )
) as changed
order by change limit $3
"""  # noqa: S608

# How many devices fit depends on the values: a plan that is kept for any of them is one for few.
PLAN_ANEW = "set plan_cache_mode = force_custom_plan"

OF_THESE = f"{DEVICE_FIELDS} where device.dev_eui = any($2) order by device.change"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFilter:
    """Which devices; all that is given must hold. A tag is `key` or `key=value`."""

    status: str | None = None
    codec_id: str | None = None
    tags: tuple[str, ...] = ()
    asset_kind: str | None = None
    asset_id: str | None = None
    source: str | None = None
    text: str | None = None
    owner: str | None = None
    is_registered: bool = False


class Changed(NamedTuple):
    """What changed in order, each as it is now, and what is gone."""

    rows: list[Any]
    gone: list[str]
    last_change: int


async def list_devices(
    connection: Any, wanted: DeviceFilter, *, now: datetime, after: str, limit: int
) -> list[Any]:
    """Return devices in the order of their EUI."""
    conditions, arguments = _conditions(wanted, first=4)
    query = PAGE.format(conditions=conditions, fields=DEVICE_FIELDS)
    if arguments:
        await connection.execute(PLAN_ANEW)
    rows: list[Any] = await connection.fetch(query, now, after, limit, *arguments)
    return rows


async def changed_devices(
    connection: Any, wanted: DeviceFilter, *, now: datetime, after: int, limit: int
) -> Changed:
    """Return devices that changed after a number, in that order."""
    conditions, arguments = _conditions(wanted, first=4)
    query = CHANGED.format(conditions=conditions)
    if arguments:
        await connection.execute(PLAN_ANEW)
    found = await connection.fetch(query, now, after, limit, *arguments)
    rows = await connection.fetch(
        OF_THESE, now, [row["dev_eui"] for row in found if not row["is_gone"]]
    )
    return Changed(
        rows,
        [row["dev_eui"] for row in found if row["is_gone"]],
        found[-1]["change"] if found else after,
    )


def export_row(row: Any) -> dict[str, Any]:
    """Return a device of a list as a line of CSV has it."""
    found = dict(row)
    for name in ("tags", "codec_variables"):
        found[name] = orjson.loads(found[name])
    return found


def _conditions(wanted: DeviceFilter, *, first: int) -> tuple[str, list[Any]]:
    """Return SQL after a `where`, and the arguments from number `first` on."""
    given: list[tuple[str, tuple[Any, ...]]] = [
        (condition, (value,))
        for name, condition in SIMPLE.items()
        if (value := getattr(wanted, name)) is not None
    ]
    if wanted.text is not None:
        given.append((WORDS, (re.sub(r"([\\%_])", r"\\\1", wanted.text),)))
    if wanted.status is not None:
        given.append((STATUSES[wanted.status], ()))
    given += [_tag(tag) for tag in wanted.tags]
    if wanted.asset_kind is not None:
        given.append((WATCHES, (wanted.asset_kind, wanted.asset_id)))
    if wanted.is_registered:
        given.append(("device.origin <> 'seen'", ()))
    sql = ""
    arguments: list[Any] = []
    for condition, values in given:
        places = [f"${first + len(arguments) + number}" for number in range(len(values))]
        sql += f" and {condition.format(*places)}"
        arguments += values
    return sql, arguments


def _tag(tag: str) -> tuple[str, tuple[Any, ...]]:
    key, sign, value = tag.partition("=")
    if sign:
        return "device.tags @> {0}::jsonb", (orjson.dumps({key: value}).decode(),)
    return "device.tags ? {0}", (key,)
