"""Remembers since when the catalogue lists what is public."""

from __future__ import annotations

import asyncio

from open_data_publisher.catalog.listing import list_feeds
from open_data_publisher.domain.publication import Publication
from open_data_publisher.feeds.catalogue import FEEDS
from open_data_publisher.storage import listing
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import pause


class Noting:
    """Looks now and then at what is public; `present` are the datasets whose source is there."""

    def __init__(
        self, database: Database, publication: Publication, present: set[str], *, every_s: float
    ) -> None:
        self._database = database
        self._policy = publication.policy
        self._present = present
        self._every_s = every_s

    async def run(self, stop: asyncio.Event) -> None:
        """Note until `stop`."""
        noted: set[str] = set()
        while not stop.is_set():
            feeds = {each.entry_id for each in list_feeds(self._policy, FEEDS, {})}
            new, now = sorted((feeds | self._present) - noted), utc_now()
            if new:
                await self._database.persist(lambda c, ids=new, at=now: listing.note(c, ids, at))  # type: ignore[misc]
                noted.update(new)
            await pause(stop, self._every_s)
