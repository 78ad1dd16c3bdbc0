# SPDX-License-Identifier: EUPL-1.2
"""Says which vehicles serve a trip and nobody knows how full they are; ends it too."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from stadttakt_messages.notices import AlertText
from stadttakt_runtime.alerts import Condition, Severity, plain_id, settle
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import pause
from vehicle_occupancy import metrics
from vehicle_occupancy.board import Board
from vehicle_occupancy.domain.report import NO_TRIP, Report, as_of
from vehicle_occupancy.entity import Entity

SILENT = "vehicle-silent"
LOOK_EVERY_S = 2.0
SETTLING = timedelta(seconds=2 * LOOK_EVERY_S)
"""So much longer than it must last, so that what was so before the start lasts at the first telling."""


class Silence:
    """Looks at the board every two seconds and keeps the open alerts in line with it.

    What is the case must last for `patience` before it is told; so long nothing is ended either
    after a start, when nobody may have been heard yet.
    """

    def __init__(self, database: Database, board: Board, *, patience: timedelta) -> None:
        self._database = database
        self._board = board
        self._patience = patience
        self._started = utc_now()
        self._since: dict[tuple[str, str], datetime] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`."""
        while not stop.is_set():
            await self._database.persist(self._look)
            await pause(stop, LOOK_EVERY_S)

    async def _look(self, connection: Any) -> None:
        now = utc_now()
        reports = list(_reports(self._board, now))
        metrics.NO_DATA.set(sum(report.load is None for report in reports))
        found = [condition for report in reports for condition in conditions(report)]
        self._since = {each.key: self._since.get(each.key, now) for each in found}
        if now - self._started < self._patience + SETTLING:
            return
        lasting = [each for each in found if now - self._since[each.key] >= self._patience]
        await settle(connection, [SILENT], lasting, now)


def _reports(board: Board, now: datetime) -> Iterator[Report]:
    """Yield the present of vehicles of which something could be known."""
    for vehicle_id in board.ids:
        report = board.report(Entity("vehicle-load", vehicle_id))
        if report is not None and report.vehicle.is_equipped:
            yield as_of(report, now)


def conditions(report: Report) -> Iterator[Condition]:
    """Yield that a vehicle serves a trip with an unknown load, where it does."""
    vehicle_id = report.vehicle.vehicle_id
    if report.load is None and report.serves != NO_TRIP and any(_journey(report)):
        line = report.serves.line or "?"
        yield Condition(
            kind=SILENT,
            alert_id=plain_id(vehicle_id),
            severity=Severity.WARNING,
            text=AlertText(
                de=f"{vehicle_id} auf Linie {line}: Besetzung unbekannt",
                en=f"{vehicle_id} on line {line}: occupancy unknown",
            ),
            details={"vehicle_id": vehicle_id, "line": report.serves.line},
            simulated=report.simulated,
        )


def _journey(report: Report) -> tuple[str | None, str | None]:
    return report.serves.line, report.serves.trip_id
