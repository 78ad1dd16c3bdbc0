# SPDX-License-Identifier: EUPL-1.2
"""SQL of forgetting: positions, readings with their trips, checkpoints, what was rejected."""

from __future__ import annotations

from datetime import datetime
from typing import Any

_DROP = "select drop_chunks($1::regclass, $2::timestamptz)"
_FORGET_CHECKPOINTS = """
delete from load_checkpoint c
 where until < $1
   and until < (select max(until) from load_checkpoint kept where kept.vehicle_id = c.vehicle_id)
"""
_FORGET_STOPS = "delete from stop_visit where arrived_at < $1"
_FORGET_SERVED = "delete from served_trip where ended_at < $1"


async def forget_positions(connection: Any, before: datetime) -> None:
    """Drop positions of before a time by whole chunks."""
    await connection.fetch(_DROP, "position", before)


async def forget_readings(connection: Any, before: datetime) -> None:
    """Drop readings and assignments of before a time by whole chunks, and trips that were over."""
    for table in ("reading", "assignment"):
        await connection.fetch(_DROP, table, before)
    await connection.execute(_FORGET_STOPS, before)
    await connection.execute(_FORGET_SERVED, before)


async def forget_checkpoints(connection: Any, before: datetime) -> None:
    """Forget checkpoints of before a time; each vehicle's last one stays."""
    await connection.execute(_FORGET_CHECKPOINTS, before)
