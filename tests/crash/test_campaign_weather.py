# SPDX-License-Identifier: EUPL-1.2
"""Who judges roll-ups of weather stations sees another number, a bucket that is missing and one of nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from crash.campaign.traffic import Told, Traffic
from crash.campaign.weather import WIDTHS, Bucket, Series, differing_buckets, rolled_up
from stadttakt_simulators.clock import EpochNs

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
HEAT = Series("wetter-ost", "15m", "air.temperature")


def _told(at_s: float, name: str, *says: float) -> Told:
    at = NOON + timedelta(seconds=at_s)
    return Told(b"", b"", name, name, at, "station", "wetter-ost", says)


WORDS = [
    _told(10, "b", 4.0, 80.0),
    _told(10, "a", -2.0, 81.0),
    _told(899, "c", 1.0, 85.5),
    _told(900, "d", 5.0, 90.0),
]


def test_buckets_of_each_width_hold_what_was_told_in_them_in_any_order() -> None:
    found = rolled_up(WORDS)
    assert found == rolled_up(Random(2).sample(WORDS, len(WORDS)))
    assert found[HEAT] == {
        NOON: Bucket(3, 1.0, -2.0, 4.0, -2.0, 1.0),
        NOON + WIDTHS["15m"]: Bucket(1, 5.0, 5.0, 5.0, 5.0, 5.0),
    }
    assert found[HEAT._replace(width="1h")] == {NOON: Bucket(4, 2.0, -2.0, 5.0, -2.0, 5.0)}
    (midnight,) = found[HEAT._replace(width="1d")]
    assert midnight == NOON - timedelta(hours=12)
    humid = found[HEAT._replace(quantity="air.relativeHumidity")]
    assert (humid[NOON].min, humid[NOON].max) == (80.0, 85.5)


@pytest.mark.parametrize("name", Bucket._fields)
def test_each_number_of_a_bucket_that_differs_is_one_offence(name: str) -> None:
    right = rolled_up(WORDS)
    bucket = right[HEAT][NOON]
    other = bucket._replace(**{name: getattr(bucket, name) + 1})
    assert list(differing_buckets(right, right)) == []
    (offence,) = differing_buckets(right, {**right, HEAT: {**right[HEAT], NOON: other}})
    assert f"{other} instead of {bucket}" in offence


def test_bucket_that_is_missing_or_of_nobody_is_one_offence() -> None:
    right = rolled_up(WORDS)
    wrong = {
        "has None instead": {NOON: right[HEAT][NOON]},
        "instead of None": {**right[HEAT], NOON - WIDTHS["15m"]: right[HEAT][NOON]},
    }
    for words, found in wrong.items():
        (offence,) = differing_buckets(right, {**right, HEAT: found})
        assert words in offence


def test_stations_of_both_network_servers_are_heard_in_the_campaigns_load() -> None:
    traffic, started = Traffic("root", Random(1)), EpochNs(int(NOON.timestamp()) * 10**9)
    told = [
        *traffic.first(started, 10**6),
        *traffic.make(400, EpochNs(started + 10**9), 10**6),
    ]
    heard = [each for each in told if each.kind == "station"]
    assert {each.place for each in heard} == {"wetter-west", "wetter-ost"}
    assert sum(bucket.values for bucket in rolled_up(heard)[HEAT].values()) > 2
