# SPDX-License-Identifier: EUPL-1.2
"""`make pictures`: photographs of the pages that a running local stack serves, for `docs/pictures.md`."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.progress import track

from stadttakt_local.layout import PROJECT
from stadttakt_local.settings import Ports
from support.browser import chromium

FOLDER = PROJECT / "docs/pictures"
NARROW, WIDE = 360, 1440


@dataclass(frozen=True)
class Page:
    """A page worth a picture: its service, path, width in pixels, and colour scheme."""

    name: str
    service: str
    path: str
    width: int = WIDE
    dark: bool = False

    @property
    def file(self) -> Path:
        return FOLDER / f"{self.name}.png"


PAGES = (
    Page("portal", "opendata", "/"),
    Page("portal-narrow", "opendata", "/", NARROW),
    Page("portal-dark", "opendata", "/", dark=True),
    Page("vehicles", "opendata", "/bus-und-bahn"),
    Page("lot", "opendata", "/parken/friedemann-bach-platz"),
    Page("portal-indicators", "opendata", "/kennzahlen"),
    Page("portal-measures", "opendata", "/massnahmen"),
    Page("wall", "opendata", "/wand"),
    Page("datasets", "opendata", "/datasets"),
    Page("dataset", "opendata", "/datasets/abfahrten"),
    Page("sign", "parking", "/signs/fbp-einfahrt/display"),
    Page("scorecard", "kpi", "/"),
    Page("indicator", "kpi", "/kennzahl/auslastung-parkplaetze"),
    Page("reports", "kpi", "/berichte"),
    Page("idea-form", "registry", "/"),
    Page("idea-form-narrow", "registry", "/", NARROW),
    Page("measures-registry", "registry", "/massnahmen"),
    Page("measure", "registry", "/massnahme/integrierte-mobilitaet"),
)


async def take(pages: tuple[Page, ...], ports: Ports) -> None:
    """Write a picture of each page, at most two screens high."""
    at = asdict(ports)
    async with chromium() as browser:
        for each in track(pages, description="pictures"):
            page = await browser.new_page(
                viewport={"width": each.width, "height": 900},
                color_scheme="dark" if each.dark else "light",
                locale="de-DE",
            )
            answer = await page.goto(
                f"http://127.0.0.1:{at[each.service]}{each.path}", wait_until="load"
            )
            if answer is None or not answer.ok:
                raise SystemExit(f"{each.path} answered {answer and answer.status}")
            # The map draws after its data came; nothing on the page says when it is done.
            await page.wait_for_timeout(2000)
            await page.screenshot(path=each.file, type="png")
            await page.close()


def main() -> None:
    """Photograph all pages."""
    FOLDER.mkdir(exist_ok=True)
    asyncio.run(take(PAGES, Ports.from_environment()))


if __name__ == "__main__":
    main()
