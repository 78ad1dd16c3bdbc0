# SPDX-License-Identifier: EUPL-1.2
"""Tells `/ready` whether the broker is there; a worker of every service that talks over it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.process import pause

MQTT = "mqtt"
LOOK_EVERY_S = 0.5
AWAY = "the broker is away"


async def report_broker(
    readiness: Readiness,
    is_connected: Callable[[], bool],
    stop: asyncio.Event,
    *,
    away: Callable[[], str] = lambda: AWAY,
) -> None:
    """Tell twice a second until `stop`; `away` says in words why it is not."""
    while not stop.is_set():
        if is_connected():
            readiness.set(MQTT)
        else:
            readiness.clear(MQTT, away())
        await pause(stop, LOOK_EVERY_S)
