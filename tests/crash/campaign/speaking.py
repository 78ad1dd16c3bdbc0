# SPDX-License-Identifier: EUPL-1.2
"""The load of a round: sensors that speak on, whatever becomes of what they said."""

from __future__ import annotations

import time
from random import Random

from crash.campaign.faults import Round
from crash.campaign.scene import Scene
from crash.campaign.traffic import Told
from crash.campaign.webhooks import Webhooks
from crash.load import OUT_OF_ORDER_WITHIN, Publishing, disordered
from stadttakt_simulators.burst.pool import spacing_for
from stadttakt_simulators.clock import EpochNs, system_clock

PIECE_S = 1.0
REPEATED_SHARE = 0.02
HELD_SHARE = 0.3
WEBHOOK_SHARE, MOST_BY_WEBHOOK = 0.1, 15.0
"""Of uplinks, and of messages a second at most: each is sent once the one before was taken; the others come by the broker."""


class Load:
    """Sensors that speak on, a piece of a second each: another publisher each time, whatever became of the one before."""

    def __init__(
        self, scene: Scene, now: Round, rng: Random, rate: float, webhooks: Webhooks
    ) -> None:
        self.webhooks = webhooks
        self._scene, self._now, self._rng, self._rate = scene, now, rng, rate
        self.pieces: list[Publishing[Told]] = []
        self._until = EpochNs(0)
        self.lasted_s = 0.0
        self.began_at = time.time()

    def speak(self) -> None:
        """Let sensors speak for `PIECE_S`, of which some is held back where `late` is still to come."""
        count, spacing = int(PIECE_S * self._rate), spacing_for(self._rate)
        begins = next_piece(self._until, system_clock())
        made = self._scene.traffic.make(count, begins, spacing)
        self._until = EpochNs(begins + count * spacing)
        rng, now = self._rng, self._now
        held = rng.sample(made, int(len(made) * HELD_SHARE)) if now.holds else []
        share = min(WEBHOOK_SHARE, MOST_BY_WEBHOOK / self._rate)
        by_webhook = [each for each in made if each.uplink and rng.random() < share]
        late = {each.event_id for each in (*held, *by_webhook)}
        sent = [each for each in made if each.event_id not in late]
        self.webhooks.give(by_webhook)
        now.held += held
        now.sent += sent
        within = min(OUT_OF_ORDER_WITHIN, int(self._rate * 0.8))
        mixed = disordered(sent, rng, within=within, repeated_share=REPEATED_SHARE)
        url = self._scene.stack.mosquitto.url
        self.pieces.append(Publishing(mixed, url, rate=self._rate))

    @property
    def pool(self) -> list[Told]:
        """All that was spoken."""
        return [each for piece in self.pieces for each in piece.pool]


def next_piece(until: EpochNs, now: EpochNs) -> EpochNs:
    """Return when a piece begins after one that went on `until`: counters that run on must not be told backwards."""
    return max(until, now)
