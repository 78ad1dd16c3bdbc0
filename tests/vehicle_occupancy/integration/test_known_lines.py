# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from stadttakt_runtime.clock import utc_now
from support.counted_town import LINE, feed
from support.gtfs import a_folder
from vehicle_occupancy.city.apply import apply_city
from vehicle_occupancy.importing import ImportOptions, import_feed
from vehicle_occupancy.storage.timetable_versions import activate, versions

from .desk import Desk
from .harness import World, write_city

TRIP = "out-450"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/forecast", {"line": "99"}),
        ("/v1/forecast", {"line": "7\0"}),
        ("/v1/lines/99/profile", {}),
        ("/v1/lines/99/comfort", {}),
    ],
)  # fmt: skip
async def test_a_line_that_nobody_knows_is_not_there(
    desk: Desk, path: str, query: dict[str, str]
) -> None:
    assert (await desk.get(path, code=404, **query))["code"] == "not_found"
    known = {name: value.replace("99", LINE).strip("\0") for name, value in query.items()}
    await desk.get(path.replace("99", LINE), **known)


async def test_the_timetable_of_today_is_that_of_the_citys_day(
    desk: Desk, tmp_path: Path, world: World
) -> None:
    now = utc_now()
    # where it is another day than in UTC just now, the night until three being of the day before
    zone, days = ("Pacific/Kiritimati", 1) if now.hour >= 13 else ("Pacific/Pago_Pago", -1)
    city = write_city(tmp_path, "tram-1")
    (city / "city.yaml").write_text(f"timezone: {zone}\n")
    await asyncio.to_thread(apply_city, city, world.database_url)
    for version in await desk.database.persist(versions):
        await desk.database.persist(lambda c, v=version: activate(c, v.version_id, None))
    day = now.date() + timedelta(days=max(days, 0))
    only = f"all,1,1,1,1,1,1,1,{day:%Y%m%d},{day + timedelta(days=30):%Y%m%d}"
    changed = feed() | {"calendar.txt": f"{feed()['calendar.txt'].splitlines()[0]}\n{only}\n"}
    await import_feed(
        desk.database,
        a_folder(tmp_path / "later", changed),
        ImportOptions(),
        lambda _: lambda _: None,
    )
    listed = await desk.get("/v1/lines")
    assert bool(listed["items"]) is (days == 1)
    assert bool((await desk.get("/v1/stops"))["items"]) is (days == 1)
    code = 200 if days == 1 else 404
    await desk.get(f"/v1/trips/{TRIP}/occupancy", code=code)
