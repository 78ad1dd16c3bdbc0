# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_occupancy.domain.opening import ClosedBy, Closure, Openings, always_open
from parking_occupancy.domain.orders import Opening
from parking_occupancy.opening_hours_osm import OsmHours, WrongHoursError, read_hours

BERLIN = ZoneInfo("Europe/Berlin")


def hours(expression: str, region: str = "DE-ST") -> OsmHours:
    return read_hours(expression, timezone="Europe/Berlin", region=region, lat=51.48, lon=11.97)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("expression", "now", "is_open", "until"),
    [
        ("24/7", "2026-11-25T10:00", True, None),
        ("off", "2026-11-25T10:00", False, None),
        ("Mo-Sa 06:00-22:00", "2026-11-25T10:00", True, "2026-11-25T22:00"),
        ("Mo-Sa 06:00-22:00", "2026-11-28T22:00", False, "2026-11-30T06:00"),
        # Reformation Day is a holiday in Saxony-Anhalt and a Saturday in 2026, All Saints' is none.
        ("Mo-Sa 06:00-22:00; PH off", "2026-10-31T10:00", False, "2026-11-02T06:00"),
        ("Mo-Sa 06:00-22:00; PH off", "2026-10-30T10:00", True, "2026-10-30T22:00"),
        ("Mo-Fr 06:00-20:00; PH 10:00-16:00", "2026-10-31T11:00", True, "2026-10-31T16:00"),
        ("Su,PH 10:00-12:00", "2026-10-31T13:00", False, "2026-11-01T10:00"),
        # Epiphany: a Wednesday in 2027.
        ("Mo-Su 08:00-18:00; PH off", "2027-01-05T19:00", False, "2027-01-07T08:00"),
        ("Mo-Sa 18:00-02:00; PH off", "2026-10-30T23:00", True, "2026-10-31T00:00"),
        # Hours past midnight are those of the holiday's evening.
        ("Mo-Fr 06:00-20:00; PH 20:00-02:00", "2026-10-31T21:00", True, "2026-11-01T02:00"),
        ("Mo-Fr 06:00-20:00; PH 20:00-02:00", "2026-11-01T01:00", True, "2026-11-01T02:00"),
        ("Apr-Oct 08:00-20:00", "2026-11-25T10:00", False, "2027-04-01T08:00"),
        # The clock goes forward at 2 and back at 3.
        ("Mo-Su 02:30-05:00", "2026-03-29T00:00", False, "2026-03-29T03:00"),
        ("Mo-Su 00:00-04:00", "2026-10-25T01:00", True, "2026-10-25T04:00"),
        ('Mo-Fr 08:00-18:00 "nicht an PH"', "2026-11-25T10:00", True, "2026-11-25T18:00"),
    ],
)
def test_hours_are_told_by_the_citys_clock_and_the_states_holidays(
    expression: str, now: str, *, is_open: bool, until: str | None
) -> None:
    span = hours(expression)(local(now))
    assert (span.is_open, span.until) == (is_open, until and local(until))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("region", ["DE-ST", ""])
@pytest.mark.parametrize(
    ("expression", "is_open"),
    [("Mo-Su 00:00-24:00", True), ("2020 Mo-Fr 08:00-18:00", False), ('24/7 "Parkhaus"', True)],
)
def test_hours_that_never_change_do_not_hold_the_event_loop(
    expression: str, region: str, *, is_open: bool
) -> None:
    # The library looks as far as the year 9999 for a change, for seconds on each day it is asked.
    for days in range(30):
        span = hours(expression, region)(local("2026-11-25T10:00") + timedelta(days=days))
        assert (span.is_open, span.until) == (is_open, None)


@given(
    st.sampled_from(
        [
            "Mo-Sa 06:00-22:00; PH off",
            "Mo-Fr 22:00-06:00; PH,Su 00:00-24:00",
            "Sa-Su 10:30-11:45; Dec 24-26 off",
            "Mo-Su 01:30-03:30",
        ]
    ),
    st.integers(0, 730 * 86_400),
    st.lists(st.integers(-3_000, 3_000), max_size=5),
)
def test_nothing_changes_before_the_change_that_is_told(
    expression: str, second: int, asked_min: list[int]
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    asked, fresh = hours(expression), hours(expression)
    # Whatever was asked before, the answer is the same.
    for minutes in asked_min:
        asked(now + timedelta(minutes=minutes))
    span = asked(now)
    assert span == fresh(now)
    assert span.until is not None
    assert now < span.until
    assert fresh(span.until).is_open is not span.is_open
    for share in (0.1, 0.5, 0.9, 0.999):
        assert fresh(now + share * (span.until - now)).is_open is span.is_open


@pytest.mark.parametrize(
    ("expression", "region", "message"),
    [
        ("Mo-Sa 25:99", "DE-ST", "'Mo-Sa 25:99' is not understood at column 7; write it as 'Mo-Sa"),
        ("rund um die Uhr", "DE-ST", "is not understood at column 1"),
        ("Mo-Fr; SH off", "DE-ST", "school holidays"),
        ("Mo-Fr; PH -1 day off", "DE-ST", "days counted from public holidays"),
        ("Mo-Fr; PH off", "", "public_holidays in city.yaml"),
        ('Mo-Fr 08:00-18:00 "a\x00b"', "DE-ST", "NUL character cannot be stored"),
    ],
)
def test_hours_that_mean_nothing_here_are_refused(
    expression: str, region: str, message: str
) -> None:
    with pytest.raises(WrongHoursError, match=message):
        hours(expression, region)


CLOSURE = Closure(local("2026-11-25T12:00"), local("2026-11-25T14:00"), "Weihnachtsmarkt")


def test_a_closure_goes_before_the_hours_and_an_operator_before_both() -> None:
    noon = local("2026-11-25T12:00")
    planned = Openings(hours("Mo-Sa 06:00-13:00"), (CLOSURE,))
    standing = planned.standing(noon)
    assert (standing.closed_by, standing.reason) == (ClosedBy.CLOSURE, "Weihnachtsmarkt")
    # Closed by the closure first, then by the hours: it opens in the morning.
    assert planned.next_change(noon) == local("2026-11-26T06:00")
    by_hand = Openings(always_open, (CLOSURE,), Opening(noon + timedelta(hours=1), closed=False))
    assert by_hand.standing(noon).closed_by is None
    assert by_hand.next_change(noon) == noon + timedelta(hours=1)
    closed = Openings(always_open, (CLOSURE,), Opening(closed=True))
    assert closed.standing(noon).closed_by is ClosedBy.OPERATOR
    assert closed.next_change(noon) is None


def test_a_coming_closure_is_when_the_lot_closes() -> None:
    openings = Openings(always_open, (CLOSURE,))
    assert openings.next_change(local("2026-11-25T08:00")) == CLOSURE.begin
    assert openings.next_change(CLOSURE.begin) == CLOSURE.end
    assert openings.next_change(CLOSURE.end) is None
