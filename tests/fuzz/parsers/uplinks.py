# SPDX-License-Identifier: EUPL-1.2
"""The decoder's parsers: both network servers, partners' events, native codecs, files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from crash.campaign.traffic import Traffic
from fuzz.parsers import device_events
from fuzz.parsers.target import NothingRightError, Parser, right_ones
from stadttakt_messages.envelope import CONTENT_TYPE
from stadttakt_runtime.http.problem import ValidationFailed
from stadttakt_simulators.clock import EpochNs
from uplink_decoder.api.observations import BATCH, JSON, events_view, payloads_of
from uplink_decoder.canonical import KINDS, Accepted, accept
from uplink_decoder.codecs.model import Codec, CodecError, Frame
from uplink_decoder.codecs.registry import NATIVE_CODECS
from uplink_decoder.dialects import read_chirpstack, read_tts
from uplink_decoder.dialects.downlink_events import read_evidence
from uplink_decoder.dialects.receptions import Reception, read_reception, read_status
from uplink_decoder.domain.uplink import DeviceEvent, RejectedError, Uplink, uplink_id
from uplink_decoder.observations import csv_lines
from uplink_decoder.observations.taking import Fate, Taken
from uplink_decoder.registry.lines import read_lines
from uplink_decoder.sources.model import Source

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
VECTORS = Path(__file__).parents[2] / "uplink_decoder/unit/codecs/vectors"
EXAMPLES = Path(__file__).parents[3] / "schemas/messages/examples"
BERLIN = ZoneInfo("Europe/Berlin")
PARTNER = Source(source_id="partner", dialect="canonical", rights="all", topics=("a/#",))
CHIRPSTACK_EVENTS = ("up", *device_events.CHIRPSTACK)
TTS_EVENTS = ("up", *device_events.THE_THINGS_STACK)
MEDIA_TYPES = (CONTENT_TYPE, BATCH, JSON)
CSV_EVENTS = (
    b"time,asset_id,kind,part,quantity,value,unit,in,out,mode,id\n"
    b"2026-11-26T10:00:00Z,west-1,bay-occupancy,,,occupied,,,,,\n"
    b"2026-11-26 10:00:00,west,vehicle-count,nord,,,,3,1,delta,7\n"
    b"2026-11-26T10:00:00+01:00,square,,,air.temperature,3.5,\xc2\xb0C,,,,\n"
)
CSV_DEVICES = (
    b"dev_eui,name,codec_id,asset_kind,asset_id,expected_interval_s,lat,lon,codec_variables,tags,retired\n"
    b"0200c4a500000001,Bay 1,bosch-tps110,bay,west-1,3600,51.48,11.96,a=1;b=2,network=chirpstack,\n"
    b"tts/app/dev,Bay 2,,,,,,,,,yes\n"
)


def _uplinks() -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    told = Traffic("r", Random(1)).first(EpochNs(int(NOW.timestamp()) * 10**9), 10**6)
    chirpstack = tuple(each.payload for each in told if b"/application/" in each.topic)
    tts = tuple(each.payload for each in told if b"/v3/" in each.topic)
    return chirpstack[:2] + chirpstack[-2:], tts[:1] + tts[-1:]


CHIRPSTACK, TTS = _uplinks()


def _chirpstack(data: bytes) -> Any:
    """The first byte says which event it is; what was stored is read again for health and downlinks."""
    event, payload = CHIRPSTACK_EVENTS[data[0] % len(CHIRPSTACK_EVENTS)] if data else "up", data[1:]
    found = read_chirpstack("0200c4a500000001", event, payload)
    return (
        _stored(found),
        _counted(read_reception(payload)),
        read_status(payload),
        read_evidence(event, getattr(found, "code", None), payload),
    )


def _tts(data: bytes) -> Any:
    event, payload = TTS_EVENTS[data[0] % len(TTS_EVENTS)] if data else "up", data[1:]
    found = read_tts("app", "dev", event, payload)
    return (
        _stored(found),
        _counted(read_reception(payload)),
        read_evidence("downlink", event, payload),
    )


def _stored(found: Uplink | DeviceEvent) -> Any:
    """Return what is stored of it: of what makes it the same message, a hash."""
    identity = str(uplink_id("fuzz", found.device, found.identity))
    if isinstance(found, DeviceEvent):
        return replace(found, identity=identity)
    return found._replace(identity=identity)


def _counted(found: Reception | None) -> Any:
    """Return what is stored of it: sessions are told apart and counted."""
    return found and found._replace(session="")


def _accepted(event: bytes) -> Any:
    return _kept(accept(event, PARTNER, NOW, historical=True))


def _kept(found: Accepted) -> Any:
    return found._asdict() | {"subject": tuple(found.subject)}


def _sent(data: bytes) -> Any:
    """The first byte says as what it is sent; what is answered can be written."""
    payloads = payloads_of(MEDIA_TYPES[data[0] % len(MEDIA_TYPES) if data else 0], data[1:])
    taken = [_taken(each) for each in payloads]
    events_view(payloads, taken).model_dump_json()
    return right_ones([_kept(each.accepted) for each in taken if each.accepted is not None])


def _taken(event: bytes) -> Taken:
    try:
        return Taken(Fate.STORED, accept(event, PARTNER, NOW, historical=False))
    except RejectedError as error:
        return Taken(Fate.REJECTED, None, error.reason, error.detail)


def _csv_events(data: bytes) -> Any:
    """What a line became is read as if a partner had sent it."""
    found = []
    for line in csv_lines.read_lines(data.decode("utf-8-sig"), "partner", BERLIN):
        if line.event is not None:
            with suppress(RejectedError):
                found.append((line.number, _accepted(line.event)))
    return right_ones(found)


def _csv_devices(data: bytes) -> Any:
    return right_ones(read_lines(data.decode("utf-8-sig"))[0])


def _codec(codec: Codec) -> Parser:
    def read(data: bytes) -> Any:
        return codec.decode(Frame(data[0] if data else 1, data[1:], NOW))

    document = yaml.safe_load((VECTORS / f"{codec.codec_id}.yaml").read_text())
    seeds = [
        bytes([each["f_port"]]) + bytes.fromhex(each["hex"].replace(" ", ""))
        for each in document["vectors"]
    ]
    return Parser(f"codec-{codec.codec_id}", read, (CodecError,), tuple(seeds), longest=256)


def parsers() -> Iterator[Parser]:
    """Yield all of the decoder's."""
    refusals = (RejectedError,)
    seeds = device_events.seeds(CHIRPSTACK, device_events.CHIRPSTACK)
    yield Parser("chirpstack", _chirpstack, refusals, seeds)
    seeds = device_events.seeds(TTS, device_events.THE_THINGS_STACK)
    yield Parser("tts", _tts, refusals, seeds)
    events = {
        path.name.partition(".")[0]: path.read_bytes().replace(b'"/stadttakt/', b'"/partner/')
        for path in sorted(EXAMPLES.glob("*.json"))
    }
    yield Parser("canonical", _accepted, refusals, tuple(events.values()))
    ours = [events[kind] for kind in sorted(KINDS)]
    batches = (
        b"\x00" + ours[0],
        b"\x01[" + b", ".join([*ours, b"{}"]) + b"]",
        b"\x02" + ours[1],
    )
    yield Parser("batch-observations", _sent, (NothingRightError, ValidationFailed), batches)
    wrong = (NothingRightError, UnicodeDecodeError)
    yield Parser("csv-observations", _csv_events, (*wrong, csv_lines.LineError), (CSV_EVENTS,))
    yield Parser("csv-devices", _csv_devices, wrong, (CSV_DEVICES,))
    yield from (_codec(codec) for codec in NATIVE_CODECS.values())
