# SPDX-License-Identifier: EUPL-1.2
"""What the catalogue lists: each public dataset, and the feeds of each subject as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from open_data_publisher.catalog import vocabulary
from open_data_publisher.catalog.vocabulary import Topic
from open_data_publisher.datasets.formats.catalogue import FORMATS
from open_data_publisher.domain.policy import Dataset, Policy, Terms, Words
from open_data_publisher.feeds.catalogue import Feed
from open_data_publisher.storage.editions import Summary


@dataclass(frozen=True, slots=True)
class File:
    """One way to have it; `path` is below the city's address. Of a service one asks for parts."""

    path: str
    title: str
    media_type: str
    file_type: str
    standard: str
    is_service: bool = False


SENSORTHINGS = File(
    "/sensorthings/v1.1",
    "SensorThings API 1.1",
    "application/json",
    "JSON",
    "other",
    is_service=True,
)


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of the catalogue."""

    entry_id: str
    path: str
    title: Words
    description: Words
    topic: Topic
    frequency: str
    keywords: Sequence[str]
    terms: Terms
    files: Sequence[File]
    modified: datetime | None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class _Subject:
    entry_id: str
    kinds: frozenset[str]
    is_static: bool
    title: Words
    description: Words
    topic: Topic
    keywords: tuple[str, ...]


SERVED = frozenset({"lot", "bay"})
"""Kinds of states of which the service tells."""
_SUBJECTS = (
    _Subject(
        "live-parking",
        frozenset({"lot", "bay"}),
        is_static=False,
        title=Words("Parken: aktuelle Belegung", "Parking: occupancy now"),
        description=Words(
            "Freie Plätze und Zustand der Parkplätze und Stellplätze, laufend erneuert.",
            "Free places and state of car parks and bays, renewed continuously.",
        ),
        topic=vocabulary.LIVE_PARKING,
        keywords=("Parken", "Parkplatz", "Echtzeit"),
    ),
    _Subject(
        "parking-sites",
        frozenset({"lot", "bay"}),
        is_static=True,
        title=Words("Parken: Stammdaten", "Parking: sites"),
        description=Words(
            "Lage, Plätze und Öffnungszeiten der Parkplätze und Stellplätze.",
            "Places, capacity and opening hours of car parks and bays.",
        ),
        topic=vocabulary.PARKING_SITES,
        keywords=("Parken", "Parkplatz", "Stammdaten"),
    ),
    _Subject(
        "live-transit",
        frozenset({"vehicle", "trip"}),
        is_static=False,
        title=Words("Bus und Bahn: aktuelle Auslastung", "Bus and tram: how full they are now"),
        description=Words(
            "Auslastungsstufe der Fahrzeuge und der nächsten Fahrten, laufend erneuert.",
            "How full vehicles are and trips will be, in levels, renewed continuously.",
        ),
        topic=vocabulary.LIVE_TRANSIT,
        keywords=("ÖPNV", "Auslastung", "Echtzeit"),
    ),
)


def list_feeds(
    policy: Policy, feeds: Iterable[Feed], built_at: Mapping[str, datetime]
) -> list[Listed]:
    """Return the public feeds, those of one subject together, each with when it was told last."""
    public = [feed for feed in feeds if feed.subject in policy.states]
    return [
        found
        for subject in _SUBJECTS
        if (found := _listed_feeds(subject, policy, public, built_at)) is not None
    ]


def _listed_feeds(
    subject: _Subject, policy: Policy, public: Sequence[Feed], built_at: Mapping[str, datetime]
) -> Listed | None:
    mine = [
        feed
        for feed in public
        if feed.is_static is subject.is_static and not feed.kinds.isdisjoint(subject.kinds)
    ]
    if not mine:
        return None
    terms = next(
        policy.states[kind].terms for kind in sorted(subject.kinds) if kind in policy.states
    )
    is_served = not subject.is_static and not subject.kinds.isdisjoint(SERVED)
    times = [built_at[feed.feed_id] for feed in mine if feed.feed_id in built_at]
    return Listed(
        subject.entry_id,
        "/v1/feeds",
        subject.title,
        subject.description,
        subject.topic,
        "IRREG" if subject.is_static else "UPDATE_CONT",
        subject.keywords,
        terms,
        [_feed_file(feed) for feed in mine] + [SENSORTHINGS] * is_served,
        max(map(_to_the_hour, times), default=None),
    )


def _to_the_hour(moment: datetime) -> datetime:
    """Return the hour: a live feed changes all the time, its entry need not."""
    return moment.replace(minute=0, second=0, microsecond=0)


def _feed_file(feed: Feed) -> File:
    return File(
        feed.path,
        feed.title.en,
        feed.media_type,
        vocabulary.file_type_of(feed.media_type),
        vocabulary.standard_of(feed.feed_id),
    )


def list_dataset(dataset: Dataset, summary: Summary | None, *, is_served: bool = False) -> Listed:
    """Return a dataset as the catalogue lists it; one that `is_served` can be asked for in parts."""
    path = f"/datasets/{dataset.dataset_id}"
    files = [
        File(f"{path}/data.{each.ending}", each.title, each.media_type, each.eu_type, "other")
        for each in FORMATS.values()
        if each.suits(dataset)
    ] + [SENSORTHINGS] * is_served
    return Listed(
        dataset.dataset_id,
        path,
        dataset.title,
        dataset.description,
        vocabulary.TOPICS[dataset.source.source_id],
        vocabulary.FREQUENCIES[dataset.aggregation],
        dataset.keywords,
        dataset.terms,
        files,
        summary.changed_at if summary else None,
        summary.first if summary and dataset.source.time else None,
        summary.last if summary and dataset.source.time else None,
    )
