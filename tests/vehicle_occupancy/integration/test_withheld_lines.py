# SPDX-License-Identifier: EUPL-1.2
"""What of a line that is withheld is told, and where."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from stadttakt_runtime.clock import utc_now
from support.counted_town import LINE
from vehicle_occupancy.domain.forecast.scoring import Score
from vehicle_occupancy.domain.forecast.telling import Horizon, Source
from vehicle_occupancy.storage import forecast_scores

from .desk import Desk

PEAK = 450
"""Half past seven: the minute at which the fullest trip begins."""


async def was_worse_than_the_mean(desk: Desk) -> None:
    worse = Score(500, 9.0, 12.0, 8.0, 0.8, 20, 0.7, 0.6, 0.7, 0.3)
    scores = {(LINE, 0, Horizon.DAY_AHEAD): worse}
    day = desk.today.day - timedelta(days=1)
    await desk.database.persist(lambda c: forecast_scores.store(c, day, scores, Source.SCORED))


async def test_a_forecast_that_was_worse_than_the_mean_is_withheld_and_says_why(
    issued: Desk,
) -> None:
    await was_worse_than_the_mean(issued)
    found = await issued.get("/v1/forecast", line=LINE)
    assert found["items"] == []
    # of what is said live too few were scored: it goes with the day before's
    assert [(each["horizon"], each["direction"]) for each in found["withheld"]] == [
        ("day_ahead", 0),
        ("live", 0),
    ]
    assert {each["code"] for each in found["withheld"]} == {"worse_than_historical_mean"}
    public = await issued.get("/v1/forecast", line=LINE, key=False)
    assert [each["horizon"] for each in public["withheld"]] == ["day_ahead"]
    assert (await issued.get("/v1/peaks/advice"))["items"] == []


async def test_a_small_line_is_withheld_with_the_city_and_says_so(issued: Desk) -> None:
    worse = Score(60, 9.0, 12.0, 8.0, 0.8, 20, 0.7, 0.6, 0.7, 0.3)
    day = issued.today.day - timedelta(days=1)

    async def scored(scores: dict[tuple[str, int, Horizon], Score]) -> None:
        await issued.database.persist(
            lambda c: forecast_scores.store(c, day, scores, Source.SCORED)
        )

    tomorrow = (issued.today.day + timedelta(days=1)).isoformat()
    await scored({(LINE, 0, Horizon.DAY_AHEAD): worse})
    assert (await issued.get("/v1/forecast", line=LINE))["withheld"] == []
    assert (await issued.get("/v1/peaks/advice", date=tomorrow))["items"]
    await scored({("8", 1, Horizon.DAY_AHEAD): replace(worse, forecasts=5000)})
    found = await issued.get("/v1/forecast", line=LINE, key=False)
    assert found["items"] == []
    assert [(each["direction"], each["code"]) for each in found["withheld"]] == [
        (0, "worse_than_historical_mean")
    ]
    assert (await issued.get("/v1/peaks/advice", date=tomorrow))["items"] == []


async def test_of_a_withheld_forecast_no_peak_is_told_and_nobody_is_alerted(issued: Desk) -> None:
    assert await issued.peaks()
    await was_worse_than_the_mean(issued)
    await issued.forecaster.work(issued.at(PEAK - 30))
    coming = [each for each in await issued.peaks() if each["at"] > utc_now().isoformat()]
    assert coming == []
    assert (await issued.get("/v1/alerts", active="true"))["items"] == []


async def test_that_a_line_is_withheld_is_said_where_its_peaks_are_missing(issued: Desk) -> None:
    sheet = "/v1/peaks/day-sheet"
    for path in ("/v1/peaks", "/v1/peaks/advice"):
        assert (await issued.get(path))["withheld"] == []
    assert "keine Prognose" not in (await issued.client.get(sheet, headers=issued.reader)).text
    await was_worse_than_the_mean(issued)
    for path in ("/v1/peaks", "/v1/peaks/advice"):
        said = (await issued.get(path))["withheld"]
        assert [(each["line"], each["towards"], each["horizon"]) for each in said] == [
            (LINE, "D", "day_ahead"),
            (LINE, "D", "live"),
        ]
        assert {each["code"] for each in said} == {"worse_than_historical_mean"}
    assert (await issued.get("/v1/peaks", line="8"))["withheld"] == []
    page = (await issued.client.get(sheet, headers=issued.reader)).text
    assert f"<li>Linie {LINE} Richtung D: Die Prognose war zuletzt schlechter" in page
    assert "<p>Keine Spitze erwartet" not in page
    tomorrow = (issued.today.day + timedelta(days=1)).isoformat()
    page = (await issued.client.get(f"{sheet}?date={tomorrow}", headers=issued.reader)).text
    assert "keine Prognose" in page
    assert "Spitze erwartet" not in page, "it is the only line that runs"


async def test_a_line_that_runs_without_a_forecast_is_not_one_without_peaks(desk: Desk) -> None:
    (said,) = (await desk.get("/v1/peaks"))["withheld"]
    assert (said["line"], said["direction"], said["code"]) == (LINE, 0, "not_issued")
    later = (desk.today.day + timedelta(days=30)).isoformat()
    (said,) = (await desk.get("/v1/peaks/advice", date=later))["withheld"]
    assert said["code"] == "not_issued"
