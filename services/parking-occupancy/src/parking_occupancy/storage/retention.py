# SPDX-License-Identifier: EUPL-1.2
"""SQL of forgetting: counts of gates and what was made of them, and what was rejected."""

from __future__ import annotations

from datetime import datetime
from typing import Any

_DROP_COUNTS = "select drop_chunks('gate_event', $1::timestamptz)"
# Of each lot, the last checkpoint before that time stays, and what came after it: from there on a
# late count can still be counted in.
_FORGET_CHECKPOINTS = """
delete from count_checkpoint c
 where until < (select max(until) from count_checkpoint kept
                 where kept.lot_id = c.lot_id and kept.until <= $1)
"""
_FORGET_ANCHORS = """
delete from count_anchor a
 where at < (select max(until) from count_checkpoint kept
              where kept.lot_id = a.lot_id and kept.until <= $1)
"""
_FORGET_CORRECTIONS = "delete from count_correction where at < $1"


async def forget_counts(connection: Any, before: datetime) -> None:
    """Drop counts of before a time by whole chunks, and the checkpoints and corrections of then."""
    await connection.fetch(_DROP_COUNTS, before)
    await connection.execute(_FORGET_ANCHORS, before)
    await connection.execute(_FORGET_CHECKPOINTS, before)
    await connection.execute(_FORGET_CORRECTIONS, before)
