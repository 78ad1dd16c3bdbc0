# SPDX-License-Identifier: EUPL-1.2
"""Opening hours: the syntax of OpenStreetMap, and what becomes of it in the feeds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from fuzz.parsers.target import Parser
from open_data_publisher.domain.hours import weekly
from parking_occupancy.opening_hours_osm import WrongHoursError, read_hours

MOMENTS = (datetime(2026, 10, 31, 21, tzinfo=UTC), datetime(2027, 3, 28, 0, 30, tzinfo=UTC))
"""A public holiday's evening, and the night in which the clock goes forward."""
REGIONS = ("DE-ST", "")
EXPRESSIONS = (
    "24/7",
    "Mo-Fr 08:00-20:00; Sa 09:00-18:00,19:00-20:00",
    "Mo-Sa 06:00-22:00; PH off",
    "Apr-Oct 08:00-20:00; Dec 24-26 off",
    'Mo-Fr 22:00-06:00 "nachts", Su sunrise-(sunset+01:30) || unknown',
    "week 1-53/2 We[1,-1] 10:00+; 2026-2030 easter -2 days closed",
)


def _hours(data: bytes) -> Any:
    """The first byte says whether the city tells a region of its public holidays."""
    region = REGIONS[data[0] % len(REGIONS)] if data else ""
    text = data[1:].decode("utf-8", "surrogatepass")
    spans = weekly(text)
    hours = read_hours(text, timezone="Europe/Berlin", region=region, lat=51.48, lon=11.97)
    return hours.expression, spans, weekly(hours.expression), [hours(each) for each in MOMENTS]


def parsers() -> Iterator[Parser]:
    """Yield the only one."""
    refusals = (WrongHoursError, UnicodeDecodeError)
    seeds = tuple(b"\x00" + each.encode() for each in EXPRESSIONS)
    yield Parser("opening-hours", _hours, refusals, seeds, longest=256)
