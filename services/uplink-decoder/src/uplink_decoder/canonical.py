# SPDX-License-Identifier: EUPL-1.2
"""Observations that partners publish themselves: bytes and source to what is accepted, or why not.

The same check for every way in: MQTT, HTTP, files (docs/how-to/sources.md).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from stadttakt_messages.catalogue import BY_NAME
from stadttakt_messages.envelope import TYPE_PREFIX, CloudEvent
from stadttakt_messages.topics import Topics
from uplink_decoder.dialects.reading import MAX_MESSAGE_BYTES
from uplink_decoder.domain.readings import Observation
from uplink_decoder.domain.subjects import FORMS, Subject, read_subject
from uplink_decoder.domain.times import MAX_AGE, MAX_AHEAD
from uplink_decoder.domain.uplink import RejectedError, fingerprint, uplink_id
from uplink_decoder.sources import Source

KINDS = frozenset(FORMS)
OWN_SOURCES = "/stadttakt/"
"""The `source` of the platform's own events begins with it."""
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""Sensors without a clock say 1970; no series begins before."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""CloudEvents 1.0, "Type System", takes none in a text, and PostgreSQL no NUL."""
_EVENTS = {kind: BY_NAME[kind].event for kind in KINDS}
_TYPES = {BY_NAME[kind].type: kind for kind in KINDS}


class Accepted(NamedTuple):
    """A partner's observation that passed every check.

    `identity` is the same for every delivery of the event, whichever way it comes in.
    """

    identity: uuid.UUID
    subject: Subject
    subject_text: str
    observed_at: datetime
    data: Mapping[str, Any]
    simulated: bool
    event_source: str
    event_id: str
    sensor: str | None = None

    @property
    def content(self) -> uuid.UUID:
        """What it says, as a hash."""
        said: tuple[Any, ...] = (self.subject_text, self.observed_at, self.data)
        said = (*said, self.sensor) if self.sensor else said
        return fingerprint([orjson.dumps(each) for each in said])

    def observation(self, topics: Topics) -> Observation:
        """Return it as the observation to store and publish."""
        return Observation(
            self.subject.kind,
            self.subject.topic(topics),
            self.subject_text,
            self.subject.asset.asset_id,
            self.observed_at,
            self.data,
        )


def accept(
    payload: bytes, source: Source, received_at: datetime, *, topic: str = "", historical: bool
) -> Accepted:
    """Check one CloudEvent of a partner against its schema, its source's rights and its time.

    `topic` is where it was published, if anywhere; `historical` readings may be of any age.

    Raises:
        RejectedError: with a stable reason; nothing of the event is taken.

    """
    document = _document(payload)
    kind = _kind(document)
    event = _validated(kind, payload)
    data = event.data.model_dump(mode="json")
    _check_texts({"id": event.id, "source": event.source, "sensor": event.sensor, "data": data})
    if event.source.startswith(OWN_SOURCES):
        # What the platform published came back, by a bridge or too wide a topic filter.
        raise RejectedError("own_event", f"source {event.source!r} is the platform's own")
    if event.corrects is not None:
        raise RejectedError("no_correction", "a partner's event cannot correct another one")
    subject = _subject(kind, event, topic)
    if not source.may_speak_for(subject.asset):
        asset = subject.asset
        raise RejectedError(
            "no_right", f"{source.source_id} may not speak for {asset.kind} {asset.asset_id!r}"
        )
    observed_at = event.time
    _check_time(observed_at, received_at, historical=historical)
    return Accepted(
        identity=uplink_id(source.source_id, "canonical", f"{event.source}\x00{event.id}"),
        subject=subject,
        subject_text=event.subject,
        observed_at=observed_at,
        data=_once_each(data),
        simulated=source.simulated or event.simulated,
        event_source=event.source,
        event_id=event.id,
        sensor=event.sensor,
    )


def _document(payload: bytes) -> Mapping[str, Any]:
    if len(payload) > MAX_MESSAGE_BYTES:
        raise RejectedError("too_large", f"{len(payload)} bytes, at most {MAX_MESSAGE_BYTES}")
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise RejectedError("invalid_json", str(error)) from error
    if not isinstance(document, dict):
        raise RejectedError("wrong_form", "no JSON object")
    return document


def _kind(document: Mapping[str, Any]) -> str:
    given = document.get("type")
    kind = _TYPES.get(given) if isinstance(given, str) else None
    if kind is None:
        known = ", ".join(sorted(_TYPES))
        raise RejectedError("unknown_type", f"type {given!r:.100} is none of {known}")
    expected = BY_NAME[kind].dataschema
    if document.get("dataschema", expected) != expected:
        raise RejectedError("unknown_type", f"dataschema of {TYPE_PREFIX}{kind} is {expected}")
    return kind


def _validated(kind: str, payload: bytes) -> CloudEvent[Any]:
    try:
        return _EVENTS[kind].model_validate_json(payload, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "event"
        raise RejectedError("wrong_form", f"{where}: {first['msg']}") from error


def _check_texts(fields: Mapping[str, Any]) -> None:
    for name, text in _texts(fields):
        if found := _CONTROL.search(text):
            shown = f"U+{ord(found[0]):04X}"
            raise RejectedError("wrong_form", f"{name}: control character {shown} in a text")


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield all texts of a JSON value, each with where it stands."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _texts(each, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _texts(each, f"{name}.{index}")


def _subject(kind: str, event: CloudEvent[Any], topic: str) -> Subject:
    subject = read_subject(kind, event.subject)
    if subject is None:
        raise RejectedError("wrong_subject", f"{event.subject!r:.200} is no {FORMS[kind]}")
    levels = topic.split("/")
    if "observation" in levels:
        given = "/".join(levels[levels.index("observation") :])
        expected = subject.topic(Topics("")).lstrip("/")
        if given != expected:
            raise RejectedError("wrong_topic", f"{event.subject!r} does not belong to {given!r}")
    return subject


def _check_time(observed_at: datetime, received_at: datetime, *, historical: bool) -> None:
    if observed_at > received_at + MAX_AHEAD:
        raise RejectedError("time_in_future", f"{observed_at.isoformat()} is yet to come")
    oldest = EARLIEST if historical else received_at - MAX_AGE
    if observed_at < oldest:
        raise RejectedError("time_too_old", f"{observed_at.isoformat()} is too long ago")


def _once_each(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the data with each quantity once, since a series has one value at a time."""
    if "quantities" not in data:
        return data
    once: dict[str, Any] = {}
    for each in data["quantities"]:
        once.setdefault(each["quantity"], each)
    return {**data, "quantities": list(once.values())}
