# SPDX-License-Identifier: EUPL-1.2
"""What is told of computed values: over HTTP, as events, in the view, on the command line."""

from __future__ import annotations

import asyncio
import html
import threading
import time
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx
import orjson
import paho.mqtt.subscribe as mqtt
import psycopg
import pytest
from typer.testing import CliRunner

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_and_retire, apply_city
from kpi_aggregator.commands import app as commands
from kpi_aggregator.computing.run import compute
from kpi_aggregator.settings import Settings
from stadttakt_messages.envelope import CloudEvent
from stadttakt_messages.notices import IndicatorValue
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.asking import Ask, asker
from support.http_app import in_process
from support.indicators import LOTS, ZONE, fill_lot, indicator, libpq, write_city
from support.service import running, wait_for

BERLIN = ZoneInfo(ZONE)
NOW = datetime(2026, 11, 26, 4, tzinfo=BERLIN)
AIMED = {
    "baseline": {"value": 90, "at": "2026-01-01", "source": "Zählung 2025"},
    "target": {"value": 40, "at": "2026-12-31"},
    "direction": "down",
}


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, tzinfo=BERLIN)


@pytest.fixture
async def http(database_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    fill_lot(database_url, "north", at(9, 1), at(11, 26), 10, 20, 20)
    fill_lot(database_url, "south", at(9, 1), at(11, 26), 60, 70, 80)
    indicators = [indicator("x", "lots", **AIMED), indicator("hidden", "lots", public=False)]
    await asyncio.to_thread(apply_city, write_city(tmp_path, [LOTS], indicators), database_url)
    app = create_app(Settings())
    async with Database.open(database_url, schema="kpi") as database:
        await compute(database, NOW)
        attach_database(app, database)
        async with in_process(app) as client:
            yield client


@pytest.fixture
def ask(http: httpx.AsyncClient, database_url: str) -> Ask:
    return asker(http, database_url)


async def test_the_baseline_is_told_with_its_day_and_source(
    http: httpx.AsyncClient, database_url: str
) -> None:
    told = {"value": 90, "at": "2026-01-01", "demo": False, "source": "Zählung 2025"}
    assert (await http.get("/v1/indicators/x")).json()["baseline"] == told
    page = html.unescape((await http.get("/kennzahl/x")).text)
    assert '90 <span lang="de">%</span> (01.01.2026), Quelle:' in page.replace("90,0", "90")
    with psycopg.connect(libpq(database_url)) as connection:
        asked = (
            "select baseline, baseline_at, baseline_source, baseline_made_up, period"
            " from kpi.v1_indicator"
        )
        assert connection.execute(asked).fetchall() == [
            (90, date(2026, 1, 1), "Zählung 2025", False, "month")
        ]


async def test_values_are_told_with_completeness_confidence_and_name(
    http: httpx.AsyncClient,
) -> None:
    items = (await http.get("/v1/indicators/x/values?from=2026-10-01&to=2026-11-01")).json()
    (october,) = items["items"]
    assert october["value"] == pytest.approx(100 * 70 / 90)
    assert (october["name"], october["completeness"]) == ("2026-10", pytest.approx(0.9))
    assert (october["confidence"], october["provisional"]) == ("medium", False)
    assert october["note"]["de"] == "beruht auf 90 % der Daten"
    weeks = (await http.get("/v1/indicators/x/values?period=week")).json()["items"]
    assert weeks[0]["name"] == "2026-W36"
    year = (await http.get("/v1/indicators/x/values?period=year")).json()["items"][0]
    assert (year["value"], year["reason"]["code"]) == (None, "incomplete")
    assert year["reason"]["de"] == "zu wenige Daten"
    assert (await http.get("/v1/indicators/hidden/values")).status_code == 404


async def test_explanation_tells_formula_days_parts_and_each_change(
    http: httpx.AsyncClient, database_url: str
) -> None:
    fill_lot(database_url, "north", at(10, 5), at(10, 6), 20, 20, 20)
    async with Database.open(database_url, schema="kpi") as database:
        await compute(database, NOW)
    found = (await http.get("/v1/indicators/x/explanation?period=2026-10")).json()
    assert "Summe (occupied_places)" in found["formula"]["words"]["de"]
    assert len(found["days"]) == 31
    parts = {part["part"]: part["value"] for part in found["parts"]}
    assert parts["south"] == pytest.approx(100 * 60 / 70)
    first, second = found["causes"]
    assert (first["de"], second["de"]) == ("erste Berechnung", "verspätete oder berichtigte Daten")
    assert second["days"] == ["2026-10-05"]
    assert found["value"]["value"] == second["value"] > first["value"]
    for period in ("2026-13", "9999", "9999-W52", "0000-01"):
        wrong = await http.get(f"/v1/indicators/x/explanation?period={period}")
        assert (wrong.status_code, wrong.json()["code"]) == (422, "validation_failed")
    assert (await http.get("/v1/indicators/hidden/explanation?period=2026")).status_code == 404


async def test_scorecard_is_held_against_the_framework_that_held_then(
    http: httpx.AsyncClient, ask: Ask, database_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(libpq(database_url), autocommit=True) as connection:
        connection.execute("update kpi.framework_version set applied_at = '2026-11-01Z'")
        connection.execute("update kpi.computed_value set computed_at = '2026-11-10Z'")
    renamed = [indicator("x", "lots", **AIMED, title={"de": "Neu", "en": "New"})]
    await asyncio.to_thread(apply_and_retire, write_city(tmp_path, [LOTS], renamed), database_url)
    today = (await http.get("/v1/scorecard")).json()
    (line,) = today["mehrwerte"][0]["indicators"]
    assert (line["title"]["de"], today["framework_version"]) == ("Neu", 2)
    assert line["value"]["name"] == "2026-10"
    assert (line["light"], line["missing"]) == ("red", None)
    assert "hinter dem Zielpfad" in line["rule"]["de"]
    assert "Zehntel" in today["traffic_light"]["de"]
    then = (await http.get("/v1/scorecard?as_of=2026-11-15")).json()
    (line,) = then["mehrwerte"][0]["indicators"]
    assert (line["title"]["de"], then["framework_version"]) == ("x", 1)
    early = (await http.get("/v1/scorecard?as_of=2026-11-05")).json()
    assert early["mehrwerte"][0]["indicators"][0]["value"] is None
    everything = await ask("GET", "/v1/scorecard?as_of=2026-11-15", "kpi:write")
    assert len(everything.json()["mehrwerte"][0]["indicators"]) == 2


async def test_what_is_hidden_now_is_not_told_of_then(
    http: httpx.AsyncClient, database_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(libpq(database_url), autocommit=True) as connection:
        connection.execute("update kpi.framework_version set applied_at = '2026-11-01Z'")
    hidden = [indicator("x", "lots", public=False)]
    await asyncio.to_thread(apply_and_retire, write_city(tmp_path, [LOTS], hidden), database_url)
    then = (await http.get("/v1/scorecard?as_of=2026-11-15")).json()
    assert then["framework_version"] == 1
    assert then["mehrwerte"][0]["indicators"] == []


async def test_view_tells_public_values_alone(http: httpx.AsyncClient, database_url: str) -> None:
    with psycopg.connect(libpq(database_url), autocommit=True) as connection:
        rows = connection.execute(
            "select distinct indicator_id from kpi.v1_indicator_value"
        ).fetchall()
        october = connection.execute(
            "select value, completeness, confidence, provisional from kpi.v1_indicator_value"
            " where period = 'month' and period_start = '2026-10-01'"
        ).fetchone()
    assert rows == [("x",)]
    assert october == (pytest.approx(100 * 70 / 90), pytest.approx(0.9), "medium", False)


async def test_commands_compute_and_explain(http: httpx.AsyncClient, database_url: str) -> None:
    def run(*arguments: str) -> Any:
        return CliRunner().invoke(
            commands, [*arguments, "--database-url", database_url], catch_exceptions=False
        )

    dry = await asyncio.to_thread(
        run, "compute", "--from", "2026-10-01", "--to", "2026-10-03", "--dry-run", "--json"
    )
    said = orjson.loads(dry.stdout)
    assert (dry.exit_code, said["dry_run"], said["formulas"]) == (0, True, 1)
    explained = await asyncio.to_thread(run, "explain", "x", "2026-10")
    assert explained.exit_code == 0
    for part in ("77.7778 %", "beruht auf 90 % der Daten", "erste Berechnung", "north"):
        assert part in explained.stdout
    for wrong in (
        ("explain", "nothing", "2026"),
        ("explain", "x", "26"),
        ("compute", "--from", "gestern"),
        ("compute", "--from", "2026-10-03", "--to", "2026-10-01"),
    ):
        refused = await asyncio.to_thread(run, *wrong)
        assert refused.exit_code == 1
        assert "Traceback" not in refused.output


def test_service_computes_by_itself_and_tells_the_broker(
    database_url: str, mqtt_url: str, tmp_path: Path
) -> None:
    yesterday = datetime.now(BERLIN).date() - timedelta(days=1)
    begin = datetime(yesterday.year, yesterday.month, yesterday.day, tzinfo=BERLIN)
    fill_lot(database_url, "lot", begin - timedelta(days=3), begin, 5, 20, 20)
    daily = [indicator("daily", "lots", period="day")]
    apply_city(write_city(tmp_path, [LOTS], daily), database_url)
    heard: list[bytes] = []
    address = urlsplit(mqtt_url)

    def listen() -> None:
        messages = mqtt.simple(
            "takt/v1/event/kpi/daily",
            qos=1,
            msg_count=3,
            hostname=address.hostname or "",
            port=address.port or 0,
            retained=False,
        )
        heard.extend(message.payload for message in messages)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    time.sleep(1)
    settings = {"STADTTAKT_DATABASE_URL": database_url, "STADTTAKT_MQTT_URL": mqtt_url}
    with running("kpi_aggregator", **settings) as client:
        wait_for(client, "/ready", 200)
        listener.join(30)
        values = client.get("/v1/indicators/daily/values").json()["items"]
        assert client.get("/v1/alerts").status_code == 401
    events = [CloudEvent[IndicatorValue].model_validate_json(each) for each in heard]
    assert [event.data.value for event in events] == [25, 25, 25]
    assert {event.type for event in events} == {"city.stadttakt.indicator-value.v1"}
    assert [event.data.period_start for event in events] == [
        date.fromisoformat(each["period_start"]) for each in values[:3]
    ]
