# SPDX-License-Identifier: EUPL-1.2
"""What the control centre's page says of a day that is under way."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from stadttakt_runtime.clock import utc_now
from support.asking import mint_key
from vehicle_occupancy.domain.peaks.comfort import Ridden
from vehicle_occupancy.domain.peaks.rules import Comfort
from vehicle_occupancy.storage import peaks_comfort

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


@pytest.mark.parametrize("tag", ["2026-13-45", "1900-01-01", "nonsense", "9999-12-31"])
async def test_a_day_that_there_is_not_is_read_as_today(desk: Desk, world: World, tag: str) -> None:
    asked = f"/leitstelle?tag={tag}&hinweis=x"
    assert (await desk.client.get(asked)).headers["location"] == "./leitstelle/anmelden"
    page = await page_of(desk, world, tag=tag, hinweis="x")
    assert "Diesen Tag gibt es hier nicht" in page
    assert f"<h1>Spitzen am {weekday(desk.today.day)}, {desk.today.day:%d.%m.%Y}</h1>" in page
    assert "Diesen Tag" not in await page_of(desk, world, tag=desk.today.day.isoformat())


def weekday(day: date) -> str:
    return ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So")[day.weekday()]


async def closed(
    desk: Desk, line: str, ago: int, ridden: Ridden, *, standing: float = 0.25,
    simulated: bool = False,
) -> None:  # fmt: skip
    """A day of a line was closed as its night does it."""
    day, limit = desk.today.day - timedelta(days=ago), Comfort(1.0, standing)
    await desk.database.persist(
        lambda c: peaks_comfort.store(c, day, {(line, 0): ridden}, limit=limit, simulated=simulated)
    )


async def rows(desk: Desk, world: World) -> dict[str, str]:
    """What the page says of the lines' comfort in German, by line."""
    table = re.sub("<span lang='en'>.*?</span>", "", await page_of(desk, world)).partition(
        "<tbody>"
    )[2]
    found = {}
    for row in table.split("<tr>")[1:]:
        name, *cells = (" ".join(re.sub("<.*?>", "", each).split()) for each in row.split("<td"))
        found[name] = "|".join(each.partition(">")[2] for each in cells)
    return found


async def test_all_lines_that_were_counted_are_compared(desk: Desk, world: World) -> None:
    before, lately = Ridden(100, 40, 1, 10, 8), Ridden(100, 30, 1, 10, 9)
    for line in ("8", "9", "10"):
        await closed(desk, line, 40, before)
        await closed(desk, line, 2, lately)
    await closed(desk, "9", 3, lately, standing=0.5)
    await closed(desk, "10", 3, lately, simulated=True)
    await closed(desk, "11", 60, lately)
    shares = "40,0 % 80,0 % gezählt|30,0 % 90,0 % gezählt"
    other = "Komfortgrenze war nicht an allen Tagen dieselbe"
    some = "nur ein Teil der Tage ist simuliert"
    assert await rows(desk, world) == {
        "8": f"{shares}|−10,0 Pp.",
        "9": f"{shares}|nicht vergleichbar: {other}",
        "10 simuliert": f"{shares}|nicht vergleichbar: {some}",
    }
    await closed(desk, "8", 2, Ridden(100, 50, 1, 10, 9))
    assert (await rows(desk, world))["8"].endswith("|+10,0 Pp."), "a night later it is another"
