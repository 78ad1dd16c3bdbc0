# SPDX-License-Identifier: EUPL-1.2
"""Foreign messages about passengers, each mapped once to the platform's own; pure."""

from __future__ import annotations

from collections.abc import Mapping

from vehicle_occupancy.dialects import itxpt, paxcounter, vdv301, waltti
from vehicle_occupancy.dialects.model import Dialect, Told

__all__ = ["DIALECTS", "Dialect", "Told"]

DIALECTS: Mapping[str, Dialect] = {
    "vdv301": vdv301.read,
    "itxpt": itxpt.read,
    "waltti-apc": waltti.read,
    "paxcounter": paxcounter.read,
}
