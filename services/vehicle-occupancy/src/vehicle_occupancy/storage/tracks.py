# SPDX-License-Identifier: EUPL-1.2
"""What is remembered of a vehicle's load as JSON and back."""

from __future__ import annotations

import base64
from dataclasses import fields
from datetime import datetime
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from stadttakt_messages.base import VehicleId
from vehicle_occupancy.domain.load.counter import Counter
from vehicle_occupancy.domain.load.doors import DoorTrack
from vehicle_occupancy.domain.load.level import Level
from vehicle_occupancy.domain.load.miscount import Miscounts
from vehicle_occupancy.domain.load.reading import (
    AxleLoad,
    EmptyCause,
    KnownEmpty,
    Passed,
    PresenceCount,
)
from vehicle_occupancy.domain.load.track import Stop, Track

_EVIDENCE: dict[str, type[PresenceCount | AxleLoad]] = {
    "PresenceCount": PresenceCount,
    "AxleLoad": AxleLoad,
}
_TIMES = frozenset({"emptied_at", "counted_at", "heard_at", "weighed_at"})


def of_track(track: Track) -> str:
    """Return a track as it is stored."""
    stored = {each.name: getattr(track, each.name) for each in fields(track)}
    stored["load"] = _packed(track.load)
    learned = track.miscounts
    stored["miscounts"] = {
        "doors": learned.doors,
        "means": _packed(learned.means),
        "covariance": _packed(learned.covariance),
        "times": learned.times,
        "scale": learned.scale,
    }
    if track.stop is not None:
        stop = {each.name: getattr(track.stop, each.name) for each in fields(track.stop)}
        evidence = [(type(each).__name__, each) for each in track.stop.evidence]
        stored["stop"] = {**stop, "evidence": evidence}
    return orjson.dumps(stored, default=list, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def to_track(stored: str) -> Track:
    """Return a stored track."""
    found = orjson.loads(stored)
    learned = found["miscounts"]
    size = 2 * len(learned["doors"])
    newest = found["newest"]
    return Track(
        **{
            **found,
            **{name: _time(found[name]) for name in _TIMES},
            "load": _unpacked(found["load"]),
            "doors": {name: _door(door) for name, door in found["doors"].items()},
            "miscounts": Miscounts(
                tuple(learned["doors"]),
                _unpacked(learned["means"]),
                _unpacked(learned["covariance"]).reshape(size, size),
                learned["times"],
                learned.get("scale", 1.0),
            ),
            "newest": (datetime.fromisoformat(newest[0]), *newest[1:]) if newest else None,
            "stop": _stop(found["stop"]) if found["stop"] else None,
            "traffic": _flows(found["traffic"]),
            "level": Level(found["level"]) if found["level"] else None,
        }
    )


def _packed(numbers: NDArray[np.float64]) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers, dtype="<f8").tobytes()).decode()


def _unpacked(text: str) -> NDArray[np.float64]:
    return np.frombuffer(base64.b64decode(text), dtype="<f8").astype(np.float64)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _flows(stored: dict[str, list[int]]) -> dict[str, Passed]:
    return {name: Passed(*pair) for name, pair in stored.items()}


def _door(stored: dict[str, Any]) -> DoorTrack:
    counter = stored["counter"]
    heard = counter and Counter(
        datetime.fromisoformat(counter["heard_at"]),
        Passed(*counter["totals"]) if counter["totals"] else None,
        Passed(*counter["doubted"]) if counter["doubted"] else None,
    )
    return DoorTrack(**{**stored, "counter": heard})


def _stop(stored: dict[str, Any]) -> Stop:
    empty = stored["empty"]
    return Stop(
        datetime.fromisoformat(stored["began_at"]),
        datetime.fromisoformat(stored["heard_at"]),
        _flows(stored["flows"]),
        _empty(empty) if empty else None,
        tuple(_EVIDENCE[name](**_said(each)) for name, each in stored["evidence"]),
    )


def _said(stored: dict[str, Any]) -> dict[str, Any]:
    at = datetime.fromisoformat(stored["observed_at"])
    return {**stored, "vehicle_id": VehicleId(stored["vehicle_id"]), "observed_at": at}


def _empty(stored: dict[str, Any]) -> KnownEmpty:
    return KnownEmpty(**{**_said(stored), "cause": EmptyCause(stored["cause"])})
