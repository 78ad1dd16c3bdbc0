# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_occupancy.domain.days import DAY, borders, bucket_of
from parking_occupancy.domain.history import FINEST

HALLE = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("noon", "begin", "hours"),
    [
        ("2026-03-29", "2026-03-28T23:00", 23),
        ("2026-10-25", "2026-10-24T22:00", 25),
        ("2026-11-20", "2026-11-19T23:00", 24),
    ],
)
def test_a_day_is_one_of_the_city_with_the_hours_it_has(noon: str, begin: str, hours: int) -> None:
    at = datetime.fromisoformat(f"{noon}T12:00").replace(tzinfo=HALLE).astimezone(UTC)
    day = bucket_of(at, DAY, HALLE)
    assert day.begin == datetime.fromisoformat(begin).replace(tzinfo=UTC)
    assert day.end - day.begin == hours * HOUR


times = st.integers(946_684_800, 4_102_444_800).map(lambda s: datetime.fromtimestamp(s, UTC))
zones = st.sampled_from(["Europe/Berlin", "Asia/Kathmandu", "America/Santiago", "UTC"])


@given(times, zones, st.sampled_from([FINEST, 3 * FINEST, HOUR, DAY]))
def test_every_time_lies_in_its_bucket_and_buckets_follow_one_another(
    at: datetime, name: str, width: timedelta
) -> None:
    zone = ZoneInfo(name)
    begin, end = bucket_of(at, width, zone)
    assert begin <= at < end
    assert (end - begin) % FINEST == timedelta()
    assert bucket_of(end, width, zone).begin == end
    assert borders(at, end + timedelta(seconds=1), width, zone)[:2] == [begin, end]
