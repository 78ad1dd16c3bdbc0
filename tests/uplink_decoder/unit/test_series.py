# SPDX-License-Identifier: EUPL-1.2
"""Environment observations as rows, and how complete a bucket is."""

from datetime import UTC, datetime, timedelta

import pytest

from uplink_decoder.domain.series import (
    Interval,
    SeriesRow,
    ValueQuality,
    completeness,
    series_rows,
    valid_until,
)

START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVER = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("quantity", "value", "unit", "quality"),
    [
        ("air.temperature", 8.4, "°C", ValueQuality.GOOD),
        ("air.temperature", 250.0, "°C", ValueQuality.IMPLAUSIBLE),
        ("air.temperature", 47.1, "°F", ValueQuality.IMPLAUSIBLE),
        ("air.relativeHumidity", -1.0, "%", ValueQuality.IMPLAUSIBLE),
        ("air.radon", 1e9, "Bq/m³", ValueQuality.GOOD),
        ("air.radon", -1e101, "Bq/m³", ValueQuality.IMPLAUSIBLE),
    ],
)
def test_value_outside_its_range_or_in_a_wrong_unit_is_implausible(
    quantity: str, value: float, unit: str, quality: ValueQuality
) -> None:
    (row,) = series_rows(
        [{"quantity": quantity, "value": value, "unit": unit}],
        asset_id="markt",
        observed_at=START,
        event_id="e:0",
        source_id="cs",
        simulated=True,
    )
    assert row == SeriesRow(
        "markt", quantity, START, "e:0", value, unit, quality, "cs", simulated=True
    )


@pytest.mark.parametrize(
    ("count", "intervals", "expected"),
    [
        (6, [Interval(EVER, None, 600)], 1.0),
        (3, [Interval(EVER, None, 600)], 0.5),
        (9, [Interval(EVER, None, 600)], 1.0),
        (1, [Interval(EVER, None, 86_400)], 1.0),
        (3, [Interval(EVER, None, 3600), Interval(EVER, None, 600)], 0.5),
        (3, [Interval(EVER, START, 300), Interval(START, None, 600)], 0.5),
        (3, [Interval(START + HOUR, None, 600)], None),
        (3, [], None),
    ],
)
def test_completeness_is_the_part_of_what_the_device_shall_report(
    count: int, intervals: list[Interval], expected: float | None
) -> None:
    assert completeness(count, START, START + HOUR, intervals) == expected


def test_newest_value_holds_for_two_intervals_or_a_day() -> None:
    assert valid_until(START, 600) == START + timedelta(minutes=20)
    assert valid_until(START, None) == START + timedelta(hours=24)
