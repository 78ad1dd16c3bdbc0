# SPDX-License-Identifier: EUPL-1.2
"""Who may what at the platform's broker by `sources.yaml` (entry point `stadttakt.broker_access`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stadttakt_messages.catalogue import DECODER, PARTNERS, TOPICS
from stadttakt_messages.topics import Topics
from stadttakt_runtime.broker_access import Grant
from uplink_decoder import metrics
from uplink_decoder.sources import Source, read_sources

_COMMANDS = {"chirpstack": ("/event/", "/command/#"), "tts": ("/devices/", "/down/#")}
"""By dialect: the part of an uplink filter before which the device stands, and where its commands are."""
BROKER_STATISTICS = {
    "$SYS/broker/store/messages/bytes": metrics.BROKER_STORE_BYTES,
    "$SYS/broker/publish/messages/dropped": metrics.BROKER_DROPPED,
}
"""What the broker tells of itself (mosquitto(8), broker status), and the number that it becomes."""


def broker_access(city: Path, topics: Topics) -> Sequence[Grant]:
    """Return the rights of the decoder and of each source that has a login at the platform's broker.

    A partner writes below its own filters only; a network server also reads the commands for its devices.
    """
    at_platform = [source for source in read_sources(city) if not source.has_own_broker]
    commands = {source.source_id: _commands(source) for source in at_platform}
    every = [topic for found in commands.values() for topic in found]
    # What a canonical source says of an asset it passes on, also what no codec of its own says.
    passed_on = [
        topics.all_of(entry.pattern)
        for entry in TOPICS
        if PARTNERS in entry.producers and entry.pattern.startswith("observation/")
    ]
    heard = [topic for source in at_platform for topic in source.topics]
    return [
        Grant(
            DECODER,
            reads=(*heard, *BROKER_STATISTICS),
            writes=tuple(dict.fromkeys([*passed_on, *every])),
        ),
        *(
            Grant(
                source.source_id,
                reads=commands[source.source_id],
                writes=source.topics,
                simulated=source.simulated,
            )
            for source in at_platform
            if source.topics
        ),
    ]


def _commands(source: Source) -> tuple[str, ...]:
    if source.dialect == "canonical":
        return ()
    before, after = _COMMANDS[source.dialect]
    found = []
    for topic in source.topics:
        head, _, device = topic.partition(before)
        if source.dialect == "tts":
            head = f"{head}{before}{device.partition('/')[0]}"
        found.append(f"{head}{after}")
    return tuple(dict.fromkeys(found))
