# SPDX-License-Identifier: EUPL-1.2
"""Environment observations as rows of a series, and how complete a bucket is; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from uplink_decoder.codecs.quantities import is_plausible, objection

HOLDS_INTERVALS = 2
"""A value holds for two of its device's intervals: one reading may be lost on the air."""
HOLDS_WITHOUT_INTERVAL = timedelta(hours=24)


MAX_MAGNITUDE = 1e100
"""What a mean can be computed of: PostgreSQL adds up squares."""


class ValueQuality(StrEnum):
    """Whether a value counts: one outside its quantity's range, or in a wrong unit, does not."""

    GOOD = "good"
    IMPLAUSIBLE = "implausible"


class SeriesPlace(NamedTuple):
    """Where an uplink may have rows: one quantity of an asset at one time."""

    asset_id: str
    quantity: str
    observed_at: datetime
    uplink_id: str


class SeriesRow(NamedTuple):
    """One value of one quantity at one asset; columns as in storage."""

    asset_id: str
    quantity: str
    observed_at: datetime
    event_id: str
    value: float
    unit: str
    quality: ValueQuality
    source_id: str
    simulated: bool

    @property
    def place(self) -> SeriesPlace:
        """Where it stands, whichever observation of its uplink it is of."""
        uplink_id = self.event_id.partition(":")[0]
        return SeriesPlace(self.asset_id, self.quantity, self.observed_at, uplink_id)


class Interval(NamedTuple):
    """How often a device shall report, and while it watched the asset."""

    valid_from: datetime
    valid_to: datetime | None
    interval_s: int


def series_rows(
    quantities: Iterable[Mapping[str, Any]],
    *,
    asset_id: str,
    observed_at: datetime,
    event_id: str,
    source_id: str,
    simulated: bool,
) -> list[SeriesRow]:
    """Return one environment observation's quantities as rows."""
    return [
        SeriesRow(
            asset_id,
            each["quantity"],
            observed_at,
            event_id,
            each["value"],
            each["unit"],
            _quality(each["quantity"], each["value"], each["unit"]),
            source_id,
            simulated,
        )
        for each in quantities
    ]


def _quality(name: str, value: float, unit: str) -> ValueQuality:
    fits = objection(name, unit) is None and is_plausible(name, value)
    good = fits and abs(value) <= MAX_MAGNITUDE
    return ValueQuality.GOOD if good else ValueQuality.IMPLAUSIBLE


def completeness(
    count: int, start: datetime, end: datetime, intervals: Sequence[Interval]
) -> float | None:
    """Return which part of the expected values a bucket holds, 0 to 1.

    Expected is what the most frequent of the devices that watched the asset in this time shall
    report. Nothing if none of them has an expected interval.
    """
    shortest = min(
        (each.interval_s for each in intervals if _overlaps(each, start, end)), default=0
    )
    if not shortest:
        return None
    expected = max(1.0, (end - start).total_seconds() / shortest)
    return min(1.0, round(count / expected, 4))


def _overlaps(interval: Interval, start: datetime, end: datetime) -> bool:
    ends = interval.valid_to
    return interval.valid_from < end and (ends is None or ends > start)


def valid_until(observed_at: datetime, interval_s: int | None) -> datetime:
    """Return until when a newest value holds: two intervals, without one 24 hours."""
    if interval_s is None:
        return observed_at + HOLDS_WITHOUT_INTERVAL
    return observed_at + timedelta(seconds=HOLDS_INTERVALS * interval_s)
