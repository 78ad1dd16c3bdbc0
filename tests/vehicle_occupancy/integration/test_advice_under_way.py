# SPDX-License-Identifier: EUPL-1.2
"""What is told and promised of a peak whose trip is under way: nothing that cannot be done any more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from stadttakt_runtime.clock import utc_now
from support.counted_town import LINE, WAYS
from vehicle_occupancy.domain.forecast.distribution import KEPT
from vehicle_occupancy.domain.forecast.issue import Issued
from vehicle_occupancy.domain.forecast.trip import Places, TripForecast
from vehicle_occupancy.domain.peaks.peak import find_peaks
from vehicle_occupancy.domain.peaks.rules import PeakRules
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.storage import forecast_settings, forecasts, peaks

from .desk import Desk
from .harness import World
from .test_peak_actions import post

TRAM = Places(seats=60, standing=90, medium_from=30, high_from=54)


def a_trip(day: ServiceDay, trip_id: str, begin_s: int, loads: Iterable[float]) -> TripForecast:
    """Leaves a, b and c, four minutes apart."""
    quantiles = np.array([[load] * len(KEPT) for load in loads], np.float32)
    return TripForecast(
        day.day, trip_id, LINE, 0, ("a", "b", "c"), tuple(begin_s + 240 * n for n in range(3)),
        WAYS, quantiles, TRAM, "d",
    )  # fmt: skip


async def under_way(desk: Desk, *, minutes_ago: int = 1) -> str:
    """A full trip left a minute ago, is too full from b on in three minutes; others ten minutes apart.

    Or it was to leave so many minutes ago. Returns the peak's id.
    """
    now = utc_now()
    async with desk.database.transaction() as connection:
        day = ServiceDay(
            await forecast_settings.service_day(connection, now), ZoneInfo("Europe/Berlin")
        )
        begun = int(day.seconds(now)) - 60 * minutes_ago
        trips = [
            a_trip(day, "out-290", begun - 600, (20, 30, 20)),
            a_trip(day, "out-300", begun, (50, 110, 60)),
            a_trip(day, "out-310", begun + 600, (20, 30, 20)),
        ]
        nothing = np.full(3, np.nan, np.float32)
        issued = [Issued(each, nothing, nothing) for each in trips]
        await forecasts.store(connection, issued, day.origin, now - timedelta(hours=4))
        (peak,) = find_peaks(trips, PeakRules())
        await peaks.add(connection, [peak], origin=day.origin, now=now)
        return peak.peak_id


async def test_only_what_can_still_be_done_is_advised(desk: Desk) -> None:
    peak_id = await under_way(desk)
    (told,) = (await desk.get("/v1/peaks/advice"))["items"]
    assert told["peak_id"] == peak_id
    assert [(each["kind"], each["trip_id"]) for each in told["options"]] == [("shift", "out-310")]


@pytest.mark.parametrize(
    ("kind", "trip_id", "promised"),
    [("shift", "out-310", True), ("shift", "out-290", False), ("retime", "out-310", False),
     ("insert", None, False), ("lengthen", None, False)],
)  # fmt: skip
async def test_only_what_can_still_be_done_is_promised(
    desk: Desk, world: World, kind: str, trip_id: str | None, *, promised: bool
) -> None:
    peak = {"peak_id": await under_way(desk)}
    body = {"kind": kind, "trip_id": trip_id}
    answer = await post(desk, peak, await world.bearer("transit:write"), body)
    assert answer.status_code == 201, answer.text
    (action,) = answer.json()["actions"]
    assert (action["promise"] is not None) is promised
