# SPDX-License-Identifier: EUPL-1.2
"""What a kept session may hold from earlier settings: filters of topics that `sources.yaml` no longer names."""

from __future__ import annotations

from dataclasses import replace

from stadttakt_runtime.database import Database
from stadttakt_runtime.mqtt import MqttOptions
from uplink_decoder.storage import subscriptions


async def giving_up(database: Database, options: MqttOptions) -> MqttOptions:
    """Return a session's options with which it also gives up whatever it was asked for before and is not now.

    Noted before it is asked for, so that a decoder that dies in between forgets none.
    """
    broker = f"{options.host}:{options.port}"
    wanted = options.subscriptions
    held = await database.persist(
        lambda connection: subscriptions.remember(connection, options.client_id, broker, wanted)
    )
    former = (topic for topic in held if topic not in wanted)
    return replace(options, given_up=tuple(dict.fromkeys((*options.given_up, *former))))
