# SPDX-License-Identifier: EUPL-1.2
"""A tram that is ten minutes late keeps its alert, its live forecast and its advice until it has left."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from stadttakt_runtime.clock import utc_now
from support.counted_town import visit_rows
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.storage import forecasts, running, visits

from .desk import Desk
from .test_advice_under_way import under_way

PEAK, LATE = 450, 10
"""The trip of half past seven is planned to leave b, too full, at 7:34."""


async def drove(
    desk: Desk, stops: list[tuple[str, int, int | None]], since: datetime, until: datetime,
    *, trip: tuple[ServiceDay, int],
) -> None:  # fmt: skip
    """Let a trip's stops be counted ten minutes late, up to a time."""
    day, begin = trip

    async def write(connection: Any) -> None:
        await connection.execute("delete from served_trip; delete from stop_visit")
        await connection.execute(
            "insert into served_trip (vehicle_id, begun_at, ended_at, start_date, trip_id, served_by)"
            " values ('tram-1', $1, $2, $3, $4, 'position')",
            since, until, day.name, f"out-{begin}",
        )  # fmt: skip
        await visits.insert(connection, visit_rows(day, begin, stops, late_min=LATE))
        await connection.execute("update stop_visit set computed_at = $1", until)
        await connection.execute("update visit_progress set counted_until = $1", until)

    await desk.database.persist(write)


async def alerts(desk: Desk) -> list[dict[str, Any]]:
    return list((await desk.get("/v1/alerts", active="true"))["items"])


async def live_at(desk: Desk) -> datetime | None:
    async with desk.database.connection() as connection:
        (stored,) = await forecasts.of_trips(connection, desk.today.day, [f"out-{PEAK}"])
        return stored.live_at


async def test_a_late_trip_is_told_of_until_it_was_seen_to_leave(issued: Desk) -> None:
    trip = issued.today, PEAK
    begun = issued.at(PEAK + LATE)
    await drove(issued, [("tram-1", 0, 110)], begun, issued.at(PEAK + 13), trip=trip)
    await issued.forecaster.work(issued.at(PEAK + 13))
    assert await live_at(issued) == issued.at(PEAK + 13)
    (alert,) = await alerts(issued)
    assert "07:34 Uhr (etwa 10 Minuten später) ab B bis" in alert["text"]["de"]
    assert "07:34 (about 10 minutes later) from B to" in alert["text"]["en"]
    assert alert["details"]["late_min"] == LATE
    left = [("tram-1", 0, 110), ("tram-1", 1, 120)]
    await drove(issued, left, begun, issued.at(PEAK + 16), trip=trip)
    await issued.forecaster.work(issued.at(PEAK + 16))
    assert await alerts(issued) == []
    # what is still ahead of it goes on being said anew
    assert await live_at(issued) == issued.at(PEAK + 16)
    left.append(("tram-1", 2, 60))
    await drove(issued, left, begun, issued.at(PEAK + 20), trip=trip)
    await issued.forecaster.work(issued.at(PEAK + 20))
    assert await live_at(issued) == issued.at(PEAK + 16)


async def test_a_trip_under_way_was_last_heard_of_when_its_vehicle_spoke_last(
    issued: Desk,
) -> None:
    """An assignment that nobody ended says nothing of a tram whose positions fail."""
    begun, now = issued.at(PEAK), issued.at(PEAK + 55)
    await drove(issued, [("tram-1", 0, 110)], begun, now, trip=(issued.today, PEAK))

    async def heard() -> datetime:
        async with issued.database.connection() as connection:
            found = await running.under_way(connection, now)
        return found[issued.today.day, f"out-{PEAK}"].until

    assert await heard() == begun
    say = (
        "insert into position (observed_at, event_id, vehicle_id, lat, lon, source, received_at)"
        " values ($1, $2, $3, 51.48, 11.9, 'test', $1)"
    )
    for minute, vehicle in ((5, "tram-1"), (60, "tram-1"), (50, "tram-2")):
        at = issued.at(PEAK + minute)
        await issued.database.persist(
            lambda c, at=at, vehicle=vehicle: c.execute(say, at, f"{vehicle}{at}", vehicle)
        )
    assert await heard() == issued.at(PEAK + 5)


async def test_a_late_peak_is_in_the_list_and_gets_advice_until_its_trip_has_left(
    desk: Desk,
) -> None:
    peak_id = await under_way(desk, minutes_ago=10)
    now = utc_now()
    trip = desk.today, 300
    seen = "update stop_visit set departed_at = $1 where call_index = $2"
    minute = timedelta(minutes=1)
    assert (await desk.get("/v1/peaks/advice"))["items"] == []
    await drove(desk, [("tram-1", 0, 40)], now - 3 * minute, now, trip=trip)
    await desk.database.persist(lambda c: c.execute(seen, now - 2 * minute, 0))
    (told,) = (await desk.get("/v1/peaks"))["items"]
    assert told["peak_id"] == peak_id
    due = datetime.fromisoformat(told["expected_at"])
    assert abs(due - (now + 2 * minute)) < timedelta(seconds=5)
    (advice,) = (await desk.get("/v1/peaks/advice"))["items"]
    assert [each["trip_id"] for each in advice["options"]] == ["out-310"]
    await drove(desk, [("tram-1", 0, 40), ("tram-1", 1, 60)], now - 3 * minute, now, trip=trip)
    await desk.database.persist(lambda c: c.execute(seen, now - minute / 6, 1))
    assert (await desk.get("/v1/peaks"))["items"] == []
    assert (await desk.get("/v1/peaks/advice"))["items"] == []
