# SPDX-License-Identifier: EUPL-1.2
"""What a topic's bytes say, checked: accepted events and refused messages; stores nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from stadttakt_messages.catalogue import BY_NAME
from stadttakt_messages.topics import Topics
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.rejected import Rejected
from vehicle_occupancy import metrics
from vehicle_occupancy.foreign import read_foreign
from vehicle_occupancy.keeper import Keeper
from vehicle_occupancy.known_trips import KnownTrips, detail_of, doubted, is_doubted, named_trip
from vehicle_occupancy.reading import NAMES, RefusedError, read_topic
from vehicle_occupancy.sources import Route
from vehicle_occupancy.storage.reading_rows import word_of
from vehicle_occupancy.storage.readings import Event

log = get_logger(__name__)


def subscriptions_of(topics: Topics, routes: Sequence[Route]) -> tuple[str, ...]:
    """Return the filters of all topics that are read, each once."""
    canonical = (topics.all_of(BY_NAME[name].pattern) for name in NAMES)
    return tuple(dict.fromkeys([*canonical, *(route.filter for route in routes)]))


class Intake:
    """Reads messages by their topics: the platform's own, and those of the city's sources."""

    def __init__(
        self,
        topics: Topics,
        keeper: Keeper,
        known_trips: KnownTrips,
        routes: Sequence[Route] = (),
    ) -> None:
        self._keeper = keeper
        self._known_trips = known_trips
        self._routes = routes
        self._canonical = {
            name: topics.all_of(BY_NAME[name].pattern).partition("/+")[0].split("/")
            for name in NAMES
        }

    async def read(
        self, messages: Sequence[tuple[str, bytes]]
    ) -> tuple[list[Event], list[Rejected]]:
        """Return what can be taken and what cannot; one message may say several things.

        An assignment to a trip that nobody knows is both: kept, for a timetable may come.
        """
        now = utc_now()
        read: list[tuple[tuple[str, bytes], Event]] = []
        refused: list[Rejected] = []
        for message in messages:
            try:
                read += [(message, event) for event in self._events(*message, now)]
            except RefusedError as error:
                refused.append(rejected(message, error.reason, error.detail))
            # A fault of ours; the broker would bring the message again, and the service would end at it each time.
            except Exception as error:
                log.exception("reader_failed", topic=message[0][:200])
                refused.append(
                    rejected(message, "reader_failed", f"{type(error).__name__}: {error}")
                )
        if any(self._keeper.refusal(event) for _, event in read):
            # What they are about may have been configured a moment ago.
            await self._keeper.reload_configuration()
        unknown = await self._known_trips.unknown(event.said for _, event in read)
        accepted: list[Event] = []
        for message, event in read:
            found = self._keeper.refusal(event)
            if found is not None:
                refused.append(rejected(message, *found))
                continue
            trip = named_trip(event.said)
            if trip is not None and trip in unknown:
                refused.append(rejected(message, "unknown_trip", detail_of(trip)))
                accepted.append(doubted(event))
            else:
                accepted.append(event)
        return accepted, refused

    def topic_of(self, levels: Sequence[str]) -> str:
        """Return the topic of a canonical message: its name, vehicle, perhaps door."""
        begin = self._canonical[levels[0]]
        return "/".join([*begin, *(quote(level, safe="") for level in levels[1:])])

    def _events(self, topic: str, payload: bytes, now: datetime) -> list[Event]:
        levels = topic.split("/")
        for begin in self._canonical.values():
            if levels[: len(begin)] == begin and len(begin) < len(levels) <= len(begin) + 2:
                return [read_topic(levels[len(begin) - 1 :], payload, now)]
        vehicle_of = self._keeper.vehicle_of
        return read_foreign(self._routes, topic, payload, vehicle_of=vehicle_of, now=now)


def rejected(message: tuple[str, bytes], reason: str, detail: str) -> Rejected:
    """Return a message as it is quarantined."""
    topic, payload = message
    # PostgreSQL's text holds no NUL; the payload column has the bytes as they came.
    clean = detail.replace("\0", "\\0")[:1000]
    return Rejected(topic.replace("\0", "\\0"), payload, reason, clean, utc_now())


def count_taken(accepted: Sequence[Event], refused: Sequence[Rejected], *, way: str) -> None:
    """Count and log what became of messages."""
    for event in accepted:
        if is_doubted(event):
            continue  # counted as rejected
        metrics.MESSAGES.labels(word_of(event.said), way).inc()
    for message in refused:
        metrics.REJECTED.labels(message.reason).inc()
        log.warning(
            "rejected",
            reason=message.reason,
            detail=message.detail[:200],
            topic=message.topic[:200],
            bytes=len(message.payload),
        )
