# SPDX-License-Identifier: EUPL-1.2
"""How a lot is counted at its gates, from its row; no SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from parking_occupancy.domain.balance import Balancing
from parking_occupancy.domain.gate import Gate, GateKind
from parking_occupancy.domain.known_empty import KnownEmpty


def to_balancing(row: Any) -> Balancing | None:
    """Return the rules of a lot, None where its bays alone are counted."""
    if row["balancing"] is None:
        return None
    stored = orjson.loads(row["balancing"])
    zone = ZoneInfo(stored["timezone"])
    return Balancing(
        capacity=row["capacity"],
        gates={gate["gate"]: _gate(gate) for gate in stored["gates"]},
        known_empty=tuple(_window(window, zone) for window in stored["known_empty"]),
        overfill=stored["overfill"],
        drift_limit=stored["drift_limit"],
        uncertainty_limit=stored["uncertainty_limit"],
        holds_for=timedelta(seconds=stored["holds_for_s"]),
        timezone=stored["timezone"],
    )


def _gate(stored: Mapping[str, Any]) -> Gate:
    return Gate(
        name=stored["gate"],
        kind=GateKind(stored["kind"]),
        heartbeat_limit=timedelta(seconds=stored["heartbeat_limit_s"]),
        inverted=stored["inverted"],
        counter_bits=stored["counter_bits"],
        max_per_min=stored["max_per_min"],
        miss_rate=stored["miss_rate"],
        double_rate=stored["double_rate"],
    )


def _window(stored: Mapping[str, Any], zone: ZoneInfo) -> KnownEmpty:
    return KnownEmpty(
        begin=time.fromisoformat(stored["from"]),
        end=time.fromisoformat(stored["to"]),
        zone=zone,
        days=frozenset(stored["days"]),
        inside=stored["inside"],
    )
