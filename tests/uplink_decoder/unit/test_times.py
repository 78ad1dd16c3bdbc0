# SPDX-License-Identifier: EUPL-1.2
"""Which of a message's times is the observation time: every rule as a line of a table."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplink_decoder.domain.times import MAX_AGE, MAX_AHEAD, choose, frame_time, plausible, read_time
from uplink_decoder.domain.uplink import Flag, MessageTimes

NOW = datetime(2026, 11, 1, 8, 15, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


FIVE_MIN = 300.0
MONTH = 31 * 86_400.0


@pytest.mark.parametrize(
    ("gateway", "network", "application", "chosen", "source", "flags"),
    [
        # The best is the gateway's, then the network server's, then the application server's.
        (-1, -0.5, -0.2, -1, "gateway", ()),
        (None, -0.5, -0.2, -0.5, "network_server", ()),
        (None, None, -0.2, -0.2, "application_server", ()),
        (-1, None, None, -1, "gateway", ()),
        # None at all: the time received here.
        (None, None, None, 0, "received", (Flag.NO_TIME,)),
        # Up to 5 minutes ahead is a clock that differs, more is wrong.
        (FIVE_MIN, None, None, FIVE_MIN, "gateway", ()),
        (FIVE_MIN + 1, None, None, 0, "received", (Flag.FUTURE_TIME,)),
        (FIVE_MIN + 1, -0.5, None, -0.5, "network_server", (Flag.FUTURE_TIME,)),
        (86_400 * 365, 86_400 * 365, -1, -1, "application_server", (Flag.FUTURE_TIME,)),
        # Implausibly old: what could no longer be fetched from anywhere.
        (-MONTH, None, None, -MONTH, "gateway", ()),
        (-MONTH - 1, None, None, 0, "received", (Flag.OLD_TIME,)),
        (-MONTH - 1, -0.5, None, -0.5, "network_server", (Flag.OLD_TIME,)),
        # A gateway's clock against its server's, also for messages delivered days late.
        (-FIVE_MIN, 0, None, -FIVE_MIN, "gateway", ()),
        (-FIVE_MIN - 1, 0, None, 0, "network_server", (Flag.GATEWAY_TIME_OFF,)),
        (-3600, None, 0, 0, "application_server", (Flag.GATEWAY_TIME_OFF,)),
        (-86_400, -86_400 + 1, None, -86_400, "gateway", ()),
        (-86_400, -80_000, -80_000, -80_000, "network_server", (Flag.GATEWAY_TIME_OFF,)),
        # Each objection once, in order.
        (FIVE_MIN + 1, FIVE_MIN + 1, None, 0, "received", (Flag.FUTURE_TIME,)),
        (
            FIVE_MIN + 1,
            -MONTH - 1,
            None,
            0,
            "received",
            (Flag.FUTURE_TIME, Flag.OLD_TIME),
        ),
    ],
)
def test_best_plausible_time_is_chosen(
    *,
    gateway: float | None,
    network: float | None,
    application: float | None,
    chosen: float,
    source: str,
    flags: tuple[Flag, ...],
) -> None:
    given_times = MessageTimes(
        *(None if seconds is None else at(seconds) for seconds in (gateway, network, application))
    )
    times = choose(given_times, NOW)
    assert (times.observed_at, times.time_source, times.flags) == (at(chosen), source, flags)
    assert times.received_at == NOW


# Hypothesis takes its bounds without a zone and adds it.
SECOND_YEAR = datetime(2, 1, 1)  # noqa: DTZ001
times = st.none() | st.datetimes(
    SECOND_YEAR.replace(2020), SECOND_YEAR.replace(2040), timezones=st.just(UTC)
)


@given(times, times, times)
def test_observation_time_is_always_plausible_and_one_of_those_given(
    gateway: datetime | None, network: datetime | None, application: datetime | None
) -> None:
    found = choose(MessageTimes(gateway, network, application), NOW)
    assert NOW - MAX_AGE <= found.observed_at <= NOW + MAX_AHEAD
    assert found.observed_at in {gateway, network, application, NOW}
    assert (found.time_source == "received") <= bool(found.flags)


@given(times, times, times)
def test_redelivery_chooses_the_same_by_the_first_receipt(
    gateway: datetime | None, network: datetime | None, application: datetime | None
) -> None:
    message = MessageTimes(gateway, network, application)
    assert choose(message, NOW) == choose(message, NOW)


@pytest.mark.parametrize(
    ("seconds", "true"),
    [(0, True), (FIVE_MIN, True), (FIVE_MIN + 1, False), (-MONTH, True), (-MONTH - 1, False)],
)
def test_own_time_of_a_reading_is_held_to_the_same_bounds(seconds: float, *, true: bool) -> None:
    assert plausible(at(seconds), NOW) is true


@given(st.datetimes(SECOND_YEAR, timezones=st.just(UTC)), st.integers(-14, 14))
def test_time_written_in_any_zone_is_read_back(time: datetime, hours: int) -> None:
    try:
        written = time.astimezone(timezone(timedelta(hours=hours))).isoformat()
    except OverflowError:
        return
    read = read_time(written)
    assert read == time
    assert read is not None
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [None, "", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"],
)
def test_what_is_no_time(text: str | None) -> None:
    assert read_time(text) is None


def test_time_without_zone_is_utc() -> None:
    assert read_time("2026-11-01T08:15:00") == NOW


@pytest.mark.parametrize(
    ("server_late_by", "expected_late_by"),
    [
        (timedelta(seconds=2), timedelta(0)),
        (timedelta(minutes=5), timedelta(0)),
        (timedelta(hours=3), timedelta(hours=3)),
        (timedelta(days=32), timedelta(0)),
        (None, timedelta(0)),
    ],
)
def test_minutes_ago_are_reckoned_from_the_observation_where_a_message_comes_late(
    server_late_by: timedelta | None, expected_late_by: timedelta
) -> None:
    server = None if server_late_by is None else NOW - server_late_by
    assert frame_time(MessageTimes(network_server=server), NOW) == NOW - expected_late_by
