# SPDX-License-Identifier: EUPL-1.2
"""What the model sees when a forecast is issued: only values up to that tick, and the calendar.

Shares and their changes are divided by how much the lot usually changes within the horizon, so
that one model serves a lot of 20 places and one of 900.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parking_occupancy.domain.forecast.calendar import SUNDAY, Days
from parking_occupancy.domain.forecast.panel import Flags, Floats, Ints, Panel, earlier

WEEKS = 6
DAYS_BACK = 7
MOST_AT_ONCE = 200_000
_WEIGHTS = 0.8 ** np.arange(WEEKS, dtype=np.float32)
_LAGS_MIN = (15, 30, 60, 120, 240)
_PAST_LAGS_MIN = (60, 120)

NAMES = (
    "taken", "room_down", "room_up",
    *(f"change_{lag}" for lag in _LAGS_MIN),
    "week_1", "week_2", "week_3", "weeks_change", "weeks_gap", "departure",
    *(f"departure_change_{lag}" for lag in _PAST_LAGS_MIN),
    "weeks_spread", "yesterday_change", "yesterday_gap", "days_change",
    "weekday", "minute", "holiday", "eve", "special", "after_holiday", "holiday_last_week",
    "horizon", "city_departure", "city_change",
    "temperature", "temperature_change", "precipitation",
)  # fmt: skip
FROM_WEEKS = tuple(
    index
    for index, name in enumerate(NAMES)
    if name.startswith(("week_", "weeks_", "departure", "city_departure"))
)
"""Columns that a lot without weeks of history does not have."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which forecasts: lot, tick of issue and horizon in ticks, one each; usual change per row."""

    lots: Ints
    ticks: Ints
    ahead: Ints
    usual_change: Floats


@dataclass(frozen=True, slots=True)
class Past:
    """What features are made of: the shares taken, the days, the city's sums from a tick on."""

    panel: Panel
    taken: Floats
    days: Days
    first: int
    departure_sum: Floats
    departure_count: Floats
    change_sum: Floats
    change_count: Floats


def past_of(panel: Panel, days: Days, *, first: int = 0) -> Past:
    """Return the past, with the sums over all lots for ticks from `first` on."""
    taken = panel.taken()
    ticks = np.arange(first, panel.ticks, dtype=np.int64)
    sums = np.zeros((4, len(ticks)), np.float32)
    at_once = max(1, MOST_AT_ONCE // max(1, len(ticks)))
    for begin in range(0, len(panel.lot_ids), at_once):
        block = np.arange(begin, min(begin + at_once, len(panel.lot_ids)), dtype=np.int64)
        lots, each = np.repeat(block, len(ticks)), np.tile(ticks, len(block))
        for row, values in ((0, _departure(taken, days, panel, lots, each)),
                            (2, _change(taken, panel, lots, each, 60))):  # fmt: skip
            of_lots = values.reshape(len(block), len(ticks))
            known = ~np.isnan(of_lots)
            sums[row] += np.where(known, of_lots, 0).sum(axis=0)
            sums[row + 1] += known.sum(axis=0)
    return Past(panel, taken, days, first, *sums)


def features(past: Past, asked: Asked) -> Floats:
    """Return one row per forecast, one column per name; NaN where nobody knows."""
    panel, taken, days = past.panel, past.taken, past.days
    lots, ticks, scale = asked.lots, asked.ticks, asked.usual_change
    now = taken[lots, ticks]
    back = _back(days, ticks + asked.ahead)
    then, target = _weeks(past, asked, back)
    change = target - then
    departure = now - _weighted(then)
    yesterday = _day_before(past, asked, 1)
    recent = np.stack([_difference(_day_before(past, asked, k)) for k in range(1, DAYS_BACK + 1)])
    columns = [
        now, now / scale, (1 - now) / scale,
        *(_change(taken, panel, lots, ticks, lag) / scale for lag in _LAGS_MIN),
        change[0] / scale, change[1] / scale, change[2] / scale,
        _weighted(change) / scale, (_weighted(target) - now) / scale, departure / scale,
        *(
            (departure - _departure(taken, days, panel, lots, ticks - panel.steps(lag))) / scale
            for lag in _PAST_LAGS_MIN
        ),
        _spread(change) / scale, _difference(yesterday) / scale, (yesterday[1] - now) / scale,
        _mean(recent) / scale,
        *_calendar(past, asked),
        asked.ahead * panel.step_min,
        *_others(past, asked),
        *_weather(past, asked),
    ]  # fmt: skip
    return np.stack([np.asarray(column, np.float32) for column in columns], axis=1)


def _back(days: Days, target: Ints) -> Ints:
    """Return how many days the compared days of six weeks lie back; for a holiday, Sundays."""
    target = np.minimum(target, len(days.weekday) - 1)
    weekday = days.weekday[target]
    first = np.where(days.holiday[target] & (weekday != SUNDAY), weekday + 1, 7)
    return first + 7 * np.arange(WEEKS, dtype=np.int64)[:, None]


def _weeks(past: Past, asked: Asked, back: Ints) -> tuple[Floats, Floats]:
    """Return the shares at the time of issue and of the target, in each compared week."""
    panel, days = past.panel, past.days
    per_day = panel.steps(24 * 60)
    then: list[Floats] = []
    target: list[Floats] = []
    for days_back in back:
        before = days.same_time(asked.ticks, days_back, per_day)
        after = before + asked.ahead
        seen = after <= asked.ticks
        odd = _flag(days.holiday, after) & ~_flag(days.holiday, asked.ticks + asked.ahead)
        usable = seen & ~odd
        for found, ticks in ((then, before), (target, after)):
            values = earlier(past.taken, asked.lots, ticks)
            found.append(np.where(usable, values, np.float32(np.nan)))
    return np.stack(then), np.stack(target)


def _departure(taken: Floats, days: Days, panel: Panel, lots: Ints, ticks: Ints) -> Floats:
    """Return how far the share is from what it was at this time in the weeks before."""
    per_day = panel.steps(24 * 60)
    weeks = np.arange(1, WEEKS + 1, dtype=np.int64)[:, None] * 7
    before = np.stack(
        [earlier(taken, lots, days.same_time(ticks, back, per_day)) for back in weeks]
    )
    departure: Floats = earlier(taken, lots, ticks) - _weighted(before)
    return departure


def _change(taken: Floats, panel: Panel, lots: Ints, ticks: Ints, minutes: int) -> Floats:
    back = max(1, round(minutes / panel.step_min))
    change: Floats = earlier(taken, lots, ticks) - earlier(taken, lots, ticks - back)
    return change


def _day_before(past: Past, asked: Asked, days_back: int) -> tuple[Floats, Floats]:
    """Return the shares at the time of issue and of the target, so many days before."""
    per_day = past.panel.steps(24 * 60)
    before = past.days.same_time(asked.ticks, np.int64(days_back) + 0 * asked.ticks, per_day)
    return (
        earlier(past.taken, asked.lots, before),
        earlier(past.taken, asked.lots, before + asked.ahead),
    )


def _calendar(past: Past, asked: Asked) -> list[Floats]:
    days, per_day = past.days, past.panel.steps(24 * 60)
    target = np.minimum(asked.ticks + asked.ahead, len(days.weekday) - 1)
    return [
        column.astype(np.float32)
        for column in (
            days.weekday[target],
            days.minute[target],
            days.holiday[target],
            days.eve[target],
            days.special[target],
            _flag(days.holiday, target - per_day),
            _flag(days.holiday, target - 7 * per_day),
        )
    ]


def _others(past: Past, asked: Asked) -> tuple[Floats, Floats]:
    """Return the mean departure and the mean change within the hour of all other lots."""
    at = asked.ticks - past.first
    own_departure = _departure(past.taken, past.days, past.panel, asked.lots, asked.ticks)
    own_change = _change(past.taken, past.panel, asked.lots, asked.ticks, 60)
    return (
        _without(own_departure, past.departure_sum[at], past.departure_count[at]),
        _without(own_change, past.change_sum[at], past.change_count[at]),
    )


def _weather(past: Past, asked: Asked) -> tuple[Floats, Floats, Floats]:
    """Return the weather when the forecast is issued, and the temperature's change in a day."""
    temperature, precipitation = past.days.weather
    rows = np.zeros(len(asked.ticks), np.int64)
    now, before, wet = (
        earlier(values[None, :], rows, ticks)
        for values, ticks in (
            (temperature, asked.ticks),
            (temperature, asked.ticks - past.panel.steps(24 * 60)),
            (precipitation, asked.ticks),
        )
    )
    return now, now - before, wet


def _without(own: Floats, total: Floats, count: Floats) -> Floats:
    known = ~np.isnan(own)
    count = count - known
    total = total - np.where(known, own, 0)
    return np.where(count > 0, total / np.maximum(count, 1), np.float32(np.nan))


def _flag(flags: Flags, ticks: Ints) -> Flags:
    inside = (ticks >= 0) & (ticks < len(flags))
    return inside & flags[np.where(inside, ticks, 0)]


def _difference(pair: tuple[Floats, Floats]) -> Floats:
    difference: Floats = pair[1] - pair[0]
    return difference


def _weighted(weeks: Floats) -> Floats:
    known = ~np.isnan(weeks)
    weights = np.where(known, _WEIGHTS[:, None], 0)
    total = weights.sum(axis=0)
    value = (np.where(known, weeks, 0) * weights).sum(axis=0) / np.where(total > 0, total, 1)
    return np.where(total > 0, value, np.nan).astype(np.float32)


def _mean(values: Floats) -> Floats:
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def _spread(values: Floats) -> Floats:
    """Return the mean distance from the mean."""
    spread: Floats = _mean(np.abs(values - _mean(values)))
    return spread
