# SPDX-License-Identifier: EUPL-1.2
"""Means of a survey's groups in a real browser: entered, refused in words, seen by who approves."""

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

GRADES = indicator(
    "grades", "none", source="survey", period="year", unit="Note", minimum=1.5, maximum=6,
    title={"de": "Zufriedenheit", "en": "Satisfaction"}, mean_groups=["jung", "alt"],
    group_titles={"jung": {"de": "bis 29", "en": "to 29"}, "alt": {"de": "ab 30", "en": "30 on"}},
)  # fmt: skip
del GRADES["formula"]


@dataclass
class Site:
    address: str
    author: str
    approver: str


@pytest.fixture
async def site(database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    await asyncio.to_thread(apply_city, write_city(tmp_path, [], [GRADES]), database_url)
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
        await page.locator(f"#{name.replace('_of_', '-of-')}").fill(said)


async def is_sound(page: Page, width: int) -> None:
    assert not await violations(page)
    assert not await sideways(page, width)


READABLE = 128
"""Pixels: eight ems, so that a source or a cause is not one word a line."""


async def narrowest(page: Page, what: str) -> float:
    found: list[float] = await page.locator(what).evaluate_all(
        "all => all.map(each => each.getBoundingClientRect().width)"
    )
    return min(found)


@pytest.mark.parametrize("width", [360, 768, 1440])
async def test_means_are_entered_refused_in_words_and_approved(site: Site, width: int) -> None:
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": width, "height": 800}, locale="de-DE")
        await sign_in(page, site, site.author)
        await page.get_by_label("Zeitraum").select_option("2025-01-01")
        await fill(page, value="1.2", group_size="70", source="Umfrage", source_date="2026-01-15")
        await fill(page, author_role="Erfassung", mean_of_jung="2.5", persons_of_jung="9")
        await fill(page, mean_of_alt="2")
        send, refused = (
            page.get_by_role("button", name="Wert einreichen"),
            page.get_by_role("alert"),
        )
        await send.click()
        await expect(refused).to_contain_text("ab 30: Personen: fehlt oder ist keine ganze Zahl")
        await fill(page, persons_of_alt="40")
        await send.click()
        await expect(refused).to_contain_text("Wert: muss ≥ 1,5 sein")
        await expect(refused).to_contain_text("Mittel je Gruppe: steht für zu wenige Personen")
        await is_sound(page, width)
        await fill(page, value="2.2", persons_of_jung="30")
        await send.click()
        await expect(page.get_by_role("status")).to_contain_text("wartet auf Freigabe")
        await sign_in(page, site, site.approver)
        card = page.locator("#pending .card")
        await expect(card).to_contain_text("bis 29 2,5 (30 Personen), ab 30 2 (40 Personen)")
        await is_sound(page, width)
        assert await narrowest(page, "#pending dd") >= READABLE
        await card.get_by_label("Begründung").fill("geprüft")
        await card.get_by_label("Ihre Funktion").fill("Leitung")
        await card.get_by_role("button", name="Freigeben").click()
        await expect(page.locator("#pending-none")).to_be_visible()
        assert await narrowest(page, "#decided dd") >= READABLE
        await page.goto(f"{site.address}/kennzahl/grades")
        row = page.get_by_role("row", name="bis 29")
        await expect(row).to_contain_text("2,50")
        await expect(row).to_contain_text("30")
        await is_sound(page, width)
