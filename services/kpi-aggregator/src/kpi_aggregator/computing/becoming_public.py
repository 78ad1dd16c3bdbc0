# SPDX-License-Identifier: EUPL-1.2
"""Has told what the days since the last computation made public: values whose delay ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.periods import Period, end_of
from kpi_aggregator.storage import computed, events, framework, values, watch
from kpi_aggregator.storage.meanings import meanings

LONGEST = timedelta(days=366)
"""No period is longer."""


class Days(NamedTuple):
    """The days of the city since one, up to another."""

    zone: ZoneInfo
    since: date
    until: date

    def made_public(
        self, indicator: Indicator, period: Period, start: date, changed_at: datetime
    ) -> bool:
        """Tell whether a value, which holds since some time, became public on one of these days."""
        due = end_of(period, start) + timedelta(days=indicator.publication.delay_days)
        return self.since < due <= self.until and changed_at.astimezone(self.zone).date() < due


async def begin(connection: Any, now: datetime) -> None:
    """Note that a computation begins, and have told what became public since the last one began."""
    before = (await watch.seen(connection)).begun_at
    if before is not None:
        zone = ZoneInfo(await framework.timezone(connection))
        days = Days(zone, before.astimezone(zone).date(), now.astimezone(zone).date())
        if days.since < days.until:
            held_back = [
                each
                for each in await framework.indicators(connection)
                if each.public and each.publication.delay_days > 0
            ]
            await _tell(connection, held_back, days, now)
    await watch.begin(connection, now)


async def _tell(
    connection: Any, indicators: Iterable[Indicator], days: Days, now: datetime
) -> None:
    meant = await meanings(connection)
    for each in indicators:
        start = days.since - timedelta(days=each.publication.delay_days) - LONGEST
        ids = [each.indicator_id]
        found = [
            (replace(each, unit=meant.of(each, value).unit), value)
            for value in await computed.holding(connection, ids, start=start)
            if days.made_public(each, value.period, value.period_start, value.computed_at)
        ]
        await events.of_computed(connection, found, at=now)
        for stored in await values.holding(connection, ids, start=start):
            changed_at = stored.decided_at or stored.proposed_at
            if days.made_public(each, stored.period, stored.period_start, changed_at):
                own = replace(each, unit=meant.of(each, stored).unit)
                await events.of_entered(connection, own, stored, at=now)
