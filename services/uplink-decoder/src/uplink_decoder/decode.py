# SPDX-License-Identifier: EUPL-1.2
"""One raw message to what becomes of it: read, decoded, or rejected; pure but for the codecs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from stadttakt_runtime.log import get_logger
from uplink_decoder.canonical import Accepted, accept
from uplink_decoder.codecs.mapping import MappingError
from uplink_decoder.codecs.model import AnyCodec, CodecError, Decoded, Frame, ScriptCodec
from uplink_decoder.devices import DeviceBook
from uplink_decoder.dialects import read_chirpstack, read_tts
from uplink_decoder.domain.times import frame_time
from uplink_decoder.domain.uplink import DeviceEvent, Flag, RejectedError, Uplink, uplink_id
from uplink_decoder.javascript.answers import ScriptError, ScriptResult
from uplink_decoder.javascript.reading import read_result
from uplink_decoder.sources import Origin

log = get_logger(__name__)


class Inbound(NamedTuple):
    """A message as received, from the broker or a webhook."""

    origin: Origin
    topic: str
    payload: bytes
    received_at: datetime


class DecodedUplink(NamedTuple):
    """An uplink with what its codec made of it; `errors` where it could not, and their `reason`."""

    inbound: Inbound
    uplink_id: uuid.UUID
    uplink: Uplink
    codec: AnyCodec | None = None
    decoded: Decoded | None = None
    errors: tuple[str, ...] = ()
    reason: str = "codec_error"

    @property
    def device(self) -> str:
        """Which device it is of."""
        return self.uplink.device

    @property
    def simulated(self) -> bool:
        """Tell whether it stems from a simulated source."""
        return self.inbound.origin.source.simulated


class ReadObservation(NamedTuple):
    """A partner's own observation, checked; it has no device that we know."""

    inbound: Inbound
    accepted: Accepted

    @property
    def uplink_id(self) -> uuid.UUID:
        """What makes a repeated delivery the same."""
        return self.accepted.identity

    @property
    def device(self) -> str:
        """Where a device would stand: the partner's source, and which of its sensors if it says so."""
        source, sensor = self.inbound.origin.source.source_id, self.accepted.sensor
        return f"source/{source}/{sensor}" if sensor else f"source/{source}"

    @property
    def simulated(self) -> bool:
        """Tell whether it, or its source, is simulated."""
        return self.accepted.simulated


class ScriptTask(NamedTuple):
    """An uplink whose codec is a script that has yet to run."""

    inbound: Inbound
    uplink_id: uuid.UUID
    uplink: Uplink
    codec: ScriptCodec
    frame: Frame

    def finished(self, answer: ScriptResult | ScriptError) -> DecodedUplink:
        """Return the uplink with what the script made of it."""
        if isinstance(answer, ScriptError):
            return self._failed((str(answer),), answer.reason)
        if answer.errors:
            return self._failed(answer.errors, "codec_error")
        try:
            decoded = read_result(self.codec, answer, self.frame)
        except MappingError as error:
            return self._failed((f"its stored mapping is none: {error}",), "codec_mapping")
        return DecodedUplink(self.inbound, self.uplink_id, self.uplink, self.codec, decoded)

    def _failed(self, errors: tuple[str, ...], reason: str) -> DecodedUplink:
        flagged = self.uplink.flagged(Flag.CODEC_ERROR)
        return DecodedUplink(
            self.inbound, self.uplink_id, flagged, self.codec, None, errors, reason
        )


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """A device event that was understood."""

    inbound: Inbound
    event_id: uuid.UUID
    event: DeviceEvent


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that cannot be read; it goes to quarantine as it is."""

    inbound: Inbound
    reason: str
    detail: str


Outcome = DecodedUplink | ReadEvent | ReadObservation | Rejected


def prepare(
    inbound: Inbound, devices: DeviceBook, codecs: Mapping[str, AnyCodec]
) -> Outcome | ScriptTask:
    """Read a message and, if it is an uplink with a payload of a known device, decode it.

    Where the codec is a script the task is returned instead.
    """
    try:
        if inbound.origin.source.dialect == "canonical":
            return read_observation(inbound)
        message = _read(inbound)
    except RejectedError as error:
        return Rejected(inbound, error.reason, error.detail)
    # A fault of ours; the broker would bring the message again, and the service would end at it.
    except Exception as error:
        log.exception("reader_failed", topic=inbound.topic[:200])
        return Rejected(inbound, "reader_failed", f"{type(error).__name__}: {error}")
    source_id = inbound.origin.source.source_id
    if isinstance(message, DeviceEvent):
        # ChirpStack gives a status the deduplicationId of the uplink that brought it.
        identity = f"{message.kind}:{message.identity}"
        return ReadEvent(inbound, uplink_id(source_id, message.device, identity), message)
    unique = uplink_id(source_id, message.device, message.identity)
    return prepare_uplink(inbound, unique, message, devices, codecs)


def read_observation(inbound: Inbound) -> ReadObservation:
    """Check a partner's own observation; raises RejectedError. Imported ones may be of any age."""
    origin, topic, payload, received_at = inbound
    accepted = accept(
        payload, origin.source, received_at, topic=topic, historical=origin.via == "import"
    )
    return ReadObservation(inbound, accepted)


def identity_of(inbound: Inbound) -> uuid.UUID | None:
    """Return the id under which an uplink is or will be stored; nothing for what is none."""
    try:
        message = _read(inbound)
    except RejectedError:
        return None
    if isinstance(message, DeviceEvent):
        return None
    return uplink_id(inbound.origin.source.source_id, message.device, message.identity)


def _read(inbound: Inbound) -> Uplink | DeviceEvent:
    origin = inbound.origin
    if origin.source.dialect == "chirpstack":
        return read_chirpstack(origin.device, origin.event, inbound.payload)
    return read_tts(origin.application, origin.device, origin.event, inbound.payload)


def prepare_uplink(
    inbound: Inbound,
    unique: uuid.UUID,
    uplink: Uplink,
    devices: DeviceBook,
    codecs: Mapping[str, AnyCodec],
) -> DecodedUplink | ScriptTask:
    """Decode an uplink with its device's codec, flag why it cannot be, or return what to run."""
    codec = _codec_for(uplink, devices, codecs)
    if codec is None or isinstance(codec, Flag):
        flagged = uplink if codec is None else uplink.flagged(codec)
        return DecodedUplink(inbound, unique, flagged)
    device = devices.get(uplink.device)
    variables = device.codec_variables if device else None
    received_at = frame_time(uplink.times, inbound.received_at)
    frame = Frame(uplink.f_port, uplink.payload, received_at, variables)
    if isinstance(codec, ScriptCodec):
        return ScriptTask(inbound, unique, uplink, codec, frame)
    try:
        decoded = codec.decode(frame)
    except CodecError as error:
        flagged = uplink.flagged(Flag.CODEC_ERROR)
        return DecodedUplink(inbound, unique, flagged, codec, None, (str(error),))
    # A fault of ours, which the next version of the codec mends when the uplink is replayed.
    except Exception as error:
        log.exception("codec_failed", codec_id=codec.codec_id)
        flagged = uplink.flagged(Flag.CODEC_ERROR)
        text = f"{type(error).__name__}: {error}"
        return DecodedUplink(inbound, unique, flagged, codec, None, (text,))
    return DecodedUplink(inbound, unique, uplink, codec, decoded)


def _codec_for(
    uplink: Uplink, devices: DeviceBook, codecs: Mapping[str, AnyCodec]
) -> AnyCodec | Flag | None:
    """Return what decodes an uplink, why nothing does, or nothing where there is no payload."""
    device = devices.get(uplink.device)
    if device is None:
        return Flag.UNKNOWN_DEVICE
    if not uplink.is_decodable:
        return None
    if device.codec_id is None:
        return Flag.NO_CODEC
    return codecs.get(device.codec_id) or Flag.UNKNOWN_CODEC
