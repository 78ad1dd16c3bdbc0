# SPDX-License-Identifier: EUPL-1.2
"""Takes a feed over as a new version of the timetable: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from vehicle_occupancy.gtfs.feed import Feed
from vehicle_occupancy.gtfs.network import FeedStop, Region
from vehicle_occupancy.gtfs.reading import FeedPlan
from vehicle_occupancy.gtfs.report import BrokenFeedError, Report
from vehicle_occupancy.storage import timetable_import, timetable_versions
from vehicle_occupancy.storage.timetable_import import NewVersion

LATE = timedelta(days=35)
"""So long ago something said of a trip may still come; its timetable is kept."""

Start = Callable[[int], Callable[[int], object]]
"""Told how many bytes there are to read, returns what is told of each piece read."""


class Outcome(StrEnum):
    """What an import did."""

    IMPORTED = "imported"
    KNOWN = "known"
    DRY_RUN = "dry_run"


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a feed is taken over."""

    valid_from: date | None = None
    region: Region | None = None
    agencies: frozenset[str] = frozenset()
    """Ids or names of those whose trips are taken; all if empty."""
    simulated: bool = False
    name: str | None = None
    keep: int = 5


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a feed."""

    outcome: Outcome
    report: Report
    version_id: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    summary: dict[str, int] | None = None
    forgotten: int = 0


def check_feed(path: Path, options: ImportOptions, start: Start) -> Imported:
    """Read a feed and store nothing; raises BrokenFeedError, UnreadableFeedError."""
    report = Report()
    with Feed.open(path) as feed:
        feed.progress = start(feed.size)
        plan = _plan(feed, report, options, utc_now())
        for _ in plan.trips():
            pass
    begin = _valid_from(plan, options, report)
    return Imported(
        Outcome.DRY_RUN, report, None, begin, plan.calendar.end, _summary(plan, report, options)
    )


async def import_feed(
    database: Database, path: Path, options: ImportOptions, start: Start
) -> Imported:
    """Store a feed as the version that holds from now on; raises as `check_feed` does.

    The same content of the same agencies again changes nothing, but for a `valid_from` that is told anew. While it is
    stored, and if it cannot be, the version before it goes on holding.
    """
    with Feed.open(path) as feed:
        fingerprint = _fingerprint(feed, options)
        async with database.transaction() as connection:
            found = await _known(connection, fingerprint, options)
        if found is not None:
            return found
        feed.progress = start(feed.size)
        report, now = Report(), utc_now()
        # Outside of the transaction: a large feed takes minutes, and a session must not be silent for one.
        plan = _plan(feed, report, options, now)
        async with database.transaction() as connection:
            found = await _known(connection, fingerprint, options)
            return found or await _store(connection, plan, fingerprint, options, now)


def _plan(feed: Feed, report: Report, options: ImportOptions, now: datetime) -> FeedPlan:
    today = now.date()
    return FeedPlan.read(
        feed, report, region=options.region, today=today, agencies=options.agencies
    )


def _fingerprint(feed: Feed, options: ImportOptions) -> str:
    """Return what tells a feed's content and, if not all of it is taken, whose from others."""
    content = feed.fingerprint()
    if not options.agencies:
        return content
    return sha256("\0".join([content, *sorted(options.agencies)]).encode()).hexdigest()


async def _known(connection: Any, fingerprint: str, options: ImportOptions) -> Imported | None:
    """Return the version that has this content already; nobody else changes versions from here on."""
    await timetable_import.lock(connection)
    version_id = await timetable_import.known(connection, fingerprint)
    if version_id is None:
        return None
    if options.valid_from is not None:
        await timetable_import.set_valid_from(connection, version_id, options.valid_from)
    return Imported(Outcome.KNOWN, Report(), version_id)


async def _store(
    connection: Any, plan: FeedPlan, fingerprint: str, options: ImportOptions, now: datetime
) -> Imported:
    report, calendar, network = plan.report, plan.calendar, plan.network
    begin = _valid_from(plan, options, report)
    today = now.astimezone(ZoneInfo(network.timezone)).date()
    if options.valid_from is None and begin < today <= calendar.end:
        # What was driven until today was driven by the timetable before, if there was one.
        held = await timetable_import.holds_the_past(connection, today)
        begin = today if held else begin
    name = options.name or calendar.version or f"{begin}"
    version_id = await timetable_import.begin(
        connection,
        NewVersion(
            fingerprint,
            name,
            calendar.publisher,
            network.timezone,
            begin,
            calendar.end,
            options.simulated,
        ),
        now,
    )
    # COPY swallows no error of the generator: a broken feed ends the transaction.
    await timetable_import.copy_trips(connection, version_id, plan.trips())
    await timetable_import.copy_network(
        connection, version_id, _stops(plan, options), network.routes, calendar.running
    )
    await timetable_import.copy_patterns(connection, version_id, plan.book.patterns)
    summary = _summary(plan, report, options)
    await timetable_import.conclude(connection, version_id, summary)
    found = await timetable_versions.versions(connection)
    forgotten = timetable_versions.dispensable(found, options.keep, today - LATE)
    await timetable_versions.forget(connection, forgotten)
    return Imported(
        Outcome.IMPORTED, report, version_id, begin, calendar.end, summary, len(forgotten)
    )


def _valid_from(plan: FeedPlan, options: ImportOptions, report: Report) -> date:
    begin, end = plan.calendar.begin, plan.calendar.end
    if options.valid_from is not None:
        begin = max(begin, options.valid_from)
        if begin > end:
            text = f"it ends on {end}, before it shall be valid from {options.valid_from}"
            report.error("calendar.txt", text, field="end_date", kind="valid from")
            raise BrokenFeedError(report)
    return begin


def _stops(plan: FeedPlan, options: ImportOptions) -> Mapping[str, FeedStop]:
    """Return all stops of the feed, of chosen agencies those that they serve."""
    return plan.served if options.agencies else plan.network.stops


def _summary(plan: FeedPlan, report: Report, options: ImportOptions) -> dict[str, int]:
    return {
        "stops": len(_stops(plan, options)),
        "lines": len({route.line for route in plan.network.routes.values()}),
        "trips": plan.count,
        "patterns": len(plan.book.patterns),
        "warnings": report.warnings,
    }
