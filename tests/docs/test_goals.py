# SPDX-License-Identifier: EUPL-1.2
"""docs/performance.md: a goal is decided by one figure that stands on its page, and what is missed says why."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest

from architecture.tracked import ROOT
from bench.pages import FOLDER, sheets_of
from fuzz.parsers.catalogue import all_parsers
from support.report_page import found

PAGE, HISTORY = ROOT / "docs/performance.md", ROOT / "docs/performance-history.md"
TEXT = PAGE.read_text(encoding="utf-8")
GOALS, WITHOUT = (
    TEXT.partition("\n## Goals\n")[2].partition("\n## ")[0].split("\n\nNo figure was set ")
)
(TABLE,) = sheets_of(f"{GOALS}\n")
BOLD = re.compile(r"\*\*(.+?)\*\*")
LINK = re.compile(r"\[[^\]]+\]\(([^)]*)\)")
BOUND = re.compile(r"\bat (least|most) ([\d,.]*\d)")
FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?")
SECTION = re.compile(r"^### (.+)\n((?:(?!^#).*\n?)*)", re.MULTILINE)


class Cell(NamedTuple):
    """Where a page has a figure: the page's name, how the row's first cell begins, and the column; no column where it is prose."""

    page: str
    row: str
    column: str


WHERE = {
    "500 faults in a row": Cell("crash", "", ""),
    "inputs for each fuzzed parser": Cell("fuzz", "", "inputs"),
    "waiting uplinks to rows": Cell("peers", "Stadttakt, native codec", "of Node-RED"),
    "the same, at least 0.6 × a bare loop": Cell(
        "peers", "Stadttakt, JavaScript codec", "of the bare loop"
    ),
    "one decoder": Cell("throughput", "decoder: received", "median"),
    "its memory with 5,000 devices": Cell("throughput", "decoder resident memory", "median"),
    "two decoders": Cell("growth-held-decoders", "2", "of the first"),
    "publish to sign": Cell("signs", "uplink published", "p99"),
    "sign requests": Cell("signs", "at 500 uplinks/s", "requests/s"),
    "replay of everything": Cell("replays", "native, for real, everything differs", "uplinks/s"),
    "vendors' formatters": Cell("scripts", "stateless", "uplinks/s"),
    "the same with a fresh context": Cell("scripts", "fresh", "uplinks/s"),
    "import of 10,000 devices": Cell("registry", "imports of 10,000 new devices", "s"),
    "lists of 100,000 devices by status": Cell("registry", "active", "p95"),
    "lists of 100,000 devices by tag": Cell("registry", "two letters", "p95"),
    "a hundred indicators": Cell("indicators", "from scratch", "took"),
    "the next night": Cell("indicators", "the next night", "took"),
    "each feed": Cell("feeds", "", "all written"),
    "feed requests": Cell("feed-serving", "lots, plain", "requests/s"),
    "a year of 500 lots": Cell("datasets", "served as parquet", "seconds"),
    "departures of 1,000 vehicles": Cell("departures", "all trips: both", "took"),
    "lists, search and map": Cell("ideas", "", "p95"),
    "bay events": Cell("parking", "events", "median"),
    "its start with 30 days": Cell("parking", "start", "median"),
    "take-over": Cell("parking", "take-over after SIGSTOP", "median"),
    "a month at 15 min": Cell("parking", "a month", "p95"),
    "counts at vehicles' doors": Cell("vehicles", "", "messages/s"),
    "import of a timetable": Cell("gtfs", "2,156,000 calls, in order", "s"),
    "its memory, at most 1,000 MB": Cell("gtfs", "2,", "peak memory, MB"),
    "memory of each part": Cell("soak", "", "MB an hour"),
    "cores of each part": Cell("sizing", "database", "times the model"),
    "a sign asked for": Cell("polling", "sign", "p99"),
    "uplinks through decoder": Cell("chain", "parking", "uplinks/s"),
    "the rate with 100,000,000 rows": Cell("growth-rows", "100,000,000", "of the first"),
    "with 100,000 devices": Cell("growth-devices", "100,000", "of the first"),
}
"""By how a goal begins, and what no figure was set for."""


def cell_of(goal: str) -> Cell:
    (found,) = (cell for begin, cell in WHERE.items() if goal.startswith(begin))
    return found


def is_in(figure: str, text: str) -> bool:
    """Tell whether a text has a figure, and not only as a part of another one."""
    return re.search(rf"(?<![\d.,]){re.escape(figure)}(?![\d]|[.,]\d)", text) is not None


def stands(figure: str, cell: Cell, text: str) -> bool:
    """Tell whether a page has a figure in this column, in a row that begins so."""
    return any(
        row[0].startswith(cell.row) and is_in(figure, row[list(sheet.names).index(cell.column)])
        for sheet in sheets_of(text)
        if sheet.has(cell.column)
        for row in sheet.rows
    )


def value(figure: str) -> float:
    """Return what a figure says, its parts added up."""
    return sum(float(each.replace(",", "")) for each in FIGURE.findall(figure))


def sections() -> dict[str, str]:
    why = TEXT.partition("\n## Why goals are missed\n")[2]
    return {f"#{slug(title)}": text.strip() for title, text in SECTION.findall(why)}


def slug(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("row", TABLE.rows, ids=lambda row: row[0][:50])
def test_the_figure_that_decides_a_goal_stands_on_the_linked_page_where_it_belongs(
    row: Sequence[str],
) -> None:
    goal, measured, _, links = row
    (figure,), (target, *_), cell = BOLD.findall(measured), LINK.findall(links), cell_of(goal)
    page = FOLDER / f"{cell.page}.md"
    file = target.partition("#")[0]

    if page.exists():
        assert file == f"benchmarks/{page.name}"
        text = page.read_text(encoding="utf-8")
        assert stands(figure, cell, text) if cell.column else is_in(figure, text)
    else:
        # Of a run that wrote no page: as soon as there is one, the goal is decided by it.
        assert file == HISTORY.name
        assert is_in(figure, HISTORY.read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", TABLE.rows, ids=lambda row: row[0][:50])
def test_a_goal_is_reached_if_its_figure_says_so_and_leads_to_why_if_not(
    row: Sequence[str],
) -> None:
    goal, measured, reached, links = row
    (figure,), bound = BOLD.findall(measured), BOUND.search(goal)

    assert bound, "nobody can tell whether it is reached"
    which, limit = bound.groups()
    holds = value(figure) >= value(limit) if which == "least" else value(figure) <= value(limit)
    assert reached == ("yes" if holds else "**no**")
    why = [each for each in LINK.findall(links) if each.startswith("#")]
    assert len(why) == (reached == "**no**")


@pytest.mark.parametrize(
    ("begin", "farthest"),
    [
        ("memory of each part", float),
        ("cores of each part", lambda cell: max(float(cell), 1 / float(cell))),
        ("each feed", lambda cell: float(cell.split()[0])),
        ("lists of 100,000 devices by tag", lambda cell: float(cell.split()[0])),
    ],
)
def test_what_holds_for_each_is_decided_by_the_one_that_is_farthest_from_it(
    begin: str, farthest: Callable[[str], float]
) -> None:
    (measured,) = (measured for goal, measured, *_ in TABLE.rows if goal.startswith(begin))
    cell = cell_of(begin)
    cells = [
        each
        for sheet in sheets_of((FOLDER / f"{cell.page}.md").read_text(encoding="utf-8"))
        # Without load parts take hundredths of a core, and twice as many are a matter of rounding.
        if sheet.has(cell.column) and " at 0 " not in sheet.title
        for each in sheet.column(cell.column)
        if each != "-"
    ]

    assert value(BOLD.findall(measured)[0]) == round(max(map(farthest, cells)), 2)


def test_faults_in_a_row_are_decided_by_the_run_on_the_page_and_by_no_older_one() -> None:
    (row,) = (row for row in TABLE.rows if row[0].startswith("500 faults"))
    run = found(FOLDER / "crash.md", "make crash")
    faults, rounds, wrong = (
        int(re.findall(words, run)[0])
        for words in (
            r"^Seed `.+`: (\d+) faults",
            r"faults in (\d+) round",
            r"(\d+) rounds? with an",
        )
    )

    assert value(BOLD.findall(row[1])[0]) == wrong
    assert f", of {rounds} with {faults} faults" in row[1]
    if row[2] == "yes":
        assert faults >= 500
        assert len(re.findall(r"Commit (.*);", run)[0].split(",")) == 1
        assert "not to be played here" not in run


def test_inputs_of_parsers_are_decided_by_the_one_that_has_had_least_in_the_form_of_today() -> None:
    (row,) = (row for row in TABLE.rows if row[0].startswith("inputs for each"))
    (lines,) = sheets_of(f"\n{found(FOLDER / 'fuzz.md', 'make fuzz')}\n")
    fed = {
        name: value(inputs)
        for name, inputs in zip(lines.column("parser"), lines.column("inputs"), strict=True)
        if name in all_parsers()
    }

    assert value(BOLD.findall(row[1])[0]) == min(fed.values())
    assert row[2] != "yes" or fed.keys() == all_parsers().keys()


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


def test_every_line_of_the_table_is_a_goal_of_its_own() -> None:
    lines = [line for line in GOALS.splitlines() if line.startswith("|")]

    assert len(TABLE.rows) == len(lines) - 2
    used = {cell_of(goal) for goal, *_ in TABLE.rows}
    assert len(used) == len(TABLE.rows) == len(WHERE) - 4


def test_what_no_figure_was_set_for_stands_on_its_page_too() -> None:
    text = " ".join(WITHOUT.split())
    told = re.findall(r"\*\*([^*]+)\*\*[^*]*?\]\(benchmarks/([\w-]+)\.md\)", text)
    cells = {cell.page: cell for begin, cell in WHERE.items() if begin in text}

    assert len(told) == len(BOLD.findall(text)) == len(cells) == 4
    for figure, page in told:
        assert stands(figure, cells[page], (FOLDER / f"{page}.md").read_text(encoding="utf-8"))


def test_a_figure_is_not_found_within_another_one_nor_in_another_row_or_column() -> None:
    page = "| who | rate | of |\n|---|---|---|\n| we | 11,904.5 | 0.71 (0.62 to 1.70) |\n| they | 3 | 4 |\n"
    rate, share = Cell("page", "we", "rate"), Cell("page", "we", "of")

    assert stands("11,904.5", rate, page)
    assert [each for each in ("0.71", "1.70") if not stands(each, share, page)] == []
    assert [
        each
        for each in ("904.5", "11", "1.7", "904", "0.7", "4.5", "4")
        if stands(each, share, page)
    ] == []
    assert not stands("0.71", rate, page)
    assert not stands("3", rate, page)
