# SPDX-License-Identifier: EUPL-1.2
"""One stored uplink decoded again: what it says now beside what is stored; pure but for codecs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from stadttakt_messages.topics import Topics
from uplink_decoder.batch import observed
from uplink_decoder.decode import DecodedUplink, Inbound
from uplink_decoder.devices import DeviceBook
from uplink_decoder.domain.difference import (
    Change,
    Comparison,
    FieldChange,
    StoredObservation,
    compare,
    fields_between,
    observation_fields,
)
from uplink_decoder.domain.readings import Observation
from uplink_decoder.domain.uplink import Flag, MessageTimes, Times, Uplink
from uplink_decoder.sources import Origin, Source

OUTCOMES = frozenset(
    {
        Flag.UNKNOWN_DEVICE,
        Flag.NO_CODEC,
        Flag.UNKNOWN_CODEC,
        Flag.NO_ASSET,
        Flag.CODEC_ERROR,
        Flag.NO_RIGHT,
    }
)
"""Flags that decoding sets; all others come from the message and stay."""
OF_TIMES = frozenset({Flag.FUTURE_TIME, Flag.OLD_TIME, Flag.GATEWAY_TIME_OFF, Flag.NO_TIME})


class Verdict(NamedTuple):
    """An uplink as it would be decoded now, and how that differs from what is stored."""

    row: Any
    item: DecodedUplink
    times: Times
    flags: tuple[str, ...]
    errors: tuple[str, ...]
    stored: Sequence[StoredObservation]
    fresh: Sequence[Observation]
    comparison: Comparison
    fields: tuple[FieldChange, ...]
    is_restated: bool

    @property
    def change(self) -> Change:
        """How the uplink as a whole differs."""
        if not self.fields:
            return Change.SAME
        kinds = {each.change for each in self.fields if each.field not in {"flags", "errors"}}
        return kinds.pop() if len(kinds) == 1 else Change.CHANGED


def restore(row: Any, sources: Mapping[str, Source]) -> tuple[Inbound, Uplink]:
    """Return a stored uplink as it was read from its message, with its source's present rights."""
    flags = [Flag(flag) for flag in row["flags"] or () if flag not in OUTCOMES | OF_TIMES]
    uplink = Uplink(
        row["dev_eui"],
        "",
        MessageTimes(application_server=row["observed_at"]),
        row["f_cnt"],
        row["f_port"],
        row["payload"],
        tuple(flags),
    )
    known = sources.get(row["source_id"])
    origin = _origin(row["source_id"], row["simulated"], known.rights if known else None)
    return Inbound(origin, "", b"", row["received_at"]), uplink


@lru_cache(1024)
def _origin(source_id: str, simulated: bool, rights: Any) -> Origin:  # noqa: FBT001 (columns)
    # The source may be gone from the configuration; its uplinks are not.
    source = Source.model_construct(
        source_id=source_id, dialect="chirpstack", rights=rights, simulated=simulated
    )
    return Origin(source, None, None, "up")


def judge(
    row: Any,
    item: DecodedUplink,
    stored: Sequence[StoredObservation],
    devices: DeviceBook,
    topics: Topics,
) -> Verdict:
    """Compare what an uplink is decoded to now with what is stored of it."""
    times = _times(row)
    fresh, flags, errors = observed(item, times, devices, topics)
    comparison = compare(row["uplink_id"], stored, fresh)
    before = orjson.loads(row["decoded"]) if row["decoded"] else None
    # As it will be read back: a tuple is a list there, an enumeration its value.
    after = orjson.loads(orjson.dumps(item.decoded.data)) if item.decoded else None
    fields = tuple(_fields(row, before, after, flags, errors))
    if not comparison.is_same:
        fields += tuple(observation_fields(comparison))
    restated = bool(fields) or _stamp(row) != _stamp_of(item)
    return Verdict(row, item, times, flags, errors, stored, fresh, comparison, fields, restated)


def _times(row: Any) -> Times:
    kept = tuple(Flag(flag) for flag in row["flags"] or () if flag in OF_TIMES)
    return Times(row["observed_at"], row["received_at"], row["time_source"], kept)


def _fields(
    row: Any,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    flags: Sequence[str],
    errors: Sequence[str],
) -> Iterator[FieldChange]:
    if before is None or after is None:
        if after is not None:
            yield FieldChange("decoded", Change.NEW, None, after)
        elif before is not None:
            yield FieldChange("decoded", Change.GONE, before, None)
    elif before != after:
        yield from fields_between("decoded", before, after)
    for name, old, new in (("flags", row["flags"], flags), ("errors", row["errors"], errors)):
        if (old or new) and sorted(old or ()) != sorted(new):
            yield FieldChange(name, Change.CHANGED, list(old or ()), list(new))


def _stamp(row: Any) -> tuple[Any, ...]:
    return row["codec_id"], row["codec_version"], tuple(row["warnings"] or ())


def _stamp_of(item: DecodedUplink) -> tuple[Any, ...]:
    codec, decoded = item.codec, item.decoded
    warnings = tuple(decoded.warnings) if decoded else ()
    return (codec.codec_id, codec.version, warnings) if codec else (None, None, ())


def uplink_update(verdict: Verdict) -> tuple[Any, ...]:
    """Return the columns that a replay may write; never the raw message nor its identity."""
    codec_id, codec_version, warnings = _stamp_of(verdict.item)
    decoded = verdict.item.decoded
    return (
        verdict.times.observed_at,
        verdict.row["uplink_id"],
        _array(verdict.flags),
        codec_id,
        codec_version,
        orjson.dumps(decoded.data).decode() if decoded else None,
        _array(warnings),
        _array(verdict.errors),
        decoded.battery_mv if decoded else None,
        decoded.battery_percent if decoded else None,
    )


def _array(values: Sequence[str]) -> str | None:
    return orjson.dumps(list(values)).decode() if values else None


class Refusal(NamedTuple):
    """Why a message is not taken, whatever its codec says of it: found out by trying."""

    reason: str
    detail: str


def refused(row: Any, sources: Mapping[str, Source], refusal: Refusal) -> DecodedUplink:
    """Return a stored uplink that the database, or the process, does not survive decoded."""
    inbound, uplink = restore(row, sources)
    flagged = uplink.flagged(Flag.CODEC_ERROR)
    errors = (refusal.detail,)
    return DecodedUplink(inbound, row["uplink_id"], flagged, errors=errors, reason=refusal.reason)


Position = tuple[datetime, uuid.UUID]


def position(row: Any) -> Position:
    """Return an uplink's place in the order of replays."""
    return row["observed_at"], row["uplink_id"]
