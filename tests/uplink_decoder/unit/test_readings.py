# SPDX-License-Identifier: EUPL-1.2
"""Readings of a device on an asset: which observation they are, or that they do not fit."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stadttakt_messages.topics import Topics
from uplink_decoder.codecs.model import (
    BayReading,
    Codec,
    CountReading,
    Decoded,
    EnvironmentReading,
    Measured,
    PresenceReading,
    Reading,
)
from uplink_decoder.domain.readings import Asset, Observation, UnfittingAssetError, observations
from uplink_decoder.domain.uplink import Times

NOW = datetime(2026, 11, 1, 8, 15, tzinfo=UTC)
OBSERVED = NOW - timedelta(seconds=2)
CODEC = Codec("maker-model", 4, "Maker", "Model", lambda _: Decoded({}))
COUNT = CountReading("2", "cumulative", 11, 7)


def observe(asset: Asset, *readings: Reading, battery_mv: int | None = None) -> list[Observation]:
    decoded = Decoded({}, readings, battery_mv)
    return observations(decoded, asset, CODEC, Times(OBSERVED, NOW, "gateway"), Topics("r"))


@pytest.mark.parametrize(
    ("asset", "reading", "kind", "topic", "subject", "data"),
    [
        (
            Asset("bay", "lot-07"),
            BayReading(occupied=True, previous_duration_s=60),
            "bay-occupancy",
            "r/observation/bay-occupancy/lot-07",
            "bay/lot-07",
            {
                "occupied": True,
                "previous_duration_s": 60,
                "battery_mv": 3580,
                "quality": "good",
            },
        ),
        (
            Asset("bay", "a/b"),
            BayReading(occupied=False, suspect=True),
            "bay-occupancy",
            "r/observation/bay-occupancy/a%2Fb",
            "bay/a/b",
            {
                "occupied": False,
                "previous_duration_s": None,
                "battery_mv": 3580,
                "quality": "suspect",
            },
        ),
        (
            Asset("lot_gate", "holzplatz/nord"),
            COUNT,
            "vehicle-count",
            "r/observation/vehicle-count/holzplatz/nord",
            "lot/holzplatz/gate/nord",
            {"mode": "cumulative", "in": 11, "out": 7, "inside": None},
        ),
        (
            Asset("lot_gate", "holzplatz"),
            COUNT,
            "vehicle-count",
            "r/observation/vehicle-count/holzplatz/2",
            "lot/holzplatz/gate/2",
            {"mode": "cumulative", "in": 11, "out": 7, "inside": None},
        ),
        (
            Asset("vehicle", "tram-614"),
            COUNT,
            "passenger-count",
            "r/observation/passenger-count/tram-614/2",
            "vehicle/tram-614/door/2",
            {
                "mode": "cumulative",
                "counts": [{"class": "adult", "in": 11, "out": 7}],
                "quality": "regular",
            },
        ),
        (
            Asset("vehicle", "tram-614"),
            PresenceReading(wifi=23, ble=None),
            "device-presence",
            "r/observation/device-presence/tram-614",
            "vehicle/tram-614",
            {"wifi": 23, "ble": None},
        ),
        (
            Asset("environment", "klima-markt"),
            EnvironmentReading(
                (
                    Measured("air.temperature", 8.4, "°C"),
                    Measured("air.relativeHumidity", 81.0, "%"),
                    Measured("air.temperature", 99.0, "°C"),
                )
            ),
            "environment",
            "r/observation/environment/klima-markt",
            "asset/klima-markt",
            {
                "quantities": [
                    {"quantity": "air.temperature", "value": 8.4, "unit": "°C"},
                    {"quantity": "air.relativeHumidity", "value": 81.0, "unit": "%"},
                ]
            },
        ),
    ],
)
def test_reading_on_its_asset_is_an_observation(
    *, asset: Asset, reading: Reading, kind: str, topic: str, subject: str, data: dict[str, Any]
) -> None:
    stamp = {"codec_id": "maker-model", "codec_version": 4}
    assert observe(asset, reading, battery_mv=3580) == [
        Observation(kind, topic, subject, asset.asset_id, OBSERVED, {**data, **stamp})
    ]


@pytest.mark.parametrize(
    ("kind", "reading"),
    [
        ("bay", COUNT),
        ("bay", PresenceReading(1, 1)),
        ("lot_gate", BayReading(occupied=True)),
        ("lot_gate", PresenceReading(1, 1)),
        ("vehicle", BayReading(occupied=True)),
        ("environment", BayReading(occupied=True)),
        ("environment", COUNT),
    ],
)
def test_reading_that_cannot_describe_the_asset_is_an_error(kind: str, reading: Reading) -> None:
    with pytest.raises(UnfittingAssetError, match=rf"does not describe a {kind} \(x\)"):
        observe(Asset(kind, "x"), reading)


@pytest.mark.parametrize("kind", ["bay", "lot_gate", "vehicle"])
def test_what_another_asset_s_sensor_measures_beside_is_no_environment_series(kind: str) -> None:
    beside = EnvironmentReading((Measured("air.temperature", 8.4, "°C"),))
    assert observe(Asset(kind, "x"), beside) == []


def test_nothing_decoded_is_nothing_observed() -> None:
    assert observe(Asset("bay", "x")) == []


def test_batched_readings_keep_their_own_times_and_order() -> None:
    history = [CountReading("1", "delta", n, 0, NOW - timedelta(hours=n)) for n in (3, 2, 1)]
    found = observe(Asset("vehicle", "x"), *history)
    assert [each.observed_at for each in found] == [reading.observed_at for reading in history]


@pytest.mark.parametrize("off", [timedelta(minutes=6), -timedelta(days=32)])
def test_implausible_time_of_a_reading_gives_way_to_the_uplinks(off: timedelta) -> None:
    (found,) = observe(Asset("bay", "x"), BayReading(occupied=True, observed_at=NOW + off))
    assert found.observed_at == OBSERVED
