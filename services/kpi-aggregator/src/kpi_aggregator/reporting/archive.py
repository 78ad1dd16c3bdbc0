# SPDX-License-Identifier: EUPL-1.2
"""Makes reports and archives them: when they are due, and when somebody orders one."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from kpi_aggregator import metrics
from kpi_aggregator.domain.periods import last_counted
from kpi_aggregator.domain.report import ReportDefinition, spans_due
from kpi_aggregator.domain.spans import Span
from kpi_aggregator.reporting.document import ReportDocument
from kpi_aggregator.reporting.formats import FORMATS
from kpi_aggregator.reporting.gather import gather
from kpi_aggregator.storage import framework, reports
from kpi_aggregator.storage.reports import Cause, Edition, File, NewEdition
from stadttakt_runtime.awake import awake
from stadttakt_runtime.database import Database
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.typesetting import TypesettingError

log = get_logger(__name__)


class _Days(NamedTuple):
    """The first day of the framework, before which nothing is reported; today; the last day counted."""

    begun: date
    today: date
    counted: date


async def archive_due(
    database: Database, now: datetime, *, computed: datetime | None = None
) -> list[Edition]:
    """Make and archive all reports that are due and not there; a crash between two loses none.

    A report waits until the last day of its stretch is counted; `computed` is when the last
    computation began, without it now.

    One that cannot be drawn is logged and counted, and the later ones of its kind wait for it.
    """
    definitions = await database.read(reports.definitions)
    zone = ZoneInfo(await database.read(framework.timezone))
    first = await database.read(framework.first_applied)
    today = now.astimezone(zone).date()
    begun = today if first is None else first.astimezone(zone).date()
    days = _Days(begun, today, last_counted(computed or now, zone))
    made: list[Edition] = []
    failed = 0
    for definition in definitions:
        try:
            await _archive_due(database, definition, days, now, made)
        except TypesettingError:
            failed += 1
            log.exception("report_failed", report=definition.report_id)
    metrics.FAILING.set(failed)
    return made


async def _archive_due(
    database: Database,
    definition: ReportDefinition,
    days: _Days,
    now: datetime,
    made: list[Edition],
) -> None:
    """Archive a report's stretches that are due, oldest first; `made` gets what was made before one failed."""
    last = await database.read(lambda c: reports.newest_scheduled(c, definition))
    for span in spans_due(definition, last, days.today):
        if span.end <= days.begun or span.last > days.counted:
            continue
        edition = await database.persist(partial(_once, definition=definition, span=span, now=now))
        made += [] if edition is None else [edition]


async def _once(
    connection: Any, definition: ReportDefinition, span: Span, now: datetime
) -> Edition | None:
    """Archive the edition of a stretch that is due, unless another process did so meanwhile."""
    await reports.lock(connection, definition.report_id)
    there = await reports.is_scheduled(connection, definition.report_id, span)
    return None if there else await archive(connection, definition, span, now, cause="schedule")


async def archive(
    connection: Any, definition: ReportDefinition, span: Span, now: datetime, *, cause: Cause
) -> Edition:
    """Archive a report on what is known now, in all its forms."""
    await reports.lock(connection, definition.report_id)
    number = await reports.next_number(connection, definition.report_id, span)
    document = await gather(connection, definition, span, now, edition=number)
    files = await awake(connection, draw(document))
    new = NewEdition(definition, span, number, now, cause, document.to_bytes(), files)
    return await reports.add(connection, new, now)


async def draw(document: ReportDocument) -> dict[str, File]:
    """Return a report in all its forms, drawn beside the loop."""
    return await asyncio.to_thread(_draw, document)


def _draw(document: ReportDocument) -> dict[str, File]:
    bodies = {each.name: each.draw(document) for each in FORMATS}
    return {name: File(sha256(body).hexdigest(), body) for name, body in bodies.items()}


async def made_again(connection: Any, edition: Edition) -> ReportDocument:
    """Return what the database says today of an archived report's time.

    Measures are another service's, which tells no past: those of the archived document are taken,
    as is its comparison.
    """
    kept = ReportDocument.from_bytes(await reports.document(connection, edition.edition_id))
    definition, span, known_at = edition.definition, edition.span, edition.known_at
    return await gather(connection, definition, span, known_at, kept=kept)
