# SPDX-License-Identifier: EUPL-1.2
"""Reports as the bodies and events that leave the service; reads no clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from parking_occupancy.board import Board
from parking_occupancy.domain.bay import BayReport, assess
from parking_occupancy.domain.lot import HOLD, LotReport, forgotten
from parking_occupancy.domain.restrictions import BayKind, Restriction
from parking_occupancy.domain.sign import SignReport, withdrawn
from parking_occupancy.entity import Entity, Kind
from parking_occupancy.signing import Signatures, canonical
from parking_occupancy.storage.rows import of_tally
from stadttakt_messages.envelope import event_type, schema_urn
from stadttakt_messages.states import SiteStatus

Fields = dict[str, Any]
"""In the order of the model; datetimes in UTC."""

_NAMES: dict[Kind, str] = {"bay": "bay-state", "lot": "lot-state", "sign": "sign-state"}
_TYPES = {name: event_type(name) for name in _NAMES.values()}
_SCHEMAS = {name: schema_urn(name) for name in _NAMES.values()}
SOURCE = "/stadttakt/parking-occupancy"


def bay_state(report: BayReport) -> Fields:
    """Return a bay as the fields of a `BayState`."""
    bay = report.bay
    return {
        "bay_id": bay.bay_id,
        "lot_id": bay.lot_id,
        "kind": report.kind,
        "state": report.state,
        "reason": report.doubt,
        "since": report.since,
        "measured_at": report.measured_at,
        "valid_until": report.valid_until,
        "lat": bay.lat,
        "lon": bay.lon,
        "simulated": report.simulated,
        "groups": report.groups,
        "orientation": bay.orientation,
        "max_stay_min": bay.max_stay_min,
        "restrictions": [
            {
                "type": each.group,
                "max_stay_min": each.max_stay_min,
                "hours": each.hours,
                "active": each.holds(report.computed_at),
            }
            for each in bay.restrictions
        ],
    }


def lot_state(report: LotReport) -> Fields:
    """Return a lot as the fields of a `LotState`."""
    lot, at = report.lot, report.computed_at
    standing, changes_at = lot.openings.standing(at), lot.openings.next_change(at)
    return {
        "lot_id": lot.lot_id,
        "name": lot.name,
        "capacity": report.tally.capacity,
        "free": report.free,
        "free_min": report.free_min,
        "free_max": report.free_max,
        "occupied": report.tally.occupied,
        "unknown": report.tally.unknown,
        "out_of_service": report.tally.out_of_service,
        "state": report.state,
        "opening": lot.opening,
        "opens_at": changes_at if standing.is_closed else None,
        "closes_at": None if standing.is_closed else changes_at,
        "closed_by": standing.closed_by,
        "closed_reason": standing.reason,
        "trend": report.trend,
        "detection": lot.detection,
        "lat": lot.lat,
        "lon": lot.lon,
        "by_kind": {kind.value: of_tally(tally) for kind, tally in report.by_kind.items()},
        "measured_at": report.measured_at,
        "computed_at": report.computed_at,
        "valid_until": report.valid_until,
        "simulated": report.simulated,
        "by_group": {group.value: of_tally(tally) for group, tally in report.by_group.items()},
        "max_stay_min": lot.max_stay_min,
        "max_height_cm": lot.max_height_cm,
        "max_width_cm": lot.max_width_cm,
        "restrictions": list(_restrictions(report)),
    }


def _restrictions(report: LotReport) -> Iterator[Fields]:
    """Yield what holds for each user group of a lot: what the lot says of it, else its usual stay."""
    for group, tally in report.by_group.items():
        unknown = group is BayKind.GENERAL and report.free is None
        said = [each for each in report.lot.restrictions if each.group is group]
        for each in said or [Restriction(group, report.lot.max_stay_min)]:
            yield {
                "type": group,
                "max_stay_min": each.max_stay_min,
                "hours": each.hours,
                "active": each.holds(report.computed_at),
                "capacity": tally.capacity,
                "free": None if unknown else tally.free,
            }


def sign_state(report: SignReport, sequence: int) -> Fields:
    """Return a sign as the fields of a `SignState`, unsigned."""
    alternative = report.alternative
    return {
        "sign_id": report.sign.sign_id,
        "state": report.state,
        "free": report.free,
        "text": report.text,
        "control": report.sign.mode.control,
        "overridden": report.overridden,
        "simulated": report.simulated,
        "detection": report.sign.detection,
        "alternative": alternative.lot_id if alternative else None,
        "alternative_name": alternative.name if alternative else None,
        "alternative_state": alternative.state if alternative else None,
        "alternative_free": alternative.free if alternative else None,
        "sequence": sequence,
        "measured_at": report.measured_at,
        "computed_at": report.computed_at,
        "valid_until": report.valid_until,
    }


def as_of(
    board: Board, report: BayReport | LotReport | SignReport, now: datetime
) -> BayReport | LotReport | SignReport:
    """Return a report that is valid now: itself, or what takes its place when it is over."""
    if now < report.valid_until:
        return report
    if isinstance(report, BayReport):
        return assess(report.bay, board.tracks.get(report.bay.bay_id), now)
    if isinstance(report, SignReport):
        return withdrawn(report, now)
    return replace(
        forgotten(report),
        state=SiteStatus.UNKNOWN,
        free=None,
        free_min=None,
        free_max=None,
        trend=None,
        computed_at=now,
        valid_until=now + HOLD,
    )


def body(
    report: BayReport | LotReport | SignReport, sequence: int, signatures: Signatures
) -> bytes:
    """Return a report as JSON, that of a sign signed if the city wants it."""
    return _json(_fields(report, sequence, signatures))


def _fields(
    report: BayReport | LotReport | SignReport, sequence: int, signatures: Signatures
) -> Fields | orjson.Fragment:
    if isinstance(report, BayReport):
        return bay_state(report)
    if isinstance(report, LotReport):
        return lot_state(report)
    fields = sign_state(report, sequence)
    if report.sign.key_id is None:
        return {**fields, "signature": None}
    unsigned = _json(fields)
    signature = signatures.of(report.sign, canonical(unsigned))
    value = signature.model_dump_json() if signature else "null"
    return orjson.Fragment(unsigned[:-1] + b',"signature":' + value.encode() + b"}")


def _json(fields: Fields | orjson.Fragment) -> bytes:
    # What the models would say (a test compares), without building and checking one for each.
    return orjson.dumps(fields, option=orjson.OPT_UTC_Z)


def feature(report: BayReport) -> bytes:
    """Return a bay as a GeoJSON feature: its outline, or the point where it is (RFC 7946)."""
    bay = report.bay
    point = {"type": "Point", "coordinates": [bay.lon, bay.lat]}
    return orjson.dumps(
        {
            "type": "Feature",
            "id": bay.bay_id,
            "geometry": orjson.Fragment(bay.outline) if bay.outline else point,
            "properties": orjson.Fragment(_json(bay_state(report))),
        }
    )


def event(
    entity: Entity,
    report: BayReport | LotReport | SignReport,
    version: int,
    signatures: Signatures,
    traceparent: str | None = None,
) -> bytes:
    """Return a state as a CloudEvent; the same version is the same event, however often sent."""
    name = _NAMES[entity.kind]
    fields = {
        "specversion": "1.0",
        "id": f"{entity.kind}/{entity.id}/{version}",
        "source": SOURCE,
        "type": _TYPES[name],
        "subject": f"{entity.kind}/{entity.id}",
        "time": report.measured_at or report.computed_at,
        "datacontenttype": "application/json",
        "dataschema": _SCHEMAS[name],
        "data": _fields(report, version, signatures),
    }
    if report.simulated:
        fields["simulated"] = True
    if traceparent is not None:
        fields["traceparent"] = traceparent
    return orjson.dumps(fields, option=orjson.OPT_UTC_Z)
