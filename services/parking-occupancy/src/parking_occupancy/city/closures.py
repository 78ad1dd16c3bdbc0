# SPDX-License-Identifier: EUPL-1.2
"""Planned closures of a lot, by the city's clock; docs/reference/city-folder.md."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

Moment = datetime | date


def _moment(value: Any) -> Moment:
    """Return a day, or a local time; YAML has made some of them dates already."""
    if isinstance(value, date):
        return value
    try:
        day = len(value) == len("2026-12-24")
        return date.fromisoformat(value) if day else datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ValueError("must be a day or a local time, as 2026-12-24T14:00") from error


def _local(value: Moment) -> Moment:
    if isinstance(value, datetime) and value.tzinfo is not None:
        raise ValueError("is by the city's clock, without an offset")
    return value


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("control characters cannot be shown")
    return text


Local = Annotated[Any, BeforeValidator(_moment), AfterValidator(_local)]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=200),
    AfterValidator(_printable),
]


class ClosureEntry(BaseModel):
    """A lot is closed from a time to another one; a day as the end is closed itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    begin: Annotated[Local, Field(alias="from")]
    end: Annotated[Local, Field(alias="to")]
    reason: Reason

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.last <= self.first:
            raise ValueError("must end after it begins")
        return self

    @property
    def first(self) -> datetime:
        """Return the local time at which it begins."""
        return self.begin if isinstance(self.begin, datetime) else _midnight(self.begin)

    @property
    def last(self) -> datetime:
        """Return the local time at which it ends."""
        if isinstance(self.end, datetime):
            return self.end
        return _midnight(self.end + timedelta(days=1))

    def row(self, timezone: str) -> dict[str, str]:
        """Return what is stored of it: times in UTC."""
        zone = ZoneInfo(timezone)
        begin, end = (
            each.replace(tzinfo=zone).astimezone(UTC).isoformat()
            for each in (self.first, self.last)
        )
        return {"begin": begin, "end": end, "reason": self.reason}


def _apart(closures: list[ClosureEntry]) -> list[ClosureEntry]:
    """Refuse closures that overlap: which reason held would be anybody's guess."""
    ordered = sorted(closures, key=lambda each: each.first)
    for earlier, later in pairwise(ordered):
        if later.first < earlier.last:
            raise ValueError(f"{earlier.reason} and {later.reason} overlap")
    return closures


Closures = Annotated[list[ClosureEntry], AfterValidator(_apart)]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
