# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.table import Table

from bench import (
    growth,
    latency,
    parking,
    polling,
    reports,
    scenarios,
    scripts,
    signs,
    sizing,
    soak,
    throughput,
)
from bench.charts import COUNTED, Placed, Sheet, charts_of
from bench.city import PROBE_SIGN
from bench.kept_rows import Kept
from bench.pages import FOLDER, sheets_of
from bench.scenarios import SCENARIOS
from bench.sizing_model import Needs
from stadttakt_simulators.lorawan.encoders import BAY_ENCODERS
from support.chart import ROUNDS, Chart, Row, draw

TELLING = re.compile(r"\d[\d,.]*|/\w+/\S+")
"""Figures and routes."""
IMAGE = re.compile(r"!\[(.+?)\]\((.+?)\)")


def texts(image: str) -> list[str]:
    """Return what is written in a picture."""
    return [node.text for node in ET.fromstring(image).iter() if node.text]


PAGES = [page for page in sorted(FOLDER.glob("*.md")) if page.stem in SCENARIOS]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_the_charts_of_its_tables(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    charts = charts_of(page.stem, sheets_of(text))

    assert charts
    assert IMAGE.findall(text) == [(each.chart.told, f"{each.file}.svg") for each in charts]
    for each in charts:
        assert (FOLDER / f"{each.file}.svg").read_text(encoding="utf-8") == draw(each.chart)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_chart_is_named_after_nothing_that_its_table_does_not_tell(page: Path) -> None:
    sheets = sheets_of(page.read_text(encoding="utf-8"))
    for each in charts_of(page.stem, sheets):
        below = sheets if each.below is None else [sheets[each.below]]
        told = " ".join(word for sheet in below for word in (sheet.title, *sheet.names))
        assert set(TELLING.findall(each.chart.told)) <= set(TELLING.findall(told))


def test_a_page_names_the_routes_that_were_asked() -> None:
    asked = {
        "latency": (f"/v1/signs/{PROBE_SIGN}", latency.SITES, latency.STATE),
        "polling": tuple(polling.PATHS.values()),
    }
    for name, routes in asked.items():
        for sheet in sheets_of((FOLDER / f"{name}.md").read_text(encoding="utf-8")):
            if not sheet.has("part"):
                assert [each for each in routes if f"`{each}`" not in sheet.caption] == []
    for sheet in sheets_of((FOLDER / "signs.md").read_text(encoding="utf-8")):
        assert f"`{signs.SIGN}`" in sheet.caption or f"`{signs.CHANGING_SIGN}`" in sheet.caption


def test_each_page_of_the_folder_stands_in_its_list() -> None:
    listed = re.findall(r"\]\(([\w-]+\.md)\)", (FOLDER / "README.md").read_text(encoding="utf-8"))

    assert sorted(listed) == sorted(
        page.name for page in FOLDER.glob("*.md") if page.stem != "README"
    )


def test_each_picture_of_the_folder_is_on_a_page_under_words_of_its_own() -> None:
    images = [found for page in FOLDER.glob("*.md") for found in IMAGE.findall(page.read_text())]

    assert sorted(name for _, name in images) == sorted(each.name for each in FOLDER.glob("*.svg"))
    assert len({words for words, _ in images}) == len(images)
    for words, name in images:
        assert words in texts((FOLDER / name).read_text())


def test_every_name_every_value_and_what_colours_mean_stand_in_a_chart() -> None:
    names = [f"a kind of fault {number}" for number in range(30)]
    rows = [Row(name, [float(number), None]) for number, name in enumerate(names)]

    written = texts(draw(Chart("Until all was right", "s", rows, ("median", "p99"))))

    assert {*names, "Until all was right", "s", "median", "p99", "0", "29", "-"} <= set(written)
    assert ROUNDS not in written


def test_figures_of_a_chart_have_as_many_decimals_as_the_most_exact_one() -> None:
    written = texts(draw(Chart("Cores", "cores", [Row("a", [0.1, 0.04]), Row("b", [1234.0])])))

    assert {"0.10", "0.04", "1,234.00"} <= set(written)


def test_the_range_of_rounds_is_drawn_within_the_picture_and_explained() -> None:
    image = draw(Chart("Rate", "1/s", [Row("one", [6.0], (4.0, 1000.0)), Row("two", [3.5])]))

    assert ROUNDS in texts(image)
    ends = [float(end) for end in re.findall(r"v8m0 -4H([\d.]+)", image)]
    assert 400 < max(ends) < 640


def test_a_course_names_some_of_its_minutes_and_that_they_are_minutes() -> None:
    rows = [Row(str(minute), [20.0 + minute]) for minute in range(41)]

    written = texts(draw(Chart("Memory", "MB", rows, course="minute")))

    assert {"Memory", "MB", "minute", "40"} <= set(written)
    assert "39" not in written


def placed(name: str, *tables: Table) -> list[Placed]:
    return charts_of(name, [reports.sheet_of(table) for table in tables])


def shown(charts: Sequence[Placed]) -> dict[str, list[tuple[str, list[float | None]]]]:
    return {each.file: [(row.name, list(row.values)) for row in each.chart.rows] for each in charts}


def test_latency_is_shown_at_each_place_by_rate() -> None:
    found = {"row": [20.0] * 100, "state topic": [30.0], "feed": []}
    tables = [latency._of_delays(rate, rate, found, "") for rate in (100, 1000)]

    assert shown(placed("latency", *tables)) == {
        "latency-row": [("100/s", [20.0] * 3), ("1,000/s", [20.0] * 3)],
        "latency-state-topic": [("100/s", [30.0, 30.0, None]), ("1,000/s", [30.0, 30.0, None])],
    }


def test_polling_is_shown_at_each_rate_in_a_picture_of_its_own() -> None:
    names = ("asked for", "median, ms", "p95", "p99")
    sheets = [
        Sheet(f"clients, {rate} uplinks/s; delays", names, [("sign", "1.0", "2.0", "3.0")])
        for rate in (1, 500)
    ]

    found = charts_of("polling", sheets)

    assert [(each.file, each.below) for each in found] == [("polling-1", 0), ("polling-500", 1)]
    assert len({each.chart.told for each in found}) == 2


def test_sizing_is_shown_beside_the_model_in_the_order_of_its_tables() -> None:
    tables = [
        sizing._table(rate, {"broker": 0.5}, {"broker": 9.0}, {"broker": Needs(0.25, 8.0, 1.0)})
        for rate in (0.0, 46.0, 231.0)
    ]

    charts = placed("sizing", *tables)

    assert list(shown(charts).items())[1] == ("sizing-46", [("broker", [0.5, 0.25])])
    assert [(each.file, each.below) for each in charts] == [
        ("sizing-0", 0), ("sizing-46", 1), ("sizing-231", 2)
    ]  # fmt: skip
    assert [each.chart.legend for each in charts] == [("measured", "by the model")] * 3


def test_memory_of_each_part_is_shown_by_the_minute() -> None:
    counted = dict.fromkeys(COUNTED, 7.0)
    minutes = [soak.Minute(n, counted, dict.fromkeys(soak.PARTS, 100.0 + n)) for n in range(2)]

    charts = placed("soak", soak._table(minutes), soak.growth_of(minutes))

    assert len(charts) == len(soak.PARTS)
    assert shown(charts)["soak-uplink-decoder"] == [("0", [100.0]), ("1", [101.0])]
    assert charts[0].chart.told == "Memory by the minute: uplink decoder, MB"


def test_signs_and_throughput_are_shown() -> None:
    delays = scenarios._table_of_latency(signs.Latency(100.0, 200.0, 300.0, 400.0, 990.0))
    rounds = [throughput.Round(13000, 5000, 1, 2), throughput.Round(15000, 7000, 1, 2)]

    assert shown(placed("signs", delays))["signs"][:2] == [("median", [100.0]), ("p95", [200.0])]
    (chart,) = placed("throughput", scenarios._table_of_throughput(rounds))
    assert chart.chart.rows == [
        Row("bare paho receive loop", [14000.0], (13000.0, 15000.0)),
        Row("decoder: received, stored, republished", [6000.0], (5000.0, 7000.0)),
    ]


def test_growth_is_told_as_medians_of_rounds_with_their_range() -> None:
    def costs(*rates: float) -> list[growth.Cost]:
        return [growth.Cost(rate, 100, 50, 160) for rate in rates]

    measured = {1: costs(4000, 6000, 5000), 4: costs(8000, 3000, 5000), 8: costs()}
    table = growth.table_of("codecs", measured, {8: "no room"})

    sheet = reports.sheet_of(table)
    assert sheet.rows[:2] == [
        ("1", "5,000 (4,000 to 6,000)", "1.00 (1.00 to 1.00)", "100 (100 to 100)", "50 (50 to 50)", "160 (160 to 160)"),
        ("4", "5,000 (3,000 to 8,000)", "1.00 (0.50 to 2.00)", "100 (100 to 100)", "50 (50 to 50)", "160 (160 to 160)"),
    ]  # fmt: skip
    (chart,) = placed("growth-codecs", table)
    assert chart.chart.rows[1] == Row("4", [5000.0], (3000.0, 8000.0))
    assert len(chart.chart.rows) == 2


def test_each_case_has_its_turn_in_every_round_where_little_differs() -> None:
    def turns(what: str) -> list[tuple[int, int]]:
        return [(number, getattr(case, what)) for number, case in growth.turns(what, 2)]

    assert turns("decoders") == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert turns("codecs")[:4] == [(0, 1), (0, 4), (0, len(BAY_ENCODERS)), (1, 1)]
    assert turns("rows") == [(0, rows) for rows in growth.ROWS]


def test_what_is_measured_once_is_told_without_a_range() -> None:
    table = growth.table_of("devices", {1000: [growth.Cost(4000, 100, 50, 160)]}, {})

    assert reports.sheet_of(table).rows == [("1,000", "4,000", "1.00", "100", "50", "160")]
    assert "rounds" not in str(table.title)


def test_growth_by_rows_tells_what_they_are_how_wide_and_how_often_their_index_is_read() -> None:
    before, after = Kept(0, 0, 500), Kept(350.2, 2_500_000, 30_500)
    costs = [growth.Cost(4000, 100, 50, 160, after.cells(before, 60_000))]

    table = growth.table_of("rows", {0: costs, 100: []}, {100: "no room"})

    assert reports.sheet_of(table).rows == [
        ("0", "4,000", "1.00", "100", "50", "160", "350", "2.5", "0.50"),
        ("100", "not measured: no room", *["-"] * 7),
    ]
    told = "by rows: half uplinks with raw messages of 1 B and identities, half observations"
    assert told in str(table.title)


def test_each_scenario_that_decides_a_goal_has_a_chart() -> None:
    delays = [scripts.Delay(bad, [float(bad)] * 2, [9.0]) for bad in (1, 20)]
    rates = dict.fromkeys(("native", "stateless"), scripts.Rate(4000, 90, 30))

    charts = placed("scripts", scripts.table_of_rates(rates), scripts.table_of_delays(delays))
    assert shown(charts) == {
        "scripts-1": [("native", [4000.0]), ("stateless", [4000.0])],
        "scripts-2": [
            ("native, beside 1 bad uplinks/s", [1.0, 1.0]),
            ("script, beside 1 bad uplinks/s", [9.0, 9.0]),
            ("native, beside 20 bad uplinks/s", [20.0, 20.0]),
            ("script, beside 20 bad uplinks/s", [9.0, 9.0]),
        ],
    }
    rounds = [parking.Round(9000, rate, (100, 30, 80), 1.5, 380) for rate in (5000, 6000, 7000)]
    (chart,) = placed("parking", parking.table_of_rounds(rounds))
    assert chart.chart.rows == [Row("events/s", [6000.0]), Row("bare loop/s", [9000.0])]
    took = Sheet(
        "", ["", "took", "MB"], [["all trips: both", "27.6 s", "9"], ["night", "3 s", "-"]]
    )
    assert [each.chart.rows for each in charts_of("departures", [took])] == [
        [Row("all trips: both", [27.6])]
    ]


def test_a_scenario_that_has_no_chart_has_none() -> None:
    assert charts_of("advice", [Sheet("Advice", ["what", "ms"], [["peak", "9"]])]) == []
    assert charts_of("peers", [Sheet("", ["who", "rows/s"], [["nobody", "-"]])]) == []
