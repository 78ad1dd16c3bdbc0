# SPDX-License-Identifier: EUPL-1.2
"""Renders feeds when what is public changed or is over, at most once in a while."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from math import inf

from open_data_publisher.board import Board
from open_data_publisher.domain.publication import Publication
from open_data_publisher.domain.states import KINDS, Kind
from open_data_publisher.domain.truth import Truth
from open_data_publisher.feeds.catalogue import Feed
from open_data_publisher.shelf import Shelf, build
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.process import pause

STANDING: tuple[Kind, ...] = ("lot", "bay")
"""Of what static feeds tell."""

FROZEN_AFTER_S = 3.0
"""How long after its end something may still be told: as long as rendering a large city takes."""


class Builder:
    """Rendering happens in a thread: requests are answered meanwhile with what was before."""

    def __init__(
        self, board: Board, shelf: Shelf, publication: Publication, *, every_s: float
    ) -> None:
        self._board = board
        self._shelf = shelf
        self._publication = publication
        self._every_s = every_s
        self._turn = asyncio.Lock()
        # Always the same one: memory that threads gave back is kept apart for each, and feeds are large.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="feeds")
        self._policy_number = shelf.policy_number
        self._seen: dict[Kind, int] = dict.fromkeys(KINDS, -1)
        self._expires: dict[Kind, datetime | None] = dict.fromkeys(KINDS)

    async def run(self, stop: asyncio.Event) -> None:
        """Build until `stop`."""
        while not stop.is_set():
            await self.build()
            await pause(stop, self._every_s)

    async def build(self) -> None:
        """Build what is due: feeds of kinds that changed or ran out, and those to be renewed."""
        async with self._turn:
            await self._build()

    async def thaw(self, feed: Feed) -> None:
        """Build at once if a feed is frozen: after a hang, requests that waited come before `run` does."""
        async with self._turn:
            built = self._shelf.find(feed)
            if built is not None and built.is_frozen(utc_now()):
                await self._build()

    async def _build(self) -> None:
        now = utc_now()
        self._board.move_to(now)
        changed = {kind for kind in KINDS if self._is_changed(kind, now)}
        due = self._shelf.due(changed, now)
        if due:
            kinds = {kind for feed in due for kind in feed.kinds}
            await self._board.settle(now, kinds)
            truth = self._publication.told(self._board.truth(now, kinds))
            seen = self._board.revisions
            await self._render(due, truth, self._board.standing(STANDING))
            for kind in changed:
                self._seen[kind] = seen[kind]
                self._expires[kind] = self._board.expires_at(now, (kind,))

    async def _render(self, due: Sequence[Feed], truth: Truth, standing: Hashable) -> None:
        feeds = [feed for feed in due if not self._shelf.stands(feed, standing)]
        known = self._shelf.ids()
        frozen_at = {feed.feed_id: self._frozen_at(feed, truth.at) for feed in feeds}
        rendering = partial(build, feeds, truth, self._publication, known=known)
        built = await asyncio.get_running_loop().run_in_executor(self._thread, rendering)
        # Dated by when they are shown: until now a client was given what was before, under a date up to this second.
        shown_at = utc_now()
        shown = {
            name: replace(each, built_at=shown_at, frozen_at=frozen_at[name])
            for name, each in built.items()
        }
        self._shelf.put(shown, standing, self._policy_number)

    def _frozen_at(self, feed: Feed, at: datetime) -> float:
        """Return when a feed that was true at a moment must no longer be served."""
        ends_at = None if feed.is_static else self._board.expires_at(at, feed.kinds)
        return inf if ends_at is None else ends_at.timestamp() + self._every_s + FROZEN_AFTER_S

    def _is_changed(self, kind: Kind, now: datetime) -> bool:
        expires_at = self._expires[kind]
        is_over = expires_at is not None and expires_at <= now
        return is_over or self._seen[kind] != self._board.revisions[kind]
