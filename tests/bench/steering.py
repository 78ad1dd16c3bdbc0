# SPDX-License-Identifier: EUPL-1.2
"""Which variables of the environment steer a scenario, so that its page tells how to repeat it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

STEERED_BY: Mapping[str, tuple[str, ...]] = {
    "advice": ("VEHICLES",),
    "as-of": ("PAST_BAYS", "PAST_DAYS", "PAST_LOTS"),
    "datasets": ("DATASET_COLLECTED_DAYS", "DATASET_DAYS", "DATASET_LOTS"),
    "departures": ("VEHICLES",),
    "feed-serving": ("CHANGES", "WRK_S"),
    "forecast": ("DAYS", "LOTS"),
    "growth-codecs": ("ROUNDS",),
    "growth-decoders": ("ROUNDS",),
    "growth-held-decoders": ("ROUNDS",),
    "growth-devices": ("DEVICES", "ROUNDS"),
    "growth-rows": ("GROWTH_RAW_BYTES", "ROWS"),
    "health": ("ROUNDS",),
    "indicators": ("DAYS", "LOTS", "VEHICLES"),
    "latency": ("RATES", "SECONDS"),
    "parking": ("CHANGES", "DAYS", "EVENTS", "ROUNDS"),
    "peers": ("PEER_MESSAGES", "ROUNDS"),
    "polling": ("CLIENTS", "RATES", "SECONDS"),
    "replays": ("REPLAY_WINDOW",),
    "sizing": ("SIZING_DEVICES", "SIZING_RATES", "SIZING_SECONDS"),
    "soak": ("MINUTES",),
    "stays": ("GATED_LOTS", "STAY_BAYS"),
    "throughput": ("ROUNDS",),
    "vehicle-load": ("SEEDS", "VEHICLES"),
    "vehicles": ("EVENTS", "ROUNDS", "VEHICLES"),
}


def command(scenario: str, environment: Mapping[str, str]) -> str:
    """Return what to type to measure a scenario again in the same way."""
    given = [
        f"{name}={shlex.quote(environment[name])} "
        for name in STEERED_BY.get(scenario, ())
        if name in environment
    ]
    return f"{''.join(given)}make bench SCENARIO={scenario}"
