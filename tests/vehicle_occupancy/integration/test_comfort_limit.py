# SPDX-License-Identifier: EUPL-1.2
"""What lines carried above the comfort limit is compared only where the limit was the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from support.counted_town import LINE, TRAM, load
from vehicle_occupancy.domain.peaks.comfort import Ridden
from vehicle_occupancy.domain.peaks.rules import Comfort
from vehicle_occupancy.storage import peaks_comfort

from .desk import Desk

OLD, NEW = Comfort(1.0, 0.25), Comfort(1.0, 0.5)


async def closed(
    desk: Desk, ago: int, limit: Comfort, above_km: float, *, simulated: bool = False
) -> None:
    day = desk.today.day - timedelta(days=ago)
    found = {(LINE, 0): Ridden(100.0, above_km, 1.0, 10, 10, 500.0)}
    await desk.database.persist(
        lambda c: peaks_comfort.store(c, day, found, limit=limit, simulated=simulated)
    )


async def comfort(desk: Desk) -> dict[str, Any]:
    """Yesterday beside the day before."""
    until = desk.today.day
    period = {"from": (until - timedelta(days=1)).isoformat(), "to": until.isoformat()}
    return dict(await desk.get(f"/v1/lines/{LINE}/comfort", **period))


async def test_days_with_another_comfort_limit_are_not_compared(desk: Desk) -> None:
    await closed(desk, 2, OLD, 40.0)
    await closed(desk, 1, OLD, 30.0)
    same = await comfort(desk)
    assert same["comparable"]
    assert round(same["change_of_share"], 6) == -0.1
    assert same["period"]["limits"] == [{"seats": 1.0, "standing": 0.25}]
    await closed(desk, 1, NEW, 10.0)
    other = await comfort(desk)
    assert (other["comparable"], other["change_of_share"]) == (False, None)
    assert other["before"]["limits"] == [{"seats": 1.0, "standing": 0.25}]
    assert other["period"]["limits"] == [{"seats": 1.0, "standing": 0.5}]
    assert other["period"]["share_above"] == 0.1
    # counted before the limit was kept
    forget = "update line_comfort set limit_seats = null, limit_standing = null"
    await desk.database.persist(lambda c: c.execute(forget))
    unknown = await comfort(desk)
    assert (unknown["comparable"], unknown["before"]["limits"]) == (False, [])


async def test_simulated_days_are_not_compared_with_real_ones(desk: Desk) -> None:
    await closed(desk, 2, OLD, 40.0, simulated=True)
    await closed(desk, 1, OLD, 30.0)
    other = await comfort(desk)
    assert (other["comparable"], other["change_of_share"]) == (False, None)
    await closed(desk, 1, OLD, 30.0, simulated=True)
    assert (await comfort(desk))["comparable"]


async def test_days_on_which_a_vehicle_had_other_places_are_not_compared(desk: Desk) -> None:
    await closed(desk, 2, OLD, 40.0)
    await closed(desk, 1, OLD, 30.0)
    day = desk.today.day - timedelta(days=1)
    await desk.store([load(day, 450, [1, 1, 1]), load(day - timedelta(days=1), 450, [1, 1, 1])])
    assert (await comfort(desk))["comparable"]
    fewer = "update trip_load set standing = $1 where day = $2"
    await desk.database.persist(lambda c: c.execute(fewer, TRAM.standing - 10, day))
    assert not (await comfort(desk))["comparable"]
