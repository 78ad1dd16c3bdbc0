# SPDX-License-Identifier: EUPL-1.2
"""What both servers' events say about our downlinks (docs/mapping/): ack, txack, log, `down/…`."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import msgspec

from uplink_decoder.dialects.reading import without_nul
from uplink_decoder.domain.downlinks import DownlinkState, Evidence

CORRELATION = "stadttakt:downlink:"
"""Before the downlink's id, among the correlation ids of The Things Stack."""

_TTS_STATES = {
    "down/queued": DownlinkState.SCHEDULED,
    "down/sent": DownlinkState.SENT,
    "down/ack": DownlinkState.ACKNOWLEDGED,
    "down/nack": DownlinkState.UNACKNOWLEDGED,
    "down/failed": DownlinkState.FAILED,
}
_DISCARDED = frozenset({"DOWNLINK_PAYLOAD_SIZE", "F_CNT_DOWN", "EXPIRED", "DOWNLINK_GATEWAY"})


class _Downlink(msgspec.Struct):
    correlation_ids: list[str] = []


class _Error(msgspec.Struct):
    name: str = ""
    message_format: str = ""


class _Failed(msgspec.Struct):
    downlink: _Downlink = msgspec.field(default_factory=_Downlink)
    error: _Error = msgspec.field(default_factory=_Error)


class _Tts(msgspec.Struct):
    correlation_ids: list[str] = []
    downlink_queued: _Downlink | None = None
    downlink_sent: _Downlink | None = None
    downlink_ack: _Downlink | None = None
    downlink_nack: _Downlink | None = None
    downlink_failed: _Failed | None = None


class _Context(msgspec.Struct):
    queue_item_id: str = ""


class _ChirpStack(msgspec.Struct, rename="camel"):
    queue_item_id: str = ""
    acknowledged: bool = False
    description: str = ""
    context: _Context = msgspec.field(default_factory=_Context)


_tts = msgspec.json.Decoder(_Tts)
_chirpstack = msgspec.json.Decoder(_ChirpStack)


def read_evidence(kind: str, code: str | None, raw: bytes) -> list[Evidence]:
    """Return what a stored device event says about downlinks; nothing where it names none.

    `kind` and `code` are the event's as stored; of a form that is not declared nothing is read.
    """
    try:
        if code in _TTS_STATES:
            return _of_the_things_stack(_TTS_STATES[code], _tts.decode(raw))
        return _of_chirpstack(kind, code, _chirpstack.decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []


def _of_the_things_stack(state: DownlinkState, message: _Tts) -> list[Evidence]:
    failed = message.downlink_failed
    parts = (
        message.downlink_queued,
        message.downlink_sent,
        message.downlink_ack,
        message.downlink_nack,
        failed.downlink if failed else None,
    )
    named = [*message.correlation_ids, *(i for part in parts if part for i in part.correlation_ids)]
    error = failed.error if failed else _Error()
    detail = _joined(error.name, error.message_format) or None
    return [Evidence(downlink_id, state, detail) for downlink_id in _ours(named)]


def _ours(correlation_ids: Iterable[str]) -> list[uuid.UUID]:
    ours = (i.removeprefix(CORRELATION) for i in correlation_ids if i.startswith(CORRELATION))
    return list(dict.fromkeys(found for text in ours if (found := _uuid(text))))


def _of_chirpstack(kind: str, code: str | None, message: _ChirpStack) -> list[Evidence]:
    downlink_id = _uuid(message.queue_item_id or message.context.queue_item_id)
    if downlink_id is None:
        return []
    if kind == "txack":
        return [Evidence(downlink_id, DownlinkState.SENT)]
    if kind == "ack":
        heard = message.acknowledged
        state = DownlinkState.ACKNOWLEDGED if heard else DownlinkState.UNACKNOWLEDGED
        return [Evidence(downlink_id, state)]
    if kind == "log" and code in _DISCARDED:
        detail = _joined(code, message.description)
        return [Evidence(downlink_id, DownlinkState.FAILED, detail)]
    return []


def _joined(*parts: str | None) -> str:
    """Return what is stored of a failure."""
    return without_nul(": ".join(part for part in parts if part))


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
