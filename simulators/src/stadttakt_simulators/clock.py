# SPDX-License-Identifier: EUPL-1.2
"""The one place that reads the machine's clock; everything else is given the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NewType

# Servers stamp messages with nanoseconds, which datetime cannot hold.
EpochNs = NewType("EpochNs", int)
Clock = Callable[[], EpochNs]

SECOND = 1_000_000_000


def system_clock() -> EpochNs:
    """This function returns the wall-clock time in nanoseconds since 1970-01-01T00:00Z."""
    return EpochNs(time.time_ns())


def later(at: EpochNs, seconds: float) -> EpochNs:
    """This function returns the instant so many seconds (negative: before) from another one."""
    return EpochNs(at + round(seconds * SECOND))


def to_datetime(at: EpochNs) -> datetime:
    """This function drops the nanoseconds below a microsecond."""
    seconds, rest = divmod(at, SECOND)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)


def rfc3339(at: EpochNs, zone: str) -> str:
    """This function writes 0, 3, 6 or 9 fraction digits, whichever loses nothing, as both servers do."""
    seconds, rest = divmod(at, SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    digits = f"{rest:09d}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return f"{text}.{digits}{zone}" if digits else text + zone
