# SPDX-License-Identifier: EUPL-1.2
"""Groups of messages handed to the broker by one process of a service at a time, each for so long at most."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from stadttakt_runtime.log import get_logger
from stadttakt_runtime.mqtt import MqttConnection, Outgoing

log = get_logger(__name__)
TURN_S = 30.0
"""How long the broker may take to acknowledge before others of the service have the turn.

A transaction that holds the turn is silent meanwhile, and the server ends one that is so for a minute.
"""


class Turns:
    """Hands over what a turn is for; what is late is waited for, outside of any turn, before the next."""

    def __init__(self, mqtt: MqttConnection) -> None:
        self._mqtt = mqtt
        self._late: asyncio.Future[int] | None = None

    def may_begin(self) -> bool:
        """Tell whether all was acknowledged that was handed over; raises PublishRefusedError for what was late."""
        if self._late is not None and self._late.done():
            self._late.result()
            self._late = None
        return self._late is None

    async def hand_over(self, messages: Iterable[Outgoing]) -> bool:
        """Publish; false where the broker takes longer than a turn lasts."""
        handed = asyncio.ensure_future(self._mqtt.publish_all(messages))
        done, _ = await asyncio.wait([handed], timeout=TURN_S)
        if not done:
            self._late = handed
            log.warning("not_acknowledged", after_s=TURN_S)
            return False
        await handed
        return True
