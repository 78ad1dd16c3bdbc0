# SPDX-License-Identifier: EUPL-1.2
"""What people call the parts and columns of a formula, on pages and in answers."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.computing.run import compute
from kpi_aggregator.settings import Settings
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from stadttakt_runtime.plugins import CityError
from support.http_app import in_process
from support.indicators import LOTS, ZONE, fill_lot, indicator, libpq, write_city

BERLIN = ZoneInfo(ZONE)
# No state is known of either; one is not there any more.
NAMED = """
insert into parking.lot (lot_id, name, capacity, detection, lat, lon, opening, reserve,
                         unknown_limit, retired_at)
values ('north', 'Nordplatz', 20, 'single_bay', 51, 11, '24/7', 0, 0.5, '2026-11-01Z'),
       ('east', 'Ostplatz', 20, 'single_bay', 51, 11, '24/7', 0, 0.5, null)
"""
WORDS = {
    "says": {"de": "Wie voll war es?", "en": "How full was it?"},
    "view": {"de": "Belegung", "en": "occupancy"},
    "terms": {"occupied_places": {"de": "belegte Plätze", "en": "places taken"}},
    "values": {"south": {"de": "Südplatz", "en": "South square"}},
    "part_names": {"view": "parking.v1_lot_name", "part": "lot_id", "name": "name"},
}


async def test_parts_and_columns_are_called_as_their_service_or_the_city_calls_them(
    database_url: str, tmp_path: Path
) -> None:
    begin, end = datetime(2026, 10, 1, tzinfo=BERLIN), datetime(2026, 11, 1, tzinfo=BERLIN)
    for lot in ("north", "east", "south", "west"):
        fill_lot(database_url, lot, begin, end, 10, 20, 20)
    with psycopg.connect(libpq(database_url), autocommit=True) as connection:
        connection.execute(NAMED)
    city = write_city(tmp_path, [{**LOTS, "words": WORDS}], [indicator("x", "lots")])
    await asyncio.to_thread(apply_city, city, database_url)
    app = create_app(Settings())
    async with Database.open(database_url, schema="kpi") as database:
        await compute(database, datetime(2026, 11, 2, 4, tzinfo=BERLIN))
        attach_database(app, database)
        async with in_process(app) as http:
            found = (await http.get("/v1/indicators/x/explanation?period=2026-10")).json()
            page = (await http.get("/kennzahl/x?zeitraum=2026-10")).text
    titles = {each["part"]: each["title"]["de"] for each in found["parts"]}
    assert titles == {
        "north": "Nordplatz", "east": "Ostplatz", "south": "Südplatz", "west": "west",
    }  # fmt: skip
    assert found["formula"]["words"]["de"].startswith("100 × Summe (belegte Plätze) / Summe (kn")
    assert found["formula"]["technical"]["de"].startswith("100 × Summe (occupied_places) / ")
    plain, _, technical = page.partition("Technische Angaben")
    assert "Wie voll war es?" in plain
    assert "occupied_places" not in plain
    assert "parking.v1_lot_quarter_hour" in technical
    assert "Nordplatz" in technical


async def test_other_words_need_no_other_version_and_a_view_without_names_is_refused(
    database_url: str, tmp_path: Path
) -> None:
    plain = [indicator("x", "lots")]
    await asyncio.to_thread(apply_city, write_city(tmp_path, [LOTS], plain), database_url)
    worded = {**LOTS, "words": {"says": WORDS["says"]}}
    await asyncio.to_thread(apply_city, write_city(tmp_path, [worded], plain), database_url)
    nameless = {"view": "parking.v1_lot", "part": "lot_id", "name": "called"}
    broken = write_city(tmp_path, [{**LOTS, "words": {"part_names": nameless}}], plain)
    with pytest.raises(CityError, match=r"framework\.yaml:\d+: .*there is no column called"):
        await asyncio.to_thread(apply_city, broken, database_url)
