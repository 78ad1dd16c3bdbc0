# SPDX-License-Identifier: EUPL-1.2
"""The active instance: leads, and begins a new term whenever another publication policy holds."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from fastapi import FastAPI

from open_data_publisher.board import Board
from open_data_publisher.builder import Builder
from open_data_publisher.domain.disclosure import Disclosure
from open_data_publisher.domain.policy import Policy
from open_data_publisher.domain.publication import standing_rules
from open_data_publisher.feeds.catalogue import FEEDS
from open_data_publisher.policy_watch import PolicyWatch
from open_data_publisher.settings import Settings
from open_data_publisher.term import Term
from stadttakt_runtime.broker_readiness import report_broker
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.leadership import Leadership
from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import MqttConnection
from stadttakt_runtime.process import happened
from stadttakt_runtime.tracing import Traces

SERVICE, STATE = "open-data-publisher", "state"
log = get_logger(__name__)


class OpenData:
    """One publisher, which waits to be the active one."""

    def __init__(self, settings: Settings, city: Path, database: Database, app: FastAPI) -> None:
        self._settings = settings
        url = settings.database_url.get_secret_value()
        self._leadership = Leadership(database, url, certainty=app.state.certainty)
        self._database = database.guarded(self._leadership.fence)
        self._readiness: Readiness = app.state.readiness
        self._app = app
        self._traces = Traces.of(settings, SERVICE)
        self._policies = PolicyWatch(city, app.state.publication.policy)
        self._mqtt: MqttConnection | None = None
        self._ended = asyncio.Event()

    async def keep_state(self, stop: asyncio.Event) -> None:
        """Wait to be the active instance, load what was public, then follow the broker until `stop`."""
        self._readiness.clear(STATE, "standby: another instance is active")
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_policies(stop), name="policy")
            try:
                if await happened(self._leadership.acquire(), stop):
                    await self._lead(stop)
            finally:
                await self._leadership.release()
                await self._traces.close()

    async def report_readiness(self, stop: asyncio.Event) -> None:
        """Tell `/ready` twice a second whether the broker is there."""
        await report_broker(
            self._readiness, lambda: self._mqtt is not None and self._mqtt.is_connected, stop
        )

    async def _lead(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            done = asyncio.Event()
            group.create_task(self._leadership.hold(done), name="leadership")
            while not stop.is_set():
                await self._serve_a_term(stop)
            done.set()

    async def _serve_a_term(self, stop: asyncio.Event) -> None:
        """Work under the policy that holds, until another one does or the process stops."""
        ended = self._ended = asyncio.Event()
        term = Term(self._settings, self._database, self._app, self._may_connect, self._traces)
        if not await happened(term.begin(), stop):
            return
        self._readiness.set(STATE)
        self._mqtt = term.mqtt
        try:
            async with asyncio.TaskGroup() as group:
                ending = group.create_task(_set_with(ended, stop), name="ending")
                await term.work(ended)
                ending.cancel()
        finally:
            await term.mqtt.close()

    async def _may_connect(self) -> None:
        """Ask before each connection whether this instance still leads."""
        await self._database.persist(self._leadership.fence)

    async def _follow_policies(self, stop: asyncio.Event) -> None:
        """Take over each other policy, also while another instance leads: this one answers with the past, and may lead next."""
        while (policy := await self._policies.another(stop)) is not None:
            await self._adopt(policy)
            self._ended.set()

    async def _adopt(self, policy: Policy) -> None:
        """Let a policy hold from now on: what it closes is nowhere any more before the term ends that began under another.

        It needs neither broker nor database.
        """
        state = self._app.state
        before = standing_rules(state.publication)
        state.publication = replace(state.publication, policy=policy)
        state.disclosure = Disclosure(policy)
        board: Board = state.board
        board.replace(state.disclosure.of_entries(list(board.entries())))
        if standing_rules(state.publication) != before:
            board.mark(replace(board.marks, rules_since=utc_now()))
        state.things.adopt(policy)
        state.shelf.keep(feed.feed_id for feed in FEEDS if feed.subject in policy.states)
        await Builder(
            board, state.shelf, state.publication, every_s=self._settings.build_every_s
        ).build()
        log.info("policy_adopted", states=list(policy.states), datasets=list(policy.datasets))


async def _set_with(event: asyncio.Event, other: asyncio.Event) -> None:
    await other.wait()
    event.set()
