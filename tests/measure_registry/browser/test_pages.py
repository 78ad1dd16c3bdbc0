# SPDX-License-Identifier: EUPL-1.2
"""The registry's pages in a real browser: accessible, small screens too, and no text runs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
from playwright.async_api import Page, expect

from support.accessibility import violations
from support.asking import asker
from support.browser import chromium
from support.effects import enter_values
from support.files import picture
from support.http_app import served
from support.ideas import ANY, WHY, registry, submit
from support.undertakings import hostile

ATTACK = (
    "<script>window.hacked=1</script><img src=x onerror='window.hacked=1'>\"' onmouseover=x{{7*7}}"
)


@asynccontextmanager
async def visiting(database_url: str, **options: Any) -> AsyncIterator[tuple[Page, str, list[str]]]:
    """Yield a browser's page, the address, and paths to see, among them hostile and plain ideas."""
    async with registry(database_url) as (_, app), served(app) as http, chromium() as browser:
        ask = asker(http, database_url)
        ids = []
        for title, goal in (("Freie Stellplätze anzeigen", ""), (ATTACK[:150], ATTACK)):
            taken = await submit(http, title=title, goal=goal, partners=ATTACK,
                                 place={"name": ATTACK[:100], "lat": 51.48, "lon": 11.97})  # fmt: skip
            path = f"/v1/ideas/{taken['idea_id']}:publish"
            await ask("POST", path, "registry:write", headers=ANY, json=WHY)
            ids.append(taken)
        made = await ask("POST", "/v1/measures", "registry:write", json={"measure": hostile(ATTACK), **WHY})  # fmt: skip
        assert made.status_code == 201, made.text
        paths = [
            "/massnahme/voll", "/massnahme/voll?lang=en", "/datenschutz", "/datenschutz?lang=en", "/liste?lang=en",
            "/", "/?lang=en", "/liste", "/liste?q=nichts", f"/idee/{ids[0]['idea_id']}",
            f"/idee/{ids[1]['idea_id']}", f"/stand/{ids[1]['status_token']}?neu=1", "/massnahmen",
            "/massnahme/integrierte-mobilitaet", "/teilprojekt/dr-data?lang=en", "/idee/idea-9999",
            "/karte", "/karte?lang=en&art=measures", "/massnahmen?lang=en",
        ]  # fmt: skip
        address = str(http.base_url).rstrip("/")
        context = await browser.new_context(**options)
        page = await context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "request",
            lambda asked: (
                None if asked.url.startswith((f"{address}/", "data:")) else faults.append(asked.url)
            ),
        )
        yield page, address, paths
        assert await context.cookies() == []
        assert faults == []
        await context.close()


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (360, "dark"), (1440, "light")])
async def test_no_page_has_a_barrier_that_axe_finds_or_runs_what_somebody_wrote(
    database_url: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    await asyncio.to_thread(
        enter_values, database_url, ("year", "2022-01-01", 60.0), ("year", "2024-01-01", 62.5)
    )
    size = {"width": width, "height": 800}
    async with visiting(database_url, color_scheme=scheme, viewport=size) as (page, address, paths):
        for path in paths:
            await page.goto(address + path)
            if path.startswith("/karte"):
                await expect(page.locator(".map .mark").first).to_be_visible()
            assert await violations(page) == [], path
            assert await page.evaluate("window.hacked === undefined"), path
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
        await page.goto(f"{address}/idee/idea-0002")
        await expect(page.locator("h1")).to_contain_text("<script>window.hacked=1</script>")
        await page.goto(f"{address}/massnahme/voll")
        told = await page.locator("main").inner_text()
        # title, summary, what is modellhaft, place, funding, partners, risks, objectives, pilots and so on
        assert told.count("<script>window.hacked=1</script>") > 15


async def test_the_form_is_filled_in_by_keyboard_corrected_and_sent(database_url: str) -> None:
    async with visiting(database_url) as (page, address, _):
        await page.goto(f"{address}/")
        await page.get_by_label("Titel").focus()
        await page.keyboard.type("Oh")
        await page.get_by_label("Worum geht es?").fill(ATTACK)
        await page.wait_for_timeout(3200)
        await page.get_by_role("button", name="Idee absenden").press("Enter")
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text("Thema: bitte wählen Sie eines")
        assert await violations(page) == []
        assert await page.evaluate("window.hacked === undefined")
        await expect(page.get_by_label("Worum geht es?")).to_have_value(ATTACK)
        await page.get_by_label("Titel").fill("Bänke am Fluss")
        await page.get_by_label("Thema").select_option("mobilitaet")
        await page.get_by_label("Stadtstolz fördern").check()
        await page.get_by_label("Bilder oder PDF anhängen").set_input_files(
            {"name": "bank.jpg", "mimeType": "image/jpeg", "buffer": picture()}
        )
        await page.get_by_role("button", name="Idee absenden").click()
        await expect(page.locator("h1")).to_have_text("Stand Ihrer Idee")
        await expect(page.get_by_role("status")).to_contain_text("Vielen Dank")
        assert re.search(r"/stand/[\w-]{32}", page.url)


async def test_a_form_is_saved_and_gone_on_with(database_url: str) -> None:
    async with visiting(database_url) as (page, address, _):
        await page.goto(f"{address}/?lang=en")
        await page.get_by_label("Title").fill("Benches at the river")
        await page.get_by_role("button", name="Save and go on later").click()
        saved = page.get_by_role("status")
        await expect(saved).to_contain_text("Saved.")
        assert await violations(page) == []
        link = await saved.get_by_role("link").get_attribute("href")
        assert link is not None
        await page.goto(link)
        await expect(page.get_by_label("Title")).to_have_value("Benches at the river")


async def test_the_map_holds_what_the_list_holds_and_is_moved_by_keyboard(
    database_url: str,
) -> None:
    async with visiting(database_url, viewport={"width": 1440, "height": 900}) as (
        page,
        address,
        _,
    ):
        await page.goto(f"{address}/karte")
        marks = page.locator(".map .mark")
        await expect(marks.first).to_be_visible()
        listed = await page.locator("[data-lat]").count()
        on_map = await page.evaluate(
            "[...document.querySelectorAll('.map .mark:not([hidden])')]"
            ".reduce((sum, mark) => sum + Number(mark.dataset.count ?? 1), 0)"
        )
        assert on_map == listed > 10
        stage = page.locator(".map-stage")
        await stage.focus()
        before = await marks.first.get_attribute("style")
        await page.keyboard.press("ArrowRight")
        await expect(marks.first).not_to_have_attribute("style", before or "")
        await page.keyboard.press("0")
        await expect(marks.first).to_have_attribute("style", before or "")
        group = page.locator(".mark.is-group").first
        told = await group.get_attribute("aria-label")
        await group.focus()
        await page.keyboard.press("Enter")
        here = page.locator(".map-panel a")
        assert await here.count() == int(re.match(r"\d+", told or "")[0])  # type: ignore[index]
        await expect(here.first).to_be_focused()
        assert await page.evaluate("window.hacked === undefined")
        assert await violations(page) == []
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_be_visible()
        assert re.search(r"/(idee|massnahme|teilprojekt)/", page.url)


async def test_filters_choose_what_is_on_the_map_and_without_scripts_the_list_tells_all(
    database_url: str,
) -> None:
    async with visiting(database_url, java_script_enabled=False) as (page, address, _):
        await page.goto(f"{address}/karte")
        await page.get_by_label("Was", exact=True).select_option("ideas")
        await page.get_by_role("button", name="Anzeigen").click()
        await expect(page.locator("[data-lat]")).to_have_count(2)
        assert "braucht JavaScript" in await page.inner_text(".map")


async def test_a_form_keeps_its_attachments_until_they_are_sent_with_it(database_url: str) -> None:
    async with visiting(database_url) as (page, address, _):
        await page.goto(f"{address}/")
        await page.get_by_label("Titel").fill("Bänke am Fluss")
        await page.get_by_label("Bilder oder PDF anhängen").set_input_files(
            {"name": "bank.jpg", "mimeType": "image/jpeg", "buffer": picture()}
        )
        await page.get_by_role("button", name="Speichern und später weiterschreiben").click()
        link = await page.get_by_role("status").get_by_role("link").get_attribute("href")
        await page.goto(link or "")
        await expect(page.get_by_label("Anhang 1 (JPEG, 1 KB) entfernen")).not_to_be_checked()
        assert await violations(page) == []
