# SPDX-License-Identifier: EUPL-1.2
"""Trams that ride at the same time, each on a trip of its own: from a past b, on the way to c."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vehicle_occupancy.domain.forecast.past import Holds, TripLoad

from .harness import Running, count, event
from .test_follower import RIDE_S, WAY, trips_around

LINE = "7"
PATTERN = "out0"
"""The departure of `trips_around` that is under way."""


@dataclass(frozen=True)
class Ride:
    """A tram and how many passengers get in at its first two stops; none where its doors are defect."""

    vehicle_id: str
    boarding: tuple[int, int] | None

    @property
    def trip_id(self) -> str:
        return f"of-{self.vehicle_id}"

    def events(self, now: datetime) -> Iterator[bytes]:
        """Say where it was and who got in, in the last five minutes."""
        subject = f"vehicle/{self.vehicle_id}"
        if self.boarding is not None:
            # It came from another trip: it was at the terminal, where everybody left it.
            before = {**self.assignment(now), "trip_id": "out-1", "stop_id": "c"}
            yield event("trip-assignment", subject, before, at=now - timedelta(seconds=700))
        told = self.assignment(now)
        yield event("trip-assignment", subject, told, at=now - timedelta(seconds=330))
        for ago_s in range(300, -1, -15):
            place = WAY.at(WAY.length_m * (RIDE_S / 2 - ago_s) / RIDE_S)
            data = {"lat": place.lat, "lon": place.lon}
            yield event("vehicle-position", subject, data, at=now - timedelta(seconds=ago_s))
        quality = "defect" if self.boarding is None else "regular"
        for ago_s, boarding in zip((302, 78), self.boarding or (9, 9), strict=True):
            at = now - timedelta(seconds=ago_s)
            yield count(self.vehicle_id, "1", boarding, 0, at=at, quality=quality)

    def assignment(self, now: datetime) -> dict[str, Any]:
        day = now - timedelta(days=now.hour < 2)
        return {
            "line": LINE,
            "direction": 0,
            "trip_id": self.trip_id,
            "start_date": f"{day:%Y%m%d}",
            "stop_id": "a",
        }


async def drive(
    running: Running, operator: dict[str, str], rides: Iterable[Ride], now: datetime
) -> None:
    """Let trams ride, all said at once: what is looked at meanwhile is all or nothing of it."""
    said = b",".join(each for ride in rides for each in ride.events(now))
    headers = {**operator, "content-type": "application/json"}
    answer = await running.client.post(
        "/v1/observations", content=b"[" + said + b"]", headers=headers
    )
    assert answer.json()["rejected"] == 0, answer.text


def timetable(now: datetime, rides: Sequence[Ride]) -> dict[str, str]:
    """Return a feed in which each tram has a trip of its own beside those of the line."""
    files = trips_around(now)
    for name in ("trips.txt", "stop_times.txt"):
        lines = files[name].splitlines()
        of_pattern = [line for line in lines if PATTERN in line.split(",")]
        more = [line.replace(PATTERN, ride.trip_id) for ride in rides for line in of_pattern]
        files[name] = "\n".join([*lines, *more]) + "\n"
    return files


def past(now: datetime, *, days: int, more: int) -> list[TripLoad]:
    """Return loads of the line's trips of days before, `more` persons in one of them yesterday."""
    begins = [line.split(",") for line in trips_around(now)["stop_times.txt"].splitlines()[1:]]
    found = []
    for ago in range(days, 0, -1):
        day = (now - timedelta(days=ago + (now.hour < 2))).date()
        for number, (trip_id, _, clock, *_) in enumerate(begins[::3]):
            hours, minutes, seconds = map(int, clock.split(":"))
            begin_s = hours * 3600 + minutes * 60 + seconds
            load = 24.0 + 3 * number + (7 * ago) % 11
            one_more = more if (ago, number) == (1, 2) else 0
            found.append(
                TripLoad(
                    day=day,
                    trip_id=trip_id,
                    line=LINE,
                    direction=0,
                    stop_ids=("a", "b"),
                    departures_s=(begin_s, begin_s + 223),
                    to_next_m=(1400.0, 2300.0),
                    last_stop_id="c",
                    loads=(load, load + 4 + one_more),
                    vehicle_id="tram-1",
                    holds=Holds(60, 90),
                )
            )
    return found
