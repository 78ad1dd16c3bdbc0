# SPDX-License-Identifier: EUPL-1.2
"""The feeds as bytes: rendered once when something changed, then only served."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from time import perf_counter

from zlib_ng import zlib_ng

from open_data_publisher import metrics
from open_data_publisher.domain.publication import Publication
from open_data_publisher.domain.states import Kind
from open_data_publisher.domain.truth import Truth
from open_data_publisher.feeds.catalogue import FEEDS, Feed
from stadttakt_runtime.http.conditional import strong_etag

GZIP_LEVEL = 5
"""Of zlib-ng, which needs less than half the time of zlib for as few bytes: of 100,000 bays 0.3 s instead of 0.7 (docs/performance-history.md)."""
GZIP_WINDOW_BITS = 31
"""The largest window, as a gzip member without a time (zlib manual, deflateInit2)."""
SIMULATED = "stadttakt-simulated"


def gzipped(body: bytes) -> bytes:
    """Return a body compressed; the same bytes always give the same."""
    return zlib_ng.compress(body, GZIP_LEVEL, GZIP_WINDOW_BITS)


def mark(*, simulated: bool) -> dict[str, str]:
    """Return the header that says of an answer that anything of it stems from a simulation."""
    return {SIMULATED: "true"} if simulated else {}


@dataclass(frozen=True, slots=True)
class Built:
    """A feed at a moment, plain and compressed, each with its own entity tag.

    `licence_url` is the licence that it is told under, `simulated` says that anything of it stems from a simulation.
    After `frozen_at`, a POSIX time, it tells what was over long ago: whoever renders it has hung.
    """

    body: bytes
    etag: str
    zipped: bytes
    zipped_etag: str
    built_at: datetime
    frozen_at: float = inf
    licence_url: str | None = None
    simulated: bool = False

    @classmethod
    def of(
        cls,
        body: bytes,
        built_at: datetime,
        *,
        licence_url: str | None = None,
        simulated: bool = False,
    ) -> Built:
        """Compress a body; the same bytes always give the same tags."""
        zipped = gzipped(body)
        tags = (strong_etag(body), strong_etag(zipped))
        return cls(
            body, tags[0], zipped, tags[1], built_at, licence_url=licence_url, simulated=simulated
        )

    def is_frozen(self, now: datetime) -> bool:
        """Tell whether it must no longer be served."""
        return self.frozen_at <= now.timestamp()

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that name its licence (RFC 8288, RFC 4946), and that it is simulated."""
        if self.licence_url is None:
            return mark(simulated=self.simulated)
        return {"link": f'<{self.licence_url}>; rel="license"', **mark(simulated=self.simulated)}


class Shelf:
    """What is served; replaced as a whole feed, never half. `thaw` renders one that froze, where this instance leads."""

    def __init__(self) -> None:
        self._built: dict[str, Built] = {}
        self._standing: dict[str, object] = {}
        self.policy_number = 0
        self.thaw: Callable[[Feed], Awaitable[None]] | None = None

    def find(self, feed: Feed) -> Built | None:
        """Return a feed, or nothing where it was never built."""
        return self._built.get(feed.feed_id)

    def put(self, built: Mapping[str, Built], standing: object, policy_number: int) -> None:
        """Replace feeds; what was rendered under an earlier policy comes too late."""
        if policy_number != self.policy_number:
            return
        self._built.update(built)
        self._standing.update(dict.fromkeys(built, standing))

    def keep(self, feed_ids: Iterable[str]) -> None:
        """Take all other feeds away, and let these be rendered anew whatever changed."""
        self.policy_number += 1
        kept = set(feed_ids)
        self._built = {name: built for name, built in self._built.items() if name in kept}
        self._standing.clear()

    def ids(self) -> frozenset[str]:
        """Return which feeds were built."""
        return frozenset(self._built)

    def due(self, changed: AbstractSet[Kind], now: datetime) -> list[Feed]:
        """Return the feeds of kinds that changed, and those whose format wants a new time by now."""
        return [feed for feed in FEEDS if feed.kinds & changed or self._is_old(feed, now)]

    def stands(self, feed: Feed, standing: object) -> bool:
        """Tell whether a feed is static and its standing data are as they were."""
        return feed.is_static and self._standing.get(feed.feed_id) == standing

    def _is_old(self, feed: Feed, now: datetime) -> bool:
        built = self._built.get(feed.feed_id)
        if built is None or feed.renew_after_s is None:
            return False
        return now - built.built_at >= timedelta(seconds=feed.renew_after_s)


def build(
    feeds: Iterable[Feed],
    truth: Truth,
    publication: Publication,
    *,
    known: Container[str] = (),
) -> dict[str, Built]:
    """Render feeds; those of which nothing is known are left out.

    An empty table is not valid in DATEX II, and importers take it for the end of all car parks. A
    feed that `may_be_empty` is, where it is `known` already or where what it tells beside its
    subject is: trips without a forecast yet, while vehicles drive.
    """
    built: dict[str, Built] = {}
    for feed in feeds:
        if not has_any(feed, truth) and not _is_empty(feed, truth, known):
            continue
        begun = perf_counter()
        terms = publication.policy.terms_of([feed.subject])
        built[feed.feed_id] = Built.of(
            feed.render(truth, publication),
            truth.at,
            licence_url=terms[0].licence.url if terms else None,
            simulated=truth.is_simulated(feed.kinds),
        )
        metrics.BUILD_SECONDS.labels(feed.feed_id).observe(perf_counter() - begun)
        metrics.BUILT_AT.labels(feed.feed_id).set(truth.at.timestamp())
    return built


def _is_empty(feed: Feed, truth: Truth, known: Container[str]) -> bool:
    """Tell whether there is a feed, though there is nothing in it."""
    is_told = feed.feed_id in known or any(truth.of(kind) for kind in feed.kinds)
    return feed.may_be_empty and is_told


def has_any(feed: Feed, truth: Truth) -> bool:
    """Tell whether there is anything to tell of."""
    return bool(truth.of(feed.subject))
