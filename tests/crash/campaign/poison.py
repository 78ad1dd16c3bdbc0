# SPDX-License-Identifier: EUPL-1.2
"""Messages that nobody can take, each unlike all others; they belong in quarantine, and nothing else does."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import orjson

from crash.campaign.town import BUSES, DIRECT_GATE, GATED
from stadttakt_messages.envelope import event_type, schema_urn
from stadttakt_runtime.clock import utc_now


@dataclass(frozen=True, slots=True)
class Poison:
    """A message for a service that must not take it."""

    service: str
    topic: bytes
    payload: bytes
    identity: str


def make_poison(count: int, root: str, rng: Random) -> list[Poison]:
    """Make messages for four services in turn."""
    makers = (_for_decoder, _for_parking, _for_transit, _for_publisher)
    return [makers[number % len(makers)](root, rng) for number in range(count)]


def _for_decoder(root: str, rng: Random) -> Poison:
    mark = _mark(rng)
    eui = f"0200c4a5ff{rng.getrandbits(24):06x}"
    chirpstack = f"{root}/application/{uuid.UUID(int=rng.getrandbits(128))}/device/{eui}/event/up"
    tts = f"{root}/v3/campaign@poison/devices/eui-{eui}/up"
    topic, payload = rng.choice(
        [
            (chirpstack, b'{"deduplicationId": "' + mark),
            (chirpstack, b"\xff\xfe\x00" + mark),
            (chirpstack, b'{"deduplicationId": 5, "mark": "' + mark + b'"}'),
            (chirpstack, b"[" * 3000 + mark),
            (chirpstack, b'{"fCnt": 1e999, "mark": "' + mark + b'"}'),
            (tts, b'{"uplink_message": [], "mark": "' + mark + b'"}'),
            (tts, b'{"uplink_message": {"frm_payload": "\xc3\x28' + mark + b'"}}'),
            (tts, b"\x00" * 40 + mark),
        ]
    )
    return Poison("uplink", topic.encode(), payload, mark.decode())


def _for_parking(root: str, rng: Random) -> Poison:
    mark = _mark(rng)
    bay, gate = f"{root}/observation/bay-occupancy", f"{root}/observation/vehicle-count/{GATED}"
    topic, payload = rng.choice(
        [
            (f"{bay}/west-01", b"{" + mark),
            (
                f"{bay}/nowhere-7",
                _event("bay-occupancy", "bay/nowhere-7", mark, {"occupied": True}),
            ),
            (f"{bay}/west-02", _event("bay-occupancy", "bay/west-02", mark, {"occupied": "maybe"})),
            (f"{bay}/west-03", _ahead("bay-occupancy", "bay/west-03", mark, {"occupied": True})),
            (
                f"{gate}/{DIRECT_GATE}",
                _event(
                    "vehicle-count",
                    f"lot/{GATED}/gate/{DIRECT_GATE}",
                    mark,
                    {"mode": "delta", "in": 10**12, "out": 0},
                ),
            ),
        ]
    )
    return Poison("parking", topic.encode(), payload, mark.decode())


def _for_transit(root: str, rng: Random) -> Poison:
    mark, bus = _mark(rng), rng.choice(BUSES)
    door = f"{root}/observation/passenger-count"
    people = {"mode": "delta", "counts": [{"class": "adult", "in": 1, "out": 0}]}
    topic, payload = rng.choice(
        [
            (f"{door}/{bus}/1", b"null" + mark),
            (f"{door}/ghost/1", _event("passenger-count", "vehicle/ghost/door/1", mark, people)),
            (f"{door}/{bus}/9", _event("passenger-count", f"vehicle/{bus}/door/9", mark, people)),
            (f"{door}/{bus}/1", _ahead("passenger-count", f"vehicle/{bus}/door/1", mark, people)),
        ]
    )
    return Poison("transit", topic.encode(), payload, mark.decode())


def _for_publisher(root: str, rng: Random) -> Poison:
    mark = _mark(rng)
    lot = f"{root}/state/lot"
    topic, payload = rng.choice(
        [
            (f"{lot}/west", b"{" + mark),
            (f"{lot}/west", b"\xff\x00" + mark),
            (f"{lot}/west", _event("lot-state", "lot/west", mark, {"lot_id": "west", "free": -1})),
            (f"{root}/state/bay/west-01", _event("lot-state", "bay/west-01", mark, {"state": 5})),
        ]
    )
    return Poison("opendata", topic.encode(), payload, mark.decode())


def _mark(rng: Random) -> bytes:
    return f"poison-{rng.getrandbits(64):016x}".encode()


def _ahead(name: str, subject: str, mark: bytes, data: object) -> bytes:
    return _event(name, subject, mark, data, ahead=timedelta(days=1))


def _event(
    name: str, subject: str, mark: bytes, data: object, *, ahead: timedelta = timedelta()
) -> bytes:
    event = {
        "specversion": "1.0",
        "id": mark.decode(),
        "source": "/campaign/poison",
        "type": event_type(name),
        "subject": subject,
        "time": utc_now() + ahead,
        "datacontenttype": "application/json",
        "dataschema": schema_urn(name),
        "data": data,
    }
    return orjson.dumps(event)
