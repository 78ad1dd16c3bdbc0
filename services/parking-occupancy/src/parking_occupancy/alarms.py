# SPDX-License-Identifier: EUPL-1.2
"""Says what of lots wants attention: unknown, drifting, with silent gates or bays; ends it too."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from parking_occupancy import metrics
from parking_occupancy.board import Board
from parking_occupancy.domain.balance import CONTRADICTIONS, Cause
from parking_occupancy.domain.bay import BayReport, Doubt
from parking_occupancy.domain.lot import Lot, LotReport
from parking_occupancy.storage import drift
from stadttakt_messages.base import LotId
from stadttakt_messages.notices import AlertText
from stadttakt_messages.states import BayStatus, SiteStatus
from stadttakt_runtime.alerts import Condition, Severity, plain_id, settle
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import pause

UNKNOWN, BAYS, GATE, DRIFT = "lot-unknown", "bays-silent", "gate-silent", "count-drift"
FLAPPING, CONTRADICTING = "bay-flapping", "bay-contradicting"
KINDS = (UNKNOWN, BAYS, GATE, DRIFT, FLAPPING, CONTRADICTING)
LOOK_EVERY_S = 2.0
SETTLING = timedelta(seconds=2 * LOOK_EVERY_S)
"""So much longer than it must last, so that what was so before the start lasts at the first telling."""
DAY = timedelta(days=1)
SILENT_SHARE = 0.1
FEWEST_SILENT = 2

Moved = Mapping[Cause, int]
Doubtful = Mapping[LotId, Sequence[BayReport]]
"""The bays of each lot that are neither free nor occupied: few, so that looking at them is cheap."""


class Alarms:
    """Looks at the board every two seconds and keeps the open alerts in line with it.

    What is the case must last for `patience` before it is told, drift excepted; so long nothing is
    ended either after a start, when nobody may have been heard yet.
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
        moved = await drift.since(connection, now - DAY)
        doubtful = doubtful_bays(self._board)
        for lot_id in self._board.city.lots:
            for doubt, gauge in _DOUBTED.items():
                gauge.labels(lot_id).set(sum(1 for _ in _of(doubtful, lot_id, doubt)))
        for lot_id, lot in self._board.city.lots.items():
            if lot.balancing is not None:
                metrics.DRIFT.labels(lot_id).set(drifted(moved.get(lot_id, {})))
                metrics.DRIFT_LIMIT.labels(lot_id).set(lot.balancing.drift_limit)
        found = list(conditions(self._board, moved, now))
        keys = {condition.key for condition in found}
        self._since = {key: self._since.get(key, now) for key in keys}
        if now - self._started < self._patience + SETTLING:
            return
        lasting = [each for each in found if self._lasts(each, now)]
        await settle(connection, KINDS, lasting, now)

    def _lasts(self, condition: Condition, now: datetime) -> bool:
        since = self._since[condition.key]
        return condition.kind == DRIFT or now - since >= self._patience


def drifted(moved: Moved) -> int:
    """Return by how many vehicles a count was moved, without what was known beforehand."""
    return sum(vehicles for cause, vehicles in moved.items() if cause is not Cause.LEARNED)


def conditions(board: Board, moved: Mapping[LotId, Moved], now: datetime) -> Iterator[Condition]:
    """Yield what wants attention now."""
    doubtful = doubtful_bays(board)
    for lot_id, lot in sorted(board.city.lots.items()):
        report = board.lots.get(lot_id)
        if report is None:
            continue
        yield from _unknown(report, now)
        yield from _silent_bays(board, report, doubtful, now)
        yield from _flapping_bays(report, doubtful)
        yield from _contradicting_bays(board, report, doubtful)
        yield from _silent_gates(board, report, now)
        yield from _drift(lot, report, moved.get(lot_id, {}))


def doubtful_bays(board: Board) -> Doubtful:
    """Return the bays whose state is in doubt, by lot, in one pass over all."""
    found: defaultdict[LotId, list[BayReport]] = defaultdict(list)
    for report in board.bays.values():
        if report.doubt is not None:
            found[report.bay.lot_id].append(report)
    return found


def _unknown(report: LotReport, now: datetime) -> Iterable[Condition]:
    expired = report.valid_until <= now
    if report.lot.is_closed(now) or not (expired or report.state is SiteStatus.UNKNOWN):
        return
    yield _condition(
        UNKNOWN,
        report,
        Severity.WARNING,
        de=f"{report.lot.name}: Belegung unbekannt, Schilder zeigen keine Zahl",
        en=f"{report.lot.name}: occupancy unknown, signs show no number",
    )


def _silent_bays(
    board: Board, report: LotReport, doubtful: Doubtful, now: datetime
) -> Iterable[Condition]:
    lot_id = report.lot.lot_id
    in_service = [
        each for each in doubtful.get(lot_id, ()) if each.state is not BayStatus.OUT_OF_SERVICE
    ]
    if len(in_service) < FEWEST_SILENT:
        return
    silent = 0
    for each in in_service:
        track = board.tracks.get(each.bay.bay_id)
        if track is not None:
            silent += track.newest.observed_at + each.bay.heartbeat_limit <= now
    heard = sum(
        1
        for bay_id in board.city.bays_of.get(lot_id, ())
        if bay_id in board.tracks
        and (bay_id not in board.bays or board.bays[bay_id].state is not BayStatus.OUT_OF_SERVICE)
    )
    if silent >= max(FEWEST_SILENT, SILENT_SHARE * heard):
        yield _condition(
            BAYS,
            report,
            Severity.WARNING,
            de=f"{report.lot.name}: viele Stellplatzsensoren schweigen",
            en=f"{report.lot.name}: many bay sensors are silent",
        )


_DOUBTED = {Doubt.FLAPPING: metrics.FLAPPING, Doubt.CONTRADICTING: metrics.CONTRADICTING}


def _of(doubtful: Doubtful, lot_id: LotId, doubt: Doubt) -> Iterator[BayReport]:
    return (each for each in doubtful.get(lot_id, ()) if each.doubt is doubt)


def _contradicting_bays(board: Board, report: LotReport, doubtful: Doubtful) -> Iterable[Condition]:
    """Yield one condition for each bay, with what each sensor says; none for a person's bay."""
    for bay in _of(doubtful, report.lot.lot_id, Doubt.CONTRADICTING):
        track = board.tracks.get(bay.bay.bay_id)
        if bay.bay.personal or track is None:
            continue
        said: dict[str, list[str]] = {}
        for each in track.speaking:
            said.setdefault(each.newest.reading.value, []).append(each.newest.sensor)
        by_reading = {f"{reading}_by": ", ".join(sorted(names)) for reading, names in said.items()}
        yield Condition(
            kind=CONTRADICTING,
            alert_id=plain_id(bay.bay.bay_id),
            severity=Severity.WARNING,
            text=AlertText(
                de=f"{report.lot.name}: Sensoren von {bay.bay.bay_id} widersprechen sich",
                en=f"{report.lot.name}: the sensors of {bay.bay.bay_id} contradict each other",
            ),
            details={"lot_id": report.lot.lot_id, "bay_id": bay.bay.bay_id, **by_reading},
            simulated=bay.simulated,
        )


def _flapping_bays(report: LotReport, doubtful: Doubtful) -> Iterable[Condition]:
    """Yield one condition for each bay; of a person's bay nothing is told, be it so little."""
    for bay in _of(doubtful, report.lot.lot_id, Doubt.FLAPPING):
        if bay.bay.personal:
            continue
        yield Condition(
            kind=FLAPPING,
            alert_id=plain_id(bay.bay.bay_id),
            severity=Severity.WARNING,
            text=AlertText(
                de=f"{report.lot.name}: Sensor von {bay.bay.bay_id} flattert",
                en=f"{report.lot.name}: the sensor of {bay.bay.bay_id} flaps",
            ),
            details={"lot_id": report.lot.lot_id, "bay_id": bay.bay.bay_id},
            simulated=bay.simulated,
        )


def _silent_gates(board: Board, report: LotReport, now: datetime) -> Iterable[Condition]:
    rules, balance = report.lot.balancing, board.balances.get(report.lot.lot_id)
    if rules is None or balance is None:
        return
    for name, gate in sorted(rules.gates.items()):
        track = balance.gates.get(name)
        if track is not None and now < track.heard_at + gate.heartbeat_limit:
            continue
        yield _condition(
            GATE,
            report,
            Severity.WARNING,
            gate=name,
            de=f"{report.lot.name}: Zählstelle {name} schweigt",
            en=f"{report.lot.name}: gate {name} is silent",
        )


def _drift(lot: Lot, report: LotReport, moved: Moved) -> Iterable[Condition]:
    """Yield drift above the limit, or counts that were impossible (sign rule 6)."""
    if lot.balancing is None:
        return
    above = drifted(moved) > lot.balancing.drift_limit
    if above:
        yield _condition(
            DRIFT,
            report,
            Severity.WARNING,
            de=f"{lot.name}: Zählung driftet, über {lot.balancing.drift_limit} Fahrzeuge am Tag",
            en=f"{lot.name}: count drifts by more than {lot.balancing.drift_limit} vehicles a day",
            drift_limit=lot.balancing.drift_limit,
        )
    elif CONTRADICTIONS & moved.keys():
        yield _condition(
            DRIFT,
            report,
            Severity.INFO,
            de=f"{lot.name}: Zählung war unter null oder über der Kapazität",
            en=f"{lot.name}: count was below zero or above the capacity",
        )


def _condition(
    kind: str,
    report: LotReport,
    severity: Severity,
    *,
    de: str,
    en: str,
    gate: str | None = None,
    **details: int,
) -> Condition:
    lot_id = report.lot.lot_id
    named = {"gate": gate} if gate else {}
    return Condition(
        kind=kind,
        alert_id=plain_id(f"{lot_id}/{gate}" if gate else lot_id),
        severity=severity,
        text=AlertText(de=de, en=en),
        details={"lot_id": lot_id, **named, **details},
        simulated=report.simulated,
    )
