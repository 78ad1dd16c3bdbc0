"""Halle's framework on the views that the services really have."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest

from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.computing.run import compute
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.storage import computed
from stadttakt_runtime.database import Database
from support.indicators import ZONE, libpq

HALLE = Path(__file__).parents[3] / "deploy/cities/halle"
USED = """
insert into opendata.published_dataset (dataset_id, published_since)
select each, '2026-01-01Z' from unnest(array['lots', 'bays', 'stays', 'hours']) as each;
insert into opendata.usage_day (day, kind, subject, client, requests) values
    ('2026-10-01', 'feed', 'siri-vm', 'app', 100),
    ('2026-10-15', 'feed', 'siri-vm', 'browser', 20),
    ('2026-10-15', 'feed', 'parkapi-sites', 'robot', 5000),
    ('2026-10-02', 'page', '/', 'browser', 900),
    ('2026-10-02', 'dataset', 'lots', 'script', 3),
    ('2026-10-20', 'dataset', 'bays', 'robot', 70);
"""


def test_every_formula_finds_its_view_and_its_columns(database_url: str) -> None:
    notes = apply_city(HALLE, database_url)
    assert [note for note in notes if "there is no" in note] == []
    with psycopg.connect(libpq(database_url)) as connection:
        told = connection.execute(
            "select definition -> 'leitsaetze' from kpi.indicator where indicator_id = 'zufriedenheit'"
        ).fetchone()
    (leitsatz,) = (told or ([],))[0]
    assert (leitsatz["leitsatz"], "Vertrauen" in leitsatz["title"]["de"]) == ("vertrauen", True)


async def test_use_of_information_and_of_data_come_from_the_publishers_counts(
    database_url: str,
) -> None:
    with psycopg.connect(libpq(database_url), autocommit=True) as connection:
        connection.execute(USED)
    await asyncio.to_thread(apply_city, HALLE, database_url)
    async with Database.open(database_url, schema="kpi") as database:
        await compute(database, datetime(2026, 11, 2, 4, tzinfo=ZoneInfo(ZONE)))
        async with database.connection() as connection:
            found = await computed.holding(
                connection,
                ["nutzung-der-mobilitaetsinformationen", "nutzungsgrad-von-daten"],
                period=Period.MONTH,
                start=date(2026, 10, 1),
                end=date(2026, 11, 1),
            )
    assert {each.indicator_id: each.value for each in found} == {
        "nutzung-der-mobilitaetsinformationen": 120,
        "nutzungsgrad-von-daten": pytest.approx(25),
    }
