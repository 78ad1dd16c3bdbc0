# SPDX-License-Identifier: EUPL-1.2
"""Single values of a feed: read, or a finding in the report."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from math import isfinite

from vehicle_occupancy.domain.service_day import LONGEST_S
from vehicle_occupancy.gtfs.feed import Row
from vehicle_occupancy.gtfs.report import Report

TIME = re.compile(r"([0-9]{1,3}):([0-5][0-9]):([0-5][0-9])")
DAY = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
LONGEST_TEXT = 300
MOST_DIGITS = 20


class Values:
    """Reads the rows of one file and notes what is wrong with them."""

    def __init__(self, file: str, report: Report) -> None:
        self.file = file
        self.report = report

    def wrong(self, row: Row, field: str, text: str, *, kind: str | None = None) -> None:
        """Note an error of a field."""
        self.report.error(self.file, text, line=row.line, field=field, kind=kind or text)

    def doubtful(self, row: Row, field: str, text: str, *, kind: str | None = None) -> None:
        """Note a warning of a field."""
        self.report.warning(self.file, text, line=row.line, field=field, kind=kind or text)

    def required(self, row: Row, field: str) -> str | None:
        """Return a text that must be there."""
        text = row.text(field)
        if not text:
            self.wrong(row, field, "is empty")
            return None
        return self._short(row, field, text)

    def optional(self, row: Row, field: str) -> str:
        """Return a text that may be empty."""
        return self._short(row, field, row.text(field)) or ""

    def _short(self, row: Row, field: str, text: str) -> str | None:
        if len(text) > LONGEST_TEXT:
            self.wrong(row, field, f"is longer than {LONGEST_TEXT} characters", kind="long")
            return None
        return text

    def key(self, row: Row, field: str, taken: Collection[str]) -> str | None:
        """Return an id that no row before has."""
        text = self.required(row, field)
        if text is not None and text in taken:
            self.wrong(row, field, f"{text!r} stands twice", kind="twice")
            return None
        return text

    def reference(self, row: Row, field: str, known: Collection[str], where: str) -> str | None:
        """Return an id that must stand in another file."""
        text = self.required(row, field)
        if text is not None and text not in known:
            if (where, text) not in self.report.left_out:
                self.wrong(row, field, f"{text!r} is not in {where}", kind="reference")
            return None
        return text

    def leave_out(self, key: str | None) -> None:
        """Note that a line is not used, for a reason that was told."""
        if key is not None:
            self.report.left_out.add((self.file, key))

    def whole(
        self, row: Row, field: str, allowed: range, *, default: int | None = None
    ) -> int | None:
        """Return a whole number of a range; empty is the default, or an error without one."""
        text = row.text(field)
        if not text and default is not None:
            return default
        number = whole_number(text)
        if number is None or number not in allowed:
            bounds = f"{allowed.start} to {allowed.stop - 1}"
            self.wrong(row, field, f"{text[:40]!r} is no number from {bounds}", kind="number")
            return None
        return number

    def degrees(self, row: Row, field: str, limit: float) -> float | None:
        """Return a latitude or a longitude."""
        text = row.text(field)
        try:
            value = float(text)
        except ValueError:
            self.wrong(row, field, f"{text[:40]!r} is no number", kind="number")
            return None
        if not isfinite(value) or abs(value) > limit:
            self.wrong(row, field, f"{text[:40]} is beyond {limit:g} degrees", kind="degrees")
            return None
        return value

    def day(self, row: Row, field: str) -> date | None:
        """Return a date, YYYYMMDD."""
        text = row.text(field)
        found = DAY.fullmatch(text)
        try:
            return date(*(int(part) for part in found.groups())) if found else _no_day(text)
        except ValueError:
            self.wrong(row, field, f"{text[:40]!r} is no date YYYYMMDD", kind="date")
            return None

    def time(self, row: Row, field: str) -> int | None:
        """Return a time of the service day in seconds, HH:MM:SS, beyond 24:00 after midnight."""
        seconds = seconds_of(row.text(field))
        if seconds is None:
            text = f"{row.text(field)[:40]!r} is no time HH:MM:SS up to {LONGEST_S // 3600}:00:00"
            self.wrong(row, field, text, kind="time")
        return seconds


def _no_day(text: str) -> date:
    raise ValueError(text)


def whole_number(text: str) -> int | None:
    """Return a whole number of so many digits at most, None for what is none."""
    if not (text.isascii() and text.isdigit()) or len(text) > MOST_DIGITS:
        return None
    return int(text)


def seconds_of(text: str) -> int | None:
    """Return the seconds of HH:MM:SS, None for what is none or too late for a service day."""
    found = TIME.fullmatch(text.strip())
    if not found:
        return None
    hours, minutes, seconds = found.groups()
    total = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return total if total <= LONGEST_S else None
