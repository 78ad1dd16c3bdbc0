# SPDX-License-Identifier: EUPL-1.2
"""Counts answered reads by what was asked for; in memory until they are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from open_data_publisher.domain.usage import Client, Key, Kind, Slot, Subject, client_of, slot_of
from open_data_publisher.feeds.catalogue import FEEDS
from stadttakt_runtime.clock import utc_now

ANSWERED = frozenset({200, 206, 304})
_THINGS = "/sensorthings/v1.1"
_FEED_BY_PATH = {
    **{feed.path: feed.feed_id for feed in FEEDS},
    **dict.fromkeys((_THINGS, f"{_THINGS}/{{path:path}}"), "sensorthings"),
}
_UNCOUNTED = (
    "/v1/",
    "/portal/",
    "/assets",
    "/static",
    "/live",
    "/ready",
    "/metrics",
    "/docs",
    "/openapi.json",
)
_PULL = "/pull/{feed_id}"
_DATA = "/datasets/{dataset_id}/data"
_LONGEST_NAME = 200
RENEWAL = b"x-renewal"
"""Sent by the script of an open page that draws its lists anew: nobody asks for the page."""


class Tally:
    """Counts since they were taken last; of one process."""

    def __init__(self, zone: ZoneInfo, clock: Callable[[], datetime] = utc_now) -> None:
        self._zone = zone
        self._clock = clock
        self._counts: Counter[Key] = Counter()

    def count(self, subject: Subject, client: Client) -> None:
        """Count one request."""
        day = self._clock().astimezone(self._zone).date()
        self._counts[Key(day, subject, client)] += 1

    def slot(self) -> Slot:
        """Return the ten minutes that are being counted."""
        return slot_of(self._clock(), self._zone)

    def take(self) -> dict[Key, int]:
        """Return what was counted since, and begin anew."""
        taken, self._counts = self._counts, Counter()
        return dict(taken)


class UsageMiddleware:
    """Looks at route, status and kind of client of each answer, and at nothing else."""

    def __init__(self, app: ASGIApp, tally: Tally) -> None:
        self._app = app
        self._tally = tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "GET" or _is_renewal(scope):
            await self._app(scope, receive, send)
            return

        async def send_and_count(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in ANSWERED:
                self._count(scope)
            await send(message)

        await self._app(scope, receive, send_and_count)

    def _count(self, scope: Scope) -> None:
        route: str | None = getattr(scope.get("route"), "path", None)
        subject = subject_of(route, scope.get("path_params") or {})
        if subject is not None:
            agent = next((v for n, v in scope["headers"] if n == b"user-agent"), b"")
            self._tally.count(subject, client_of(agent.decode("latin-1")))


def _is_renewal(scope: Scope) -> bool:
    return any(name == RENEWAL for name, _ in scope["headers"])


def subject_of(route: str | None, parameters: dict[str, object]) -> Subject | None:
    """Return what a request to a route asks for; nothing where it does not count as use.

    Only routes are told apart and ids of datasets and fetched feeds, which exist where the answer is 200: what a
    client makes up makes no line.
    """
    if route is None or route.startswith(_UNCOUNTED):
        return None
    if route in _FEED_BY_PATH:
        return Subject(Kind.FEED, _FEED_BY_PATH[route])
    if route == _PULL:
        return Subject(Kind.FEED, str(parameters["feed_id"])[:_LONGEST_NAME])
    if route.startswith("/catalog"):
        return Subject(Kind.CATALOGUE, "catalogue")
    dataset = parameters.get("dataset_id")
    if isinstance(dataset, str) and route.startswith(_DATA):
        return Subject(Kind.DATASET, dataset[:_LONGEST_NAME])
    return Subject(Kind.PAGE, route[:_LONGEST_NAME])
