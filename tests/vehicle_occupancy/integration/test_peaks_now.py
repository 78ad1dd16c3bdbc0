# SPDX-License-Identifier: EUPL-1.2
"""Of a peak to come the control centre sees what is expected by now beside what the night expected."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from stadttakt_runtime.clock import utc_now
from support.counted_town import LINE
from vehicle_occupancy.domain.forecast.scoring import Score
from vehicle_occupancy.domain.forecast.telling import Horizon, Source
from vehicle_occupancy.forecasting.forecaster import HOLDS_FOR
from vehicle_occupancy.storage import forecast_scores, forecasts

from .desk import Desk
from .harness import World

PEAK = 450
TRIP = f"out-{PEAK}"
LATER, EARLIER = timedelta(hours=1), timedelta(seconds=-1)


async def say_live(desk: Desk, share: float, *, holds: timedelta = LATER) -> datetime:
    """Say live of tomorrow's fullest trip that it has so large a share of the night's load."""
    day, now = desk.today.day + timedelta(days=1), utc_now()
    async with desk.database.transaction() as connection:
        (stored,) = await forecasts.of_trips(connection, day, [TRIP])
        live = stored.kept.issued.trip.quantiles * np.float32(share)
        await forecasts.set_live(connection, day, {TRIP: live}, now)
        await forecasts.hold_live(connection, day, now + holds)
    return now + holds


async def tomorrows(desk: Desk) -> dict[str, Any]:
    period = {"from": desk.at(0, days=1).isoformat(), "to": desk.at(1500, days=1).isoformat()}
    (peak,) = (await desk.get("/v1/peaks", **period))["items"]
    return dict(peak)


async def advised(desk: Desk) -> list[dict[str, Any]]:
    day = (desk.today.day + timedelta(days=1)).isoformat()
    return list((await desk.get("/v1/peaks/advice", date=day))["items"])


async def test_what_is_expected_by_now_stands_beside_what_the_night_expected(issued: Desk) -> None:
    night = await tomorrows(issued)
    assert night["now"] is None
    until = await say_live(issued, 1.2)
    peak = await tomorrows(issued)
    now = peak.pop("now")
    assert {**peak, "now": None} == night
    for name in ("expected_load", "p10", "p90"):
        assert now[name] == pytest.approx(1.2 * night[name], abs=0.2)
    assert now["excess"] > night["excess"] + 10
    assert now["probability"] > night["probability"]
    assert datetime.fromisoformat(now["valid_until"]) == until
    assert now["issued_at"] < now["valid_until"]
    assert (await issued.get(f"/v1/peaks/{night['peak_id']}"))["now"] == now
    (advice,) = await advised(issued)
    assert advice["now"] == now
    before = {
        (each["expected_effect"]["probability_before"], each["expected_effect"]["excess_before"])
        for each in advice["options"]
    }
    assert before == {(now["probability"], now["excess"])}


async def test_of_a_peak_that_is_improbable_by_now_there_is_no_advice(
    issued: Desk, world: World
) -> None:
    assert await advised(issued)
    await say_live(issued, 0.6)
    peak = await tomorrows(issued)
    assert peak["now"]["probability"] < 0.3 < peak["probability"]
    assert await advised(issued) == []
    answer = await issued.client.post(
        f"/v1/peaks/{peak['peak_id']}/actions",
        json={"kind": "shift", "trip_id": f"out-{PEAK - 10}"},
        headers=await world.bearer("transit:write"),
    )
    assert answer.status_code == 201
    assert answer.json()["actions"][0]["promise"] is None
    assert answer.json()["now"] == peak["now"]


async def test_what_was_said_live_and_not_renewed_is_not_told_and_advice_is_that_of_the_night(
    issued: Desk,
) -> None:
    night = await advised(issued)
    await say_live(issued, 0.6, holds=EARLIER)
    assert (await tomorrows(issued))["now"] is None
    assert await advised(issued) == night


async def test_live_forecasts_that_are_withheld_are_not_shown_beside_the_nights(
    issued: Desk,
) -> None:
    await say_live(issued, 1.2)
    worse = Score(500, 9.0, 12.0, 8.0, 0.8, 20, 0.7, 0.6, 0.7, 0.3)
    scores = {(LINE, 0, Horizon.LIVE): worse}
    day = issued.today.day - timedelta(days=1)
    await issued.database.persist(lambda c: forecast_scores.store(c, day, scores, Source.SCORED))
    assert (await tomorrows(issued))["now"] is None


async def test_each_look_at_the_day_lets_live_forecasts_hold_for_some_looks_more(
    issued: Desk, world: World
) -> None:
    day = issued.today.day
    for minute in (PEAK, PEAK + 1):
        await issued.forecaster.work(issued.at(minute))
        async with issued.database.connection() as connection:
            until = (await forecasts.live_until(connection, issued.at(minute)))[day]
        rounds = timedelta(seconds=world.settings.forecast_every_s) * HOLDS_FOR
        assert until == issued.at(minute) + rounds
        async with issued.database.connection() as connection:
            assert await forecasts.live_until(connection, until) == {}
