# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from support.counted_town import LIMIT, LINE, load
from vehicle_occupancy.domain.forecast.past import Holds

from .desk import Desk

PEAK = 450


async def test_a_peak_is_judged_by_the_limit_its_passenger_kilometres_are_counted_with(
    issued: Desk,
) -> None:
    longer = replace(load(issued.today.day, PEAK, [40.0, 120.0, 50.0]), holds=Holds(120, 180))
    await issued.store([longer])
    await issued.forecaster.work(issued.at(240, days=1))
    (found,) = await issued.peaks()
    outcome = found["outcome"]
    assert found["comfort_limit"] == LIMIT
    assert (outcome["verdict"], outcome["excess"], outcome["limit"]) == (
        "below_limit",
        0,
        165,
    )
    period = {
        "from": issued.today.day.isoformat(),
        "to": (issued.today.day + timedelta(days=1)).isoformat(),
    }
    carried = (await issued.get(f"/v1/lines/{LINE}/comfort", **period))["period"]
    assert carried["above_km"] == 0
