# SPDX-License-Identifier: EUPL-1.2
"""Links to indicators are told by their titles and checked against those that the KPI aggregator has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from kpi_aggregator.city.apply import apply_city as apply_kpi
from kpi_aggregator.commands import app as kpi
from support.asking import Ask, asker
from support.effects import enter_values
from support.ideas import ANY, HALLE, WHY, registry
from support.staff_pages import Staff, logged_in
from support.undertakings import FULL

NEW = "/intern/massnahmen/neu/teilprojekt"
FORM: dict[str, Any] = {
    "undertaking_id": "smarte-haltestelle",
    "title.de": "Smarte Haltestelle",
    "title.en": "Smart stop",
    "summary.de": "Anzeigen an Haltestellen.",
    "summary.en": "Displays at stops.",
    "reifegrad": "idee",
    "state": "geplant",
    "priority": "A",
    "handlungsfelder": "mobilitaet",
    "measures": "integrierte-mobilitaet",
    "budget.frame_eur": "1.500.000,00",
    **WHY,
}


@pytest.fixture
async def http(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with registry(database_url) as (client, _):
        yield client


@pytest.fixture
async def editor(http: httpx.AsyncClient, database_url: str) -> Staff:
    return await logged_in(http, database_url, "registry:write")


def linked(*names: str) -> dict[str, Any]:
    links = [{"indicator_id": each} for each in names]
    return {"measure": {**FULL, "indicators": links}, **WHY}


async def test_an_indicator_without_values_is_told_by_its_title(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    made = await ask("POST", "/v1/measures", "registry:write", json=linked("modal-split"))
    assert made.status_code == 201, made.text
    away = (await http.get("/massnahme/voll")).text
    assert "<h3>modal-split</h3>" in away
    await asyncio.to_thread(enter_values, database_url)
    page = (await http.get("/massnahme/voll")).text
    assert "<h3>Modal Split</h3>" in page
    assert "modal-split" not in page
    assert "<h3>Modal split</h3>" in (await http.get("/massnahme/voll?lang=en")).text
    (item,) = (await http.get("/v1/measures/voll/effect")).json()["items"]
    assert (item["title"]["de"], item["reason"]) == ("Modal Split", "no_values")


async def test_a_link_to_no_indicator_is_refused_and_named(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    before = await ask("POST", "/v1/measures", "registry:write", json=linked("noch-ungeprueft"))
    assert before.status_code == 201, before.text
    await asyncio.to_thread(enter_values, database_url)
    body = linked("noch-ungeprueft", "modal-split", "gibt-es-nicht")
    refused = await ask("PUT", "/v1/measures/voll", "registry:write", json=body, headers=ANY)
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["field"]) == (422, "indicators")
    assert error["detail"] == "there is no public indicator gibt-es-nicht"
    body = linked("noch-ungeprueft", "modal-split")
    kept = await ask("PUT", "/v1/measures/voll", "registry:write", json=body, headers=ANY)
    assert kept.status_code == 200, kept.text


async def test_an_editor_makes_a_sub_project_at_a_page(
    http: httpx.AsyncClient, editor: Staff, database_url: str
) -> None:
    await asyncio.to_thread(enter_values, database_url)
    page = await editor.get(NEW)
    assert '<option value="modal-split">Modal Split</option>' in page.text
    wrong = {**FORM, "undertaking_id": "Smarte Haltestelle", "indicators-0-indicator_id": "nichts"}
    refused = await editor.send(NEW, form=wrong)
    assert refused.status_code == 422
    assert "Kennung: 1 bis 80 kleine Buchstaben" in refused.text
    assert "Kennzahl 1, Kennung der Kennzahl: „nichts“ ist keine öffentliche Kennzahl" in refused.text  # fmt: skip
    assert 'value="Smarte Haltestelle"' in refused.text
    made = await editor.send(NEW, form={**FORM, "indicators-0-indicator_id": "modal-split"})
    assert made.status_code == 303, made.text
    assert "Angelegt." in (await editor.get(made.headers["location"])).text
    told = (await http.get("/v1/subprojects/smarte-haltestelle")).json()
    assert (told["priority"], told["measures"]) == ("A", ["integrierte-mobilitaet"])
    assert told["budget"]["frame_eur"] == 1_500_000
    again = await editor.send(NEW, form=FORM)
    assert again.status_code == 409
    assert "gibt es schon" in again.text
    assert "Displays at stops." in again.text


async def test_a_measure_touches_two_fields_and_raters_make_none(
    http: httpx.AsyncClient, editor: Staff, database_url: str
) -> None:
    path = "/intern/massnahmen/neu/massnahme"
    one = await editor.send(path, form=FORM)
    assert (one.status_code, "Handlungsfelder" in one.text) == (422, True)
    two = {**FORM, "handlungsfelder": ["mobilitaet", "bildung"]}
    made = await editor.send(path, form=two)
    assert made.headers["location"] == "/intern/massnahme/smarte-haltestelle?getan=angelegt"
    unchecked = await editor.send(
        path, form={**two, "undertaking_id": "zweite", "indicators-0-indicator_id": "nichts"}
    )
    told = await editor.get(unchecked.headers["location"])
    assert "konnte nicht geprüft werden" in told.text
    rater = await logged_in(http, database_url, "registry:rate")
    assert (await rater.get(path)).status_code == 403
    assert (await editor.get("/intern/massnahmen/neu/haus")).status_code == 404


@pytest.fixture
def ask(http: httpx.AsyncClient, database_url: str) -> Ask:
    return asker(http, database_url)


ADDRESS = "https://stadt.example"


@pytest.mark.parametrize(
    ("portal", "said"),
    [
        (f"{ADDRESS}/", f'href="{ADDRESS}/kpi/erfassen"'),
        ("", "die Adresse des Portals, dahinter /kpi/erfassen"),
    ],
)
async def test_where_values_are_lacking_the_page_says_where_they_are_entered(
    database_url: str, portal: str, said: str
) -> None:
    async with registry(database_url, portal_url=portal) as (client, _):
        page = (await client.get("/massnahme/integrierte-mobilitaet")).text
    assert ("Es gibt noch keine Werte dieser Kennzahl." in page, said in page) == (True, True)


async def test_the_demonstration_shows_effects_since_halle_s_pilot_and_says_that_they_are_made_up(
    database_url: str,
) -> None:
    await asyncio.to_thread(apply_kpi, HALLE, database_url)
    arguments = ["demo", str(HALLE / "demo/indicators.csv"), "--database-url", database_url]
    assert (await asyncio.to_thread(CliRunner().invoke, kpi, arguments)).exit_code == 0
    async with registry(database_url) as (client, _):
        for path in ("measures/smart-field", "subprojects/dr-data"):
            items = (await client.get(f"/v1/{path}/effect")).json()["items"]
            shown = [each for each in items if each["reason"] is None]
            assert shown, path
            for each in shown:
                assert each["effective_on"] == "2023-07-01"
                before = each["before"]["values"]
                assert before
                assert all(value["simulated"] for value in before)
        page = (await client.get("/massnahme/smart-field")).text
    assert "zur Vorführung erfunden" in page
