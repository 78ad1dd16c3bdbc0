# SPDX-License-Identifier: EUPL-1.2
"""The portal in a real browser: accessible, small, from one server only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page, expect

from open_data_publisher.domain.publication import SiteDetails
from stadttakt_messages.states import LotState, VehicleState
from support.accessibility import sideways, violations
from support.browser import chromium
from support.open_data import lot, vehicle
from support.portal import Others, lots, portal, tell, utc, vehicles

PAGES = (
    "/impressum",
    "/datenschutz",
    "/barrierefreiheit",
    "/",
    "/parken/markt",
    "/parken/nirgends",
    "/bus-und-bahn",
    "/kennzahlen",
    "/massnahmen",
    "/wand",
)
FIRST_VIEW_BYTES = 300_000
Scheme = Literal["light", "dark"]


def states() -> tuple[LotState | VehicleState, ...]:
    """Return states that hold from now on, however long ago the tests were collected."""
    return (*lots(simulated=True), *vehicles(simulated=True))


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


@asynccontextmanager
async def visiting(**options: Any) -> AsyncIterator[tuple[Page, str, FastAPI, Others]]:
    """Yield a page of a browser, the portal's address, its application and the services behind."""
    async with (
        portal(*states()) as (address, app, others),
        chromium() as browser,
        opened(browser, address, **options) as page,
    ):
        yield page, address, app, others


async def settled(page: Page, url: str) -> None:
    await page.goto(url)
    await page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 1440])
async def test_every_page_is_accessible(scheme: Scheme, width: int) -> None:
    size = {"width": width, "height": 800}
    async with visiting(viewport=size, color_scheme=scheme) as (page, address, _, _):
        found: list[str] = []
        for path in (*PAGES, "/?lang=en"):
            await settled(page, address + path)
            found += [f"{path}: {fault}" for fault in await violations(page)]
            if await sideways(page, width):
                found.append(f"{path} scrolls sideways")
        assert not found


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_wall_display_shows_all_lots_at_once_large_and_accessible(scheme: Scheme) -> None:
    size = {"width": 3840, "height": 2160}
    async with visiting(viewport=size, color_scheme=scheme) as (page, address, _, _):
        for path in ("/", "/wand"):
            await settled(page, address + path)
            assert await violations(page) == []
            assert not await sideways(page, size["width"])
        tiles = page.locator(".wall-lot")
        await expect(tiles).to_have_count(5)
        for box in [await tile.bounding_box() for tile in await tiles.all()]:
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= size["width"]
            assert box["y"] + box["height"] <= size["height"]
        heights = await page.locator(".wall-number, .wall-name").evaluate_all(
            "all => all.map(one => parseFloat(getComputedStyle(one).fontSize))"
        )
        # A twentieth of the height is read from as many times it away; a name from half of that.
        assert max(heights) >= size["height"] / 20
        assert min(heights) >= size["height"] / 60


async def test_the_first_view_is_small_without_the_maps_data() -> None:
    async with visiting() as (page, address, _, _):
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        urls: dict[str, str] = {}
        sizes: dict[str, int] = {}
        session.on(
            "Network.responseReceived",
            lambda event: urls.__setitem__(event["requestId"], event["response"]["url"]),
        )
        session.on(
            "Network.loadingFinished",
            lambda event: sizes.__setitem__(event["requestId"], event["encodedDataLength"]),
        )
        await settled(page, f"{address}/")
        loaded = {urls[key]: size for key, size in sizes.items() if key in urls}
        data = sum(size for url, size in loaded.items() if url.endswith(".geojson"))
        total = sum(loaded.values())
        assert any(url.endswith("map.js") for url in loaded)
        assert 5_000 < total - data < FIRST_VIEW_BYTES, loaded


async def test_the_list_follows_the_states_and_says_so_politely() -> None:
    async with visiting() as (page, address, app, _):
        await settled(page, f"{address}/")
        markt = page.locator('[data-lot="markt"]')
        await expect(markt.locator('[data-part="free"]')).to_have_text("12")
        await expect(page.locator("#simulated")).to_be_visible()
        now = utc()
        tell(app, lot("markt", name="Tiefgarage Markt & Süd", state="full", free=0, free_min=0,
                      free_max=0, computed_at=now, valid_until=now + timedelta(minutes=5)))  # fmt: skip
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await expect(markt).to_have_attribute("data-state", "full")
        await expect(markt.locator('[data-part="word"]')).to_have_text("besetzt")
        said = page.locator("#said")
        await expect(said).to_have_text("Tiefgarage Markt & Süd: jetzt besetzt")
        assert await said.get_attribute("aria-live") == "polite"
        mark = page.locator(".mark.is-lot.is-full", has_text="0")
        await expect(mark).to_have_count(2)


@pytest.mark.parametrize(("path", "redrawn"), [("/", 1), ("/wand", 0)])
async def test_an_open_page_counts_once(path: str, redrawn: int) -> None:
    async with visiting() as (page, address, app, _):
        await settled(page, address + path)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        other_line = vehicle("tram-601", line="7", valid_until=utc() + timedelta(minutes=5))
        tell(app, other_line)
        async with page.expect_response("**/portal/live.json"):
            await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await page.wait_for_load_state("networkidle")
        if redrawn:
            await expect(page.locator('#lines [data-vehicle="tram-601"]')).to_have_count(1)
        await page.wait_for_timeout(500)
        assert asked.count(address + path) == redrawn
        counted = app.state.tally.take()
        assert {key.subject.name: number for key, number in counted.items()} == {path: 1}


async def test_what_is_over_turns_unknown_by_itself_when_the_server_is_gone() -> None:
    async with chromium() as browser:
        context = await browser.new_context()
        page = await context.new_page()
        # A reader's own clock may be wrong by years.
        await page.clock.install(time=0)
        markt = page.locator('[data-lot="markt"]')
        ending = lots(valid_until=utc() + timedelta(minutes=10))
        async with portal(*ending) as (address, _, _):
            await settled(page, f"{address}/")
            await expect(markt).to_have_attribute("data-state", "free")
        await page.clock.run_for("10:05")
        await expect(markt).to_have_attribute("data-state", "unknown")
        await expect(markt.locator('[data-part="free"]')).to_have_text("–")
        await expect(markt.locator('[data-part="word"]')).to_have_text("unbekannt")
        await expect(page.locator('[data-lot="zoo"]')).to_have_attribute("data-state", "unknown")
        await expect(page.locator(".mark.is-lot.is-unknown")).to_have_count(5)
        await expect(page.locator("#total-free")).to_have_text("0")


async def test_the_script_sums_places_that_two_lots_have_once() -> None:
    async with visiting() as (page, address, app, _):
        twin = {"bahnhof": SiteDetails(same_places_as="markt")}
        app.state.publication = replace(app.state.publication, sites=twin)
        await settled(page, f"{address}/")
        tell(app, lot(name="Markt", free=11, valid_until=utc() + timedelta(minutes=5)))
        async with page.expect_response("**/portal/live.json"):
            await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await expect(page.locator("#total-free")).to_have_text("11")
        await expect(page.locator("#total-lots")).to_have_text("1")


async def test_everything_on_the_map_is_in_the_lists_and_told_by_more_than_colour() -> None:
    async with visiting(viewport={"width": 1440, "height": 900}) as (page, address, _, _):
        await settled(page, f"{address}/")
        await expect(page.locator(".mark.is-lot")).to_have_count(5)
        told = await page.locator(".mark.is-lot").evaluate_all(
            "marks => marks.map(mark => [mark.getAttribute('href'), mark.getAttribute('aria-label'),"
            " mark.querySelector('use').getAttribute('href')])"
        )
        listed = await page.locator("#lots a").evaluate_all(
            "links => links.map(link => link.getAttribute('href'))"
        )
        assert sorted(href for href, _, _ in told) == sorted(listed)
        symbols = {symbol for _, _, symbol in told}
        assert len(symbols) == 5, "each state has a symbol of its own"
        assert "Ratshof: besetzt" in {label for _, label, _ in told}
        on_map = await page.locator(".mark.is-vehicle").count()
        assert on_map == await page.locator("[data-vehicle]").count() == 4


async def test_the_map_is_moved_by_keyboard_and_can_be_skipped() -> None:
    async with visiting(viewport={"width": 1440, "height": 900}) as (page, address, _, _):
        await settled(page, f"{address}/")
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip").first).to_be_focused()
        box = await page.locator(".skip").first.bounding_box()
        assert box is not None
        assert box["y"] >= 0, "a focused skip link is visible"
        await page.keyboard.press("Enter")
        await expect(page.locator("#content")).to_be_focused()
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip-inside")).to_be_focused()
        await page.keyboard.press("Tab")
        stage = page.locator(".map-stage")
        await expect(stage).to_be_focused()
        outline = await stage.evaluate("stage => getComputedStyle(stage).outlineWidth")
        assert outline == "3px"
        mark = page.locator(".mark.is-lot.is-free")
        before = await mark.bounding_box()
        await page.keyboard.press("ArrowUp")
        after = await mark.bounding_box()
        assert before is not None
        assert after is not None
        assert after["y"] - before["y"] == pytest.approx(80, abs=1)
        await page.locator(".skip-inside").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#list-heading")).to_be_focused()


async def test_every_control_can_be_reached_and_its_focus_seen() -> None:
    async with visiting() as (page, address, _, _):
        await settled(page, f"{address}/")
        wanted = await page.evaluate(
            "[...document.querySelectorAll('a, button, input, select, summary')]"
            ".filter(each => each.checkVisibility()).length"
        )
        seen = 0
        for _ in range(wanted + 20):
            await page.keyboard.press("Tab")
            width = await page.evaluate(
                "document.activeElement === document.body ? null"
                " : getComputedStyle(document.activeElement).outlineStyle"
            )
            if width is None:
                break
            assert width != "none"
            seen += 1
        assert seen >= wanted


async def test_lots_are_searched_filtered_and_ordered() -> None:
    async with visiting() as (page, address, _, _):
        await settled(page, f"{address}/")
        shown = page.locator("#lots > li:visible")
        await page.fill("#find", "markt süd")
        await expect(shown).to_have_count(1)
        await expect(page.locator("#found")).to_have_text("1 gefunden")
        await page.fill("#find", "nirgends")
        await expect(page.locator("#found")).to_have_text("Nichts gefunden")
        await page.fill("#find", "")
        await page.check("#only-free")
        await expect(shown).to_have_count(2)
        await page.select_option("#order", "free")
        await expect(shown.first).to_have_attribute("data-lot", "markt")


async def test_pages_print_without_their_controls() -> None:
    async with visiting() as (page, address, _, _):
        await settled(page, f"{address}/")
        await page.emulate_media(media="print")
        for hidden in (".menu", ".map-bar", "#finder", ".languages"):
            await expect(page.locator(hidden)).to_be_hidden()
        await expect(page.locator('[data-lot="markt"] [data-part="free"]')).to_be_visible()
        assert len(await page.pdf()) > 10_000


async def test_pages_say_what_they_cannot_show() -> None:
    async with portal(*states()) as (address, _, others), chromium() as browser:
        away_from(others)
        async with opened(browser, address) as page:
            await settled(page, f"{address}/parken/markt")
            await expect(page.locator("#outlook")).to_contain_text("gerade nicht zu erreichen")
            await expect(page.locator("#past-day")).to_contain_text("gerade nicht zu erreichen")
            await expect(page.locator('[data-lot="markt"] [data-part="free"]')).to_have_text("12")
            await settled(page, f"{address}/massnahmen?lang=en")
            await expect(page.locator("main")).to_contain_text("Not yet available")
            await settled(page, f"{address}/kennzahlen")
            await expect(page.locator("main")).to_contain_text("gerade nicht zu erreichen")


async def test_lists_hold_without_scripts() -> None:
    async with visiting(java_script_enabled=False) as (page, address, _, _):
        await page.goto(f"{address}/?q=rats")
        await expect(page.locator("[data-lot]")).to_have_count(1)
        await expect(page.locator('[data-lot="ratshof"]')).to_contain_text("besetzt")
        assert "braucht JavaScript" in await page.inner_text(".map")
        assert await page.locator('meta[http-equiv="refresh"]').count() == 1


def away_from(others: Others) -> None:
    others.away |= {
        "/v1/lots/{lot_id}/forecast",
        "/v1/lots/{lot_id}/history",
        "/v1/scorecard",
        "/v1/measures",
    }
