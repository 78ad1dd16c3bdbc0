# SPDX-License-Identifier: EUPL-1.2
"""A file of values in a real browser: tried, handed in without choosing it again, approved as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import FilePayload, Page, expect

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

PAPER = indicator(
    "paper", "none", source="manual", period="year", unit="Formate", whole=True, maximum=5000,
    title={"de": "Vernetzungsformate pro Jahr", "en": "Networking events per year"},
)  # fmt: skip
SHARE = indicator(
    "share", "none", source="survey", period="quarter", groups=["rad", "oepnv"], least_group=10,
    title={"de": "Anteil des Umweltverbunds", "en": "Share of sustainable modes"},
)  # fmt: skip
for each in (PAPER, SHARE):
    del each["formula"]
HEAD = "Kennzahl;Zeitraum;Wert;Davon;Befragte;Quelle;Stand der Quelle"
GOOD = f"""{HEAD}
paper;2024;1.200;;;Liste für 2024;31.1.2025
paper;2025;1.300;;;Liste für 2025;31.01.2026
share;2025-Q3;58,5;rad=600|oepnv=615;1.215;Befragung im Spätsommer;15.10.2025
share;2025-Q2;;;;;
"""
BAD = f"""{HEAD}
paper;2025;1.300;;;Liste;31.01.2026
share;2025-Q3;158,5;;1.215;Befragung;gestern
paper;2025;-1;;;Liste;31.01.2026
nichts;2025;1;;;Liste;31.01.2026
"""


@dataclass
class Site:
    address: str
    author: str
    approver: str


@pytest.fixture
async def site(database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    await asyncio.to_thread(apply_city, write_city(tmp_path, [], [PAPER, SHARE]), database_url)
    author = await mint_key(database_url, "kpi:write")
    approver = await mint_key(database_url, "kpi:write", "kpi:approve")
    app = create_app(Settings())
    async with Database.open(database_url, schema="kpi") as database:
        attach_database(app, database)
        async with served(app) as client:
            yield Site(str(client.base_url).rstrip("/"), author, approver)


def csv(text: str, name: str = "Werte Oktober.csv") -> FilePayload:
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode("cp1252")}


async def sign_in(page: Page, site: Site, key: str) -> None:
    await page.goto(f"{site.address}/erfassen")
    if await page.get_by_role("button", name="Abmelden").count():
        await page.get_by_role("button", name="Abmelden").click()
    await page.get_by_label("Zugangsschlüssel").fill(key)
    await page.get_by_role("button", name="Anmelden").click()


async def send(page: Page, file: FilePayload) -> None:
    await page.get_by_label("CSV-Datei").set_input_files(file)
    await page.get_by_label("Ihre Funktion").fill("Sachbearbeitung")
    await page.get_by_role("button", name="Probelauf").click()


async def is_sound(page: Page, width: int) -> None:
    assert not await violations(page)
    assert not await sideways(page, width)


@pytest.mark.parametrize("width", [360, 1440])
async def test_a_file_is_tried_handed_in_and_approved_by_another(site: Site, width: int) -> None:
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": width, "height": 800})
        await sign_in(page, site, site.author)
        await page.get_by_role("link", name="Datei wählen").click()
        await is_sound(page, width)
        await send(page, csv(BAD))
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text("3 Zeile(n) sind fehlerhaft")
        third = page.locator("tbody tr", has=page.get_by_role("rowheader", name="3", exact=True))
        await expect(third).to_contain_text("Stand der Quelle: „gestern“ ist kein Tag")
        await is_sound(page, width)
        await send(page, csv(GOOD))
        await expect(page.get_by_role("status")).to_contain_text("3 Wert(e) können eingereicht")
        await expect(page.locator("tbody tr").last).to_contain_text("nicht ausgefüllt")
        await is_sound(page, width)
        await page.get_by_role("button", name="3 Wert(e) übernehmen").click()
        await expect(page.get_by_role("status")).to_contain_text("warten auf Freigabe")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Datei Werte Oktober.csv")
        await is_sound(page, width)
        await sign_in(page, site, site.approver)
        await is_sound(page, width)
        await page.get_by_role("link", name="Werte Oktober.csv").click()
        await is_sound(page, width)
        box = page.get_by_role("region", name="Zeilen der Datei")
        assert await box.evaluate("e => e.scrollWidth - e.clientWidth") == 0, "nothing lies aside"
        assert await box.evaluate("e => e.scrollHeight - e.clientHeight") == 0, "nothing lies below"
        await page.get_by_label("Begründung").fill("mit der Liste verglichen")
        await page.get_by_label("Ihre Funktion").fill("Sachgebietsleitung")
        await page.get_by_role("button", name="Alle 3 freigeben").click()
        await expect(page.get_by_role("status")).to_have_text("Entschieden.")
        await expect(page.locator("tbody tr").first).to_contain_text(
            "freigegeben: Sachgebietsleitung"
        )
        await is_sound(page, width)
        await page.goto(f"{site.address}/kennzahl/share")
        await expect(page.locator("main")).to_contain_text("58,5")


async def test_ten_megabytes_get_a_page_and_english_is_english(site: Site) -> None:
    async with chromium() as browser:
        page = await browser.new_page()
        await sign_in(page, site, site.author)
        await page.goto(f"{site.address}/erfassen/einlesen")
        large: FilePayload = {"name": "x.csv", "mimeType": "text/csv", "buffer": b"x" * 10_000_000}
        await send(page, large)
        await expect(page.get_by_role("alert")).to_contain_text("zu groß")
        await page.goto(f"{site.address}/erfassen/einlesen?lang=en")
        await page.get_by_label("CSV file").set_input_files(csv(BAD))
        await page.get_by_label("Your function").fill("clerk")
        await page.get_by_role("button", name="Trial run").click()
        await expect(page.locator("tbody")).to_contain_text("there is no such indicator")
        await expect(page.locator("tbody")).to_contain_text("is no day such as 2026-10-31")
