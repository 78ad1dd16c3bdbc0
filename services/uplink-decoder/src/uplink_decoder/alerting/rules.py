# SPDX-License-Identifier: EUPL-1.2
"""What wants attention, from what is the case and what is open already; pure.

A place that explains many silent devices (source, gateway) is told instead of them; what was told
before stays told until it is over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from stadttakt_runtime.alerts import Condition, plain_id
from uplink_decoder.alerting import texts
from uplink_decoder.domain.thresholds import Thresholds

DUE = 20.0
"""So many messages were due and none came: by chance once in 500 million times (Poisson)."""
SOURCE_QUIET = timedelta(minutes=5)
BACK_DEVICES, BACK_SHARE = 5, 0.1
"""A source is back when so many of its devices, or this share, were heard again."""
MASS_SHARE = 0.2
FEWEST_FRAMES = 20
LATER_END = 1.5
"""A battery that was told to end soon must end so much later to be told no more."""

Open = Mapping[tuple[str, str], Mapping[str, Any]]
IsSimulated = Callable[[str | None], bool]
Period = tuple[datetime, datetime]


class When(NamedTuple):
    """Now, when nobody watched lately, and after how many seconds sources count as silent."""

    now: datetime
    away: Period | None = None
    limits_s: Mapping[str, int] = MappingProxyType({})

    def quiet(self, last_seen: datetime, gaps: Iterable[Period] = ()) -> timedelta:
        """Return how long nothing came, without the time in which nothing could have come."""
        quiet, counted = self.now - last_seen, last_seen
        for begin, end in sorted((*gaps, *([self.away] if self.away else []))):
            # What two gaps share counts once.
            begun, ended = max(begin, counted), min(end, self.now)
            if ended > begun:
                quiet, counted = quiet - (ended - begun), ended
        return quiet


class Silence(NamedTuple):
    """What is the case with silence now; rows as the storage gives them."""

    devices: Sequence[Any]
    sources: Sequence[Any]
    only_heard_by_silent: Collection[str]
    outages: Sequence[Any]
    when: When
    gateway_outages: Sequence[Period] = ()
    only_heard_by_returned: Collection[str] = ()


def silent_sources(
    rows: Iterable[Any], open_alerts: Open, when: When, simulated: IsSimulated
) -> Iterator[Condition]:
    """Yield the sources of which nothing comes although much was due, or for as long as is set."""
    for row in rows:
        source_id = row["source_id"]
        told = open_alerts.get((texts.SOURCE_SILENT, plain_id(source_id)))
        needed = min(BACK_DEVICES, max(1, round(row["devices"] * BACK_SHARE)))
        if told is not None:
            is_silent = row["back"] < needed
        else:
            quiet = when.quiet(row["last_seen"])
            limit_s = when.limits_s.get(source_id)
            is_due = row["per_second"] * quiet.total_seconds() >= DUE and quiet >= SOURCE_QUIET
            is_silent = is_due or (limit_s is not None and quiet.total_seconds() >= limit_s)
        if is_silent:
            # When it fell silent stays told while its first devices come back.
            last_seen = told["last_seen"] if told else texts.time_text(row["last_seen"])
            yield texts.source_silent(row, last_seen, simulated=simulated(source_id))


def silent_gateways(
    rows: Iterable[Any], open_alerts: Open, when: When, quiet_sources: set[str]
) -> Iterator[Condition]:
    """Yield gateways that hear nothing although much was due, and their source is not silent."""
    for row in rows:
        hours = min(24.0, max(1.0, (row["last_seen"] - row["first_seen"]) / timedelta(hours=1)))
        due = row["frames"] / hours * (when.quiet(row["last_seen"]) / timedelta(hours=1))
        if is_told(open_alerts, texts.GATEWAY_SILENT, row["gateway_id"]) or (
            due >= DUE and row["source_id"] not in quiet_sources
        ):
            yield texts.gateway_silent(row)


def silent_devices(
    found: Silence,
    open_alerts: Open,
    quiet_sources: set[str],
    thresholds: Thresholds,
    simulated: IsSimulated,
) -> Iterator[Condition]:
    """Yield silent devices one by one, or their number where many fell silent together."""
    fresh: dict[str, list[Any]] = {}
    for row in found.devices:
        if is_told(open_alerts, texts.DEVICE_SILENT, row["dev_eui"]):
            yield texts.device_silent(row, simulated=simulated(row["source_id"]))
        elif row["source_id"] not in quiet_sources and row["dev_eui"] not in (
            found.only_heard_by_silent
        ):
            gaps = [
                (gap["begin_at"], gap["end_at"])
                for gap in found.outages
                if gap["source_id"] == plain_id(row["source_id"])
            ]
            if row["dev_eui"] in found.only_heard_by_returned:
                gaps += found.gateway_outages
            if found.when.quiet(row["last_seen"], gaps).total_seconds() > row["limit_s"]:
                fresh.setdefault(row["source_id"], []).append(row)
    totals = {row["source_id"]: row["devices"] for row in found.sources}
    for source_id, rows in fresh.items():
        told = open_alerts.get((texts.DEVICES_SILENT, plain_id(source_id)))
        least = max(thresholds.mass_silence, totals.get(source_id, 0) * MASS_SHARE)
        if len(rows) >= (least / 2 if told else least):
            count = _kept(told, "devices_at_least", len(rows))
            yield texts.devices_silent(source_id, count, simulated=simulated(source_id))
        else:
            for row in rows:
                yield texts.device_silent(row, simulated=simulated(source_id))


def lossy_devices(
    rows: Iterable[Any], open_alerts: Open, thresholds: Thresholds, simulated: IsSimulated
) -> Iterator[Condition]:
    """Yield devices that lose much; one that was told must lose less than half as much."""
    limit = thresholds.radio_loss_percent
    for row in rows:
        percent = 100 * row["scattered"] / (row["frames"] + row["scattered"])
        told = open_alerts.get((texts.RADIO_LOSS, plain_id(row["dev_eui"])))
        if percent >= limit or (told and percent >= limit / 2):
            shown = _tens(percent, told)
            yield texts.radio_loss(row, shown, simulated=simulated(row["source_id"]))


def failing_codecs(
    rows: Iterable[Any], open_alerts: Open, simulated: IsSimulated
) -> Iterator[Condition]:
    """Yield codecs with devices they cannot read; told until no device fails half as often."""
    for row in rows:
        told = open_alerts.get((texts.CODEC_ERRORS, plain_id(row["codec_id"])))
        if row["failing"] or told:
            count = _kept(told, "devices_at_least", max(row["failing"], 1))
            example = str(told["example"]) if told else row["example"]
            all_simulated = all(simulated(source) for source in row["sources"])
            yield texts.codec_errors(row["codec_id"], count, example, simulated=all_simulated)


def weak_batteries(
    rows: Iterable[Any],
    open_alerts: Open,
    thresholds: Thresholds,
    now: datetime,
    simulated: IsSimulated,
) -> Iterator[Condition]:
    """Yield batteries that are low, and of the others those that end soon."""
    soon = timedelta(days=thresholds.battery_ends_days)
    for row in rows:
        limits = thresholds.battery_of(orjson.loads(row["tags"]))
        was_low = is_told(open_alerts, texts.BATTERY_LOW, row["dev_eui"])
        is_simulated = simulated(row["source_id"])
        if limits.is_low(row["battery_mv"], row["battery_percent"], was_low=was_low):
            yield texts.battery_low(row, simulated=is_simulated)
            continue
        told = open_alerts.get((texts.BATTERY_ENDS_SOON, plain_id(row["dev_eui"])))
        ends_at = row["battery_ends_at"]
        if ends_at and ends_at - now <= (soon * LATER_END if told else soon):
            month = str(told["ends_in"]) if told else f"{ends_at:%Y-%m}"
            yield texts.battery_ends_soon(row, month, simulated=is_simulated)


def ledger_gaps(gaps: Mapping[str, int]) -> Iterator[Condition]:
    """Yield the sources whose books do not balance."""
    for source_id, gap in gaps.items():
        if gap:
            yield texts.ledger_gap(source_id, gap)


def is_told(open_alerts: Open, kind: str, about: str) -> bool:
    """Tell whether an alert about this is open."""
    return (kind, plain_id(about)) in open_alerts


def at_least(count: int) -> int:
    """Return the largest of 1, 2, 5, 10, 20, … that a number reaches."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            following = step * {1: 2, 2: 5, 5: 10}[factor]
            if count < following:
                return step * factor
        step *= 10


def _kept(told: Mapping[str, Any] | None, name: str, count: int) -> int:
    """Return how many to tell: what was told, until it is far off, so that it does not flutter."""
    before = int(told[name]) if told else 0
    return before if before / 2 <= count < before * 4 else at_least(count)


def _tens(percent: float, told: Mapping[str, Any] | None) -> int:
    before = int(told["percent_at_least"]) if told else None
    if before is not None and before - 10 <= percent < before + 20:
        return before
    return int(percent // 10 * 10) or 1
