# SPDX-License-Identifier: EUPL-1.2
"""From a decoded reading and the device's asset to an observation: topic kind, data, time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from stadttakt_messages.topics import Topics
from uplink_decoder.codecs.model import (
    AnyCodec,
    BayReading,
    CountReading,
    Decoded,
    EnvironmentReading,
    Measured,
    PresenceReading,
    Reading,
)
from uplink_decoder.domain.times import plausible
from uplink_decoder.domain.uplink import Times

ENVIRONMENT = "environment"
ASSET_SUBJECT = "asset/"
"""Before the asset's id in the subject of an environment observation."""


@dataclass(frozen=True, slots=True)
class Asset:
    """What a device watches: a bay, a lot's gate (`<lot_id>/<gate>`), a vehicle, a place.

    A place where quantities are measured has the kind `environment`. `observes` is the one kind of
    observation that is taken from the device; without it all that describe the asset are.
    """

    kind: str
    asset_id: str
    observes: str | None = None


OBSERVED = {
    "bay": ("bay-occupancy",),
    "lot_gate": ("vehicle-count",),
    "vehicle": ("passenger-count", "device-presence"),
    ENVIRONMENT: ("environment",),
}
"""The kinds of observation that describe a kind of asset."""


class Observation(NamedTuple):
    """One normalised reading of one asset, ready to be stored and published."""

    kind: str
    topic: str
    subject: str
    asset_id: str
    observed_at: datetime
    data: Mapping[str, Any]


class UnfittingAssetError(ValueError):
    """The device watches something that its readings cannot describe."""


def observations(
    decoded: Decoded, asset: Asset, codec: AnyCodec, times: Times, topics: Topics
) -> list[Observation]:
    """Return the observations that a decoded uplink amounts to.

    A reading's own time holds if it is plausible; else the uplink's. What a device on a bay, gate
    or vehicle measures beside (its own temperature) is no environment series and left out.

    Raises:
        UnfittingAssetError: a bay reading from a device on a vehicle, and the like.

    """
    stamp = {"codec_id": codec.codec_id, "codec_version": codec.version}
    found = []
    for reading in decoded.readings:
        if isinstance(reading, EnvironmentReading) and asset.kind != ENVIRONMENT:
            continue
        at = reading.observed_at
        observed_at = at if at and plausible(at, times.received_at) else times.observed_at
        kind, topic, subject, data = _describe(reading, asset, decoded, topics)
        if asset.observes not in {None, kind}:
            continue
        found.append(
            Observation(kind, topic, subject, asset.asset_id, observed_at, {**data, **stamp})
        )
    return found


def _describe(
    reading: Reading, asset: Asset, decoded: Decoded, topics: Topics
) -> tuple[str, str, str, dict[str, Any]]:
    match reading, asset.kind:
        case BayReading(), "bay":
            return (
                "bay-occupancy",
                topics.bay_occupancy(asset.asset_id),
                f"bay/{asset.asset_id}",
                _bay(reading, decoded),
            )
        case CountReading(), "lot_gate":
            lot_id, _, gate = asset.asset_id.partition("/")
            gate = gate or reading.gate
            return (
                "vehicle-count",
                topics.vehicle_count(lot_id, gate),
                f"lot/{lot_id}/gate/{gate}",
                _vehicles(reading),
            )
        case CountReading(), "vehicle":
            return (
                "passenger-count",
                topics.passenger_count(asset.asset_id, reading.gate),
                f"vehicle/{asset.asset_id}/door/{reading.gate}",
                _passengers(reading),
            )
        case PresenceReading(), "vehicle":
            return (
                "device-presence",
                topics.device_presence(asset.asset_id),
                f"vehicle/{asset.asset_id}",
                {"wifi": reading.wifi, "ble": reading.ble},
            )
        case EnvironmentReading(), _:
            return (
                "environment",
                topics.environment(asset.asset_id),
                f"{ASSET_SUBJECT}{asset.asset_id}",
                {"quantities": _quantities(reading)},
            )
    what = type(reading).__name__
    raise UnfittingAssetError(f"{what} does not describe a {asset.kind} ({asset.asset_id})")


def _bay(reading: BayReading, decoded: Decoded) -> dict[str, Any]:
    return {
        "occupied": reading.occupied,
        "previous_duration_s": reading.previous_duration_s,
        "battery_mv": decoded.battery_mv,
        "quality": "suspect" if reading.suspect else "good",
    }


def _vehicles(reading: CountReading) -> dict[str, Any]:
    counts = {"in": reading.count_in, "out": reading.count_out}
    # No counter that sends radio frames knows who is inside; a barrier's controller does.
    return {"mode": reading.mode, **counts, "inside": None}


def _passengers(reading: CountReading) -> dict[str, Any]:
    count = {"class": "adult", "in": reading.count_in, "out": reading.count_out}
    return {"mode": reading.mode, "counts": [count], "quality": "regular"}


def _quantities(reading: EnvironmentReading) -> list[dict[str, Any]]:
    """Return the quantities as the message has them, each name once."""
    once: dict[str, Measured] = {}
    for each in reading.measured:
        once.setdefault(each.quantity, each)
    return [
        {"quantity": each.quantity, "value": each.value, "unit": each.unit}
        for each in once.values()
    ]
