# SPDX-License-Identifier: EUPL-1.2
"""Frame counters: what was received, what the radio lost, where a counter began anew; pure.

A counter counts on within a session (LoRaWAN 1.0.4, 4.3.1.5). What is missing between two frames
was lost on the air or by the network, unless it comes late. The result depends on the set of frames
only: neither on the order in which they arrived nor on how often.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

LATE = timedelta(minutes=5)
"""How much the times of two frames of one moment may differ: see `times.MAX_GATEWAY_OFF`."""
WINDOW = 64
"""How far back a frame may be that comes late; as in an anti-replay window (RFC 4303, 3.4.3)."""
FARTHEST = 16_384
"""A counter that jumps farther began anew (MAX_FCNT_GAP of LoRaWAN 1.0.3)."""
FARTHEST_OVER_THE_END = 1024
"""The same for a 16-bit counter that may have begun anew near its end."""
LONG_GAP = 10
"""More frames than that lost in a row: the device or a gateway was away, it is not the radio."""
_MASK = (1 << WINDOW) - 1


class Frame(NamedTuple):
    """A frame by its counter; `session` is what its keys or address belong to, if it is told."""

    at: datetime
    f_cnt: int
    session: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One counting: bit i of `received` is the frame `highest - i`; `span` reaches to the first."""

    session: str
    highest: int
    at: datetime
    received: int = 1
    span: int = 0


@dataclass(frozen=True, slots=True)
class Track:
    """Where a device's counter stands; frames of the session before may still come late."""

    current: Run | None = None
    previous: Run | None = None


@dataclass(slots=True)
class FrameCounts:
    """What came of a device's frames; `lost` may be below zero where a frame came late."""

    frames: int = 0
    lost: int = 0
    lost_long: int = 0
    repeated: int = 0
    resets: int = 0
    sessions: int = 0

    def miss(self, count: int) -> None:
        """Count frames that are missing in a row."""
        self.lost += count
        if count > LONG_GAP:
            self.lost_long += count


def count_frames(frames: Iterable[Frame], before: Track) -> tuple[FrameCounts, Track]:
    """Return the counts of these frames, and where the counter stands after them."""
    counts, track = FrameCounts(), before
    for frame in sorted(set(frames)):
        track = _take(track, frame, counts)
    return counts, track


def _take(track: Track, frame: Frame, counts: FrameCounts) -> Track:
    current, previous = track.current, track.previous
    if current is None:
        counts.frames += 1
        return Track(Run(frame.session, frame.f_cnt, frame.at))
    if frame.session == current.session:
        moved = _place(current, frame, counts)
        if moved is not None:
            return Track(moved, previous)
        counts.frames += 1
        counts.resets += 1
        return Track(Run(frame.session, frame.f_cnt, frame.at), current)
    if previous and frame.session == previous.session and frame.at - current.at <= LATE:
        moved = _place(previous, frame, counts)
        if moved is not None:
            return Track(current, moved)
    counts.frames += 1
    counts.sessions += 1
    # A session's first frame is number 0.
    known = frame.f_cnt < WINDOW
    if known:
        counts.miss(frame.f_cnt)
    return Track(
        Run(frame.session, frame.f_cnt, frame.at, span=frame.f_cnt if known else 0), current
    )


def _place(run: Run, frame: Frame, counts: FrameCounts) -> Run | None:
    """Return the run with one more frame, or nothing if the frame cannot belong to it."""
    ahead = _ahead(run.highest, frame.f_cnt)
    if ahead is None:
        return None
    if ahead > 0:
        counts.frames += 1
        counts.miss(ahead - 1)
        received = ((run.received << ahead) | 1) & _MASK if ahead < WINDOW else 1
        span = min(run.span + ahead, WINDOW)
        return Run(run.session, frame.f_cnt, frame.at, received, span)
    back = -ahead
    if back >= WINDOW or frame.at - run.at > LATE:
        return None
    if run.received >> back & 1:
        counts.repeated += 1
        return run
    counts.frames += 1
    # Before the first frame nothing was missing yet; after it this one was counted as lost.
    counts.lost += back - run.span - 1 if back > run.span else -1
    received, span = run.received | 1 << back, max(run.span, back)
    return Run(run.session, run.highest, run.at, received, span)


def _ahead(highest: int, f_cnt: int) -> int | None:
    """Return how far a counter is ahead, over its end if need be; nothing if it began anew."""
    plain = f_cnt - highest
    if abs(plain) <= FARTHEST:
        return plain
    for modulus in (1 << 16, 1 << 32):
        if highest < modulus and f_cnt < modulus:
            over = (plain + modulus // 2) % modulus - modulus // 2
            if abs(over) <= FARTHEST_OVER_THE_END:
                return over
    return None


def track_document(track: Track) -> dict[str, Any]:
    """Return a track as it is stored."""
    return asdict(track)


def read_track(document: dict[str, Any]) -> Track:
    """Read back what `track_document` gave, the times as text."""
    runs = {
        name: Run(**{**run, "at": datetime.fromisoformat(run["at"])}) if run else None
        for name, run in document.items()
    }
    return Track(**runs)
