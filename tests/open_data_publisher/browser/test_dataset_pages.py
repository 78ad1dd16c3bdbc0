# SPDX-License-Identifier: EUPL-1.2
"""Pages of datasets in a real browser, from rows of the services to what people see."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import httpx
import pytest
from playwright.async_api import Page

from support.accessibility import sideways, violations
from support.browser import chromium
from support.open_data import OPEN_POLICY
from support.open_data_rows import Rows
from support.open_data_world import CATALOGUE, HEAD, NOON, World, until

POLICY = f"""{OPEN_POLICY}
datasets:
  - dataset_id: lots
    source: lot-history
    {HEAD}
    aggregation: 15m
    fields: [lot_id, name, lat, lon, start, free_mean, free_min, free_max, completeness, simulated]
    chart: {{value: free_mean, by: lot_id}}
  - dataset_id: bays
    source: kind-hour
    {HEAD}
    delay_min: 60
    protection: {{least: 3}}
    fields: [lot_id, kind, start, bays, occupied_share, simulated]
    chart: {{value: occupied_share}}
  - dataset_id: environment
    source: environment
    {HEAD}
    aggregation: 15m
    fields: [asset_id, quantity, start, mean, unit, simulated]
    chart: {{value: mean, by: asset_id}}
  - dataset_id: ideas
    source: ideas
    {HEAD}
    fields: [idea_id, title]
"""
PATHS = (
    "/datasets",
    "/datasets/lots",
    "/datasets/bays",
    "/datasets/environment",
    "/datasets/ideas",
)
Scheme = Literal["light", "dark"]
QUARTER = timedelta(minutes=15)


@pytest.fixture
def client(tmp_path: Path, database_url: str, mqtt_url: str) -> Iterator[httpx.Client]:
    rows, world = Rows(database_url), World(tmp_path, database_url, mqtt_url)
    for number, lot_id in enumerate(("markt", "zoo", "hbf", "pr-nord", "ratshof")):
        rows.lot(lot_id, name=f"Parkplatz {lot_id}")
        for quarter in (0, 1, 2, 6, 7):
            rows.history(lot_id, NOON + quarter * QUARTER, 12.5 * number + quarter)
    for quarter in range(3):
        rows.environment("dach", NOON + quarter * QUARTER, quarter - 1.5)
    world.policy.write_text(POLICY)
    (world.policy.parent / "catalogue.yaml").write_text(CATALOGUE)
    with world.publisher(STADTTAKT_OPENDATA_DATASETS_EVERY_S="0.1") as made:
        until(lambda: 'class="chart"' in page_of(made, "lots"))
        until(lambda: 'class="chart"' in page_of(made, "environment"))
        yield made


def page_of(client: httpx.Client, dataset_id: str) -> str:
    return client.get(f"/datasets/{dataset_id}", headers={"accept": "text/html"}).text


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [(320, "dark", "de"), (1440, "light", "en"), (320, "light", "en"), (3840, "dark", "de")],
)
async def test_pages_of_datasets_are_accessible(
    client: httpx.Client, width: int, scheme: Scheme, language: str
) -> None:
    # Slow for the browser: every page is looked at by axe.
    address, found = str(client.base_url).rstrip("/"), []
    size = {"width": width, "height": 800}
    async with chromium() as browser:
        context = await browser.new_context(viewport=size, color_scheme=scheme)
        page = await context.new_page()
        for path in PATHS:
            await page.goto(f"{address}{path}?lang={language}")
            assert await page.get_attribute("html", "lang") == language
            found += [f"{path}: {fault}" for fault in await violations(page)]
            if await sideways(page, width):
                found.append(f"{path} scrolls sideways")
            if path == "/datasets/lots":
                await look_at_chart(page)
        assert await context.cookies() == []
    assert not found


async def look_at_chart(page: Page) -> None:
    """Four lines are told apart by their names and dashes, each with the gap in its middle."""
    lines = page.locator("svg[role=img] path.line")
    assert await lines.count() == 4
    dashes = await lines.evaluate_all(
        "all => all.map(one => getComputedStyle(one).strokeDasharray)"
    )
    assert len(set(dashes)) == 4
    for path in await lines.evaluate_all("all => all.map(one => one.getAttribute('d'))"):
        assert path.count("M") == 2
    named = await page.locator(".legend li").all_text_contents()
    assert sorted(named) == ["hbf", "pr-nord", "ratshof", "zoo"]
