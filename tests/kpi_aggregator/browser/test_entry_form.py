# SPDX-License-Identifier: EUPL-1.2
"""The form for values and the cards to decide on in a real browser: what is of one value stays there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from playwright.async_api import Page, expect

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.settings import Settings
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.accessibility import violations
from support.asking import mint_key
from support.browser import chromium
from support.http_app import served
from support.indicators import indicator, libpq, write_city

TITLES = {"jung": {"de": "bis 29", "en": "to 29"}, "alt": {"de": "ab 30", "en": "30 on"}}
ASKED = indicator(
    "asked", "none", source="survey", period="year", unit="Personen", whole=True, maximum=None,
    groups=["jung", "alt"], group_titles=TITLES, title={"de": "Befragte Personen", "en": "Asked"},
)  # fmt: skip
GRADES = indicator(
    "grades", "none", source="survey", period="year", unit="Note", minimum=1, maximum=6,
    mean_groups=["jung", "alt"], group_titles=TITLES, title={"de": "Zufriedenheit", "en": "Grades"},
)  # fmt: skip
LIST = indicator(
    "list", "none", source="manual", period="year", unit="Formate", whole=True, maximum=None,
    title={"de": "Formate", "en": "Events"},
)  # fmt: skip
for each in (ASKED, GRADES, LIST):
    del each["formula"]
LINK = "https://example.org/umfrage-2024.pdf"
EMPTIED = "galten für die vorige Auswahl und sind geleert"


@dataclass
class Site:
    http: httpx.AsyncClient
    url: str
    author: str
    approver: str
    folder: Path

    @property
    def address(self) -> str:
        return str(self.http.base_url).rstrip("/")

    async def enter(self, indicator_id: str, **changes: Any) -> int:
        body = {"period": "year", "period_start": "2025-01-01", "source": "Liste",
                "source_date": "2026-01-15", "author_role": "Erfassung", **changes}  # fmt: skip
        path, headers = (
            f"/v1/indicators/{indicator_id}/values",
            {"authorization": f"Bearer {self.author}"},
        )
        entered = await self.http.post(path, json=body, headers=headers)
        assert entered.status_code == 201, entered.text
        number: int = entered.json()["value_id"]
        return number

    def stored(self) -> list[tuple[Any, ...]]:
        with psycopg.connect(libpq(self.url)) as connection:
            asked = (
                "select value, parts, evidence, source from kpi.indicator_value order by value_id"
            )
            return connection.execute(asked).fetchall()


@pytest.fixture
async def site(database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    city = write_city(tmp_path, [], [ASKED, GRADES, LIST])
    await asyncio.to_thread(apply_city, city, database_url)
    author = await mint_key(database_url, "kpi:write")
    approver = await mint_key(database_url, "kpi:write", "kpi:approve")
    app = create_app(Settings())
    async with Database.open(database_url, schema="kpi") as database:
        attach_database(app, database)
        async with served(app) as client:
            yield Site(client, database_url, author, approver, tmp_path)


async def sign_in(page: Page, site: Site, key: str) -> None:
    await page.goto(f"{site.address}/erfassen")
    await page.get_by_label("Zugangsschlüssel").fill(key)
    await page.get_by_role("button", name="Anmelden").click()


async def fill(page: Page, **fields: str) -> None:
    for name, said in fields.items():
        await page.locator(f"#{name.replace('_of_', '-of-').replace('part_', 'part-')}").fill(said)


async def are_empty(page: Page, *names: str) -> None:
    for name in names:
        await expect(page.locator(f"#{name}")).to_have_value("")


async def test_groups_persons_and_evidence_of_a_value_never_go_into_the_next_one(
    site: Site,
) -> None:
    async with chromium() as browser:
        page = await browser.new_page(locale="de-DE")
        await sign_in(page, site, site.author)
        send, said = page.get_by_role("button", name="Wert einreichen"), page.get_by_role("status")
        await page.get_by_label("Kennzahl").select_option("asked")
        await page.get_by_label("Zeitraum").select_option("2024-01-01")
        await fill(page, value="120", part_jung="60", part_alt="60", evidence=LINK)
        await fill(page, source="Umfrage", source_date="2026-01-15", author_role="Erfassung")
        await send.click()
        await expect(said).to_contain_text("wartet auf Freigabe")
        await are_empty(page, "value", "part-jung", "part-alt", "group_size", "evidence", "cause")
        await expect(page.locator("#source")).to_have_value("Umfrage")
        await page.get_by_label("Zeitraum").select_option("2023-01-01")
        await expect(said).to_contain_text("wartet auf Freigabe")
        await fill(page, value="45")
        await send.click()
        await expect(page.locator("#pending .card")).to_have_count(2)
        assert site.stored() == [
            (120, {"jung": 60, "alt": 60}, LINK, "Umfrage"),
            (45, None, None, "Umfrage"),
        ]


async def test_another_period_or_indicator_empties_what_was_of_the_former_and_says_so(
    site: Site,
) -> None:
    async with chromium() as browser:
        page = await browser.new_page(locale="de-DE")
        await sign_in(page, site, site.author)
        said = page.get_by_role("status")
        await page.get_by_label("Kennzahl").select_option("grades")
        await expect(said).to_be_hidden()
        await fill(page, mean_of_jung="2.5", persons_of_jung="40", group_size="70", cause="Zahl")
        await page.get_by_label("Zeitraum").select_option("2024-01-01")
        await expect(said).to_contain_text(EMPTIED)
        await are_empty(page, "mean-of-jung", "persons-of-jung", "group_size", "cause")
        assert not await violations(page)
        await fill(page, group_size="70", evidence=LINK, author_role="Erfassung")
        await page.get_by_label("Kennzahl").select_option("asked")
        await are_empty(page, "group_size", "evidence", "part-jung")
        await expect(page.locator("#author_role")).to_have_value("Erfassung")


async def test_a_decision_leaves_other_cards_and_what_is_typed_into_them(site: Site) -> None:
    numbers = [
        await site.enter("list", value=12),
        await site.enter("list", value=13, cause="ein Format fehlte"),
        await site.enter("asked", value=50),
    ]
    async with chromium() as browser:
        page = await browser.new_page(locale="de-DE")
        await sign_in(page, site, site.approver)
        first, second, other = (page.locator(f"#pending-{number}") for number in numbers)
        for card, note in ((second, "Liste liegt vor"), (other, "noch zu prüfen")):
            await card.get_by_label("Begründung").fill(note)
        handle = await other.element_handle()
        await first.get_by_label("Begründung").fill("geprüft")
        await first.get_by_label("Ihre Funktion").fill("Leitung")
        await first.get_by_role("button", name="Freigeben").click()
        await expect(page.get_by_role("status")).to_contain_text("Entschieden")
        await expect(first).to_have_count(0)
        assert handle
        assert await handle.evaluate("card => card.isConnected")
        await expect(other.get_by_label("Begründung")).to_have_value("noch zu prüfen")
        # This one tells something new: what holds now. What was typed is carried over.
        await expect(second).to_contain_text("12 Formate")
        await expect(second.get_by_label("Begründung")).to_have_value("Liste liegt vor")
        order = await page.locator("#pending > li").evaluate_all("all => all.map(each => each.id)")
        listed = await site.http.get(
            "/v1/values?state=pending", headers={"authorization": f"Bearer {site.author}"}
        )
        assert order == [f"pending-{each['value_id']}" for each in listed.json()["items"]]


async def test_what_holds_is_told_in_the_unit_of_its_own_version(site: Site) -> None:
    number = await site.enter("list", value=90)
    verdict = {"note": "geprüft", "role": "Leitung"}
    headers = {"authorization": f"Bearer {site.approver}"}
    approved = await site.http.post(f"/v1/values/{number}:approve", json=verdict, headers=headers)
    assert approved.status_code == 200, approved.text
    renewed = {**LIST, "unit": "Stunden", "whole": False, "version": 2, "method": "in Stunden"}
    await asyncio.to_thread(apply_city, write_city(site.folder, [], [ASKED, GRADES, renewed]), site.url)  # fmt: skip
    number = await site.enter("list", value=1.5, cause="in Stunden")
    async with chromium() as browser:
        page = await browser.new_page(locale="de-DE")
        await sign_in(page, site, site.approver)
        card = page.locator(f"#pending-{number}")
        await expect(card).to_contain_text("1,5 Stunden (bisher: 90 Formate)")
        await expect(page.locator("#decided .card")).to_contain_text("90 Formate")
