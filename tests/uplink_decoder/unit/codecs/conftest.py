# SPDX-License-Identifier: EUPL-1.2
"""How a vector file says readings; shared by the vector tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from uplink_decoder.codecs.model import (
    BayReading,
    CountReading,
    Decoded,
    EnvironmentReading,
    Frame,
    Measured,
    PresenceReading,
    Reading,
)
from uplink_decoder.codecs.registry import NATIVE_CODECS

RECEIVED_AT = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def decode() -> Callable[[str, int, bytes], Decoded]:
    def decode_with(codec_id: str, f_port: int, payload: bytes) -> Decoded:
        return NATIVE_CODECS[codec_id].decode(Frame(f_port, payload, RECEIVED_AT))

    return decode_with


@pytest.fixture(scope="session")
def reading_of() -> Callable[[Mapping[str, Any]], Reading]:
    def build(wanted: Mapping[str, Any]) -> Reading:
        at = datetime.fromisoformat(wanted["at"]) if "at" in wanted else None
        match wanted["kind"]:
            case "bay":
                return BayReading(
                    wanted["occupied"],
                    previous_duration_s=wanted.get("previous_duration_s"),
                    observed_at=at,
                    suspect=wanted.get("suspect", False),
                )
            case "count":
                return CountReading(wanted["gate"], wanted["mode"], wanted["in"], wanted["out"], at)
            case "presence":
                return PresenceReading(wanted["wifi"], wanted["ble"], at)
            case "environment":
                parts = [Measured(*each) for each in wanted["measured"]]
                return EnvironmentReading(tuple(parts), at)
        raise AssertionError(f"a vector has a reading of unknown kind {wanted['kind']}")

    return build
