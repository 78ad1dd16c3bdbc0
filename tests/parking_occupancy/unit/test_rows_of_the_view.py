# SPDX-License-Identifier: EUPL-1.2
"""Rows of the decoder's view: what cannot be read of them is refused, and kept as it stands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from parking_occupancy.reading import BAY, RefusedError, message_of, read_row
from stadttakt_messages.topics import Topics

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def row(data: str) -> dict[str, Any]:
    named = {"event_id": "u:0", "kind": BAY, "subject": "bay/b1", "asset_id": "b1"}
    marks = {"simulated": True, "corrects": None, "sensor": "s", "superseded": False}
    return {**named, **marks, "observed_at": NOW, "data": data}


@pytest.mark.parametrize("value", ["1" + "0" * 400, "[" * 2000 + "]" * 2000])
def test_what_only_the_database_can_read_is_refused_and_kept(value: str) -> None:
    said = row(f'{{"occupied": {value}, "quality": "good"}}')
    with pytest.raises(RefusedError) as refused:
        read_row(said, NOW)
    assert refused.value.reason == "invalid_json"
    _, payload = message_of(said, Topics("takt/test"))
    assert value.encode() in payload
