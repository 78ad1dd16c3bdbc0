# SPDX-License-Identifier: EUPL-1.2
"""What is remembered of a bay's sensors as columns of its state, and back; no SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from parking_occupancy.domain.flapping import Said
from parking_occupancy.domain.sensors import BayTrack
from parking_occupancy.domain.track import Observation, Reading, SensorId, Track
from stadttakt_messages.base import BayId

Row = dict[str, Any]


def of_track(track: BayTrack) -> Row:
    """Return the columns: those of the sensor heard last, the others as a list."""
    newest, sensors = track.newest, track.sensors
    row = _of_sensor(sensors[newest.sensor])
    row["newest_simulated"] = newest.simulated
    if len(sensors) > 1:
        others = (each for name, each in sensors.items() if name != newest.sensor)
        row["other_sensors"] = [_of_sensor(each) for each in others]
    return row


def _of_sensor(track: Track) -> Row:
    newest, (start_at, start_event_id) = track.newest, track.start
    other_at, other_event_id = track.last_other or (None, None)
    return {
        "newest_event_id": newest.event_id,
        "newest_at": newest.observed_at,
        "newest_reading": newest.reading,
        "newest_sensor": newest.sensor,
        "start_at": start_at,
        "start_event_id": start_event_id,
        "other_at": other_at,
        "other_event_id": other_event_id,
        "recent": [list(each) for each in track.recent] if track.recent else None,
    }


def to_track(row: Any) -> BayTrack | None:
    """Return what is remembered of a bay's observations."""
    if row["newest_at"] is None:
        return None
    recent = orjson.loads(row["recent"] or "[]")
    sensors = [_to_sensor({**dict(row), "recent": recent}, row)]
    others = orjson.loads(row["other_sensors"] or "[]")
    sensors += [_to_sensor(_timed(other), row) for other in others]
    return BayTrack({each.newest.sensor: each for each in sensors})


def _timed(other: Mapping[str, Any]) -> Row:
    """Return one of the list with its times as such."""
    return {
        name: datetime.fromisoformat(value) if name.endswith("_at") and value else value
        for name, value in other.items()
    }


def _to_sensor(fields: Mapping[str, Any], row: Any) -> Track:
    newest = Observation(
        event_id=fields["newest_event_id"],
        bay_id=BayId(row["bay_id"]),
        observed_at=fields["newest_at"],
        reading=Reading(fields["newest_reading"]),
        simulated=row["newest_simulated"],
        sensor=SensorId(fields["newest_sensor"]),
    )
    other_at: datetime | None = fields["other_at"]
    return Track(
        newest=newest,
        start=(fields["start_at"], fields["start_event_id"]),
        last_other=(other_at, fields["other_event_id"]) if other_at else None,
        recent=tuple(
            Said(datetime.fromisoformat(at), event_id, reading)
            for at, event_id, reading in fields["recent"] or ()
        ),
    )
