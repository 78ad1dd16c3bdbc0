# SPDX-License-Identifier: EUPL-1.2
"""The one status of GTFS-Realtime that goes with a published level.

A finer status would tell more than the level does. Other feeds translate the status
(docs/decisions/0055-vehicles-and-trips-in-feeds.md).
"""

from __future__ import annotations

from collections.abc import Mapping

from vehicle_occupancy.domain.load.level import Level, OccupancyStatus

_PUBLIC: Mapping[Level, OccupancyStatus] = {
    Level.LOW: OccupancyStatus.MANY_SEATS_AVAILABLE,
    Level.MEDIUM: OccupancyStatus.FEW_SEATS_AVAILABLE,
    Level.HIGH: OccupancyStatus.STANDING_ROOM_ONLY,
}


def public_status(level: Level | None) -> OccupancyStatus:
    """Return the one status that goes with a published level; none is no data."""
    return OccupancyStatus.NO_DATA_AVAILABLE if level is None else _PUBLIC[level]
