# SPDX-License-Identifier: EUPL-1.2
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
from open_data_publisher.domain.truth import Truth
from open_data_publisher.feeds.catalogue import BY_ID, Feed
from open_data_publisher.shelf import build


class Press:
    """Renders from the board; nothing simulated for who does not take that."""

    def __init__(self, board: Board, publication: Publication) -> None:
        self._board = board
        self._publication = publication
        self._publication_name = name_of(publication)

    def content(self, feed_id: str, now: datetime, *, simulated: bool) -> bytes:
        """Name what a feed tells: another name when it tells something else, not when time passes."""
        feed = BY_ID[feed_id]
        names = (
            self._board.name(kind, now, is_static=feed.is_static, simulated=simulated)
            for kind in sorted(feed.kinds)
        )
        return blake2b(self._publication_name + b"".join(names), digest_size=16).digest()

    async def print(self, feed_id: str, now: datetime, *, simulated: bool) -> Payload | None:
        """Return a feed as it is now; nothing where nothing is known for this target."""
        feed = BY_ID[feed_id]
        await self._board.settle(now, feed.kinds)
        content = self.content(feed_id, now, simulated=simulated)
        truth = self._board.truth(now, feed.kinds)
        return await asyncio.to_thread(
            self._printed, feed, truth, content, takes_simulated=simulated
        )

    def _printed(
        self, feed: Feed, truth: Truth, content: bytes, *, takes_simulated: bool
    ) -> Payload | None:
        told = truth if takes_simulated else truth.without_simulated()
        built = build([feed], told, self._publication).get(feed.feed_id)
        if built is None:
            return None
        return Payload(
            sha256(built.body).digest(),
            feed.media_type,
            len(built.body),
            built.zipped,
            content,
            told.is_simulated(feed.kinds),
        )


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
