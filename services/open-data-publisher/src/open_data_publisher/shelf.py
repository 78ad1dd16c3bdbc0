"""The feeds as bytes: rendered once when something changed, then only served."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

from open_data_publisher import metrics
from open_data_publisher.domain.publication import Publication
from open_data_publisher.domain.truth import Truth
from open_data_publisher.feeds.catalogue import FEEDS, Feed
from stadttakt_runtime.http.conditional import strong_etag

GZIP_LEVEL = 5


@dataclass(frozen=True, slots=True)
class Built:
    """A feed at a moment, plain and compressed, each with its own entity tag."""

    body: bytes
    etag: str
    zipped: bytes
    zipped_etag: str
    built_at: datetime

    @classmethod
    def of(cls, body: bytes, built_at: datetime) -> Built:
        """Compress a body; the same bytes always give the same tags."""
        zipped = gzip.compress(body, GZIP_LEVEL, mtime=0)
        return cls(body, strong_etag(body), zipped, strong_etag(zipped), built_at)


class Shelf:
    """What is served; replaced as a whole feed, never half."""

    def __init__(self) -> None:
        self._built: dict[str, Built] = {}
        self._standing: dict[str, object] = {}

    def find(self, feed: Feed) -> Built | None:
        """Return a feed, or nothing where it was never built."""
        return self._built.get(feed.feed_id)

    def put(self, built: Mapping[str, Built], standing: object) -> None:
        """Replace feeds."""
        self._built.update(built)
        self._standing.update(dict.fromkeys(built, standing))

    def due(self, standing: object) -> list[Feed]:
        """Return the feeds to render: live ones always, static ones when the standing data changed."""
        return [
            feed
            for feed in FEEDS
            if not feed.is_static or self._standing.get(feed.feed_id) != standing
        ]


def standing_of(truth: Truth) -> object:
    """Return what makes static feeds the same as before."""
    return (
        truth.static_since,
        tuple(lot.state.lot_id for lot in truth.lots),
        tuple(bay.state.bay_id for bay in truth.bays),
    )


def build(feeds: Iterable[Feed], truth: Truth, publication: Publication) -> dict[str, Built]:
    """Render feeds; those of which nothing is known are left out.

    An empty table is not valid in DATEX II, and importers take it for the end of all car parks.
    """
    built: dict[str, Built] = {}
    for feed in feeds:
        if not has_any(feed, truth):
            continue
        begun = perf_counter()
        built[feed.feed_id] = Built.of(feed.render(truth, publication), truth.at)
        metrics.BUILD_SECONDS.labels(feed.feed_id).observe(perf_counter() - begun)
        metrics.BUILT_AT.labels(feed.feed_id).set(truth.at.timestamp())
    return built


def has_any(feed: Feed, truth: Truth) -> bool:
    """Tell whether there is anything to tell of."""
    if "lot" in feed.kinds:
        return bool(truth.lots)
    if "bay" in feed.kinds:
        return bool(truth.bays)
    return bool(truth.vehicles)
