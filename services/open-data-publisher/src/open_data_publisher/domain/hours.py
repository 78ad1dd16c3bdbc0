# SPDX-License-Identifier: EUPL-1.2
"""Opening hours of a plain week, read from the text that OpenStreetMap writes; whatever says more is left as text."""

from __future__ import annotations

import re
from dataclasses import dataclass

ALWAYS_OPEN = "24/7"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_RULE = re.compile(r"(?:(?P<days>[A-Z][a-z](?:[-,][A-Z][a-z])*) )?(?P<times>[\d:,-]+)")
_TIMES = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_MIDNIGHT, _LAST_SECOND = "24:00", "23:59:59"


@dataclass(frozen=True, slots=True)
class Span:
    """Days on which it is open between two times of the local day, `HH:MM:SS`."""

    days: tuple[str, ...]
    begin: str
    end: str


def weekly(opening: str) -> tuple[Span, ...] | None:
    """Return the spans of a text such as `Mo-Fr 08:00-20:00; Sa 09:00-18:00`.

    None where it says anything else: holidays, seasons, nights over midnight, one day in two rules.
    """
    found: list[Span] = []
    told: set[str] = set()
    for rule in opening.split(";"):
        spans = _spans(rule.strip())
        if spans is None or not told.isdisjoint(spans[0].days):
            return None
        told.update(spans[0].days)
        found += spans
    return tuple(found)


def _spans(rule: str) -> list[Span] | None:
    read = _RULE.fullmatch(rule)
    days = _days(read["days"]) if read else None
    if read is None or days is None:
        return None
    spans = []
    for times in read["times"].split(","):
        match = _TIMES.fullmatch(times)
        if match is None:
            return None
        begin, end = times.split("-")
        if begin >= end or end > _MIDNIGHT:
            return None
        spans.append(Span(days, f"{begin}:00", _LAST_SECOND if end == _MIDNIGHT else f"{end}:00"))
    return spans


def _days(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return DAYS
    found: list[str] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not {first, last or first} <= set(_SHORT):
            return None
        begin, end = _SHORT.index(first), _SHORT.index(last or first)
        if begin > end:
            return None
        found += DAYS[begin : end + 1]
    return tuple(found)
