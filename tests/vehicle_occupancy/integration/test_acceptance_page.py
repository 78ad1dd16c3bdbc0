# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.async_playwright import Axe

from support.browser import chromium
from vehicle_occupancy.acceptance.document import report_view
from vehicle_occupancy.acceptance.page import to_page
from vehicle_occupancy.domain.acceptance import DoorEvent, Terms, report

LOOK = """() => ({
  scrolls: document.documentElement.scrollWidth > innerWidth,
  hidden: [...document.querySelectorAll(".wide")].some(e => e.scrollWidth > e.clientWidth),
  unnamed: [...document.querySelectorAll("svg")].some(e => !e.querySelector("title")),
  headings: [...document.querySelectorAll("h1, h2")].length,
})"""


def page(folder: Path) -> str:
    events = [
        DoorEvent(
            f"MGT6D {600 + n % 3}", str(n), "1", 3 + n % 7, n % 5, 3 + n % 7 - (n % 19 == 0), n % 5
        )
        for n in range(600)
    ]
    at = datetime(2026, 11, 3, 9, tzinfo=UTC)
    text = to_page(report_view(report(events, Terms())), "Herbst", at, ZoneInfo("Europe/Berlin"))
    (folder / "report.html").write_text(text, encoding="utf-8")
    return f"file://{folder}/report.html"


@pytest.mark.parametrize("width", [320, 360, 1440])
async def test_report_can_be_read_without_scrolling_sideways(tmp_path: Path, width: int) -> None:
    async with chromium() as browser:
        shown = await browser.new_page(viewport={"width": width, "height": 900})
        await shown.goto(page(tmp_path))
        found = await shown.evaluate(LOOK)
        assert found == {"scrolls": False, "hidden": False, "unnamed": False, "headings": 4}
        assert await shown.get_by_text("✗ Nicht abgenommen").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
async def test_report_has_no_barrier_that_axe_finds(
    tmp_path: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    async with chromium() as browser:
        shown = await browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        await shown.goto(page(tmp_path))
        found = await Axe().run(shown)
        assert found.response["violations"] == []
        assert len(found.response["passes"]) > 15, "axe looked at the page"
