# SPDX-License-Identifier: EUPL-1.2
"""How a source is, from what each decoder noted of it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

FRESH = timedelta(seconds=15)
"""A decoder that noted nothing for so long is gone."""
DOWN_AFTER = timedelta(seconds=30)
"""A broker that is restarted is no alarm."""


class Noted(NamedTuple):
    """What one decoder noted of one source."""

    source_id: str
    writer: str
    noted_at: datetime
    connected: bool
    since: datetime
    last_message_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    received: int
    received_per_s: float
    backlog: int


class Status(StrEnum):
    """How a source is as a whole."""

    CONNECTED = "connected"
    SILENT = "silent"
    DOWN = "down"
    UNKNOWN = "unknown"


class SourceHealth(NamedTuple):
    """All decoders' notes of one source together; an error is of a decoder that is not connected."""

    status: Status
    since: datetime | None
    last_message_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    received_per_s: float
    backlog: int

    def is_down_for(self, how_long: timedelta, now: datetime) -> bool:
        """Tell whether no decoder has been connected for so long."""
        is_down = self.status is Status.DOWN and self.since is not None
        return is_down and now - (self.since or now) >= how_long


def health(notes: Iterable[Noted], now: datetime, *, silence_limit_s: int | None) -> SourceHealth:
    """Return how a source is; connected if one decoder is, since one of a group is enough."""
    everything = list(notes)
    fresh = [note for note in everything if now - note.noted_at <= FRESH]
    up = [note for note in fresh if note.connected]
    heard = _latest(note.last_message_at for note in everything)
    errors = [note for note in fresh or everything if note.last_error_at and not note.connected]
    worst = max(errors, key=lambda note: note.last_error_at or now, default=None)
    return SourceHealth(
        _status(fresh, up, heard, now, silence_limit_s),
        min(note.since for note in up) if up else _latest(note.since for note in fresh),
        heard,
        worst.last_error if worst else None,
        worst.last_error_at if worst else None,
        round(sum(note.received_per_s for note in fresh), 3),
        sum(note.backlog for note in fresh),
    )


def _status(
    fresh: Sequence[Noted],
    up: Sequence[Noted],
    heard: datetime | None,
    now: datetime,
    silence_limit_s: int | None,
) -> Status:
    if not fresh:
        return Status.UNKNOWN
    if not up:
        return Status.DOWN
    # What was never heard is not silent: its devices may not be out yet.
    is_silent = (
        silence_limit_s is not None
        and heard is not None
        and (now - heard).total_seconds() > silence_limit_s
    )
    return Status.SILENT if is_silent else Status.CONNECTED


def _latest(times: Iterable[datetime | None]) -> datetime | None:
    return max((time for time in times if time is not None), default=None)
