# SPDX-License-Identifier: EUPL-1.2
from typing import Any

import pytest
from fastapi import Request

from stadttakt_runtime.http.problem import ValidationFailed
from vehicle_occupancy.api.inputs import BATCH, JSON, read_events


def request(body: bytes, media_type: str) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "headers": [(b"content-type", media_type.encode())]}, receive)


def nested(levels: int) -> bytes:
    return b'{"data": ' + b"[" * levels + b"]" * levels + b"}"


async def test_events_are_read_with_their_bytes() -> None:
    sent = b'[{"a": 1}, ' + nested(250) + b"]"
    (first, payload), (_, deep) = await read_events(request(sent, BATCH))
    assert (first, payload) == ({"a": 1}, b'{"a":1}')
    assert deep == nested(250).replace(b" ", b"")


@pytest.mark.parametrize("levels", [255, 1000, 3000])
async def test_event_nested_too_deeply_is_refused_before_any_is_taken(levels: int) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await read_events(request(b"[{}, " + nested(levels) + b"]", JSON))
    problem = refused.value.document()
    codes = [each["code"] for each in problem["errors"]]
    assert (problem["status"], codes) == (422, ["invalid_json"])
