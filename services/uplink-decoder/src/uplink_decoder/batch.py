# SPDX-License-Identifier: EUPL-1.2
"""One batch: what to write and what to publish, from the outcomes of its messages."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from stadttakt_messages.topics import Topics
from stadttakt_runtime.mqtt import Outgoing
from uplink_decoder.codecs.model import Decoded
from uplink_decoder.decode import (
    DecodedUplink,
    Inbound,
    Outcome,
    ReadEvent,
    ReadObservation,
    Rejected,
)
from uplink_decoder.devices import DeviceBook
from uplink_decoder.domain.events import encode_event, event_id
from uplink_decoder.domain.ledger import Fate
from uplink_decoder.domain.readings import (
    ENVIRONMENT,
    Observation,
    UnfittingAssetError,
    observations,
)
from uplink_decoder.domain.series import SeriesRow, series_rows
from uplink_decoder.domain.times import choose
from uplink_decoder.domain.uplink import Flag, Times, fingerprint
from uplink_decoder.sources import lacking_right

Row = tuple[Any, ...]
LIVE = frozenset({"", "webhook"})
"""How messages come in as they are sent; all other ways bring old ones."""


class Found(NamedTuple):
    """An observation with what it stems from and the id it is published under."""

    item: DecodedUplink | ReadObservation
    times: Times
    event_id: str
    observation: Observation


@dataclass(slots=True)
class Batch:
    """Rows and publishes of one transaction, and how its messages are counted."""

    uplinks: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    canonical: list[Row] = field(default_factory=list)
    observations: list[Found] = field(default_factory=list)
    quarantine: list[Row] = field(default_factory=list)
    unknown: dict[str, tuple[str, datetime, str]] = field(default_factory=dict)
    republish: list[Outgoing] = field(default_factory=list)
    fates: list[tuple[Inbound, Fate]] = field(default_factory=list)
    seen: dict[str, tuple[datetime, str, Decoded | None]] = field(default_factory=dict)

    def count(self, inbound: Inbound, fate: Fate) -> None:
        """Count one message under what became of it; every message once."""
        self.fates.append((inbound, fate))

    @property
    def received_from(self) -> dict[str, datetime]:
        """When each source's last message came in, without those that were fetched."""
        return {
            inbound.origin.source.source_id: inbound.received_at
            for inbound, _ in self.fates
            if inbound.origin.via in LIVE
        }

    @property
    def counts(self) -> dict[tuple[str, str], int]:
        """How many messages of each source came to what."""
        return dict(
            Counter([(inbound.origin.source.source_id, fate) for inbound, fate in self.fates])
        )


def identified(outcomes: Sequence[Outcome]) -> dict[uuid.UUID, datetime]:
    """Return the identities in a batch, each with the time of its first receipt there."""
    ids: dict[uuid.UUID, datetime] = {}
    for outcome in outcomes:
        if isinstance(outcome, DecodedUplink | ReadObservation):
            ids.setdefault(outcome.uplink_id, outcome.inbound.received_at)
        elif isinstance(outcome, ReadEvent):
            ids.setdefault(outcome.event_id, outcome.inbound.received_at)
    return ids


def refuse_reused(
    outcomes: Sequence[Outcome], contents: Mapping[uuid.UUID, uuid.UUID]
) -> list[Outcome]:
    """Reject partners' events whose id was stored before with another content."""
    return [
        Rejected(
            outcome.inbound,
            "id_reused",
            f"event {outcome.accepted.event_id!r} said something else before",
        )
        if isinstance(outcome, ReadObservation)
        and contents.get(outcome.uplink_id, outcome.accepted.content) != outcome.accepted.content
        else outcome
        for outcome in outcomes
    ]


def assemble(
    outcomes: Iterable[Outcome],
    known: Mapping[uuid.UUID, datetime | None],
    devices: DeviceBook,
    topics: Topics,
) -> Batch:
    """Sort a batch's outcomes into rows and publishes.

    `known` holds what was stored before, with its first time of receipt: such a duplicate writes
    nothing and publishes the same events again, since the process may have died in between.
    """
    batch = Batch()
    fresh: set[uuid.UUID] = set()
    for outcome in outcomes:
        inbound = outcome.inbound
        match outcome:
            case Rejected():
                batch.quarantine.append(_quarantined(outcome))
                batch.count(inbound, "quarantined")
            case (
                ReadEvent(event_id=key)
                | DecodedUplink(uplink_id=key)
                | ReadObservation(uplink_id=key)
            ) if key in fresh:
                batch.count(inbound, "duplicate")
            case ReadObservation():
                fresh.add(outcome.uplink_id)
                first = known.get(outcome.uplink_id) or inbound.received_at
                duplicate = outcome.uplink_id in known
                _add_observation(batch, outcome, first, topics, duplicate=duplicate)
            case ReadEvent():
                fresh.add(outcome.event_id)
                duplicate = outcome.event_id in known
                _add_event(batch, outcome, devices, duplicate=duplicate)
            case DecodedUplink():
                fresh.add(outcome.uplink_id)
                duplicate = outcome.uplink_id in known
                first = known.get(outcome.uplink_id) or outcome.inbound.received_at
                _add_uplink(batch, outcome, first, devices, topics, duplicate=duplicate)
    return batch


def _add_uplink(
    batch: Batch,
    item: DecodedUplink,
    first_received: datetime,
    devices: DeviceBook,
    topics: Topics,
    *,
    duplicate: bool,
) -> None:
    times = choose(item.uplink.times, first_received)
    readings, flags, errors = observed(item, times, devices, topics)
    found = [
        Found(item, times, event_id(item.uplink_id, index), observation)
        for index, observation in enumerate(readings)
    ]
    source = item.inbound.origin.source
    if duplicate:
        batch.count(item.inbound, "duplicate")
        batch.republish.extend(outgoing(each) for each in found)
        return
    batch.uplinks.append(_uplink_row(item, times, flags, errors))
    batch.observations.extend(found)
    device = item.uplink.device
    is_live = item.inbound.origin.via in LIVE
    seen_at = first_received if is_live else min(first_received, times.observed_at)
    is_newest = device not in batch.seen or batch.seen[device][0] <= seen_at
    # Whoever may not speak for a device's asset moves nothing of the device either.
    if is_newest and Flag.NO_RIGHT not in flags:
        batch.seen[device] = (seen_at, source.source_id, item.decoded)
    if Flag.UNKNOWN_DEVICE in item.uplink.flags:
        batch.unknown.setdefault(device, (device, first_received, source.source_id))
    if errors:
        reason = "no_right" if Flag.NO_RIGHT in flags else item.reason
        batch.quarantine.append(_quarantined_by_codec(item, errors, reason))
    batch.count(item.inbound, "quarantined" if errors else "stored")


def _add_observation(
    batch: Batch,
    item: ReadObservation,
    first_received: datetime,
    topics: Topics,
    *,
    duplicate: bool,
) -> None:
    observation = item.accepted.observation(topics)
    times = Times(observation.observed_at, first_received, "event")
    found = Found(item, times, event_id(item.uplink_id, 0), observation)
    batch.count(item.inbound, "duplicate" if duplicate else "stored")
    if duplicate:
        batch.republish.append(outgoing(found))
        return
    batch.canonical.append(_canonical_row(item, times))
    batch.observations.append(found)


def _canonical_row(item: ReadObservation, times: Times) -> Row:
    """Return a partner's event as it came, columns as in CANONICAL_COLUMNS."""
    accepted = item.accepted
    return (
        times.observed_at,
        accepted.identity,
        item.inbound.origin.source.source_id,
        accepted.event_source,
        accepted.event_id,
        accepted.subject.kind,
        accepted.content,
        times.received_at,
        item.inbound.payload,
        accepted.simulated,
    )


def observed(
    item: DecodedUplink, times: Times, devices: DeviceBook, topics: Topics
) -> tuple[list[Observation], tuple[Flag, ...], tuple[str, ...]]:
    """Return the observations of a decoded uplink, its flags, and errors where there are none."""
    flags = (*item.uplink.flags, *times.flags)
    device = devices.get(item.uplink.device)
    asset = device.asset_at(times.observed_at) if device else None
    told = lacking_right(item.inbound.origin.source, asset)
    if told:
        return [], (*flags, Flag.NO_RIGHT), (told,)
    if item.decoded is None or item.codec is None:
        return [], flags, item.errors
    if asset is None:
        return [], (*flags, Flag.NO_ASSET), ()
    try:
        return observations(item.decoded, asset, item.codec, times, topics), flags, ()
    except UnfittingAssetError as error:
        return [], (*flags, Flag.CODEC_ERROR), (str(error),)


def outgoing(found: Found) -> Outgoing:
    """Return an observation as the message to publish."""
    observation = found.observation
    source = found.item.inbound.origin.source
    payload = encode_event(
        kind=observation.kind,
        event_id=found.event_id,
        source_id=source.source_id,
        subject=observation.subject,
        observed_at=observation.observed_at,
        data=observation.data,
        simulated=found.item.simulated,
        sensor=found.item.device,
    )
    return Outgoing(observation.topic, payload)


def observation_row(found: Found, seq: int, writer: str) -> Row:
    """Return an observation's row, columns as in OBSERVATION_COLUMNS."""
    item, times, id_, observation = found
    source = item.inbound.origin.source
    return (
        observation.observed_at,
        seq,
        id_,
        item.uplink_id,
        observation.kind,
        observation.topic,
        source.source_id,
        observation.subject,
        observation.asset_id,
        item.device,
        times.received_at,
        item.simulated,
        writer,
        orjson.dumps(observation.data).decode(),
        observation.observed_at != times.observed_at or None,
    )


def environment_rows(found: Sequence[Found]) -> list[SeriesRow]:
    """Return what the environment observations among these add to the series."""
    rows: list[SeriesRow] = []
    for item, _, id_, observation in found:
        if observation.kind == ENVIRONMENT:
            source = item.inbound.origin.source
            rows += series_rows(
                observation.data["quantities"],
                asset_id=observation.asset_id,
                observed_at=observation.observed_at,
                event_id=id_,
                source_id=source.source_id,
                simulated=item.simulated,
            )
    return rows


def _uplink_row(
    item: DecodedUplink, times: Times, flags: tuple[Flag, ...], errors: tuple[str, ...]
) -> Row:
    uplink, codec, decoded = item.uplink, item.codec, item.decoded
    return (
        times.observed_at,
        item.uplink_id,
        item.inbound.origin.source.source_id,
        uplink.device,
        times.received_at,
        times.time_source,
        uplink.f_cnt,
        uplink.f_port,
        uplink.payload,
        item.inbound.payload,
        flags or None,
        item.inbound.origin.source.simulated,
        codec.codec_id if codec else None,
        codec.version if codec else None,
        orjson.dumps(decoded.data).decode() if decoded else None,
        (decoded.warnings or None) if decoded else None,
        errors or None,
        decoded.battery_mv if decoded else None,
        decoded.battery_percent if decoded else None,
    )


def _add_event(batch: Batch, item: ReadEvent, devices: DeviceBook, *, duplicate: bool) -> None:
    source = item.inbound.origin.source
    event = item.event
    times = choose(event.times, item.inbound.received_at)
    if duplicate:
        batch.count(item.inbound, "duplicate")
        return
    device = devices.get(event.device)
    told = lacking_right(source, device.asset_at(times.observed_at) if device else None)
    if told:
        batch.quarantine.append(_quarantined(Rejected(item.inbound, "no_right", told)))
        batch.count(item.inbound, "quarantined")
        return
    batch.count(item.inbound, "stored")
    batch.events.append(
        (
            times.observed_at,
            item.event_id,
            source.source_id,
            event.device,
            item.inbound.received_at,
            event.kind,
            event.code,
            item.inbound.payload,
            source.simulated,
        )
    )


def _quarantined(item: Rejected) -> Row:
    source_id = item.inbound.origin.source.source_id
    parts = [source_id.encode(), item.inbound.topic.encode(), item.inbound.payload]
    return (
        fingerprint(parts),
        item.inbound.received_at,
        source_id,
        item.inbound.topic.replace("\x00", "�"),
        item.inbound.payload,
        item.reason,
        item.detail.replace("\x00", "�")[:2000],
        item.inbound.origin.device,
        None,
        None,
        None,
        item.inbound.origin.account.topic_class,
    )


def _quarantined_by_codec(item: DecodedUplink, errors: tuple[str, ...], reason: str) -> Row:
    codec = item.codec
    return (
        item.uplink_id,
        item.inbound.received_at,
        item.inbound.origin.source.source_id,
        item.inbound.topic,
        item.inbound.payload,
        reason,
        "; ".join(errors)[:2000],
        item.uplink.device,
        item.uplink_id,
        codec.codec_id if codec else None,
        codec.version if codec else None,
        item.inbound.origin.account.topic_class,
    )
