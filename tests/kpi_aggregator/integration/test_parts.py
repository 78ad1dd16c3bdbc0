# SPDX-License-Identifier: EUPL-1.2
"""Groups of a value and the policy of its indicator, everywhere where values are told."""

from __future__ import annotations

import asyncio
import csv
import io
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio
import yaml

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.settings import Settings
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.asking import Ask, asker
from support.http_app import in_process
from support.indicators import indicator, libpq, write_city

pytestmark = pytest.mark.asyncio(loop_scope="module")
AGES = {
    "jung": {"de": "unter 30 Jahren", "en": "under 30"},
    "alt": {"de": "ab 30 Jahren", "en": "30 on"},
}
SURVEY = {"source": "survey", "period": "year", "unit": "Personen", "whole": True, "maximum": None,
          "groups": ["jung", "alt", "ohne"], "group_titles": AGES}  # fmt: skip


def entered(indicator_id: str, **more: Any) -> dict[str, Any]:
    found = {**indicator(indicator_id, "none", **SURVEY), **more}
    del found["formula"]
    return found


INDICATORS = [
    entered("open"),
    entered("careful", publication={"fields": [], "least_count": 40}),
    entered("parts-alone", publication={"fields": ["parts"], "least_count": 40}),
    entered("late", publication={"delay_days": 3660}),
    entered("few", publication={"least_count": 200}),
]
PARTS = {"jung": 80, "alt": 40, "ohne": 30}
REPORT = {
    "report_id": "all", "title": {"de": "Bericht", "en": "Report"}, "public": True, "version": 1,
    "recipient": {"de": "Ausschuss", "en": "Committee"}, "every": "year", "due_days": 5,
}  # fmt: skip
World = tuple[httpx.AsyncClient, Ask, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    url, folder = shared_database_url, tmp_path_factory.mktemp("city")
    write_city(folder, [], INDICATORS)
    (folder / "kpi/reports.yaml").write_text(yaml.safe_dump({"reports": [REPORT]}))
    await asyncio.to_thread(apply_city, Path(folder), url)
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        connection.execute("update kpi.framework_version set applied_at = '2024-01-01Z'")
    app = create_app(Settings())
    async with Database.open(url, schema="kpi") as database:
        attach_database(app, database)
        async with in_process(app) as client:
            ask = asker(client, url)
            for each in INDICATORS:
                await enter(ask, each["indicator_id"])
            yield client, ask, url


async def enter(ask: Ask, indicator_id: str, **changes: Any) -> httpx.Response:
    body = {
        "period": "year", "period_start": "2025-01-01", "value": 150, "source": "Umfrage",
        "source_date": "2026-01-15", "author_role": "Sachbearbeitung", "group_size": 150,
        "evidence": "https://example.org/umfrage", "parts": PARTS, **changes,
    }  # fmt: skip
    proposed = await ask("POST", f"/v1/indicators/{indicator_id}/values", "kpi:write", json=body)
    if proposed.status_code == 201:
        path = f"/v1/values/{proposed.json()['value_id']}:approve"
        note = {"note": "geprüft", "role": "Leitung"}
        assert (await ask("POST", path, "kpi:approve", json=note)).status_code == 200
    return proposed


async def test_a_day_to_come_tells_nobody_what_is_held_back_until_then(world: World) -> None:
    client, ask, _ = world
    refused = await client.get("/v1/scorecard?as_of=2099-12-31")
    (wrong,) = refused.json()["errors"]
    assert (refused.status_code, wrong["field"], wrong["code"]) == (422, "as_of", "out_of_range")
    assert (await ask("GET", "/v1/scorecard?as_of=2099-12-31", "kpi:write")).status_code == 422
    (line,) = (
        each
        for mehrwert in (await client.get("/v1/scorecard")).json()["mehrwerte"]
        for each in mehrwert["indicators"]
        if each["indicator_id"] == "late"
    )
    assert (line["value"], line["causes"]) == (None, [])


TOLD = {
    # value, parts, evenness is told, source, evidence
    "open": (150, PARTS, True, "Umfrage", "https://example.org/umfrage"),
    "careful": (150, None, False, None, None),
    "parts-alone": (150, {"jung": 80}, False, None, None),
    "few": (None, None, False, "Umfrage", "https://example.org/umfrage"),
}


async def test_everybody_is_told_what_the_policy_allows_and_staff_all(world: World) -> None:
    client, ask, _ = world
    for indicator_id, (value, parts, even, source, evidence) in TOLD.items():
        path = f"/v1/indicators/{indicator_id}/values"
        (found,) = (await client.get(path)).json()["items"]
        assert (found["value"], found["parts"]) == (value, parts), indicator_id
        assert (found["source"], found["evidence"]) == (source, evidence)
        assert (found["evenness"] is not None) is even
        explained = await client.get(f"/v1/indicators/{indicator_id}/explanation?period=2025")
        assert (explained.json()["value"] or {"value": None})["value"] == value
        (staff,) = (await ask("GET", path, "kpi:write")).json()["items"]
        assert (staff["value"], staff["parts"], staff["source"]) == (150, PARTS, "Umfrage")
        # ln 3 is the most that three groups can have
        assert staff["evenness"] == pytest.approx(0.9190, abs=1e-4)
    assert (await client.get("/v1/indicators/late/values")).json()["items"] == []
    about = (await client.get("/v1/indicators/careful")).json()
    assert about["publication"] == {
        "fields": [],
        "delay_days": 0,
        "least_count": 40,
        "least_period": None,
        "decimals": None,
    }
    assert about["group_titles"]["jung"]["de"] == "unter 30 Jahren"


async def test_scorecard_and_pages_tell_the_same(world: World) -> None:
    client, ask, _ = world
    card = (await client.get("/v1/scorecard")).json()["mehrwerte"][0]["indicators"]
    lines = {line["indicator_id"]: line for line in card}
    for indicator_id, (value, parts, *_) in TOLD.items():
        told = lines[indicator_id]["value"]
        assert (told and told["value"], told and told["parts"]) == (value, parts), indicator_id
    assert lines["few"]["missing"]["code"] == "small_count"
    assert lines["late"]["value"] is None
    staff = (await ask("GET", "/v1/scorecard", "kpi:write")).json()["mehrwerte"][0]["indicators"]
    assert {line["value"]["value"] for line in staff} == {150}
    page = (await client.get("/kennzahl/open?zeitraum=2025")).text
    assert "unter 30 Jahren" in page
    assert "Vielfalt: 0,92" in page
    for indicator_id in ("careful", "few", "late"):
        page = (await client.get(f"/kennzahl/{indicator_id}?zeitraum=2025")).text
        assert "unter 30 Jahren" not in page


async def test_view_and_events_tell_the_same(world: World) -> None:
    _, _, url = world
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        rows = connection.execute(
            "select indicator_id, value, parts, evenness, reason from kpi.v1_indicator_value"
        ).fetchall()
        events = connection.execute("select indicator_id, body from kpi.value_event").fetchall()
    told = {row[0]: row[1:] for row in rows}
    assert told.keys() == TOLD.keys()
    for indicator_id, (value, parts, even, *_) in TOLD.items():
        found = told[indicator_id]
        assert (found[0], found[1], found[2] is not None) == (value, parts, even), indicator_id
    assert told["open"][2] == pytest.approx(0.9190, abs=1e-4)
    assert told["few"][3] == "small_count"
    sent = dict(events)
    assert (sent["open"]["parts"], sent["open"]["evenness"]) == (
        PARTS,
        pytest.approx(0.9190, abs=1e-4),
    )
    assert "parts" not in sent["careful"]
    assert sent["parts-alone"]["parts"] == {"jung": 80}
    assert (sent["few"]["value"], sent["late"]["public"]) == (None, False)


async def test_reports_tell_groups_in_german_and_csv_their_ids(world: World) -> None:
    client, ask, _ = world
    order = {"json": {"period": "2025"}}
    assert (await ask("POST", "/v1/reports/all/editions", "kpi:write", **order)).status_code == 201
    page = (await client.get("/v1/reports/all?period=2025")).text
    assert (
        "unter 30 Jahren: 80\u00a0Personen; ab 30 Jahren: 40\u00a0Personen; ohne: 30\u00a0Per"
        in page
    )
    assert "Vielfalt: 0,92" in page
    text = (await client.get("/v1/reports/all?period=2025&format=csv")).text
    lines = {line["indicator_id"]: line for line in csv.DictReader(io.StringIO(text))}
    assert lines["open"]["parts"] == "jung=80|alt=40|ohne=30"
    assert float(lines["open"]["evenness"]) == pytest.approx(0.9190, abs=1e-4)
    assert (lines["parts-alone"]["parts"], lines["careful"]["parts"]) == ("jung=80", "")
    assert (lines["few"]["value"], lines["late"]["value"]) == ("", "")
    assert "Ersterfassung" in page
    for english in ("first entry", "CSV import"):
        assert english not in page


async def test_what_is_hidden_is_named_on_page_and_paper(world: World) -> None:
    client, ask, _ = world
    path = "/v1/indicators/parts-alone/values"
    told = (await client.get(path)).json()["items"][0]
    assert (told["parts"], told["hidden_parts"]) == ({"jung": 80}, ["alt", "ohne"])
    staff = (await ask("GET", path, "kpi:write")).json()["items"][0]
    assert (staff["parts"], staff["hidden_parts"]) == (PARTS, [])
    careful = (await client.get("/v1/indicators/careful/values")).json()["items"][0]
    assert careful["hidden_parts"] == [], "of parts that are not told at all nothing is told"
    page = (await client.get("/kennzahl/parts-alone?zeitraum=2025")).text
    assert page.count("zu wenige, nicht veröffentlicht") == 2
    assert "ab 30 Jahren" in page
    order = {"json": {"period": "2025"}}
    assert (await ask("POST", "/v1/reports/all/editions", "kpi:write", **order)).status_code == 201
    paper = (await client.get("/v1/reports/all?period=2025")).text
    assert "80\u00a0Personen; ab 30 Jahren: zu wenige, nicht veröffentlicht; ohne: zu" in paper


async def test_a_correction_of_a_few_persons_is_refused(world: World) -> None:
    _, ask, _ = world
    later = partial(enter, ask, "careful", cause="Nachmeldung")
    few = await later(value=153, group_size=153, parts={**PARTS, "jung": 83})
    assert few.status_code == 422
    assert {each["code"] for each in few.json()["errors"]} == {"difference_too_small"}
    more = await later(value=160, group_size=160, parts={**PARTS, "jung": 90})
    assert more.status_code == 201
    line = "indicator_id,period,period_start,value,source,source_date,group_size\n"
    body = f"{line}careful,year,2025-01-01,163,Umfrage,2026-01-15,163\n".encode()
    options = {"content": body, "headers": {"content-type": "text/csv"}}
    refused = await ask("POST", "/v1/values:import?author_role=Erfassung", "kpi:write", **options)
    assert refused.json()["errors"][0]["code"] == "difference_too_small"


async def test_two_that_wait_are_not_both_approved_where_the_second_would_show_a_few(
    world: World,
) -> None:
    _, ask, _ = world
    path = "/v1/indicators/careful/values"
    body = {"period": "year", "period_start": "2024-01-01", "source": "Umfrage",
            "source_date": "2026-01-15", "author_role": "Sachbearbeitung"}  # fmt: skip
    proposed = [
        await ask("POST", path, "kpi:write", json={**body, "value": number, "group_size": number})
        for number in (100, 101)
    ]
    assert [each.status_code for each in proposed] == [201, 201]
    waiting = [each.json()["value_id"] for each in proposed]
    verdict = {"note": "geprüft", "role": "Leitung"}
    first, second = [
        await ask("POST", f"/v1/values/{each}:approve", "kpi:approve", json=verdict)
        for each in waiting
    ]
    assert first.status_code == 200
    assert (second.status_code, second.json()["code"]) == (409, "difference_too_small")
    rejected = await ask("POST", f"/v1/values/{waiting[1]}:reject", "kpi:approve", json=verdict)
    assert rejected.json()["state"] == "rejected"
