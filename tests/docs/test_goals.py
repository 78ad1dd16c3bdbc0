# SPDX-License-Identifier: EUPL-1.2
"""docs/performance.md: a goal is decided by one figure that stands on its page, and what is missed says why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from architecture.tracked import ROOT
from bench.pages import sheets_of

PAGE = ROOT / "docs/performance.md"
TEXT = PAGE.read_text(encoding="utf-8")
GOALS, WITHOUT = (
    TEXT.partition("\n## Goals\n")[2].partition("\n## ")[0].split("\n\nNo figure was set ")
)
(TABLE,) = sheets_of(GOALS)
BOLD = re.compile(r"\*\*(.+?)\*\*")
LINK = re.compile(r"\[[^\]]+\]\(([^)]*)\)")
BOUND = re.compile(r"\bat (least|most) ([\d,.]*\d)")
FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?")
SECTION = re.compile(r"^### (.+)\n((?:(?!^#).*\n?)*)", re.MULTILINE)


def stands(figure: str, page: Path) -> bool:
    """Tell whether a page has a figure, and not only as a part of another one."""
    told = rf"(?<![\d.,]){re.escape(figure)}(?![\d]|[.,]\d)"
    return re.search(told, page.read_text(encoding="utf-8")) is not None


def value(figure: str) -> float:
    """Return what a figure says, its parts added up."""
    return sum(float(each.replace(",", "")) for each in FIGURE.findall(figure))


def sections() -> dict[str, str]:
    why = TEXT.partition("\n## Why goals are missed\n")[2]
    return {f"#{slug(title)}": text.strip() for title, text in SECTION.findall(why)}


def slug(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("row", TABLE.rows, ids=lambda row: row[0][:50])
def test_the_figure_that_decides_a_goal_stands_on_the_linked_page(row: Sequence[str]) -> None:
    _, measured, _, links = row
    (figure,), (target, *_) = BOLD.findall(measured), LINK.findall(links)
    page = PAGE.parent / target.partition("#")[0]

    assert page.parent.name == "benchmarks" or page.name == "performance-history.md"
    assert stands(figure, page)


@pytest.mark.parametrize("row", TABLE.rows, ids=lambda row: row[0][:50])
def test_a_goal_is_reached_if_its_figure_says_so_and_leads_to_why_if_not(
    row: Sequence[str],
) -> None:
    goal, measured, reached, links = row
    (figure,) = BOLD.findall(measured)
    if bound := BOUND.search(goal):
        which, limit = bound.groups()
        holds = value(figure) >= value(limit) if which == "least" else value(figure) <= value(limit)
        assert (reached == "yes") == holds
    else:
        assert reached == "yes"
    why = [each for each in LINK.findall(links) if each.startswith("#")]
    assert reached in {"yes", "**no**"}
    assert len(why) == (reached == "**no**")


def test_each_goal_that_is_missed_has_a_section_of_its_own_that_says_why() -> None:
    led = [
        each
        for _, _, reached, links in TABLE.rows
        if reached != "yes"
        for each in LINK.findall(links)
        if each.startswith("#")
    ]

    assert sorted(led) == sorted(sections())
    assert all(len(text) > 80 for text in sections().values())


def test_what_no_figure_was_set_for_stands_on_its_page_too() -> None:
    told = re.findall(r"\*\*([^*]+)\*\*[^*]*?\]\((benchmarks/[\w-]+\.md)\)", WITHOUT)

    assert len(told) == len(BOLD.findall(WITHOUT)) == 4
    assert [figure for figure, page in told if not stands(figure, PAGE.parent / page)] == []


def test_a_figure_is_not_found_within_another_one(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("| 11,904.5 | 0.71 (0.62 to 1.70) |\n")

    assert [each for each in ("11,904.5", "0.71", "1.70") if not stands(each, page)] == []
    assert [
        each for each in ("904.5", "11", "1.7", "904", "0.7", "4.5") if stands(each, page)
    ] == []
