# SPDX-License-Identifier: EUPL-1.2
"""A device's health now and over time, for who may read devices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request

from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import NotFound, Problem
from uplink_decoder.alerting.outlooks import NO_READINGS, outlooks_of
from uplink_decoder.api.health_views import (
    DeviceHealth,
    EventCount,
    HealthHistory,
    LinkStatus,
    battery_view,
    bucket_view,
    radio_figures,
)
from uplink_decoder.api.window import From, To, read_period
from uplink_decoder.dialects.receptions import read_status
from uplink_decoder.domain.battery import DAYS
from uplink_decoder.domain.thresholds import Thresholds
from uplink_decoder.domain.times import MAX_AGE
from uplink_decoder.storage import health_views as storage

router = APIRouter(prefix="/v1/devices", tags=["devices"])

DAY, WEEK = timedelta(days=1), timedelta(days=7)
LONGEST = timedelta(days=400)
MOST_BUCKETS = 2000
DevEui = Annotated[
    str,
    Path(max_length=200, pattern=r"^[^\x00]+$", description="device EUI, hex in either case"),
]


class PeriodTooLong(Problem):
    """The period has too many buckets."""

    status, code, title = 422, "wrong_period", "The period is not one that can be answered"


class Bucket(StrEnum):
    """How wide the buckets are; in UTC."""

    HOUR = "1h"
    SIX_HOURS = "6h"
    DAY = "1d"

    @property
    def hours(self) -> int:
        """Return the width in hours."""
        return {"1h": 1, "6h": 6, "1d": 24}[self.value]


@router.get("/{dev_eui}/health", dependencies=[require("devices:read")])
async def get_health(request: Request, dev_eui: DevEui) -> DeviceHealth:
    """Tell whether a device is heard, how well, what is lost, and where its battery goes.

    `day` and `week` are the last 24 and 168 hours, in whole hours of observation (UTC).
    """
    now = utc_now()
    database: Database = request.app.state.database
    thresholds: Thresholds = request.app.state.thresholds
    async with database.connection() as connection:
        row = await storage.get_device(connection, now=now, dev_eui=dev_eui.lower())
        if row is None:
            raise NotFound(f"there is no device {dev_eui.lower()}")
        found = await storage.hours(
            connection,
            dev_eui=row["dev_eui"],
            since=now - WEEK,
            until=now + DAY,
            with_gateways=True,
        )
        period = {"since": now - WEEK, "horizon": now - WEEK - MAX_AGE}
        events = await storage.events(connection, dev_eui=row["dev_eui"], **period)
        status = await storage.newest_status(connection, dev_eui=row["dev_eui"], **period)
        daily = await storage.daily_battery(
            connection, [row["dev_eui"]], now - timedelta(days=DAYS)
        )
    limits = thresholds.battery_of(orjson.loads(row["tags"]))
    outlooks = outlooks_of(daily, limits)
    silent_after = timedelta(seconds=row["silent_after_s"])
    return DeviceHealth(
        **{name: row[name] for name in _AS_STORED},
        silent_from=row["last_seen"] + silent_after if row["last_seen"] else None,
        battery=battery_view(row, limits, *outlooks.get(row["dev_eui"], NO_READINGS)),
        day=radio_figures([hour for start, hour in found if start > now - DAY]),
        week=radio_figures([hour for _, hour in found]),
        link=_link(status) if status else None,
        events=[EventCount(**dict(each)) for each in events],
    )


@router.get("/{dev_eui}/health/history", dependencies=[require("devices:read")])
async def get_history(
    request: Request,
    dev_eui: DevEui,
    since: From = None,
    until: To = None,
    bucket: Bucket = Bucket.HOUR,
) -> HealthHistory:
    """Return radio and battery of a device over time; without `from` the 24 hours before `to`.

    Buckets are those of observation time; the one that holds `from` is included. Those without
    an uplink are absent.
    """
    begin, end = read_period(since, until, utc_now())
    width = bucket.hours
    if end - begin > LONGEST or (end - begin) / timedelta(hours=width) > MOST_BUCKETS:
        raise PeriodTooLong(f"at most {LONGEST.days} days and {MOST_BUCKETS} buckets")
    database: Database = request.app.state.database
    async with database.connection() as connection:
        row = await storage.get_device(connection, now=utc_now(), dev_eui=dev_eui.lower())
        if row is None:
            raise NotFound(f"there is no device {dev_eui.lower()}")
        found = await storage.hours(
            connection,
            dev_eui=row["dev_eui"],
            since=_start(begin, width),
            until=end,
            with_gateways=False,
        )
    items = [
        bucket_view(start, [hour for _, hour in hours])
        for start, hours in groupby(found, key=lambda each: _start(each[0], width))
    ]
    return HealthHistory(dev_eui=row["dev_eui"], bucket=bucket.value, items=items)


def _link(row: Any) -> LinkStatus:
    percent, margin_db, is_powered = read_status(row["raw"])
    return LinkStatus(
        at=row["received_at"],
        margin_db=margin_db,
        battery_percent=percent,
        is_powered=is_powered,
    )


def _start(at: datetime, width: int) -> datetime:
    at = at.astimezone(UTC)
    return at.replace(hour=at.hour // width * width, minute=0, second=0, microsecond=0)


_AS_STORED = (
    "dev_eui",
    "name",
    "status",
    "last_seen",
    "last_source",
    "expected_interval_s",
    "silent_after_s",
    "examined_at",
)
