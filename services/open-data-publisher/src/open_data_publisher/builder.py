"""Renders feeds when what is public changed or is over, at most once in a while."""

from __future__ import annotations

import asyncio

from open_data_publisher.board import Board
from open_data_publisher.domain.publication import Publication
from open_data_publisher.shelf import Shelf, build, standing_of
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.process import pause


class Builder:
    """Rendering happens in a thread: requests are answered meanwhile with what was before."""

    def __init__(
        self, board: Board, shelf: Shelf, publication: Publication, *, every_s: float
    ) -> None:
        self._board = board
        self._shelf = shelf
        self._publication = publication
        self._every_s = every_s

    async def run(self, stop: asyncio.Event) -> None:
        """Build until `stop`."""
        built_of, expires_at = -1, None
        while not stop.is_set():
            now = utc_now()
            revision = self._board.revision
            if revision != built_of or (expires_at is not None and expires_at <= now):
                await self.build()
                built_of, expires_at = revision, self._board.expires_at(now)
            await pause(stop, self._every_s)

    async def build(self) -> None:
        """Build what is due, now."""
        truth = self._board.truth(utc_now())
        standing = standing_of(truth)
        feeds = self._shelf.due(standing)
        built = await asyncio.to_thread(build, feeds, truth, self._publication)
        self._shelf.put(built, standing)
