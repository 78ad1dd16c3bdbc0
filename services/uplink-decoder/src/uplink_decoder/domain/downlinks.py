# SPDX-License-Identifier: EUPL-1.2
"""What may become of a downlink: ranked states, so that evidence may come late, doubled, reordered."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

MAX_BYTES = 242
"""The longest application payload of any region (LoRaWAN Regional Parameters RP002, N of 242)."""

_HEX = re.compile(r"([0-9a-fA-F]{2})+")


class DownlinkState(StrEnum):
    """States in the order of their weight: of several that are told, the last one here holds.

    `cancelled` and `expired` stand below `handed_over`: they are our own, and a server's word that
    it has the downlink after all (the process died before noting so) is the truth. A server may
    announce a failure after `sent`; an acknowledgement of the device outweighs everything.
    """

    QUEUED = "queued"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    HANDED_OVER = "handed_over"
    SCHEDULED = "scheduled"
    SENT = "sent"
    UNACKNOWLEDGED = "unacknowledged"
    FAILED = "failed"
    ACKNOWLEDGED = "acknowledged"


class Priority(StrEnum):
    """The Things Stack's priorities; ChirpStack sends in the order of its queue."""

    LOWEST = "lowest"
    LOW = "low"
    BELOW_NORMAL = "below_normal"
    NORMAL = "normal"
    ABOVE_NORMAL = "above_normal"
    HIGH = "high"
    HIGHEST = "highest"


_RANK = {state: rank for rank, state in enumerate(DownlinkState)}


class Evidence(NamedTuple):
    """What a network server says about one downlink."""

    downlink_id: uuid.UUID
    state: DownlinkState
    detail: str | None = None


def furthest(states: Iterable[DownlinkState]) -> DownlinkState:
    """Return the state that holds when all of these were told, in whatever order."""
    return max(states, key=_RANK.__getitem__)


def read_payload(text: str) -> bytes:
    """Return the bytes of a payload in hex, else in base64 (RFC 4648, section 4).

    Raises:
        ValueError: neither, empty, or longer than any frame takes.

    """
    try:
        payload = (
            bytes.fromhex(text) if _HEX.fullmatch(text) else base64.b64decode(text, validate=True)
        )
    except binascii.Error as error:
        message = "neither hex nor base64"
        raise ValueError(message) from error
    if not 1 <= len(payload) <= MAX_BYTES:
        message = f"{len(payload)} bytes; a downlink has 1 to {MAX_BYTES}"
        raise ValueError(message)
    return payload
