# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from starlette.types import ASGIApp, Receive, Scope, Send

from parking_occupancy.city.apply import apply_city
from parking_occupancy.domain.city import City
from support.browser import chromium
from support.http_app import served

from .harness import Wire, World, until, write_city

PAGE = "/signs/tor/display"


@asynccontextmanager
async def display(address: str, width: int, height: int, *, below: str = "") -> AsyncIterator[Page]:
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": width, "height": height})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        # A display's own clock may be wrong by years.
        await page.add_init_script("Date.now = () => 0")
        await page.goto(f"{address}{below}{PAGE}")
        yield page
        assert errors == []


async def observe_all(wire: Wire, *, occupied: bool) -> None:
    for number in range(1, 5):
        await wire.observe(f"platz-{number}", occupied=occupied)


@pytest.mark.parametrize(("width", "height"), [(360, 640), (1440, 900), (1920, 360)])
async def test_display_shows_the_sign_large_and_follows_it(
    bare_world: World, tmp_path: Path, width: int, height: int
) -> None:
    city = write_city(tmp_path, sign="    min_dwell_s: 0\n")
    await asyncio.to_thread(apply_city, city, bare_world.database_url)
    async with (
        bare_world.service() as service,
        bare_world.wire() as wire,
        served(service.app) as client,
    ):
        await observe_all(wire, occupied=False)
        await until(service.sign, lambda sign: sign["free"] == 4)
        async with display(str(client.base_url), width, height) as page:
            await expect(page.locator("#text")).to_have_text("4")
            await expect(page.locator("#name")).to_have_text("Platz")
            await observe_all(wire, occupied=True)
            await expect(page.locator("#text")).to_have_text("BESETZT", timeout=15_000)
            await expect(page.locator("body")).to_have_attribute("data-state", "full")
            assert await page.evaluate(FITS) == {"inside": True, "scrolls": False}


def below(path: str, app: ASGIApp) -> ASGIApp:
    """Have an application answer below a path alone, as behind a proxy that takes it away."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["path"].startswith(f"{path}/")
        rest = scope["path"].removeprefix(path)
        await app({**scope, "path": rest, "raw_path": rest.encode()}, receive, send)

    return answer


async def test_display_behind_a_proxy_loads_and_asks_below_its_path(
    bare_world: World, tmp_path: Path
) -> None:
    await asyncio.to_thread(apply_city, write_city(tmp_path), bare_world.database_url)
    async with (
        bare_world.service() as service,
        bare_world.wire() as wire,
        served(below("/api/parking", service.app)) as client,
    ):
        await observe_all(wire, occupied=False)
        await until(service.sign, lambda sign: sign["free"] == 4)
        async with display(str(client.base_url), 360, 640, below="/api/parking") as page:
            await expect(page.locator("#text")).to_have_text("4")
            assert await page.evaluate("document.styleSheets.length") == 1


LONGEST = "Umleitung Parkhaus Händelhaus und Tiefgarage Stadthaus 1234"
"""As long as a sign's text may be: 63 bytes."""


@pytest.mark.parametrize(("width", "height"), [(360, 640), (1440, 900)])
@pytest.mark.parametrize(
    ("text", "at_360"), [("BESETZT", 60), (LONGEST, 36), ("Donaudampfschifffahrt", 22)]
)
async def test_display_shows_any_text_whole_and_as_large_as_it_may_be(
    bare_world: World, tmp_path: Path, width: int, height: int, text: str, at_360: int
) -> None:
    city = write_city(tmp_path, sign=f"    texts: {{unknown: '{text}'}}\n")
    await asyncio.to_thread(apply_city, city, bare_world.database_url)
    async with (
        bare_world.service() as service,
        served(service.app) as client,
        display(str(client.base_url), width, height) as page,
    ):
        await expect(page.locator("#text")).to_have_text(text)
        assert await page.evaluate(FITS) == {"inside": True, "scrolls": False}
        size = await page.evaluate("parseFloat(document.getElementById('text').style.fontSize)")
        assert size >= at_360 * (1 if width == 360 else 2.5)
        family = await page.evaluate("getComputedStyle(document.body).fontFamily")
        assert family.endswith("sans-serif")


async def test_display_of_a_blanked_sign_is_dark(bare_world: World, tmp_path: Path) -> None:
    await asyncio.to_thread(apply_city, write_city(tmp_path), bare_world.database_url)
    key = await bare_world.key("parking:operate")
    async with (
        bare_world.service() as service,
        served(service.app) as client,
        display(str(client.base_url), 360, 640) as page,
    ):
        await expect(page.locator("#name")).to_be_visible()
        answer = await client.put(
            "/v1/signs/tor/control",
            json={"control": "blank", "reason": "Test"},
            headers={"authorization": f"Bearer {key}"},
        )
        assert answer.status_code == 200
        await expect(page.locator("body")).to_have_attribute("data-state", "blank")
        for part in ("#name", "#text", "#note"):
            await expect(page.locator(part)).to_be_hidden()
        lit = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert lit == "rgb(0, 0, 0)"


FITS = """() => {
  const range = document.createRange();
  range.selectNodeContents(document.getElementById("text"));
  const box = range.getBoundingClientRect();
  return {
    inside: box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight,
    scrolls: document.documentElement.scrollWidth > innerWidth,
  };
}"""


async def test_display_turns_neutral_by_itself_when_the_data_end(
    bare_world: World, tmp_path: Path
) -> None:
    city = write_city(tmp_path, sign="    hold_s: 4\n")
    await asyncio.to_thread(apply_city, city, bare_world.database_url)
    async with chromium() as browser:
        page = await browser.new_page()
        async with (
            bare_world.service() as service,
            bare_world.wire() as wire,
            served(service.app) as client,
        ):
            await observe_all(wire, occupied=False)
            await until(service.sign, lambda sign: sign["free"] == 4)
            await page.goto(f"{client.base_url}{PAGE}")
            await expect(page.locator("#text")).to_have_text("4")
        await expect(page.locator("#text")).to_have_text("P", timeout=10_000)
        await expect(page.locator("#note")).to_contain_text("No current data")


async def test_page_of_an_unknown_sign_is_a_problem_and_names_are_escaped(
    bare_world: World, tmp_path: Path
) -> None:
    city = write_city(tmp_path)
    lots = city / "parking" / "lots.yaml"
    lots.write_text(lots.read_text().replace("name: Platz", "name: '<b>&\"Platz'"))
    await asyncio.to_thread(apply_city, city, bare_world.database_url)
    async with bare_world.service() as service:
        page = (await service.get(PAGE)).text
        assert "&lt;b&gt;&amp;&quot;Platz" in page
        assert "<b>" not in page
        answer = await service.get("/signs/none/display")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_display_that_starts_before_the_service_has_loaded_shows_the_sign_later(
    bare_world: World, tmp_path: Path
) -> None:
    await asyncio.to_thread(apply_city, write_city(tmp_path), bare_world.database_url)
    async with (
        bare_world.service() as service,
        bare_world.wire() as wire,
        served(service.app) as client,
    ):
        await observe_all(wire, occupied=False)
        await until(service.sign, lambda sign: sign["free"] == 4)
        # As an instance that has loaded nothing yet.
        service.app.state.keeper, service.app.state.board.city = None, City.of((), (), ())
        async with display(str(client.base_url), 360, 640) as page:
            await expect(page.locator("#text")).to_have_text("4", timeout=15_000)
