# SPDX-License-Identifier: EUPL-1.2
"""Opening hours in DATEX II: of 24 hours, of a plain week, or that they are not told in its terms."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from open_data_publisher.domain.hours import ALWAYS_OPEN, Span, weekly
from open_data_publisher.feeds.xml import Writer


def add_v2(writer: Writer, record: etree._Element, opening: str, since: str) -> None:
    """Append the `OpeningTimes` of version 2.3; a week of its own holds from a time on."""
    times = writer.add(record, "openingTimes")
    spans = weekly(opening)
    if opening == ALWAYS_OPEN:
        writer.add(times, "openAllYear", "true")
        writer.add(times, "available24hours", "true")
    elif spans is None:
        writer.add(times, "openingTimesNotSpecified", "true")
    else:
        writer.add(times, "openAllYear", "true")
        writer.add(times, "available24hours", "false")
        validity = writer.add(times, "validity")
        writer.add(validity, "validityStatus", "definedByValidityTimeSpec")
        period = writer.add(validity, "validityTimeSpecification")
        _periods(writer, period, spans, since, prefix="", kind="TimePeriodByHour")


def add_v3(
    writer: Writer, place: etree._Element, opening: str, known_as: tuple[str, str, str]
) -> None:
    """Append the `OperatingHours` of version 3.6, known as an id, a version and the time of that; nothing where they are more than a week's."""
    identifier, version, since = known_as
    spans = weekly(opening)
    if opening == ALWAYS_OPEN:
        writer.add(place, "fac:operatingHours", type_="fac:OpenAllHours")
    elif spans is not None:
        kind = "fac:OperatingHoursSpecification"
        name = f"{identifier}-hours"
        hours = writer.add(place, "fac:operatingHours", type_=kind, id=name, version=version)
        writer.add(hours, "fac:operatingAllYear", "true")
        period = writer.add(hours, "fac:overallPeriod")
        _periods(writer, period, spans, since, prefix="com:", kind=None)


def _periods(
    writer: Writer,
    parent: etree._Element,
    spans: Iterable[Span],
    since: str,
    *,
    prefix: str,
    kind: str | None,
) -> None:
    writer.add(parent, f"{prefix}overallStartTime", since)
    for span in spans:
        period = writer.add(parent, f"{prefix}validPeriod")
        times = writer.add(period, f"{prefix}recurringTimePeriodOfDay", type_=kind)
        writer.add(times, f"{prefix}startTimeOfPeriod", span.begin)
        writer.add(times, f"{prefix}endTimeOfPeriod", span.end)
        days = writer.add(period, f"{prefix}recurringDayWeekMonthPeriod")
        for day in span.days:
            writer.add(days, f"{prefix}applicableDay", day)
