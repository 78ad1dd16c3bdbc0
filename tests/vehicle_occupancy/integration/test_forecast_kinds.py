# SPDX-License-Identifier: EUPL-1.2
"""Live forecasts and those of the day before are scored, and withheld, each on its own."""

from __future__ import annotations

from datetime import timedelta

from support.counted_town import LINE, load, loads
from vehicle_occupancy.domain.forecast.scoring import Score
from vehicle_occupancy.domain.forecast.telling import Horizon, Source
from vehicle_occupancy.storage import forecast_scores

from .desk import Desk

PEAK = 450
GOOD = Score(500, 7.0, 12.0, 8.0, 0.8, 20, 0.7, 0.6, 0.7, 0.3)
BAD = Score(500, 9.0, 12.0, 8.0, 0.8, 20, 0.7, 0.6, 0.7, 0.3)


async def was(desk: Desk, day_ahead: Score, live: Score) -> None:
    day = desk.today.day - timedelta(days=1)
    scores = {(LINE, 0, Horizon.DAY_AHEAD): day_ahead, (LINE, 0, Horizon.LIVE): live}
    await desk.database.persist(lambda c: forecast_scores.store(c, day, scores, Source.SCORED))


async def seen_upstream(desk: Desk) -> None:
    """The trip of the peak is fuller than expected when it leaves its first stop."""
    await desk.store([load(desk.today.day, PEAK, [130.0, None, None])])
    await desk.forecaster.work(desk.at(PEAK + 1))


async def test_a_live_forecast_that_was_worse_falls_back_to_the_day_before(issued: Desk) -> None:
    before = await issued.trip(PEAK)
    await was(issued, GOOD, BAD)
    await seen_upstream(issued)
    told = await issued.trip(PEAK)
    assert told["horizon"] == "day_ahead"
    assert told["stops"] == before["stops"]
    found = await issued.get("/v1/forecast", line=LINE)
    (reason,) = found["withheld"]
    assert (reason["horizon"], reason["code"]) == ("live", "worse_than_historical_mean")
    assert (await issued.get("/v1/forecast", line=LINE, key=False))["withheld"] == []


async def test_where_only_the_day_before_was_worse_what_upstream_moved_is_told_and_nothing_else(
    issued: Desk,
) -> None:
    await was(issued, BAD, GOOD)
    await seen_upstream(issued)
    told = await issued.trip(PEAK)
    assert told["horizon"] == "live"
    assert [stop["stop_id"] for stop in told["stops"]] == ["b", "c"]
    whole = {"from": issued.at(0).isoformat(), "to": issued.at(1500).isoformat()}
    found = await issued.get("/v1/forecast", line=LINE, **whole)
    assert {each["horizon"] for each in found["items"]} == {"live"}
    assert [each["horizon"] for each in found["withheld"]] == ["day_ahead"]
    assert (await issued.get("/v1/forecast", line=LINE, key=False, **whole))["items"] == []


async def test_a_peak_that_only_live_forecasts_expected_goes_with_them(issued: Desk) -> None:
    other = PEAK + 10
    await issued.store([load(issued.today.day, other, [130.0, None, None])])
    await issued.forecaster.work(issued.at(other + 1))
    kinds = {each["trip_id"]: each["horizon"] for each in await issued.peaks()}
    assert kinds == {f"out-{PEAK}": "day_ahead", f"out-{other}": "live"}
    (alert,) = [
        each
        for each in (await issued.get("/v1/alerts", active="true"))["items"]
        if each["details"]["trip_id"] == f"out-{other}"
    ]
    assert alert["kind"] == "peak-expected"
    await was(issued, GOOD, BAD)
    await issued.forecaster.work(issued.at(other + 2))
    active = (await issued.get("/v1/alerts", active="true"))["items"]
    assert f"out-{other}" not in {each["details"]["trip_id"] for each in active}


async def test_what_was_said_live_is_scored_at_night_beside_the_day_before(issued: Desk) -> None:
    today = list(loads(issued.today.day, 1, seed=9))
    for each in today:
        begin = each.departures_s[0] // 60
        await issued.store([load(issued.today.day, begin, [each.loads[0], None, None])])
    await issued.forecaster.work(issued.at(PEAK + 1))
    await issued.store(today)
    await issued.forecaster.work(issued.at(240, days=1))
    day = issued.today.day
    period = {"from": day.isoformat(), "to": (day + timedelta(days=1)).isoformat()}
    scored = (await issued.get("/v1/forecast/scores", line=LINE, **period))["items"]
    by_kind = {each["horizon"]: each for each in scored}
    live, day_ahead = by_kind["live"], by_kind["day_ahead"]
    # stops after the first of the trips that leave within two hours, not the whole day
    assert 0 < live["forecasts"] < day_ahead["forecasts"]
    assert live["source"] == "scored"
    assert live["mae"] < live["mae_day_ahead"]
    assert day_ahead["mae_day_ahead"] is None
