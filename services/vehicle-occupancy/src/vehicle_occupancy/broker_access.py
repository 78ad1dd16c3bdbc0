# SPDX-License-Identifier: EUPL-1.2
"""Who may what at the platform's broker by `transit/sources.yaml` (entry point `stadttakt.broker_access`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stadttakt_messages.catalogue import TRANSIT
from stadttakt_messages.topics import Topics
from stadttakt_runtime.broker_access import Grant
from vehicle_occupancy.sources import read_sources


def broker_access(city: Path, _topics: Topics) -> Sequence[Grant]:
    """Return the rights of this service and of each counting system that speaks its maker's language."""
    routes = read_sources(city)
    heard = tuple(dict.fromkeys(route.filter for route in routes))
    return [
        Grant(TRANSIT, reads=heard),
        # Halle's are made up by the simulator and real at once: it may write what they may.
        *(Grant(route.source_id, writes=(route.filter,), simulated=True) for route in routes),
    ]
