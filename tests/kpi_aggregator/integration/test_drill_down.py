# SPDX-License-Identifier: EUPL-1.2
"""From an indicator without a value down to what there is of it, and why that is too little."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import psycopg
import pytest

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.computing.run import compute
from kpi_aggregator.settings import Settings
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.http_app import in_process
from support.indicators import LOTS, ZONE, fill_lot, indicator, libpq, write_city

OPTION = re.compile(r'<option value="([^"]+)"( selected)?>([^<]+)</option>')
PLACES = {
    **{name: LOTS[name] for name in ("view", "time", "by")}, "formula": "quiet", "version": 1,
    "unit": "Plätze", "aggregation": "sum", "measure": "occupied_places", "quiet_days": "zero",
}  # fmt: skip
SINCE = {**LOTS, "formula": "since", "since": "2026-10-06"}


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, tzinfo=ZoneInfo(ZONE))


@pytest.fixture
async def http(database_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a service that knows September, ten days of October and five of November."""
    for begin, end in ((at(9, 1), at(10, 11)), (at(11, 1), at(11, 6))):
        fill_lot(database_url, "north", begin, end, 10, 20, 20)
    indicators = [
        indicator("x", "lots", direction="down", baseline={"value": 90, "at": "2026-01-01"},
                  target={"value": 40, "at": "2026-12-31"}),
        indicator("s", "since"),
        indicator("q", "quiet", unit="Plätze", maximum=None),
    ]  # fmt: skip
    city = write_city(tmp_path, [LOTS, SINCE, PLACES], indicators)
    await asyncio.to_thread(apply_city, city, database_url)
    app = create_app(Settings())
    async with Database.open(database_url, schema="kpi") as database:
        await compute(database, at(11, 6).replace(hour=4))
        attach_database(app, database)
        async with in_process(app) as client:
            yield client


async def test_the_newest_period_that_is_over_is_shown_though_it_has_no_value(
    http: httpx.AsyncClient,
) -> None:
    text = unescape((await http.get("/kennzahl/x")).text)
    assert '<h2 id="now">Oktober 2026</h2>' in text
    assert '<p class="figure is-missing">zu wenige Daten</p>' in text
    for said in ("Summe (occupied_places)", "Tage (10)", "erste Berechnung: zu wenige Daten"):
        assert said in text, said
    for wrong in ("liegen keine Daten vor", "noch nichts berichtet", "noch kein Wert"):
        assert wrong not in text, wrong


async def test_periods_without_a_value_and_the_running_one_can_be_chosen(
    http: httpx.AsyncClient,
) -> None:
    options = OPTION.findall((await http.get("/kennzahl/x")).text)
    assert options[:3] == [
        ("2026-11", "", "November 2026 (läuft noch)"),
        ("2026-10", " selected", "Oktober 2026 (zu wenige Daten)"),
        ("2026-09", "", "September 2026"),
    ]
    english = OPTION.findall((await http.get("/kennzahl/x?zeitraum=2026-11&lang=en")).text)
    assert english[0] == ("2026-11", " selected", "November 2026 (not over yet)")


async def test_years_quarters_weeks_and_days_are_chosen_at_the_page_and_its_course_follows(
    http: httpx.AsyncClient,
) -> None:
    text = unescape((await http.get("/kennzahl/x?zeitraum=2026-W37")).text)
    assert re.findall(r'<optgroup label="(\w+)"', text) == [
        "Monate", "Jahre", "Quartale", "Wochen", "Tage",
    ]  # fmt: skip
    options = OPTION.findall(text)
    assert [name for name, selected, _ in options if selected] == ["2026-W37"]
    names = [name for name, _, _ in options]
    assert {"2026", "2026-Q3", "2026-W37", "2026-11-05"} <= set(names)
    assert sum(len(name) == len("2026-11-05") for name in names) == 25
    assert '<h2 id="course">Verlauf: Wochen</h2>' in text
    rows = text.partition('id="course-table"')[2].partition("</table>")[0]
    # Five whole weeks, the one with six of seven days, none of the days without data.
    assert re.findall(r'<th scope="row">([^<]+)</th>', rows)[-1] == "Woche ab 31.08.2026"
    assert len(
        re.findall(r"<rect", text.partition('class="chart"')[2].partition("</svg>")[0])
    ) == len(re.findall(r'<th scope="row">', rows))
    assert "Tage (7)" in text
    own = unescape((await http.get("/kennzahl/x")).text)
    assert '<h2 id="course">Verlauf</h2>' in own
    # The target is of months: what a week should be it does not say.
    assert ("gestrichelt" in own, "gestrichelt" in text) == (True, False)


async def test_a_running_period_of_a_simulation_says_so_though_it_has_no_course(
    http: httpx.AsyncClient, database_url: str
) -> None:
    assert "Simulierte Daten" not in (await http.get("/kennzahl/x?zeitraum=2026")).text
    with psycopg.connect(libpq(database_url)) as connection:
        connection.execute("update kpi.computed_value set simulated = true")
    year = (await http.get("/kennzahl/x?zeitraum=2026")).text
    assert '<th scope="row">' not in year.partition('id="course-table"')[2].partition("</table>")[0]
    assert "Simulierte Daten" in year


@pytest.mark.parametrize(
    ("indicator_id", "period", "value", "share"),
    [
        ("x", "2026-09", 50, 1),
        ("x", "2026-10", None, 10 / 31),
        ("x", "2026-11", 50, 1),
        ("x", "2026-W41", 50, 6 / 7),
        ("s", "2026-10", None, 5 / 26),
        ("q", "2026-10", 10 * 96 * 10, 1),
    ],
)
async def test_a_part_alone_is_told_as_the_whole_that_it_is(
    http: httpx.AsyncClient,
    indicator_id: str,
    period: str,
    value: float | None,
    share: float,
) -> None:
    path = f"/v1/indicators/{indicator_id}/explanation?period={period}"
    found = (await http.get(path)).json()
    (part,) = found["parts"]
    assert part["completeness"] == pytest.approx(share)
    assert part["completeness"] == pytest.approx(found["value"]["completeness"])
    assert part["value"] == found["value"]["value"] == (value and pytest.approx(value))
