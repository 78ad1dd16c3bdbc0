# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from parking_occupancy.domain.flow import Flow
from parking_occupancy.domain.history import FINEST
from parking_occupancy.domain.searching import HORIZON, LOOK_BACK, Between, Errors, Flows, searching

from .building import T0

HOUR = timedelta(hours=1)
BUCKETS = round((LOOK_BACK + HORIZON) / FINEST)


def failed(flows: dict[int, dict[str, float]], *, hours: float = 24, inside: int = 50) -> Between:
    """Return what is told of a lot of 50 places that is full all the time, by minute of flows."""
    begin = T0 - LOOK_BACK
    rows = [
        Flow(begin + n * FINEST, known_s=300, full_s=300, tight_s=300, inside_mean=inside)
        for n in range(BUCKETS)
    ]
    for minute, fields in flows.items():
        at = round((LOOK_BACK + timedelta(minutes=minute)) / FINEST)
        rows[at] = rows[at]._replace(**fields)
    columns: dict[str, list[Any]] = {
        name: [getattr(row, name) for row in rows] for name in Flow._fields
    }
    for name in ("start", "before_from"):
        columns[name] = [at.timestamp() if at else None for at in columns[name]]
    told = Flows.of(begin, begin + BUCKETS * FINEST, columns)
    end = T0 + hours * HOUR
    found = searching(told, T0, end, most=50, errors=Errors(), seen_until=T0 + HORIZON)
    return found.failed_entries


def came(vehicles: int) -> dict[str, float]:
    return {"arrivals": vehicles, "full_arrivals": vehicles, "tight_arrivals": vehicles}


def left(vehicles: int) -> dict[str, float]:
    return {"departures": vehicles}


MORNING = {60 + 30 * n: came(2) for n in range(6)} | {65 + 30 * n: left(2) for n in range(6)}
"""Twelve come to the full lot one after the other, and leave at once."""


def test_those_who_leave_a_full_lot_at_once_are_found() -> None:
    told = failed(MORNING)
    assert told.value == 12
    assert told.low is not None
    assert 8 <= told.low <= 12
    assert told.high == 12


def test_crowd_that_leaves_in_the_evening_does_not_hide_who_failed_in_the_morning() -> None:
    evening = {600 + 5 * n: left(4) for n in range(12)}
    told = failed(MORNING | evening)
    assert told.value == pytest.approx(12, abs=0.5)
    assert (told.low or 0) >= 8


def test_those_who_leave_as_others_do_about_that_time_are_none() -> None:
    steady = {minute: left(1) for minute in range(-480, 1440, 5)}
    arrivals = {n * 60: came(1) | left(1) for n in range(1, 12)}
    told = failed(steady | arrivals)
    assert told.value == pytest.approx(0, abs=0.5)
    assert told.low == 0


def test_never_more_failed_than_came_while_full() -> None:
    told = failed({60: came(1), 65: left(6)})
    assert told.value == 1
    assert told.high == 1


def test_nothing_is_told_of_a_lot_that_nobody_was_ever_seen_in() -> None:
    told = failed({60: came(1), 65: left(1)}, inside=0)
    assert told == Between(None, 0, 1)
