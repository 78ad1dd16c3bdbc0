# SPDX-License-Identifier: EUPL-1.2
"""SQL of lists of devices: by EUI, or in the order of their changes; never commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from uplink_decoder.storage.devices import DEVICE_FIELDS, STATUS

WATCHES = """
device.dev_eui in (
    select dev_eui from assignment where asset_kind = {0} and ({1}::text is null or asset_id = {1})
        and valid_from <= $1 and (valid_to is null or valid_to > $1)
)
"""

WORDS = """
strpos(lower(concat_ws(' ', device.dev_eui, device.name, device.maker, device.model,
    device.description)), lower({0})) > 0
"""

# Few are retired or unknown: these have an index each.
RARE = {
    "retired": "device.retired_at is not null",
    "unknown": "device.retired_at is null and device.origin = 'seen'",
}

SIMPLE = {
    "codec_id": "device.codec_id = {0}",
    "source": "device.last_source = {0}",
    "text": WORDS,
    "owner": "device.origin = {0}",
}

# What is gone is told once it is not there again.
CHANGED = """
select change, dev_eui, is_gone from (
    (
        select device.change, device.dev_eui, false as is_gone from device
        where device.change > $2 {conditions}
        order by device.change limit $3
    )
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
"""

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
    # The page is chosen first, so that assets are looked up for its devices only.
    query = f"""{DEVICE_FIELDS}
        where device.dev_eui in (
            select device.dev_eui from device where device.dev_eui > $2 {conditions}
            order by device.dev_eui limit $3
        )
        order by device.dev_eui"""  # noqa: S608 (constant parts only)
    rows: list[Any] = await connection.fetch(query, now, after, limit, *arguments)
    return rows


async def changed_devices(
    connection: Any, wanted: DeviceFilter, *, now: datetime, after: int, limit: int
) -> Changed:
    """Return devices that changed after a number, in that order."""
    conditions, arguments = _conditions(wanted, first=4)
    query = CHANGED.format(conditions=conditions)
    # $1 is the present time, which the conditions need in their types only if they name it.
    found = await connection.fetch(
        f"with present as (select $1::timestamptz) {query}",
        now,
        after,
        limit,
        *arguments,
    )
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
    if wanted.status is not None:
        given.append(_status(wanted.status))
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


def _status(status: str) -> tuple[str, tuple[Any, ...]]:
    if status in RARE:
        return RARE[status], ()
    return f"({STATUS}) = {{0}}", (status,)


def _tag(tag: str) -> tuple[str, tuple[Any, ...]]:
    key, sign, value = tag.partition("=")
    if sign:
        return "device.tags @> {0}::jsonb", (orjson.dumps({key: value}).decode(),)
    return "device.tags ? {0}", (key,)
