# SPDX-License-Identifier: EUPL-1.2
"""The tick "correct without telling numbers" in a real browser: from the refusal to the public page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.settings import Settings
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.accessibility import sideways, violations
from support.asking import mint_key
from support.browser import chromium
from support.http_app import served
from support.indicators import indicator, write_city

ASKED = indicator(
    "asked", "none", source="survey", period="year", unit="Personen", whole=True, maximum=None,
    groups=["jung", "alt"], title={"de": "Befragte Personen", "en": "Persons asked"},
)  # fmt: skip
LIST = indicator(
    "list", "none", source="manual", period="year", unit="Formate",
    title={"de": "Formate", "en": "Events"},
)  # fmt: skip
for each in (ASKED, LIST):
    del each["formula"]
SAID = "berichtigt; die Änderung betrifft zu wenige Personen und ist nicht veröffentlicht"


@dataclass
class Site:
    address: str
    author: str
    approver: str


@pytest.fixture
async def site(database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    await asyncio.to_thread(apply_city, write_city(tmp_path, [], [ASKED, LIST]), database_url)
    author = await mint_key(database_url, "kpi:write")
    approver = await mint_key(database_url, "kpi:write", "kpi:approve")
    app = create_app(Settings())
    async with Database.open(database_url, schema="kpi") as database:
        attach_database(app, database)
        async with served(app) as client:
            yield Site(str(client.base_url).rstrip("/"), author, approver)


async def sign_in(page: Page, site: Site, key: str) -> None:
    await page.goto(f"{site.address}/erfassen")
    if await page.get_by_role("button", name="Abmelden").count():
        await page.get_by_role("button", name="Abmelden").click()
    await page.get_by_label("Zugangsschlüssel").fill(key)
    await page.get_by_role("button", name="Anmelden").click()


async def fill(page: Page, **fields: str) -> None:
    for name, said in fields.items():
        await page.locator(f"#{name.replace('_of_', '-')}").fill(said)


async def approve(page: Page, site: Site) -> None:
    await sign_in(page, site, site.approver)
    card = page.locator("#pending .card")
    await card.get_by_label("Begründung").fill("geprüft")
    await card.get_by_label("Ihre Funktion").fill("Leitung")
    await card.get_by_role("button", name="Freigeben").click()
    await expect(page.locator("#pending-none")).to_be_visible()


async def enter(page: Page, site: Site) -> None:
    """Enter and approve what is corrected then."""
    await sign_in(page, site, site.author)
    await page.get_by_label("Zeitraum").select_option("2025-01-01")
    await fill(page, value="120", part_of_jung="60", part_of_alt="60", source="Umfrage")
    await fill(page, source_date="2026-01-15", author_role="Erfassung")
    await page.get_by_role("button", name="Wert einreichen").click()
    await expect(page.get_by_role("status")).to_contain_text("wartet auf Freigabe")
    await approve(page, site)


@pytest.mark.parametrize("width", [360, 1440])
async def test_a_correction_by_too_few_is_ticked_to_be_noted_alone(site: Site, width: int) -> None:
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": width, "height": 800}, locale="de-DE")
        await enter(page, site)
        await sign_in(page, site, site.author)
        tick, send = page.locator("#untold"), page.get_by_role("button", name="Wert einreichen")
        await page.get_by_label("Kennzahl").select_option("list")
        await expect(tick).to_be_hidden()
        await page.get_by_label("Kennzahl").select_option("asked")
        await page.get_by_label("Zeitraum").select_option("2025-01-01")
        await fill(page, value="121", part_of_jung="61", part_of_alt="60", source="Umfrage")
        await fill(page, source_date="2026-01-15", author_role="Erfassung", cause="Tippfehler")
        await send.click()
        await expect(page.get_by_role("alert")).to_contain_text("unterscheidet sich um so wenige")
        await page.get_by_label("Nur vermerken").check()
        assert not await violations(page)
        assert not await sideways(page, width)
        await send.click()
        await expect(page.get_by_role("status")).to_contain_text("wartet auf Freigabe")
        await expect(tick).not_to_be_checked()
        await approve(page, site)
        await page.goto(f"{site.address}/kennzahl/asked?zeitraum=2025")
        await expect(page.locator("main")).to_contain_text("120 Personen")
        await expect(page.locator("main")).to_contain_text(SAID)
        await expect(page.locator("main")).not_to_contain_text("121")
