# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.counted_town import BEGINS, LIMIT, LINE, load, loads, usual, visit_rows
from vehicle_occupancy.city.apply import apply_city
from vehicle_occupancy.domain.forecast.past import TripLoad
from vehicle_occupancy.forecasting.forecaster import Forecaster
from vehicle_occupancy.storage import forecast_history, visits

from .desk import Desk
from .harness import World, until, write_city

PEAK = 450
"""Half past seven: the minute at which the fullest trip begins."""


async def test_departures_are_forecast_with_levels_for_all_and_numbers_for_the_entitled(
    issued: Desk,
) -> None:
    told = await issued.trip(PEAK)
    assert [stop["stop_id"] for stop in told["stops"]] == ["a", "b", "c"]
    fullest = told["stops"][1]
    assert fullest["at"] == issued.at(PEAK + 4).isoformat().replace("+00:00", "Z")
    assert fullest["load"] == pytest.approx(usual(PEAK, 1), rel=0.12)
    assert fullest["p10"] < fullest["load"] < fullest["p90"]
    assert fullest["level"] == "high"
    assert fullest["probability"]["high"] > 0.9
    assert sum(fullest["probability"].values()) == pytest.approx(1, abs=0.02)
    assert told["capacity"] == {"seats": 60, "standing": 90}
    public = await issued.trip(PEAK, key=False)
    assert public["stops"][1]["level"] == "high"
    for stop, exact in zip(public["stops"], told["stops"], strict=True):
        assert stop["load"] is stop["p10"] is stop["p90"] is None
        assert sum(stop["probability"].values()) == pytest.approx(1)
        for level, chance in stop["probability"].items():
            assert round(10 * chance, 6).is_integer()
            assert chance == pytest.approx(exact["probability"][level], abs=0.11)


async def test_a_line_is_judged_from_the_first_night_on_by_days_forecast_blind(
    issued: Desk,
) -> None:
    found = await issued.get("/v1/forecast", line=LINE)
    (skill,) = found["skill"]
    assert skill["source"] == "held_out"
    assert skill["mae"] < min(skill["mae_last_week"], skill["mae_historical_mean"] * 1.05)
    assert found["withheld"] == []
    assert (await issued.get("/v1/forecast", line=LINE, key=False))["skill"] == []
    assert (
        await issued.client.get("/v1/forecast/scores", params={"line": LINE})
    ).status_code == 401


async def test_without_history_there_is_no_forecast_and_that_is_said(desk: Desk) -> None:
    await desk.store(list(loads(desk.today.day - timedelta(days=3), 3)))
    await desk.forecaster.work(desk.at(240))
    found = await desk.get("/v1/forecast", line=LINE)
    assert found["items"] == []
    assert {each["code"] for each in found["withheld"]} == {"too_little_history"}


async def test_the_day_list_names_section_load_and_excess_of_a_peak(issued: Desk) -> None:
    (peak,) = await issued.peaks()
    assert peak["trip_id"] == f"out-{PEAK}"
    assert peak["section"] == {
        "from_stop": "b", "to_stop": "c", "from_name": "B", "to_name": "C"
    }  # fmt: skip
    assert peak["trip"] == {
        "line": LINE, "headsign": "Dom", "from_name": "A",
        "leaves_at": issued.at(PEAK).isoformat().replace("+00:00", "Z"),
    }  # fmt: skip
    assert peak["at"] == issued.at(PEAK + 4).isoformat().replace("+00:00", "Z")
    assert (peak["comfort_limit"], peak["capacity"]) == (LIMIT, 150)
    assert peak["probability"] > 0.7
    assert 12 < peak["excess"] < 32
    assert peak["outcome"] is None
    await issued.get("/v1/peaks", key=False, code=401)
    assert await issued.get(f"/v1/peaks/{peak['peak_id']}") == peak
    await issued.get("/v1/peaks/none", code=404)
    await issued.get(f"/v1/peaks/{peak['peak_id']}/outcome", code=404)


async def test_advice_names_neighbours_with_room_and_what_each_option_changes(
    issued: Desk,
) -> None:
    tomorrow = issued.today.day + timedelta(days=1)
    found = await issued.get("/v1/peaks/advice", date=tomorrow.isoformat())
    (peak,) = found["items"]
    options = {(each["kind"], each["trip_id"]): each for each in peak["options"]}
    shift = options["shift", f"out-{PEAK - 10}"]
    assert shift["minutes"] == -10
    assert shift["passengers"] >= peak["excess"]
    effect = shift["expected_effect"]
    assert effect["excess_after"] < effect["excess_before"]
    assert effect["other_probability"] < 0.3
    insert = next(each for (kind, _), each in options.items() if kind == "insert")
    assert insert["expected_effect"]["probability_after"] < 0.15
    # about five kilometres, by the places of its stops, at six euros
    assert insert["cost"]["eur"] == pytest.approx(31.86, rel=0.05)
    assert ("retime", f"out-{PEAK + 10}") in options
    assert (
        next(each for (kind, _), each in options.items() if kind == "lengthen")["trip_id"] is None
    )


async def test_what_was_seen_upstream_moves_the_forecast_of_the_entitled_only(
    issued: Desk,
) -> None:
    before = await issued.trip(PEAK)
    public = await issued.trip(PEAK, key=False)
    await issued.store([load(issued.today.day, PEAK, [130.0, None, None])])
    await issued.forecaster.work(issued.at(PEAK + 1))
    after = await issued.trip(PEAK)
    assert after["stops"][1]["load"] > before["stops"][1]["load"] + 15
    assert await issued.trip(PEAK, key=False) == public


async def test_the_control_centre_is_alerted_of_a_probable_peak_until_it_is_over(
    issued: Desk,
) -> None:
    await issued.forecaster.work(issued.at(PEAK - 60))
    (peak,) = await issued.peaks()
    (alert,) = (await issued.get("/v1/alerts", active="true"))["items"]
    assert alert["kind"] == "peak-expected"
    assert alert["details"]["peak_id"] == peak["peak_id"]
    assert alert["details"]["headsign"] == "Dom"
    said = re.fullmatch(
        r"Linie 7 Richtung Dom, 07:34 Uhr ab B bis C: voraussichtlich zu voll, "
        r"im Mittel (\d+) Personen über der Komfortgrenze",
        alert["text"]["de"],
    )
    assert said
    assert 8 < int(said[1]) < 36
    assert alert["text"]["en"].startswith("Line 7 towards Dom, 07:34 from B to C: ")
    await issued.forecaster.work(issued.at(PEAK + 10))
    assert (await issued.get("/v1/alerts", active="true"))["items"] == []


async def test_a_peak_that_nobody_expected_the_day_before_is_added(issued: Desk) -> None:
    other = PEAK + 10
    await issued.store([load(issued.today.day, other, [130.0, None, None])])
    await issued.forecaster.work(issued.at(other + 1))
    assert f"out-{other}" in {peak["trip_id"] for peak in await issued.peaks()}


async def came(desk: Desk, fullest: float) -> None:
    """The day goes as usual but for the peak's trip; then it is over."""
    told = [each for each in loads(desk.today.day, 1) if each.trip_id != f"out-{PEAK}"]
    await desk.store([*told, load(desk.today.day, PEAK, [40.0, fullest, 50.0])])
    await desk.forecaster.work(desk.at(240, days=1))


async def test_the_day_after_it_is_told_whether_the_peak_fell_and_how_good_the_forecast_was(
    issued: Desk,
) -> None:
    (peak,) = await issued.peaks()
    await came(issued, 60.0)
    (found,) = await issued.peaks()
    outcome = found["outcome"]
    assert (outcome["verdict"], outcome["load"], outcome["excess"]) == ("below_limit", 60, 0)
    assert outcome["usual_load"] == pytest.approx(usual(PEAK, 1), rel=0.1)
    assert outcome["usual_days"] >= 3
    assert outcome["below_forecast"] == pytest.approx(peak["expected_load"] - 60, abs=0.1)
    assert outcome["beyond_chance"] is True
    assert await issued.get(f"/v1/peaks/{peak['peak_id']}/outcome") == outcome
    query = {
        "from": issued.today.day.isoformat(),
        "to": (issued.today.day + timedelta(days=1)).isoformat(),
    }
    scores = (await issued.get("/v1/forecast/scores", line=LINE, **query))["items"]
    day_ahead = next(each for each in scores if each["horizon"] == "day_ahead")
    assert day_ahead["source"] == "scored"
    assert day_ahead["forecasts"] == 3 * len(BEGINS)
    assert day_ahead["mae"] < day_ahead["mae_last_week"]


async def test_counts_that_came_days_later_change_what_became_of_a_peak_and_the_lines_comfort(
    issued: Desk,
) -> None:
    await came(issued, 60.0)
    period = {
        "from": issued.today.day.isoformat(),
        "to": (issued.today.day + timedelta(days=1)).isoformat(),
    }
    before = (await issued.get(f"/v1/lines/{LINE}/comfort", **period))["period"]
    assert before["above_km"] == 0
    await issued.store([load(issued.today.day, PEAK, [40.0, 120.0, 50.0])])
    await issued.forecaster.work(issued.at(240, days=2))
    (found,) = await issued.peaks()
    outcome = found["outcome"]
    assert (outcome["verdict"], outcome["load"]) == ("above_limit", 120)
    after = (await issued.get(f"/v1/lines/{LINE}/comfort", **period))["period"]
    assert after["above_km"] == pytest.approx(120 * 1.5)
    await issued.forecaster.work(issued.at(240, days=3))
    (again,) = await issued.peaks()
    assert again["outcome"]["measured_at"] == outcome["measured_at"], "nothing new, no new verdict"


async def test_a_forecast_that_was_told_stays_as_it_was_scored(issued: Desk) -> None:
    before = await issued.trip(PEAK)
    await issued.forecaster.work(issued.at(600))
    restarted = replace(issued, forecaster=Forecaster(issued.forecaster._settings, issued.database))
    await restarted.forecaster.work(issued.at(601))
    assert (await restarted.trip(PEAK))["issued_at"] == before["issued_at"]


async def test_passenger_kilometres_above_the_limit_are_kept_per_line_and_told_to_others(
    issued: Desk,
) -> None:
    await came(issued, 120.0)
    period = {
        "from": issued.today.day.isoformat(),
        "to": (issued.today.day + timedelta(days=1)).isoformat(),
    }
    found = await issued.get(f"/v1/lines/{LINE}/comfort", **period)
    now = found["period"]
    assert now["days"] == 1
    assert now["above_km"] == pytest.approx(120 * 1.5)
    assert now["excess_km"] == pytest.approx((120 - LIMIT) * 1.5)
    assert now["share_above"] == pytest.approx(now["above_km"] / now["passenger_km"], rel=1e-3)
    assert now["completeness"] == 1
    async with issued.database.connection() as connection:
        (row,) = await connection.fetch(
            "select line, share_above, completeness from transit.v1_line_comfort where day = $1",
            issued.today.day,
        )
    assert dict(row) == {"line": LINE, "share_above": now["share_above"], "completeness": 1}


async def test_what_was_done_is_recorded_with_its_author_and_sets_the_day_apart(
    issued: Desk, world: World
) -> None:
    (peak,) = await issued.peaks()
    path = f"/v1/peaks/{peak['peak_id']}/actions"
    body = {"kind": "shift", "trip_id": f"out-{PEAK - 10}", "note": "Ansage an der Haltestelle"}
    operator = await world.bearer("transit:write")
    assert (await issued.client.post(path, json=body, headers=issued.reader)).status_code == 403
    answer = await issued.client.post(path, json=body, headers=operator)
    assert answer.status_code == 201
    (action,) = answer.json()["actions"]
    assert action["kind"] == "shift"
    assert action["author"].startswith("api_key:")
    wrong = await issued.client.post(path, json={"kind": "pray"}, headers=operator)
    assert wrong.status_code == 422
    nowhere = await issued.client.post("/v1/peaks/x/actions", json=body, headers=operator)
    assert nowhere.status_code == 404


async def test_how_full_a_line_usually_is_is_told_by_type_of_day(issued: Desk) -> None:
    found = await issued.get(f"/v1/lines/{LINE}/profile", day_type="weekday")
    assert 18 <= found["days"] <= 22
    by_begin = {each["begin"]: each for each in found["items"]}
    assert by_begin["07:30"]["level"] == "medium"
    assert by_begin["12:00"]["level"] == "low"
    assert by_begin["07:30"]["load_p90"] > by_begin["07:30"]["load_mean"] > 30
    public = await issued.get(f"/v1/lines/{LINE}/profile", key=False)
    assert {each["load_mean"] for each in public["items"]} == {None}
    assert {each["begin"]: each["level"] for each in public["items"]}["12:00"] == "low"


async def test_the_profile_of_a_line_tells_nothing_of_a_day_that_is_not_over(issued: Desk) -> None:
    of_day = "weekday" if issued.today.day.weekday() < 5 else (
        "saturday" if issued.today.day.weekday() == 5 else "sunday"
    )  # fmt: skip
    before = await issued.get(f"/v1/lines/{LINE}/profile", key=False, day_type=of_day)
    await issued.store([load(issued.today.day, begin, [140.0, 140.0, 140.0]) for begin in BEGINS])
    after = await issued.get(f"/v1/lines/{LINE}/profile", key=False, day_type=of_day)
    assert after == before
    assert before["items"]


async def test_a_profile_needs_as_many_trips_as_the_policy_says(
    issued: Desk, world: World, tmp_path: Path
) -> None:
    found = await issued.get(f"/v1/lines/{LINE}/profile", key=False)
    fewest = min(each["departures"] for each in found["items"])
    city = tmp_path / "more"
    write_city(city, "tram-1")
    levels = city / "transit/levels.yaml"
    levels.write_text(f"levels:\n  publication: {{least_trips: {fewest + 1}}}\n")
    await asyncio.to_thread(apply_city, city, world.database_url)
    left = await issued.get(f"/v1/lines/{LINE}/profile", key=False)
    assert all(each["departures"] > fewest for each in left["items"])
    assert len(left["items"]) < len(found["items"])


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/forecast", {}),
        ("/v1/forecast", {"line": "7", "direction": "9"}),
        ("/v1/forecast", {"line": "7", "from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}),
        ("/v1/forecast", {"line": "7", "from": "0001-01-01T00:00:00Z"}),
        ("/v1/forecast", {"line": "7", "to": "9999-12-31T23:59:59Z"}),
        ("/v1/forecast/scores", {"from": "0001-01-01"}),
        ("/v1/forecast/scores", {"from": "2020-01-01", "to": "2026-01-01"}),
        ("/v1/peaks", {"from": "yesterday"}),
        ("/v1/peaks", {"level": "extreme"}),
        ("/v1/peaks", {"cursor": "abc"}),
        ("/v1/peaks/advice", {"date": "2026-13-01"}),
        ("/v1/lines/7/comfort", {"from": "9999-12-31"}),
        ("/v1/lines/7/comfort", {"from": "0001-01-01", "to": "0001-01-02"}),
        ("/v1/lines/7/profile", {"day_type": "funday"}),
    ],
)  # fmt: skip
async def test_what_cannot_be_asked_is_a_problem_document(
    desk: Desk, path: str, query: dict[str, str]
) -> None:
    answer = await desk.client.get(path, params=query, headers=desk.reader)
    assert answer.status_code in {200, 422}
    if answer.status_code == 422:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"]


async def test_the_running_service_issues_by_itself_and_publishes_its_alerts(
    desk: Desk, world: World
) -> None:
    await desk.store(list(loads(desk.today.day - timedelta(days=28), 28)))
    async with world.service() as service:
        asked = f"/v1/forecast?line={LINE}"
        found = await until(lambda: service.get(asked), lambda answer: bool(answer.json()["items"]))
        assert found.json()["items"][0]["stops"]


async def counted(
    desk: Desk, begin: int, *stops: tuple[str, int, int | None], days: int = 0
) -> None:
    rows = visit_rows(desk.today.next(days), begin, stops)
    await desk.database.persist(lambda c: visits.insert(c, rows))


async def history(desk: Desk, days: int = 0) -> list[TripLoad]:
    day = desk.today.day + timedelta(days=days)
    async with desk.database.connection() as connection:
        return await forecast_history.read(connection, day, day + timedelta(days=1))


async def test_what_was_counted_at_stops_becomes_history_at_night(desk: Desk) -> None:
    await counted(desk, PEAK, ("tram-1", 0, 40), ("tram-1", 1, None), ("tram-1", 2, 31), days=-1)
    await counted(desk, 999, ("tram-2", 0, 3), days=-1)
    await desk.forecaster.work(desk.at(240))
    (found,) = await history(desk, -1)
    assert found.trip_id == f"out-{PEAK}"
    assert found.loads == (40, None, 31)
    assert found.holds == (60, 90)
    assert found.vehicle_id == "tram-1"
    # a late count of a day that is over changes its history
    late = "update stop_visit set load = 55 where trip_id = $1 and call_index = 1"
    await desk.database.persist(lambda c: c.execute(late, f"out-{PEAK}"))
    await desk.forecaster.work(desk.at(240, days=1))
    (again,) = await history(desk, -1)
    assert again.loads == (40, 55, 31)


async def test_two_coupled_vehicles_are_one_departure_everywhere(desk: Desk) -> None:
    front = [("tram-1", 0, 40), ("tram-1", 1, 50), ("tram-1", 2, 30)]
    rear = [("tram-2", 0, 10), ("tram-2", 1, 12), ("tram-2", 2, None)]
    await counted(desk, PEAK, *front, *rear, days=-1)
    told = """
        update stop_visit set public_level = case vehicle_id when 'tram-1' then 'high' else 'low' end,
               is_told = load is not null, departed_at = departed_at + case vehicle_id
               when 'tram-1' then interval '3 seconds' else interval '0' end
    """
    await desk.database.persist(lambda c: c.execute(told))
    await desk.forecaster.work(desk.at(240))
    (found,) = await history(desk, -1)
    assert (found.loads, found.holds) == ((50, 62, None), (120, 180))
    start_date = desk.today.next(-1).name
    trip = await desk.get(f"/v1/trips/out-{PEAK}/occupancy", start_date=start_date)
    assert [stop["load"] for stop in trip["stops"]] == [50, 62, None, None]
    assert trip["stops"][1]["vehicle_ids"] == ["tram-1", "tram-2"]
    assert trip["stops"][1]["percentage"] == 20.7
    public = await desk.get(f"/v1/trips/out-{PEAK}/occupancy", key=False, start_date=start_date)
    assert [stop["level"] for stop in public["stops"]] == ["medium", "medium", None, None]
    assert [stop["vehicle_ids"] for stop in public["stops"]] == 4 * [None]
    async with desk.database.connection() as connection:
        rows = await connection.fetch("select call, level from v1_departure_level order by call")
    assert [tuple(row) for row in rows] == [(0, "medium"), (1, "medium"), (2, None)]


async def test_what_is_counted_at_a_stop_moves_the_forecast_of_the_next(issued: Desk) -> None:
    before = await issued.trip(PEAK)
    await counted(issued, PEAK, ("tram-1", 0, 130))
    await issued.forecaster.work(issued.at(PEAK + 1))
    assert (await issued.trip(PEAK))["stops"][1]["load"] > before["stops"][1]["load"] + 15
