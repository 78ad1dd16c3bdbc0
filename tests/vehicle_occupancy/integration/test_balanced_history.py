# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from zoneinfo import ZoneInfo

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from support.counted_town import visit_rows
from vehicle_occupancy.domain.service_day import ServiceDay
from vehicle_occupancy.storage import forecast_visits, visits


async def test_history_takes_the_loads_that_add_up_once_a_trip_is_over(database_url: str) -> None:
    day = ServiceDay(utc_now().date(), ZoneInfo("Europe/Berlin"))
    rows = visit_rows(day, 450, [("tram-1", 0, 40), ("tram-1", 1, 52), ("tram-1", 2, None)])
    async with Database.open(database_url, schema="transit", size=1) as database:
        await database.persist(lambda c: visits.insert(c, rows))
        balance = "update stop_visit set load_reconciled = 47.5 where call_index = 1"
        await database.persist(lambda c: c.execute(balance))
        found = await database.persist(lambda c: forecast_visits.counted(c, day.day))
    assert [each.load for each in found] == [40, 47.5, None]
