# SPDX-License-Identifier: EUPL-1.2
"""What the control centre's page says of a day that is under way."""

from __future__ import annotations

from datetime import timedelta

from stadttakt_runtime.clock import utc_now
from support.asking import mint_key

from .desk import Desk
from .harness import World
from .test_advice_under_way import under_way
from .test_control_page import log_in
from .test_late_trips import drove

COMING, OVER = "Kommende Spitzen", "<h2 id='past'>Vorbei"


async def page_of(desk: Desk, world: World, **query: str) -> str:
    await log_in(desk.client, await mint_key(world.database_url, "transit:write"))
    answer = await desk.client.get("/leitstelle", params=query)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_a_trip_that_nobody_saw_is_to_come_for_a_while(desk: Desk, world: World) -> None:
    peak_id = await under_way(desk, minutes_ago=6)  # it was to leave the section two minutes ago
    peak = await desk.get(f"/v1/peaks/{peak_id}")
    assert (peak["is_to_come"], peak["expected_at"]) == (True, None)
    page = await page_of(desk, world)
    assert COMING in page
    assert OVER not in page


async def test_a_trip_that_left_early_is_over(desk: Desk, world: World) -> None:
    peak_id = await under_way(desk, minutes_ago=1)
    assert COMING in await page_of(desk, world)
    now, trip = utc_now(), (desk.today, 300)
    stops = [("tram-1", 0, 40), ("tram-1", 1, 60)]
    await drove(desk, stops, now - timedelta(minutes=3), now, trip=trip)
    left = "update stop_visit set departed_at = $1 where call_index = $2"
    for index in (0, 1):
        at = now - timedelta(seconds=90 - 60 * index)
        await desk.database.persist(lambda c, at=at, index=index: c.execute(left, at, index))
    peak = await desk.get(f"/v1/peaks/{peak_id}")
    assert peak["at"] > utc_now().isoformat()
    assert peak["is_to_come"] is False
    page = await page_of(desk, world)
    assert OVER in page
    assert COMING not in page
