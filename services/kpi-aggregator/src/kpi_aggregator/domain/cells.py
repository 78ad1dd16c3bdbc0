# SPDX-License-Identifier: EUPL-1.2
"""Cells of a CSV file as offices write them: numbers, days, periods and parts, German or ISO."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from kpi_aggregator.domain.means import GroupMean
from kpi_aggregator.domain.periods import Period, read_period

MOST_PARTS = 50
FIRST_YEAR, LAST_YEAR = 1990, 2099
LENGTHS: Mapping[str, Period] = {
    **{each.value: each for each in Period},
    "tag": Period.DAY,
    "woche": Period.WEEK,
    "monat": Period.MONTH,
    "quartal": Period.QUARTER,
    "jahr": Period.YEAR,
}
_COMMA = re.compile(r"^[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+$", re.ASCII)
_GROUPS = re.compile(r"^[+-]?\d{1,3}(\.\d{3}){2,}$", re.ASCII)
# 0.125 is no thousand: a group of thousands does not begin with a zero.
_ONE_GROUP = re.compile(r"^[+-]?[1-9]\d{0,2}\.\d{3}$", re.ASCII)
_POINT = re.compile(r"^[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?$", re.ASCII)
_GERMAN_DAY = re.compile(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})( 0?0:00(:00)?)?$", re.ASCII)
_QUARTER = re.compile(r"^Q([1-4])[ /](\d{4})$|^([1-4])\. Quartal (\d{4})$", re.ASCII)
_PART = re.compile(r"^([a-z0-9-]{1,80})=([0-9]{1,9}|[0-9]{1,3}(?:\.[0-9]{3}){1,2})?$")
_MEAN = re.compile(
    r"^([a-z0-9-]{1,80})=(?:\s*([^()\s]{1,30})\s*\(\s*([0-9]{1,9})\s*\))?$", re.ASCII
)
_SPACES = dict.fromkeys(map(ord, "\u00a0\u202f"))


class AmbiguousError(ValueError):
    """A number can be read in two ways."""


def read_number(text: str, *, whole: bool, has_points: bool) -> float:
    """Return a number: 1.234,5 and 1234,5 as 1234.5; `has_points` of a file separated by commas.

    Raises:
        AmbiguousError: 1.234 may be a thousand or one and a bit; where only whole numbers are
            counted it is a thousand, in a file separated by commas it is one and a bit.
        ValueError: it is no number.

    """
    written = text.translate(_SPACES)
    if _COMMA.match(written):
        return float(written.replace(".", "").replace(",", "."))
    if _GROUPS.match(written):
        return float(written.replace(".", ""))
    if _ONE_GROUP.match(written) and not has_points:
        if not whole:
            raise AmbiguousError(text)
        return float(written.replace(".", ""))
    if not _POINT.match(written):
        raise ValueError(text)
    return float(written)


def read_day(text: str) -> date:
    """Return a day written 2026-10-31 or 31.10.2026; raises ValueError."""
    found = _GERMAN_DAY.match(text)
    if found is None:
        day = date.fromisoformat(text)
    else:
        day = date(int(found[3]), int(found[2]), int(found[1]))
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(text)
    return day


def read_start(text: str, length: Period) -> date:
    """Return the first day of a period, told as a day or by the period's name.

    Names are 2026, 2026-Q3, Q3 2026, 3. Quartal 2026, 2026-10 and 2026-W40, each for its own length.
    Raises ValueError.
    """
    found = _QUARTER.match(text)
    if found is not None:
        number, year = (found[1] or found[3]), (found[2] or found[4])
        text = f"{year}-Q{number}"
    try:
        period, start = read_period(text)
    except ValueError:
        return read_day(text)
    if period is Period.DAY:
        return read_day(text)
    if period is not length or not FIRST_YEAR <= start.year <= LAST_YEAR:
        raise ValueError(text)
    return start


def read_length(text: str) -> Period | None:
    """Return how long a period is: year or Jahr; none where it is no such word."""
    return LENGTHS.get(text.lower())


def read_parts(text: str) -> dict[str, int] | None:
    """Return how many of each group (`rad=120|oepnv=95`); groups without a number are left out.

    Nothing where no group has one. Raises ValueError.
    """
    if not text:
        return None
    found = [_PART.match(each.strip()) for each in text.split("|")]
    if len(found) > MOST_PARTS or len({each and each[1] for each in found}) < len(found):
        raise ValueError(text)
    parts: dict[str, int] = {}
    for each in found:
        if each is None:
            raise ValueError(text)
        if each[2]:
            parts[each[1]] = int(each[2].replace(".", ""))
    return parts or None


def read_means(text: str, *, has_points: bool) -> dict[str, GroupMean] | None:
    """Return what groups say on the mean and how many they are (`ab-65=2,3 (41)|unter-18=`).

    Groups without a mean are left out; nothing where none has one. Raises ValueError.
    """
    if not text:
        return None
    found = [_MEAN.match(each.strip()) for each in text.translate(_SPACES).split("|")]
    if len(found) > MOST_PARTS or len({each and each[1] for each in found}) < len(found):
        raise ValueError(text)
    means: dict[str, GroupMean] = {}
    for each in found:
        if each is None:
            raise ValueError(text)
        if each[2]:
            mean = read_number(each[2], whole=False, has_points=has_points)
            means[each[1]] = GroupMean(mean, int(each[3]))
    return means or None
