# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt devices health`: which devices are silent, lose frames, or run out of battery."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

import orjson
import typer
from rich.markup import escape
from rich.table import Column, Table

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.commands.output import (
    AsJson,
    DatabaseUrl,
    fail,
    out,
    print_json,
)
from stadttakt_runtime.database import Database
from uplink_decoder.commands.running import with_database
from uplink_decoder.storage import health_views

STATUSES = ("active", "silent", "unknown", "retired")
STYLES = {"active": "green", "silent": "red", "unknown": "yellow", "retired": "dim"}
HEADINGS = (
    "device",
    "name",
    "status",
    "last seen",
    "battery",
    "ends",
    "loss, day",
    "frames, day",
    "RSSI",
    "SF",
    "gateways",
)


def health_command(
    database_url: DatabaseUrl,
    *,
    status: Annotated[str | None, typer.Option(help="active, silent, unknown or retired")] = None,
    dev_eui: Annotated[str | None, typer.Option(help="only this device")] = None,
    as_json: AsJson = False,
) -> None:
    """List how well devices are heard, what they lost in 24 hours, and how long batteries last."""
    if status is not None and status not in STATUSES:
        raise fail(f"no such status: {escape(status)}; there are {', '.join(STATUSES)}")
    now = utc_now()
    wanted = dev_eui.lower() if dev_eui else None

    async def read(database: Database) -> list[Any]:
        async with database.connection() as connection:
            return await health_views.list_devices(
                connection, now=now, status=status, dev_eui=wanted, day_ago=now - timedelta(days=1)
            )

    found = [_device(row) for row in with_database(database_url, read)]
    if wanted and not found and status is None:
        raise fail(f"there is no device {escape(wanted)}")
    if as_json:
        print_json(found)
        return
    # An EUI that is cut off names no device.
    first, *others = HEADINGS
    table = Table(Column(first, no_wrap=True, min_width=16), *others, box=None, pad_edge=False)
    for each in found:
        table.add_row(*_row(each, now))
    out.print(table)


def _device(row: Any) -> dict[str, Any]:
    expected = row["frames_day"] + row["lost_day"]
    return {
        **{name: row[name] for name in _AS_STORED},
        "loss_day": round(row["lost_day"] / expected, 4) if expected else None,
        "radio": orjson.loads(row["radio"]),
    }


def _row(device: dict[str, Any], now: datetime) -> tuple[str, ...]:
    radio = device["radio"]
    style = STYLES[device["status"]]
    loss = device["loss_day"]
    return (
        escape(device["dev_eui"]),
        escape(device["name"]),
        f"[{style}]{device['status']}[/{style}]",
        _ago(device["last_seen"], now),
        _battery(device),
        f"{device['battery_ends_at']:%Y-%m-%d}" if device["battery_ends_at"] else "-",
        "-" if loss is None else f"{loss:.1%}",
        str(device["frames_day"]),
        _figure(radio.get("best_rssi")),
        _figure(radio.get("spreading_factor")),
        _figure(radio.get("gateways")),
    )


def _battery(device: dict[str, Any]) -> str:
    percent, mv = device["battery_percent"], device["battery_mv"]
    parts = [f"{percent:.0f} %" if percent is not None else "", f"{mv} mV" if mv else ""]
    return " ".join(part for part in parts if part) or "-"


def _ago(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "never"
    minutes = max(0, int((now - at).total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 72 * 60 else f"{minutes // 1440} d ago"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


_AS_STORED = (
    "dev_eui",
    "name",
    "status",
    "last_seen",
    "last_source",
    "battery_mv",
    "battery_percent",
    "battery_ends_at",
    "frames_day",
    "lost_day",
    "examined_at",
)
