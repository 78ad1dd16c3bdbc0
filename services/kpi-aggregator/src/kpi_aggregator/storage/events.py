# SPDX-License-Identifier: EUPL-1.2
"""Events on change: written with the value, kept until the broker has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from kpi_aggregator.domain.causes import cause_words
from kpi_aggregator.domain.diversity import told_evenness
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.outcome import Reason
from kpi_aggregator.domain.periods import Period, end_of
from kpi_aggregator.storage import framework
from kpi_aggregator.storage.computed import ComputedValue
from kpi_aggregator.storage.values import StoredValue

_ADD = """
insert into value_event (indicator_id, body, happened_at, simulated)
select indicator_id, body::jsonb, happened_at, simulated
  from unnest($1::text[], $2::text[], $3::timestamptz[], $4::bool[])
    as given (indicator_id, body, happened_at, simulated)
"""
_UNPUBLISHED = """
select number, indicator_id, body::text as body, happened_at, simulated
  from value_event where published_at is null order by number limit $1
"""
_PUBLISHED = "update value_event set published_at = $2 where number = any($1::bigint[])"
_FORGET = "delete from value_event where published_at < $1"


@dataclass(frozen=True, slots=True)
class ValueEvent:
    """An event that the broker does not have yet."""

    number: int
    indicator_id: str
    body: dict[str, Any]
    happened_at: datetime
    simulated: bool


async def of_computed(
    connection: Any, found: Iterable[tuple[Indicator, ComputedValue]], *, at: datetime | None = None
) -> None:
    """Have computed values told, as of when they were computed or a later time."""
    zone = ZoneInfo(await framework.timezone(connection))
    rows = [
        (
            each.indicator_id,
            {
                "reason": each.reason,
                "completeness": each.completeness,
                "provisional": each.provisional,
                "version": each.formula_version,
                "cause": cause_words(each.cause)["en"],
                **_told(indicator, each, (at or each.computed_at).astimezone(zone).date()),
            },
            at or each.computed_at,
            each.simulated,
        )
        for indicator, each in found
        if not _is_withheld(indicator, each.period, provisional=each.provisional)
    ]
    await _add(connection, rows)


async def of_entered(
    connection: Any, indicator: Indicator, stored: StoredValue, *, at: datetime | None = None
) -> None:
    """Have an approved value told, as of when it was approved or a later time."""
    happened_at = at or stored.decided_at or stored.proposed_at
    today = happened_at.astimezone(ZoneInfo(await framework.timezone(connection))).date()
    if _is_withheld(indicator, stored.period, provisional=stored.so_far):
        return
    body = {
        "reason": None,
        "completeness": stored.completeness,
        "provisional": stored.so_far,
        "version": stored.indicator_version,
        "cause": stored.cause,
        **_told(indicator, stored, today),
    }
    await _add(connection, [(stored.indicator_id, body, happened_at, stored.is_made_up)])


def _is_withheld(indicator: Indicator, period: Period, *, provisional: bool) -> bool:
    """Tell whether a period is none that everybody is told of: then no service is either."""
    policy = indicator.publication
    return indicator.public and policy.withholds(period, provisional=provisional)


def _told(indicator: Indicator, found: ComputedValue | StoredValue, today: date) -> dict[str, Any]:
    """Return what is told of a number on a day of the city's: of what is public as to everybody.

    Events go to all services.
    """
    policy = indicator.publication
    parts, means, size = (
        (found.parts, found.means, found.group_size)
        if isinstance(found, StoredValue)
        else (None, None, None)
    )
    body: dict[str, Any] = {
        "indicator_id": found.indicator_id,
        "period": found.period,
        "period_start": found.period_start,
        "value": found.value,
        "unit": indicator.unit,
        "public": indicator.public
        and not policy.holds_back(end_of(found.period, found.period_start), today),
    }
    if not indicator.public:
        told, told_means = parts, means
    elif policy.is_small(found.value, whole=indicator.whole):
        return {**body, "value": None, "reason": Reason.SMALL_COUNT}
    else:
        body["value"] = policy.rounded(found.value)
        total = indicator.total_of_parts(found.value, size)
        told, told_means = policy.parts(parts, total), policy.means(means, size)
    if told_means is not None:
        body["means"] = {group: each._asdict() for group, each in told_means.items()}
    if told is None:
        return body
    spread = None if indicator.group_scores else told_evenness(parts, told, indicator.groups)
    return {**body, "parts": told, "evenness": spread}


async def _add(connection: Any, rows: Sequence[tuple[str, dict[str, Any], datetime, bool]]) -> None:
    if rows:
        ids, bodies, times, marks = zip(*rows, strict=True)
        written = [orjson.dumps(body).decode() for body in bodies]
        await connection.execute(_ADD, list(ids), written, list(times), list(marks))


async def unpublished(connection: Any, at_most: int) -> list[ValueEvent]:
    """Return events that the broker does not have, the oldest first."""
    return [
        ValueEvent(**{**dict(row), "body": orjson.loads(row["body"])})
        for row in await connection.fetch(_UNPUBLISHED, at_most)
    ]


async def set_published(connection: Any, numbers: Sequence[int], now: datetime) -> None:
    """Note that the broker has these events."""
    await connection.execute(_PUBLISHED, list(numbers), now)


async def forget(connection: Any, before: datetime) -> None:
    """Delete what was published before a time."""
    await connection.execute(_FORGET, before)
