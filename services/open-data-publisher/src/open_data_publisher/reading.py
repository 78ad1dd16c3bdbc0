# SPDX-License-Identifier: EUPL-1.2
"""Bytes into states: what a retained state must be, and the stable words for what it is not."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from pydantic import ValidationError

from open_data_publisher.domain.states import Kind, Said, id_of
from open_data_publisher.domain.truth import AnyState
from stadttakt_messages.envelope import CloudEvent, event_type
from stadttakt_messages.states import BayState, LotState, TripState, VehicleState

MAX_BYTES = 65_536

_MODELS: dict[Kind, type[CloudEvent[Any]]] = {
    "lot": CloudEvent[LotState],
    "bay": CloudEvent[BayState],
    "vehicle": CloudEvent[VehicleState],
    "trip": CloudEvent[TripState],
}


class RefusedError(Exception):
    """A message is no state; `reason` is a stable word."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def read_message(topic: str, payload: bytes) -> Said:
    """Return what a message on `…/state/<kind>/<id>` says; an empty one withdraws.

    Raises RefusedError.
    """
    kind, entity_id = (unquote(level) for level in topic.split("/")[-2:])
    if kind not in _MODELS:
        raise RefusedError("unknown_topic", f"no state is published on {topic[:200]}")
    if not payload:
        return Said(kind, entity_id, None)
    if len(payload) > MAX_BYTES:
        raise RefusedError("too_large", f"{len(payload)} bytes, at most {MAX_BYTES}")
    return _said(kind, entity_id, payload)


def _said(kind: Kind, entity_id: str, payload: bytes) -> Said:
    if b"\\u0000" in payload:
        raise RefusedError("invalid_state", "a NUL character cannot be stored")
    try:
        event = _MODELS[kind].model_validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RefusedError("invalid_state", f"{where}: {first['msg']}"[:500]) from error
    if event.type != event_type(f"{kind}-state"):
        raise RefusedError("wrong_type", f"type {event.type[:100]} on the topic of a {kind}")
    state: AnyState = event.data
    if id_of(state) != entity_id:
        raise RefusedError("wrong_entity", f"a state of {id_of(state)} on the topic of {entity_id}")
    return Said(kind, entity_id, state, event.traceparent)
