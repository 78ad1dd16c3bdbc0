# SPDX-License-Identifier: EUPL-1.2
"""What a page and its script are told of lots and vehicles: the same fields, for both."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from open_data_publisher.domain.truth import Truth
from stadttakt_messages.states import LotState, VehicleState


def lot_view(state: LotState) -> dict[str, Any]:
    """Return what is shown of a lot in lists and on the map."""
    return {
        "id": state.lot_id,
        "name": state.name,
        "lat": state.lat,
        "lon": state.lon,
        "state": state.state.value,
        "free": state.free,
        "min": state.free_min,
        "max": state.free_max,
        "capacity": state.capacity,
        "trend": state.trend,
        "closed_by": state.closed_by,
        "reason": state.closed_reason,
        "opens": _written(state.opens_at),
        "measured": _written(state.measured_at),
        "until": _written(state.valid_until),
        "simulated": state.simulated,
    }


def vehicle_view(state: VehicleState) -> dict[str, Any]:
    """Return what is shown of a vehicle: its published level and where it is, never a number or a time.

    The time of the last count would tell at which door somebody passed (decision 0049).
    """
    return {
        "id": state.vehicle_id,
        "line": state.line,
        "direction": state.direction,
        "stop": state.stop_id,
        "level": state.level,
        "until": _written(state.valid_until),
        "simulated": state.simulated,
    }


def live_view(truth: Truth) -> dict[str, Any]:
    """Return everything that a page follows; vehicles on no line are in the depot and left out."""
    return {
        "simulated": truth.is_simulated(("lot", "vehicle")),
        "lots": [lot_view(each.state) for each in truth.lots],
        "vehicles": [
            vehicle_view(each.state) for each in truth.vehicles if each.state.line is not None
        ],
    }


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None
