# SPDX-License-Identifier: EUPL-1.2
"""What axe finds on a page, and whether it scrolls sideways."""

from pathlib import Path

import axe_playwright_python  # type: ignore[import-untyped]
from playwright.async_api import Page

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def violations(page: Page) -> list[str]:
    """Return each rule that a part of the page breaks, and how."""
    await page.evaluate(AXE)
    # What holds is looked at all the same, but not described and carried over place by place.
    found = await page.evaluate(
        "async rules => {"
        "  const options = {runOnly: rules, resultTypes: ['violations']};"
        "  return (await axe.run(document, options)).violations;"
        "}",
        RULES,
    )
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found
        for node in each["nodes"]
    ]


async def sideways(page: Page, width: int) -> bool:
    """Tell whether a page is wider than its window."""
    return bool(await page.evaluate("document.documentElement.scrollWidth") > width)
