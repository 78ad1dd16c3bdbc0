# SPDX-License-Identifier: EUPL-1.2
"""Load for crash tests and benchmarks: uplinks made beforehand, sent fast, each acknowledgement on record."""

from stadttakt_simulators.burst.pool import (
    BurstDevice,
    BurstMessage,
    burst_devices,
    burst_pool,
    city_devices,
    write_devices,
)
from stadttakt_simulators.burst.sender import BurstResult, Pace, Sendable, run_burst, write_log

__all__ = [
    "BurstDevice",
    "BurstMessage",
    "BurstResult",
    "Pace",
    "Sendable",
    "burst_devices",
    "burst_pool",
    "city_devices",
    "run_burst",
    "write_devices",
    "write_log",
]
