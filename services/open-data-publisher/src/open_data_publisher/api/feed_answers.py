# SPDX-License-Identifier: EUPL-1.2
"""Answers polled feeds before anything else does: ready bytes, no parsing beyond five headers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import perf_counter

from starlette.types import ASGIApp, Receive, Scope, Send

from open_data_publisher.api.feeds import LIVE
from open_data_publisher.domain.usage import Kind, Subject, client_of
from open_data_publisher.feeds.catalogue import FEEDS, Feed
from open_data_publisher.shelf import Built, Shelf
from open_data_publisher.usage.counting import Tally
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.http.conditional import is_held
from stadttakt_runtime.http.encodings import takes_gzip
from stadttakt_runtime.http.headers import EXPOSED, NO_CONTENT_POLICY, SECURITY_HEADERS
from stadttakt_runtime.metrics import LATENCY, REQUESTS

Headers = list[tuple[bytes, bytes]]
_READ = frozenset({"GET", "HEAD"})
_BY_PATH = {feed.path: feed for feed in FEEDS}
_SUBJECTS = {feed.feed_id: Subject(Kind.FEED, feed.feed_id) for feed in FEEDS}
_COUNT = {
    (method, feed.path, status): REQUESTS.labels(method, feed.path, str(status))
    for method in _READ
    for feed in FEEDS
    for status in (200, 304)
}
_TIME = {
    (method, feed.path): LATENCY.labels(method, feed.path) for method in _READ for feed in FEEDS
}
_ALWAYS: Headers = [
    (b"cache-control", LIVE.encode()),
    (b"vary", b"accept-encoding"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", ", ".join(EXPOSED).encode()),
    NO_CONTENT_POLICY,
    *SECURITY_HEADERS,
]
"""What the application's own layers add to other answers; ours do not pass through them."""


class FeedAnswers:
    """The outermost layer: what is on the shelf is answered here, all else goes on to the application.

    FastAPI's way costs ten times as much a request, and some feeds are asked for every few seconds by many.
    """

    def __init__(self, app: ASGIApp, shelf: Shelf, tally: Tally) -> None:
        self._app = app
        self._shelf = shelf
        self._tally = tally
        self._ready: dict[str, _Ready] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] in _READ and not scope["query_string"]:
            feed = _BY_PATH.get(scope["path"])
            built = None if feed is None else self._shelf.find(feed)
            if feed is not None and built is not None and not built.is_frozen(utc_now()):
                await self._answer(feed, self._made_ready(feed, built), scope, send)
                return
        await self._app(scope, receive, send)

    def _made_ready(self, feed: Feed, built: Built) -> _Ready:
        ready = self._ready.get(feed.feed_id)
        if ready is None or ready.built is not built:
            ready = self._ready[feed.feed_id] = _Ready.of(feed, built)
        return ready

    async def _answer(self, feed: Feed, ready: _Ready, scope: Scope, send: Send) -> None:
        started, method = perf_counter(), scope["method"]
        asked = _Asked.of(scope)
        dated = ready.settled if utc_now() >= ready.settled.since else ready.fresh
        answer = dated.zipped if takes_gzip(asked.encodings) else dated.plain
        if is_held(asked.tags, asked.since, answer.etag, ready.built.built_at):
            status, headers, body = 304, answer.bare_headers, b""
        else:
            status, headers, body = 200, answer.headers, answer.body
        if method == "GET":
            self._tally.count(_SUBJECTS[feed.feed_id], client_of(asked.agent))
        else:
            body = b""
        await send({"type": "http.response.start", "status": status, "headers": headers})
        _COUNT[method, feed.path, status].inc()
        _TIME[method, feed.path].observe(perf_counter() - started)
        await send({"type": "http.response.body", "body": body})


@dataclass(slots=True)
class _Asked:
    """What an answer hangs on."""

    encodings: str = ""
    agent: str = ""
    tags: str | None = None
    since: str | None = None

    @classmethod
    def of(cls, scope: Scope) -> _Asked:
        """Read it from a request's headers."""
        asked = cls()
        for name, value in scope["headers"]:
            if name == b"accept-encoding":
                asked.encodings = value.decode("latin-1")
            elif name == b"if-none-match":
                more = value.decode("latin-1")
                asked.tags = more if asked.tags is None else f"{asked.tags}, {more}"
            elif name == b"if-modified-since":
                asked.since = value.decode("latin-1")
            elif name == b"user-agent":
                asked.agent = value.decode("latin-1")
        return asked


@dataclass(frozen=True, slots=True)
class _Answer:
    """One representation; a 304 has the bare headers, without length and type."""

    body: bytes
    etag: str
    headers: Headers
    bare_headers: Headers


@dataclass(frozen=True, slots=True)
class _Dated:
    """A feed under one date, in force since then."""

    since: datetime
    plain: _Answer
    zipped: _Answer

    @classmethod
    def of(cls, feed: Feed, built: Built, modified: datetime) -> _Dated:
        """Write the headers once for all requests."""
        date = (b"last-modified", format_datetime(modified, usegmt=True).encode())
        said = [(name.encode(), value.encode()) for name, value in built.headers.items()]
        common, media_type = [*_ALWAYS, date, *said], feed.media_type.encode()
        coded = [*common, (b"content-encoding", b"gzip")]
        return cls(
            modified,
            _answer(built.body, built.etag, media_type, common),
            _answer(built.zipped, built.zipped_etag, media_type, coded),
        )


def _answer(body: bytes, etag: str, media_type: bytes, common: Headers) -> _Answer:
    bare = [*common, (b"etag", etag.encode())]
    length = str(len(body)).encode()
    headers = [*bare, (b"content-type", media_type), (b"content-length", length)]
    return _Answer(body, etag, headers, bare)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A feed as it goes out: within the second in which it was built, and from the next one on.

    The date is rounded up, or a second change in one second would keep it, but is never ahead.
    """

    built: Built
    fresh: _Dated
    settled: _Dated

    @classmethod
    def of(cls, feed: Feed, built: Built) -> _Ready:
        """Make a feed ready."""
        second = built.built_at.astimezone(UTC).replace(microsecond=0)
        return cls(
            built,
            _Dated.of(feed, built, second),
            _Dated.of(feed, built, second + timedelta(seconds=1)),
        )
