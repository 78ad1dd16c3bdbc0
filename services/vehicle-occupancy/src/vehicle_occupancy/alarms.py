# SPDX-License-Identifier: EUPL-1.2
"""Says which doors stopped counting, and which vehicles count far too many or too few; ends it too."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from stadttakt_messages.base import VehicleId
from stadttakt_messages.notices import AlertText
from stadttakt_runtime.alerts import Condition, Severity, plain_id, settle
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import pause
from vehicle_occupancy import metrics
from vehicle_occupancy.board import Board
from vehicle_occupancy.domain.load.drift import WATCHED, Drift
from vehicle_occupancy.storage import drift

DEAD_DOOR = "door-dead"
DRIFT = "door-drift"
LOOK_EVERY_S = 5.0


class Alarms:
    """Looks at the board every five seconds and keeps the open alerts in line with it."""

    def __init__(self, database: Database, board: Board) -> None:
        self._database, self._board = database, board

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`."""
        while not stop.is_set():
            await self._database.persist(self._look)
            await pause(stop, LOOK_EVERY_S)

    async def _look(self, connection: Any) -> None:
        now = utc_now()
        dead = list(dead_doors(self._board))
        metrics.DEAD_DOORS.set(len(dead))
        wrong = list(drifting(self._board, await drift.since(connection, now - WATCHED)))
        metrics.DRIFTING.set(len(wrong))
        await settle(connection, [DEAD_DOOR, DRIFT], [*dead, *wrong], now)


def dead_doors(board: Board) -> Iterator[Condition]:
    """Yield a condition for each door that is dead."""
    for vehicle_id, history in sorted(board.histories.items()):
        track = history.track
        if track is None or vehicle_id not in board.city.vehicles:
            continue
        for name, door in sorted(track.doors.items()):
            if door.dead:
                yield Condition(
                    kind=DEAD_DOOR,
                    alert_id=plain_id(f"{vehicle_id}/{name}"),
                    severity=Severity.WARNING,
                    text=AlertText(
                        de=f"{vehicle_id}: Tür {name} zählt niemanden mehr, während andere zählen",
                        en=f"{vehicle_id}: door {name} counts nobody while others count",
                    ),
                    details={"vehicle_id": vehicle_id, "door": name},
                    simulated=track.simulated,
                )


def drifting(board: Board, found: Mapping[VehicleId, Drift]) -> Iterator[Condition]:
    """Yield a condition for each vehicle whose counts are wrong by too much."""
    for vehicle_id, wrong in sorted(found.items()):
        history = board.histories.get(vehicle_id)
        if vehicle_id not in board.city.vehicles or history is None or not wrong.is_excessive:
            continue
        mean = round(wrong.mean)
        yield Condition(
            kind=DRIFT,
            alert_id=plain_id(vehicle_id),
            severity=Severity.WARNING,
            text=AlertText(
                de=f"{vehicle_id}: leer wurden im Mittel {mean} Fahrgäste zu viel oder zu wenig gezählt",
                en=f"{vehicle_id}: {mean} passengers too many or too few were counted when empty",
            ),
            details={"vehicle_id": vehicle_id, "mean_persons": mean},
            simulated=history.track is not None and history.track.simulated,
        )
