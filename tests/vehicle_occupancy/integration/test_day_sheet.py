# SPDX-License-Identifier: EUPL-1.2
"""The page of a day's peaks: who did what, what it was to change, what came of it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.async_playwright import Axe

from support.browser import chromium
from vehicle_occupancy.api.day_sheet_page import Sheet, to_page
from vehicle_occupancy.api.peak_documents import (
    ActedView,
    ActionView,
    NowView,
    OutcomeView,
    PeakView,
    PromiseView,
    Section,
    TripView,
)
from vehicle_occupancy.api.untold import Untold, UntoldLine
from vehicle_occupancy.domain.forecast.telling import Reason
from vehicle_occupancy.domain.peaks.option import OptionKind
from vehicle_occupancy.domain.peaks.outcome import Verdict

from .desk import Desk

AT = datetime(2026, 11, 24, 6, 34, tzinfo=UTC)
SHEET = Sheet(date(2026, 11, 24), ZoneInfo("Europe/Berlin"), AT, "/leitstelle?tag=2026-11-24")


def a_trip(at: datetime) -> TripView:
    return TripView(line="5 <Nord>", headsign="Dom <Süd>", from_name="Anger", leaves_at=at)


def actions() -> list[ActionView]:
    promise = PromiseView(
        moved=12, load=95, limit_after=80, probability=0.97, probability_after=0.6, excess=15,
        excess_after=5, trip_id="early", low=85, high=105,
    )  # fmt: skip
    shift = ActionView(
        action_id=1, kind=OptionKind.SHIFT, trip_id="1237.T0.10-HAL", note="Ansage <b>laut</b>",
        author="api_key:01JD", author_name="Leitstelle <Nord>", taken_at=AT - timedelta(hours=1),
        promise=promise, trip=a_trip(at=AT - timedelta(minutes=24)),
    )  # fmt: skip
    other = ActionView(
        action_id=2, kind="other", trip_id=None, note="", author="oidc:7", taken_at=AT,
        promise=None, trip=None, author_name=None,
    )  # fmt: skip
    return [shift, other]


def outcome() -> OutcomeView:
    acted = ActedView(
        expected_moved=12, expected_load=83, moved=17, moved_min=7, moved_max=27, limit=80,
        capped=True, as_expected=True,
    )  # fmt: skip
    return OutcomeView(
        verdict=Verdict.BELOW_LIMIT, load=78, excess=0, below_forecast=17, usual_load=97,
        usual_days=8, below_usual=19, beyond_chance=True, at_worst=78, measured_at=AT, acted=acted,
        limit=80,
    )  # fmt: skip


def by_now() -> NowView:
    return NowView(
        expected_load=88, p10=80, p90=96, probability=0.71, excess=9.4,
        issued_at=AT - timedelta(minutes=20), valid_until=AT - timedelta(minutes=17),
    )  # fmt: skip


def a_peak() -> PeakView:
    return PeakView(
        peak_id="20261124.1.full",
        line="5 <Nord>",
        direction=0,
        section=Section(
            from_stop="de:15002:1", to_stop="de:15002:2", from_name="Markt", to_name="Bahnhof"
        ),
        trip_id="1238.T0.10-HAL",
        trip=a_trip(at=AT - timedelta(minutes=14)),
        start_date="20261124",
        at=AT,
        expected_at=None,
        is_to_come=False,
        expected_load=95,
        p10=85,
        p90=105,
        comfort_limit=80,
        capacity=140,
        probability=0.97,
        excess=15,
        level="high",
        issued_at=AT - timedelta(hours=4),
        horizon="day_ahead",
        simulated=True,
        now=by_now(),
        actions=actions(),
        outcome=outcome(),
    )


def test_page_says_who_chose_what_when_and_what_came_of_it() -> None:
    page = to_page(SHEET, [a_peak()])
    for told in (
        "07:34", "Simulierte Daten", "erwartet am 24.11.2026 03:34",
        "95 (85 bis 105), über der Grenze zu 97 %, im Mittel 15 zu viel, Grenze 80",
        "88 (80 bis 96), über der Grenze zu 71 %, im Mittel 9 zu viel, gilt bis 07:17:00",
        "Linie 5 &lt;Nord&gt; Richtung Dom &lt;Süd&gt;, Markt → Bahnhof",
        "07:20 ab Anger, Linie 5 &lt;Nord&gt; Richtung Dom &lt;Süd&gt; <small>1238.T0.10-HAL",
        "07:10 ab Anger, Linie 5 &lt;Nord&gt; Richtung Dom &lt;Süd&gt; <small>1237.T0.10-HAL",
        "Fahrgäste auf andere Fahrt", "Leitstelle &lt;Nord&gt;, 24.11.2026 06:34", "oidc:7, ",
        "12 Personen weniger als 95", "✓ nicht zu voll", "78, üblich 97", "17 (7 bis 27)",
        "✓ gekappt",
    ):  # fmt: skip
        assert told in page
    assert "<b>laut" not in page
    assert "de:15002" not in page
    assert "api_key" not in page
    assert "Zufall" not in page
    peak = a_peak()
    peak.now = peak.trip = None
    page = to_page(SHEET, [peak])
    assert "jetzt erwartet" not in page
    assert "<dd>1238.T0.10-HAL</dd>" in page, "what the timetable does not know keeps its id"


@pytest.mark.parametrize(
    ("due_min", "now_min", "told"),
    [
        (10, 0, "verspätet, erwartet um <span lang='en'>late, expected at</span></dt><dd>07:44"),
        (2, 0, "verspätet, erwartet um <span lang='en'>late, expected at</span></dt><dd>07:36"),
        (-3, -10, "früher, erwartet um <span lang='en'>early, expected at</span></dt><dd>07:31"),
        (5, 6, "verspätet, erwartet <span lang='en'>late, expected</span></dt><dd>jeden Moment"),
        (1, 2, "pünktlich, erwartet <span lang='en'>on time, expected</span></dt><dd>jeden Moment"),
        (1, 0, None),
        (-1, -10, None),
    ],
)
def test_only_a_delay_worth_a_word_is_told(due_min: int, now_min: int, told: str | None) -> None:
    peak = a_peak()
    peak.expected_at = AT + timedelta(minutes=due_min)
    page = to_page(replace(SHEET, now=AT + timedelta(minutes=now_min)), [peak])
    assert told in page if told else not re.search("verspätet|früher|pünktlich", page)


def withheld(horizon: Literal["day_ahead", "live"]) -> UntoldLine:
    return UntoldLine(
        line="7", direction=0, towards="Dom", horizon=horizon, code=Reason.NOT_ISSUED, de="nichts",
        en="nothing",
    )  # fmt: skip


def test_no_peak_is_only_said_of_lines_of_which_peaks_are_told() -> None:
    some, none = "Auf anderen Linien keine Spitze erwartet", "<p>Keine Spitze erwartet"
    page = to_page(SHEET, [], untold=Untold([withheld("day_ahead")]))
    assert some in page
    page = to_page(SHEET, [], untold=Untold([withheld("day_ahead")], is_all=True))
    assert some not in page
    assert none not in page
    assert "Linie 7 Richtung Dom: nichts" in page
    # of a line of which only nothing is said live peaks are told, as of the day before
    page = to_page(SHEET, [], untold=Untold([withheld("live")]))
    assert some not in page
    assert none in page


def test_what_may_be_chance_says_so() -> None:
    peak = a_peak()
    assert peak.outcome is not None
    assert peak.outcome.acted is not None
    peak.outcome.acted.moved_min = -3
    page = to_page(SHEET, [peak])
    assert "17 (−3 bis 27) – kann Zufall sein" in page


async def test_page_has_no_barrier_that_axe_finds_and_fits_small_screens(tmp_path: Path) -> None:
    file = tmp_path / "day.html"
    file.write_text(to_page(SHEET, [a_peak()]), encoding="utf-8")
    async with chromium() as browser:
        shown = await browser.new_page(viewport={"width": 320, "height": 900})
        await shown.goto(f"file://{file}")
        assert not await shown.evaluate("document.documentElement.scrollWidth > innerWidth")
        found = await Axe().run(shown)
        assert found.response["violations"] == []
        assert len(found.response["passes"]) > 10, "axe looked at the page"


async def test_page_of_a_day_is_for_the_entitled(issued: Desk) -> None:
    day = issued.today.day
    path = f"/v1/peaks/day-sheet?date={day.isoformat()}"
    answer = await issued.client.get(path, headers=issued.reader)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert f"Spitzen am {day:%d.%m.%Y}" in answer.text
    assert "Linie 7 Richtung Dom, B → C" in answer.text
    assert f"<a href='../../leitstelle?tag={day.isoformat()}'>" in answer.text
    assert (await issued.client.get(path)).status_code == 401
    empty = await issued.client.get("/v1/peaks/day-sheet?date=2020-01-01", headers=issued.reader)
    assert "Keine Spitze erwartet" in empty.text
