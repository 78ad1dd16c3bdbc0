"""What a target would be told now: rendered for it, and named by its content."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b, sha256

import orjson

from open_data_publisher.board import Board
from open_data_publisher.domain.deliveries import Payload
from open_data_publisher.domain.publication import Publication
from open_data_publisher.domain.states import Entry
from open_data_publisher.domain.truth import Truth
from open_data_publisher.feeds.catalogue import BY_ID, Feed
from open_data_publisher.shelf import Built, build


class Press:
    """Renders from the board; nothing simulated for who does not take that."""

    def __init__(self, board: Board, publication: Publication) -> None:
        self._board = board
        self._publication = publication
        self._publication_name = name_of(publication)
        self._static: dict[tuple[str, bool], tuple[int, bytes]] = {}

    def content(self, feed_id: str, now: datetime, *, simulated: bool) -> bytes:
        """Name what a feed tells: another name when it tells something else, not when time passes."""
        feed = BY_ID[feed_id]
        if not feed.is_static:
            return self._name(feed, now, simulated=simulated)
        # Standing data change with the board only, and are asked for at every look.
        key = (feed_id, simulated)
        revision, name = self._static.get(key, (-1, b""))
        if revision != self._board.revision:
            revision, name = self._board.revision, self._name(feed, now, simulated=simulated)
            self._static[key] = (revision, name)
        return name

    def _name(self, feed: Feed, now: datetime, *, simulated: bool) -> bytes:
        told = [
            f"{kind}/{entity_id}/{_told(feed, entry, now)}"
            for kind in feed.kinds
            for entity_id, entry in self._board.entries(kind)
            if simulated or not entry.state.simulated
        ]
        told.sort()
        text = "\n".join(told).encode()
        return blake2b(self._publication_name + text, digest_size=16).digest()

    async def print(self, feed_id: str, now: datetime, *, simulated: bool) -> Payload | None:
        """Return a feed as it is now; nothing where nothing is known for this target."""
        content = self.content(feed_id, now, simulated=simulated)
        truth = self._board.truth(now, BY_ID[feed_id].kinds)
        if not simulated:
            truth = without_simulated(truth)
        built = await asyncio.to_thread(self._build, BY_ID[feed_id], truth)
        if built is None:
            return None
        return Payload(
            sha256(built.body).digest(),
            BY_ID[feed_id].media_type,
            len(built.body),
            built.zipped,
            content,
            any_simulated(truth),
        )

    def _build(self, feed: Feed, truth: Truth) -> Built | None:
        return build([feed], truth, self._publication).get(feed.feed_id)


def name_of(publication: Publication) -> bytes:
    """Name how a city's feeds are made: the same in every process, whatever the order of its sets."""
    # Datasets and the catalogue stand in no feed.
    of_feeds = replace(publication, policy=replace(publication.policy, datasets={}), catalogue=None)
    options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(of_feeds, default=_plain, option=options)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, AbstractSet):
        return sorted(value, key=str)
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(type(value).__name__)


def without_simulated(truth: Truth) -> Truth:
    """Return what real sensors tell."""
    return replace(
        truth,
        lots=tuple(each for each in truth.lots if not each.state.simulated),
        bays=tuple(each for each in truth.bays if not each.state.simulated),
        vehicles=tuple(each for each in truth.vehicles if not each.state.simulated),
        trips=tuple(each for each in truth.trips if not each.state.simulated),
    )


def any_simulated(truth: Truth) -> bool:
    """Tell whether anything of it is simulated."""
    return any(
        each.state.simulated
        for group in (truth.lots, truth.bays, truth.vehicles, truth.trips)
        for each in group
    )


def _told(feed: Feed, entry: Entry, now: datetime) -> str:
    if feed.is_static:
        return str(entry.static_since.timestamp())
    until = entry.state.valid_until
    is_over = until is not None and until <= now
    return f"{entry.static_since.timestamp()}/{entry.told_at.timestamp()}/{is_over}"
