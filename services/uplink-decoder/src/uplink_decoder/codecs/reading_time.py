# SPDX-License-Identifier: EUPL-1.2
"""A reading's own time in the forms that sensors use; a time that makes no sense is none."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any


class TimeForm(StrEnum):
    """How a decoded object tells a time."""

    RFC3339 = "rfc3339"
    EPOCH_S = "epoch_s"
    EPOCH_MS = "epoch_ms"
    SECONDS_AGO = "seconds_ago"


def read_reading_time(value: Any, form: TimeForm, received_at: datetime) -> datetime | None:
    """Return the time, UTC; nothing for a wrong type, an unreadable text, an absurd number.

    A time without zone is UTC; seconds ago count from the receipt.
    """
    try:
        if form is TimeForm.RFC3339:
            return _from_text(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if not math.isfinite(value):
            return None
        if form is TimeForm.SECONDS_AGO:
            return received_at - timedelta(seconds=value)
        seconds = value / 1000 if form is TimeForm.EPOCH_MS else value
        return datetime.fromtimestamp(seconds, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _from_text(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    time = datetime.fromisoformat(value)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
