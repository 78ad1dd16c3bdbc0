# SPDX-License-Identifier: EUPL-1.2
"""All connections of one decoder: the platform's broker and each partner's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial

from stadttakt_runtime.database import Database
from stadttakt_runtime.mqtt import MqttConnection
from uplink_decoder.consumer import Consumer
from uplink_decoder.feeds.feed import Feed
from uplink_decoder.feeds.held import giving_up
from uplink_decoder.feeds.options import partner_options, platform_options
from uplink_decoder.feeds.shares import Shares
from uplink_decoder.pipeline import Pipeline
from uplink_decoder.settings import UplinkSettings
from uplink_decoder.sources import Broker, Source, SourceTable

PLATFORM = "platform"


class Feeds:
    """Runs every feed as a task of its own; none waits for another."""

    def __init__(
        self,
        settings: UplinkSettings,
        sources: SourceTable,
        *,
        pipeline: Pipeline,
        database: Database,
        instance: str,
    ) -> None:
        self._settings = settings
        self._pipeline = pipeline
        self._database = database
        self._instance = instance
        self._shares = Shares(settings.batch_size)
        self.platform = self._platform_feed(sources.at_platform)
        self._partners = {
            source.source_id: self._partner_feed(source, source.broker)
            for source in sources.sources
            if isinstance(source.broker, Broker)
        }

    def __iter__(self) -> Iterator[Feed]:
        """Go through all feeds, the platform's first."""
        yield self.platform
        yield from self._partners.values()

    def of(self, source: Source) -> Feed:
        """Return the feed that a source's messages come by."""
        return self._partners.get(source.source_id, self.platform)

    async def run(self, *, after_death: bool) -> None:
        """Run all feeds until `close`; what fails in one of them for want of a broker stays there."""
        async with asyncio.TaskGroup() as group:
            for feed in self:
                group.create_task(feed.run(after_death=after_death), name=feed.name)

    async def drained(self) -> None:
        """Take no more from any broker, and return when all that was taken is with the pipeline."""
        async with asyncio.TaskGroup() as group:
            for feed in self:
                group.create_task(feed.drained())

    async def left(self) -> None:
        """Give up the sessions of this instance, the platform's and those of partners that can be reached.

        A partner's broker that is away, or knows no end of a session (MQTT 3.1.1), keeps it.
        """
        partners = [feed for feed in self._partners.values() if feed.is_connected]
        async with asyncio.TaskGroup() as group:
            for feed in (self.platform, *partners):
                group.create_task(feed.left())

    def close(self) -> None:
        """Let all feeds disconnect."""
        for feed in self:
            feed.close()

    async def forget_cleared(self) -> None:
        """Delete suspects whose messages were handled after all."""
        for feed in self:
            await feed.forget_cleared()

    def _platform_feed(self, sources: SourceTable) -> Feed:
        make_options = partial(platform_options, self._settings, sources, self._instance)
        # The platform's connection carries several sources: it has the weight of all of them.
        weight = sum(source.limits.weight for source in sources.sources if source.topics)
        complete = partial(giving_up, self._database)
        return Feed(PLATFORM, sources, make_options, complete, self._consumer(max(1, weight)))

    def _partner_feed(self, source: Source, broker: Broker) -> Feed:
        client_id = f"{self._instance}-{source.source_id}"
        group = self._settings.shared_subscription
        return Feed(
            source.source_id,
            # What its broker brings is its own, whatever the topic: its rights bound it.
            SourceTable([source], stranger=source),
            partial(partner_options, source, broker, client_id, group),
            partial(giving_up, self._database),
            self._consumer(source.limits.weight),
        )

    def _consumer(self, weight: int) -> partial[Consumer]:
        return partial(
            _make_consumer, self._shares, weight, self._pipeline, self._database, self._settings
        )


def _make_consumer(  # noqa: PLR0913, PLR0917 (bound one after the other)
    shares: Shares,
    weight: int,
    pipeline: Pipeline,
    database: Database,
    settings: UplinkSettings,
    mqtt: MqttConnection,
    sources: SourceTable,
) -> Consumer:
    return Consumer(
        mqtt=mqtt,
        pipeline=pipeline,
        sources=sources,
        database=database,
        batch_size=shares.join(weight, lambda: mqtt.backlog),
        linger_s=settings.batch_linger_ms / 1000,
    )
