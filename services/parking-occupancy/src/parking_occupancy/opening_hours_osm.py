# SPDX-License-Identifier: EUPL-1.2
"""Opening hours in OSM syntax by the city's clock, with the public holidays of its region; no I/O."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from opening_hours import (  # type: ignore[attr-defined]  # its stubs leave out the error
    OpeningHours,
    ParserError,
)

from parking_occupancy.domain.opening import ALWAYS, Span
from stadttakt_runtime.public_holidays import public_holidays

LOOK_AHEAD = timedelta(days=370)
"""A season ends within it."""

_ALWAYS = "24/7"
_EXAMPLE = "Mo-Sa 06:00-22:00; PH off"
_BELIEVED = timedelta(days=1)
_REMEMBERED = 32
_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_DAY, _MONTH = timedelta(days=1), timedelta(days=31)
_QUOTED = re.compile(r'("[^"]*")')
_PUBLIC_HOLIDAY = re.compile(r"\bPH\b")
_SUN = re.compile(r"sunrise|sunset|dawn|dusk", re.IGNORECASE)
_UNSUPPORTED = {
    "school holidays (SH) are not known": re.compile(r"\bSH\b"),
    "days counted from public holidays are not understood": re.compile(r"\bPH\s*[+-]"),
}


class WrongHoursError(ValueError):
    """A text is no opening hours, or none that can be evaluated here."""


class _Known(NamedTuple):
    begin: datetime
    end: datetime
    span: Span


@dataclass(frozen=True)
class OsmHours:
    """Opening hours of a place; equal where they say the same.

    Holidays of the region, which the library does not know, stand in for their weekdays: on and
    after a holiday that is a Tuesday `PH` is read as `Tu`, on other days it matches nothing.
    """

    expression: str
    timezone: str
    region: str
    lat: float
    lon: float
    _known: deque[_Known] = field(
        default_factory=lambda: deque(maxlen=_REMEMBERED), compare=False, repr=False
    )

    def __call__(self, now: datetime) -> Span:
        """Return whether the place is open, and until when that stays so."""
        # Most places of a city: a year of days need not be looked at to see that nothing changes.
        if self.expression == _ALWAYS:
            return ALWAYS
        for known in self._known:
            if known.begin <= now < known.end:
                return known.span
        span = self._look(now)
        self._known.append(_Known(now, span.until or now + _BELIEVED, span))
        return span

    def _look(self, now: datetime) -> Span:
        is_open = self._is_open(now)
        moments = (at for at in self._changes(now) if self._is_open(at) is not is_open)
        return Span(is_open, next(moments, None))

    def _is_open(self, at: datetime) -> bool:
        local = at.astimezone(ZoneInfo(self.timezone))
        return not self._on(local.date()).is_closed(local)

    def _changes(self, after: datetime) -> Iterator[datetime]:
        """Yield when the state may change, in order: what the library says of days read alike.

        It is asked up to a day only: without an end it looks as far as the year 9999 for a change
        that never comes, which holds the event loop for seconds.
        """
        zone, moment, last = ZoneInfo(self.timezone), after, after + LOOK_AHEAD
        while moment < last:
            local = moment.astimezone(zone)
            border = datetime.combine(self._alike_until(local.date()), time(), zone)
            for _, end, *_ in self._on(local.date()).intervals(local, border):
                yield min(end, border).astimezone(UTC)
            moment = border.astimezone(UTC)

    def _alike_until(self, day: date) -> date:
        """Return the next day that is read otherwise, a month later at most."""
        holidays, following = self._holidays_on(day), day + _DAY
        while following - day < _MONTH and self._holidays_on(following) == holidays:
            following += _DAY
        return following

    def _holidays_on(self, day: date) -> frozenset[int]:
        """Return the weekdays that stand for holidays on a day; hours past midnight are of the eve."""
        if not self.region:
            return frozenset()
        return frozenset(
            each.weekday() for each in (day - _DAY, day) if is_holiday(self.region, each)
        )

    def _on(self, day: date) -> OpeningHours:
        """Return the hours as they are to be read on a day."""
        place = (self.lat, self.lon)
        return _parsed(self.expression, self._holidays_on(day), self.timezone, place)


def read_hours(expression: str, *, timezone: str, region: str, lat: float, lon: float) -> OsmHours:
    """Return what opening hours mean at a place; raises WrongHoursError with a reason."""
    if "\x00" in expression:
        raise WrongHoursError("a NUL character cannot be stored")
    try:
        canonical = str(_parsed(expression, frozenset(), timezone, (lat, lon)))
    except ParserError as error:
        raise WrongHoursError(_reason(expression, str(error))) from error
    unquoted = "".join(_QUOTED.split(canonical)[::2])
    for reason, pattern in _UNSUPPORTED.items():
        if pattern.search(unquoted):
            raise WrongHoursError(reason)
    if _PUBLIC_HOLIDAY.search(unquoted) and not region:
        raise WrongHoursError("public holidays (PH) need public_holidays in city.yaml")
    try:
        for weekday in range(len(_DAYS)):
            _parsed(canonical, frozenset({weekday}), timezone, (lat, lon))
    except ParserError as error:
        raise WrongHoursError("PH is not understood here") from error
    return OsmHours(canonical, timezone, region, lat, lon)


@lru_cache(maxsize=4096)
def is_holiday(region: str, day: date) -> bool:
    """Return whether a day is a public holiday of a region; without a region none is."""
    return bool(region) and day in _holidays(region, day.year)


@lru_cache(maxsize=64)
def _holidays(region: str, year: int) -> frozenset[date]:
    return public_holidays(region, [year])


def _parsed(
    expression: str, holidays: frozenset[int], timezone: str, place: tuple[float, float]
) -> OpeningHours:
    # Where a place lies matters to the sun only: a city's lots share what is parsed.
    return _parsed_at(expression, holidays, timezone, place if _SUN.search(expression) else None)


@lru_cache(maxsize=4096)
def _parsed_at(
    expression: str, holidays: frozenset[int], timezone: str, place: tuple[float, float] | None
) -> OpeningHours:
    if holidays:
        days = ",".join(_DAYS[weekday] for weekday in sorted(holidays))
        parts = _QUOTED.split(expression)
        parts[::2] = [_PUBLIC_HOLIDAY.sub(days, part) for part in parts[::2]]
        expression = "".join(parts)
    return OpeningHours(
        expression,
        timezone=ZoneInfo(timezone),
        coords=place,
        auto_country=False,
        auto_timezone=False,
    )


def _reason(expression: str, told: str) -> str:
    """Return in one line at which column the text is not understood, and how it should look.

    What the library expected there are words of its grammar, which nobody else knows.
    """
    column = re.search(r"--> \d+:(\d+)", told)
    where = f" at column {column[1]}" if column else ""
    return f"{expression!r} is not understood{where}; write it as {_EXAMPLE!r}"
