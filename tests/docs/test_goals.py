# SPDX-License-Identifier: EUPL-1.2
"""The table of goals at the top of docs/performance.md has each goal that a section below it tells as missed."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from architecture.tracked import ROOT
from bench.pages import sheets_of

PAGE = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
MISSED = "**missed**"
SECTION = re.compile(r"^## (.+)\n", re.MULTILINE)


def sections() -> dict[str, str]:
    """Return the sections below the goals by what a link to each says."""
    _, *parts = SECTION.split(PAGE)
    told = dict(zip(parts[::2], parts[1::2], strict=True))
    del told["Goals and what is reached"]
    return {slug(title): text for title, text in told.items()}


def slug(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def test_each_missed_goal_of_a_section_has_a_row_that_says_no_and_leads_there() -> None:
    (goals,) = sheets_of(PAGE.partition("## Goals and what is reached\n")[2].partition("\n## ")[0])
    rows = zip(goals.column("reached"), goals.column("page"), strict=True)
    led = [
        (reached.startswith("**no**"), re.findall(r"\(#([\w-]+)\)", page)) for reached, page in rows
    ]
    missed = {name: text.count(MISSED) for name, text in sections().items() if MISSED in text}

    assert Counter(each for no, found in led if no for each in found) == missed
    assert all(len(found) == 1 for no, found in led if no)


@pytest.mark.parametrize("name", sections())
def test_a_goal_is_reached_or_marked_as_missed(name: str) -> None:
    text = sections()[name]
    cells = [
        cell
        for table in sheets_of(text)
        if table.has("reached")
        for cell in table.column("reached")
    ]

    assert [
        cell for cell in cells if not cell.startswith(("yes", "-")) and MISSED not in cell
    ] == []
    assert text.count("missed") == text.count(MISSED)
