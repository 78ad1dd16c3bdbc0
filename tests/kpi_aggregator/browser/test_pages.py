# SPDX-License-Identifier: EUPL-1.2
"""The pages in a real browser: accessible, from one server only, with the numbers of the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import psycopg
import pytest
import yaml
from playwright.async_api import Browser, Page, ViewportSize, expect

from kpi_aggregator.app import create_app
from kpi_aggregator.city.apply import apply_city
from kpi_aggregator.computing.run import compute
from kpi_aggregator.reporting.archive import archive_due
from kpi_aggregator.settings import Settings
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.app import attach_database
from support.accessibility import violations
from support.asking import mint_key
from support.browser import chromium
from support.http_app import served
from support.indicators import LOTS, ZONE, fill_lot, indicator, libpq, write_city

BERLIN = ZoneInfo(ZONE)
PAGES = (
    "/",
    "/?lang=en",
    "/?stand=2026-10-01",
    "/kennzahl/auslastung?zeitraum=2026-10",
    "/kennzahl/auslastung?zeitraum=2026-10&lang=en",
    "/kennzahl/auslastung?zeitraum=2026",
    "/kennzahl/formate",
    "/kennzahl/nichts",
    "/berichte",
    "/berichte?lang=en",
    "/erfassen",
    "/v1/reports/r?format=html",
)
Scheme = Literal["light", "dark"]
AIMED = {
    "direction": "down",
    "baseline": {"value": 90, "at": "2026-01-01"},
    "target": {"value": 40, "at": "2026-12-31"},
}
INDICATORS = [
    indicator("auslastung", "lots", title={"de": "Auslastung der Parkplätze", "en": "Utilisation"},
              **AIMED),
    indicator("weitere", "lots", extension=True),
    indicator("verborgen", "lots", public=False),
    {**indicator("formate", "lots", source="manual", period="year", unit="Formate", whole=True,
                 title={"de": "Vernetzungsformate <b>", "en": "Events"},
                 references={"iso37120": "19.3", "u4ssc": "EC: I: T: 4A"}, reference_notes={
                     "iso37120": {"fit": "related", "de": "dort nur Wege", "en": "there trips"},
                 }), "formula": None},
]  # fmt: skip
VALUE = """
insert into kpi.indicator_value (indicator_id, period, period_start, value, parts, source, source_date,
    evidence, author_role, cause, indicator_version, author, proposed_at, state, decided_at)
values ('formate', 'year', '2025-01-01', 12, '{"eng": 5, "konsultativ": 7}', 'Liste', '2026-01-10',
    'https://example.org/liste', 'Koordination', 'first entry', 1, 'a', now(), 'approved', now())
"""


@dataclass
class Site:
    """The service with computed values, an entered one and a report, served over a socket."""

    address: str
    database: Database


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 4, tzinfo=BERLIN)


@pytest.fixture
async def site(database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    midnight = [datetime(2026, month, 1, tzinfo=BERLIN) for month in (9, 10, 11)]
    for occupied, begin, end in zip((10, 12), midnight, midnight[1:], strict=False):
        fill_lot(database_url, "north", begin, end, occupied, 18, 20)
        fill_lot(database_url, "süd & ost", begin, end, occupied * 2, 40, 40)
    city = write_city(tmp_path, [LOTS], INDICATORS)
    (city / "city.yaml").write_text(f"name: Musterstadt\ntimezone: {ZONE}\n")
    declared = {"report_id": "r", "title": {"de": "Bericht", "en": "Report"}, "every": "month",
                "recipient": {"de": "Ausschuss", "en": "Committee"}, "version": 1, "public": True}  # fmt: skip
    (city / "kpi/reports.yaml").write_text(yaml.safe_dump({"reports": [declared]}))
    await asyncio.to_thread(apply_city, city, database_url)
    with psycopg.connect(libpq(database_url), autocommit=True) as connection:
        connection.execute("update kpi.framework_version set applied_at = '2026-01-01Z'")
        connection.execute(VALUE)
    app = create_app(Settings(portal_url="https://portal.example"))
    async with Database.open(database_url, schema="kpi") as database:
        await compute(database, at(11, 6))
        await archive_due(database, at(11, 6))
        attach_database(app, database)
        async with served(app) as client:
            yield Site(str(client.base_url).rstrip("/"), database)


@asynccontextmanager
async def opened(browser: Browser, address: str, **options: Any) -> AsyncIterator[Page]:
    """Yield a page whose scripts must not fail and whose requests must stay at one server."""
    context = await browser.new_context(**options)
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Policy" in said.text else None)
    page.on(
        "request",
        lambda asked: None if asked.url.startswith(f"{address}/") else faults.append(asked.url),
    )
    yield page
    assert await context.cookies() == []
    await context.close()
    assert faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
async def test_every_page_is_accessible(site: Site, scheme: Scheme, width: int) -> None:
    size: ViewportSize = {"width": width, "height": 800}
    async with (
        chromium() as browser,
        opened(browser, site.address, viewport=size, color_scheme=scheme) as page,
    ):
        found: list[str] = []
        for path in PAGES:
            await page.goto(site.address + path)
            await page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            found += [f"{path}: {fault}" for fault in await violations(page)]
            for narrow in (width, 320):
                await page.set_viewport_size({**size, "width": narrow})
                wide = await page.evaluate("document.documentElement.scrollWidth")
                if wide > narrow:
                    found.append(f"{path} scrolls sideways: {wide} of {narrow}")
            await page.set_viewport_size(size)
        assert not found, "\n".join(found)


async def test_from_the_scorecard_down_to_days_and_causes(site: Site) -> None:
    async with chromium() as browser, opened(browser, site.address) as page:
        await page.goto(site.address)
        card = page.locator(".cards .card", has_text="Auslastung der Parkplätze")
        await expect(card).to_contain_text("62,1")
        await expect(card).to_contain_text("weit vom Ziel")
        await expect(card).to_contain_text("aus 97\u00a0% der Daten")
        assert "verborgen" not in await page.inner_text("main")
        await card.get_by_role("link").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Auslastung der Parkplätze")
        main = page.locator("main")
        for said in (
            "Summe (occupied_places)", "parking.v1_lot_quarter_hour", "north", "süd & ost",
            "erste Berechnung", "noch keine Maßnahmen verknüpft", "hinter dem Zielpfad",
        ):  # fmt: skip
            await expect(main).to_contain_text(said)
        await page.locator("summary", has_text="Tage (31)").click()
        rows = page.get_by_role("region", name="Tage (31)").locator("tbody tr")
        await expect(rows).to_have_count(31)
        await expect(rows.first).to_contain_text("01.10.2026")
        await page.select_option("#period", "2026-09")
        await page.get_by_role("button", name="Anzeigen").click()
        await expect(page.locator("#now")).to_have_text("September 2026")
        await expect(page.locator(".figure")).to_contain_text("51,7")


async def test_entered_values_show_their_source_groups_and_evidence(site: Site) -> None:
    async with chromium() as browser, opened(browser, site.address) as page:
        await page.goto(f"{site.address}/kennzahl/formate")
        heading = page.get_by_role("heading", level=1)
        await expect(heading).to_have_text("Vernetzungsformate <b>")
        main = page.locator("main")
        for said in (
            "12 Formate", "Liste (10.01.2026)", "Koordination", "konsultativ",
            "ISO 37120, Nr. 19.3 (verwandt: dort nur Wege)", "Kennung EC: I: T: 4A",
        ):  # fmt: skip
            await expect(main).to_contain_text(said)
        await expect(page.locator('a[href="https://example.org/liste"]')).to_have_count(1)


async def test_the_other_language_stays_on_the_way(site: Site) -> None:
    async with chromium() as browser, opened(browser, site.address) as page:
        await page.goto(site.address)
        await page.get_by_role("link", name="English").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Smart City indicators")
        await page.locator(".cards").get_by_role("link", name="Utilisation").click()
        await expect(page.locator("main")).to_contain_text("computed for the first time")
        await expect(page.locator("#now")).to_have_text("October 2026")
        assert await page.get_attribute("html", "lang") == "en"
        await page.get_by_role("link", name="Deutsch").click()
        await expect(page.locator("#now")).to_have_text("Oktober 2026")


async def test_reports_are_found_and_opened(site: Site) -> None:
    async with chromium() as browser, opened(browser, site.address) as page:
        await page.goto(site.address)
        await (
            page.get_by_role("navigation", name="Hauptmenü")
            .get_by_role("link", name="Berichte")
            .click()
        )
        row = page.locator("tbody tr", has_text="Oktober 2026")
        await expect(row).to_contain_text("06.11.2026")
        for form, start in (("PDF", b"%PDF"), ("XLSX", b"PK"), ("CSV", b"mehrwert")):
            href = await row.get_by_role("link", name=form).get_attribute("href")
            answer = await page.request.get(
                f"{site.address}/{href.removeprefix('./')}" if href else ""
            )
            assert (await answer.body()).startswith(start)
        await row.get_by_role("link", name="HTML").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Bericht")


async def test_every_control_can_be_reached_and_its_focus_seen(site: Site) -> None:
    async with chromium() as browser, opened(browser, site.address) as page:
        for path in ("/", "/kennzahl/auslastung"):
            await page.goto(site.address + path)
            wanted = await page.evaluate(
                "[...document.querySelectorAll('a, button, input, select, summary')]"
                ".filter(each => each.checkVisibility()).length"
            )
            seen = 0
            for _ in range(wanted + 20):
                await page.keyboard.press("Tab")
                style, element = await page.evaluate(
                    "document.activeElement === document.body ? [null, null]"
                    " : [getComputedStyle(document.activeElement).outlineStyle,"
                    "    document.activeElement.outerHTML]"
                )
                if style is None:
                    break
                assert style != "none", element
                seen += 1
            assert seen >= wanted


async def test_pages_hold_without_scripts_and_on_paper(site: Site) -> None:
    async with (
        chromium() as browser,
        opened(browser, site.address, java_script_enabled=False) as page,
    ):
        await page.goto(f"{site.address}/kennzahl/auslastung")
        await expect(page.locator(".chart rect")).to_have_count(2)
        await page.emulate_media(media="print")
        await expect(page.locator(".menu")).to_be_hidden()
        assert len(await page.pdf()) > 10_000


async def sign_in(page: Page, site: Site, key: str) -> None:
    await page.goto(f"{site.address}/erfassen")
    if await page.get_by_role("button", name="Abmelden").count():
        await page.get_by_role("button", name="Abmelden").click()
    await page.get_by_label("Zugangsschlüssel").fill(key)
    await page.get_by_role("button", name="Anmelden").click()


async def approve_the_correction(page: Page) -> None:
    card = page.locator("#pending .card")
    for said in (
        "14 Formate (bisher: 12 Formate)",
        "2025",
        "ein Format fehlte",
        "Koordination",
    ):
        await expect(card).to_contain_text(said)
    assert not await violations(page)
    await card.get_by_label("Begründung").fill("geprüft")
    await card.get_by_label("Ihre Funktion").fill("Leitung")
    await card.get_by_role("button", name="Freigeben").click()
    await expect(page.locator("#pending-none")).to_be_visible()
    decided = page.locator("#decided .card").first
    for said in ("freigegeben: Leitung", "geprüft"):
        await expect(decided).to_contain_text(said)


async def test_a_value_is_entered_and_approved_by_another(site: Site, database_url: str) -> None:
    author = await mint_key(database_url, "kpi:write")
    approver = await mint_key(database_url, "kpi:write", "kpi:approve")
    async with chromium() as browser, opened(browser, site.address) as page:
        await sign_in(page, site, "wrong")
        await expect(page.get_by_role("alert")).to_have_text("Diesen Schlüssel gibt es nicht.")
        assert not await violations(page)
        await sign_in(page, site, author)
        options = page.locator("#indicator_id option")
        await expect(options).to_have_count(1)
        await expect(options.first).to_have_text("Vernetzungsformate <b> (Jahr, Formate)")
        await page.get_by_label("Zeitraum").select_option("2025-01-01")
        number = page.get_by_label("Wert", exact=True)
        await number.fill("14.5")
        await page.get_by_label("Quelle", exact=True).fill("Liste der Stabsstelle")
        await page.get_by_label("Stand der Quelle").fill("2026-10-01")
        await page.get_by_label("Ihre Funktion").fill("Koordination")
        await page.get_by_label("Grund").fill("ein Format fehlte")
        send = page.get_by_role("button", name="Wert einreichen")
        await send.click()
        refused = page.get_by_role("alert")
        await expect(refused).to_contain_text("Wert: muss eine ganze Zahl sein")
        await expect(number).to_have_attribute("aria-invalid", "true")
        await number.fill("14")
        await send.click()
        await expect(page.get_by_role("status")).to_contain_text("wartet auf Freigabe")
        assert not await violations(page)
        await sign_in(page, site, approver)
        await approve_the_correction(page)
        await page.goto(f"{site.address}/kennzahl/formate")
        await expect(page.locator("main")).to_contain_text("14 Formate")
        await expect(page.locator("main")).to_contain_text("ein Format fehlte")
        assert await page.evaluate("localStorage.length + sessionStorage.length") == 0
        await page.goto(f"{site.address}/erfassen")
        await page.get_by_role("button", name="Abmelden").click()
        await expect(page.get_by_label("Zugangsschlüssel")).to_be_visible()


async def test_who_entered_a_value_takes_it_back_while_it_waits(
    site: Site, database_url: str
) -> None:
    async with chromium() as browser, opened(browser, site.address) as page:
        await sign_in(page, site, await mint_key(database_url, "kpi:write"))
        await page.get_by_label("Zeitraum").select_option("2024-01-01")
        for label, said in (
            ("Quelle", "Liste"),
            ("Wert", "41"),
            ("Stand der Quelle", "2024-12-19"),
            ("Ihre Funktion", "Koordination"),
            ("Grund", "Zählung nachgereicht"),
        ):
            await page.get_by_label(label, exact=label in {"Quelle", "Wert"}).fill(said)
        await page.get_by_role("button", name="Wert einreichen").click()
        await expect(page.get_by_role("status")).to_contain_text("er gilt als Zwischenstand")
        card = page.locator("#pending .card", has_text="41 Formate")
        await expect(card).to_contain_text("von vor dem Ende des Zeitraums")
        await expect(card.get_by_role("button")).to_have_text(["Zurückziehen"])
        await card.get_by_label("Begründung").fill("Zahlendreher")
        assert not await violations(page)
        await card.get_by_role("button", name="Zurückziehen").click()
        decided = page.locator("#decided .card", has_text="41 Formate")
        await expect(decided).to_contain_text("zurückgezogen: Koordination")
        await expect(page.locator("#pending .card", has_text="41 Formate")).to_have_count(0)
        await page.get_by_role("button", name="Abmelden").click()
        await expect(page.get_by_label("Zugangsschlüssel")).to_be_visible()
