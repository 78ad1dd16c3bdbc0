# SPDX-License-Identifier: EUPL-1.2
"""What the decoder's hours of devices say otherwise than a count of what was acknowledged of each device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

import psycopg

from crash.campaign.reckoning import Truth
from crash.campaign.town import all_sensors

_HOURS = "select dev_eui, hour, frames + repeated, lost from uplink.device_health_hour"

MOST_EXAMINED = 5000
"""Uplinks of a device in an hour that the decoder looks at: more are a fault or an attack."""


class Hour(NamedTuple):
    """Uplinks of a device by hour of observation, and frames of its counter that it says were lost."""

    dev_eui: str
    hour: datetime
    uplinks: int
    lost: int


def differing_health(truth: Truth, database_url: str) -> list[str]:
    """Return what hours say otherwise; the decoder examines them beside the hot path, some time after."""
    with psycopg.connect(database_url) as connection:
        rows = [Hour(*row) for row in connection.execute(_HOURS)]
    return [*differing_hours(truth, rows)]


def differing_hours(truth: Truth, rows: Iterable[Hour]) -> Iterator[str]:
    """Yield where hours differ, and devices that lost a frame: their counters count on, and all was acknowledged."""
    euis = {each.place: each.dev_eui for each in all_sensors()}
    wanted = Counter(
        (euis[each.place], each.at.replace(minute=0, second=0, microsecond=0))
        for each in truth.uplinks()
    )
    forgotten = {
        euis[each.place]
        for each in truth.told.values()
        if each.uplink and each.identity in truth.missing
    }
    beyond = {eui for (eui, _), count in wanted.items() if count > MOST_EXAMINED}
    found, lost = Counter[tuple[str, datetime]](), Counter[str]()
    for row in rows:
        found[row.dev_eui, row.hour] += row.uplinks
        lost[row.dev_eui] += row.lost
    odd = sorted(key for key in wanted | found if min(wanted[key], MOST_EXAMINED) != found[key])
    if odd:
        (eui, hour), *_ = odd
        counts = f"{found[eui, hour]} uplinks instead of {wanted[eui, hour]}"
        yield f"health: {len(odd)} hours of devices differ, e.g. {eui} has {counts} from {hour} on"
    for eui, count in sorted(lost.items()):
        if count and eui not in forgotten | beyond:
            yield f"health: {eui} lost {count} frames, and none was"
