# SPDX-License-Identifier: EUPL-1.2
"""States as rows and back; no SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from parking_occupancy.domain.alternative import Alternative
from parking_occupancy.domain.bay import Bay, BayReport, Doubt
from parking_occupancy.domain.change import Change, Situation
from parking_occupancy.domain.lot import Lot, LotReport, Tally
from parking_occupancy.domain.restrictions import BayKind
from parking_occupancy.domain.sensors import BayTrack
from parking_occupancy.domain.sign import Sign, SignReport
from parking_occupancy.entity import Entity, Mark
from parking_occupancy.storage.track_rows import of_track
from stadttakt_messages.base import LotId
from stadttakt_messages.states import BayStatus, SiteStatus

Row = dict[str, Any]


_NEVER_HEARD: Row = {
    "newest_event_id": None,
    "newest_at": None,
    "newest_reading": None,
    "newest_simulated": False,
    "newest_sensor": "",
    "start_at": None,
    "start_event_id": None,
    "other_at": None,
    "other_event_id": None,
    "recent": None,
    "other_sensors": None,
}


def _of_mark(mark: Mark) -> Row:
    return {"version": mark.version, "change_no": mark.change_no}


def changed_bays(before: Situation, change: Change, marks: Mapping[Entity, Mark]) -> list[Row]:
    """Return the rows of bays that are shown anew or of which more is remembered."""
    rows = []
    for bay_id in sorted(change.tracks.keys() | change.bays.keys()):
        report = change.bays.get(bay_id) or before.bays[bay_id]
        track = change.tracks.get(bay_id, before.tracks.get(bay_id))
        rows.append(of_bay(report, track, marks[Entity("bay", bay_id)]))
    return rows


def of_bay(report: BayReport, track: BayTrack | None, mark: Mark) -> Row:
    """Return the row of a bay."""
    row = of_track(track) if track else dict(_NEVER_HEARD)
    row["bay_id"] = report.bay.bay_id
    row["state"] = report.state
    row["reason"] = report.doubt
    row["since"] = report.since
    row["measured_at"] = report.measured_at
    row["computed_at"] = report.computed_at
    row["valid_until"] = report.valid_until
    row["simulated"] = report.simulated
    row["version"] = mark.version
    row["change_no"] = mark.change_no
    return row


def to_bay(row: Any, bay: Bay) -> BayReport:
    """Return what was shown of a bay."""
    state = BayStatus(row["state"])
    known = state in (BayStatus.FREE, BayStatus.OCCUPIED)
    return BayReport(
        bay=bay,
        state=state,
        since=row["since"],
        measured_at=row["measured_at"],
        computed_at=row["computed_at"],
        valid_until=row["valid_until"],
        silent_at=row["valid_until"] if known else None,
        simulated=row["simulated"],
        doubt=Doubt(row["reason"]) if row["reason"] else None,
    )


def of_lot(report: LotReport, mark: Mark) -> Row:
    """Return the row of a lot."""
    return {
        "lot_id": report.lot.lot_id,
        "state": report.state.value,
        "capacity": report.tally.capacity,
        "free_min": report.free_min,
        "free_max": report.free_max,
        "occupied": report.tally.occupied,
        "unknown": report.tally.unknown,
        "out_of_service": report.tally.out_of_service,
        "trend": report.trend,
        "by_kind": {kind.value: of_tally(tally) for kind, tally in report.by_kind.items()},
        "by_group": {group.value: of_tally(each) for group, each in report.by_group.items()},
        "samples": report.samples,
        "measured_at": report.measured_at,
        "computed_at": report.computed_at,
        "valid_until": report.valid_until,
        "number_until": report.number_until,
        "simulated": report.simulated,
        "free": report.free,
        **_of_mark(mark),
    }


def of_tally(tally: Tally) -> dict[str, int]:
    """Return the counts of one user group, its capacity among them."""
    return {
        "capacity": tally.capacity,
        "free": tally.free,
        "occupied": tally.occupied,
        "unknown": tally.unknown,
        "out_of_service": tally.out_of_service,
    }


def to_lot(row: Any, lot: Lot) -> LotReport:
    """Return what was shown of a lot."""
    stored = orjson.loads(row["by_kind"])
    by_kind = {BayKind(kind): _to_tally(counts) for kind, counts in stored.items()}
    samples = orjson.loads(row["samples"])
    return LotReport(
        lot=lot,
        tally=by_kind.get(BayKind.GENERAL, Tally()),
        by_kind=by_kind,
        state=SiteStatus(row["state"]),
        free=row["free"],
        free_min=row["free_min"],
        free_max=row["free_max"],
        trend=row["trend"],
        samples=tuple((datetime.fromisoformat(at), free) for at, free in samples),
        measured_at=row["measured_at"],
        computed_at=row["computed_at"],
        valid_until=row["valid_until"],
        number_until=row["number_until"],
        simulated=row["simulated"],
        by_group={
            BayKind(group): _to_tally(counts)
            for group, counts in orjson.loads(row["by_group"] or "{}").items()
        },
    )


def _to_tally(counts: Mapping[str, int]) -> Tally:
    return Tally(**{name: count for name, count in counts.items() if name != "capacity"})


def of_sign(report: SignReport, mark: Mark) -> Row:
    """Return the row of a sign."""
    return {
        "sign_id": report.sign.sign_id,
        "state": report.state.value,
        "state_since": report.state_since,
        "free": report.free,
        "text": report.text,
        "overridden": report.overridden,
        **_of_alternative(report.alternative),
        "measured_at": report.measured_at,
        "computed_at": report.computed_at,
        "valid_until": report.valid_until,
        "simulated": report.simulated,
        **_of_mark(mark),
    }


def to_sign(row: Any, sign: Sign) -> SignReport:
    """Return what a sign showed."""
    return SignReport(
        sign=sign,
        state=SiteStatus(row["state"]),
        state_since=row["state_since"],
        free=row["free"],
        text=row["text"],
        overridden=row["overridden"],
        alternative=_to_alternative(row),
        simulated=row["simulated"],
        measured_at=row["measured_at"],
        computed_at=row["computed_at"],
        valid_until=row["valid_until"],
    )


def _of_alternative(alternative: Alternative | None) -> Row:
    return {
        "alternative": alternative.lot_id if alternative else None,
        "alternative_name": alternative.name if alternative else None,
        "alternative_state": alternative.state.value if alternative else None,
        "alternative_free": alternative.free if alternative else None,
    }


def _to_alternative(row: Any) -> Alternative | None:
    # Stored before revision 0008: a name alone, of which nothing more is known.
    if row["alternative_state"] is None:
        return None
    return Alternative(
        lot_id=LotId(row["alternative"]),
        name=row["alternative_name"],
        state=SiteStatus(row["alternative_state"]),
        free=row["alternative_free"],
    )
