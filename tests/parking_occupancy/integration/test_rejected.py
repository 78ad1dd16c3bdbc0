# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import base64
from datetime import datetime, timedelta

import orjson
import pytest
from prometheus_client import REGISTRY

from parking_occupancy import consumer
from parking_occupancy.reading import AnyEvent, read_message
from stadttakt_runtime.clock import utc_now

from .harness import World, observation, until


def _with(**changes: object) -> bytes:
    return orjson.dumps({**orjson.loads(observation("platz-1", occupied=True)), **changes})


CASES = [
    pytest.param(b"x" * 1_048_576, "platz-1", "too_large", id="1 MB"),
    pytest.param(b"{nonsense", "platz-1", "invalid_json", id="not JSON"),
    pytest.param(b"", "platz-1", "invalid_json", id="empty"),
    pytest.param(b'{"id": "\xff\xfe"}', "platz-1", "invalid_utf8", id="not UTF-8"),
    pytest.param(b"[1, 2]", "platz-1", "wrong_form", id="a list"),
    pytest.param(_with(data={"occupied": "perhaps"}), "platz-1", "wrong_form", id="wrong type"),
    pytest.param(_with(data={}), "platz-1", "wrong_form", id="no reading"),
    pytest.param(_with(time="2026-11-01T08:00:00"), "platz-1", "wrong_form", id="naive time"),
    pytest.param(_with(id="a\0b"), "platz-1", "wrong_form", id="NUL in the id"),
    pytest.param(
        _with(data={"occupied": True, "previous_duration_s": 2**40}),
        "platz-1",
        "wrong_form",
        id="number too large",
    ),
    pytest.param(_with(time="0001-01-01T00:00:00Z"), "platz-1", "time_too_old", id="year 1"),
    pytest.param(
        _with(time="0001-01-01T00:00:00+23:59"), "platz-1", "wrong_form", id="before all times"
    ),
    pytest.param(_with(type="city.stadttakt.other.v1"), "platz-1", "wrong_type", id="other type"),
    pytest.param(observation("gone", occupied=True), "gone", "unknown_bay", id="unknown bay"),
    pytest.param(observation("a/+b", occupied=True), "a/+b", "unknown_bay", id="strange bay id"),
]


@pytest.mark.parametrize(("payload", "bay", "reason"), CASES)
async def test_unacceptable_message_is_quarantined_and_the_next_one_taken(
    world: World, payload: bytes, bay: str, reason: str
) -> None:
    before = _rejected(reason)
    async with world.service() as service, world.wire("sign/#") as wire:
        for _ in range(2):
            await wire.send(payload, bay)
        for number in range(1, 5):
            await wire.observe(f"platz-{number}", occupied=False)
        await until(service.sign, lambda sign: sign["free"] == 4)
        rows = await service.fetch("select * from parking.rejected")
        assert [(r["reason"], r["payload"], r["topic"]) for r in rows] == [
            (reason, payload, wire.topics.bay_occupancy(bay))
        ]
        assert _rejected(reason) == before + 2


async def test_message_at_which_the_reader_has_a_fault_is_quarantined_and_the_next_one_taken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(topic: str, payload: bytes, now: datetime) -> AnyEvent:
        if topic.endswith("platz-1"):
            raise TypeError("nobody foresaw this")
        return read_message(topic, payload, now)

    monkeypatch.setattr(consumer, "read_message", faulty)
    async with world.service() as service, world.wire() as wire:
        for number in (1, 2):
            await wire.observe(f"platz-{number}", occupied=True)
        await until(
            lambda: service.get("/v1/bays/platz-2"), lambda bay: bay.json()["state"] == "occupied"
        )
        rows = await service.fetch("select reason, detail from parking.rejected")
        assert [tuple(row) for row in rows] == [("reader_failed", "TypeError: nobody foresaw this")]


async def test_operators_see_which_messages_were_not_taken_and_why(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        await wire.send(b"{nonsense", "platz-1")
        payload = observation("gone", occupied=True)
        for _ in range(2):
            await wire.send(payload, "gone")
        key = {"Authorization": f"Bearer {await world.key('quarantine')}"}
        listed = await until(
            lambda: service.get("/v1/rejections", **key),
            lambda answer: [each["times"] for each in answer.json()["items"]] == [2, 1],
        )
        newest, first = listed.json()["items"]
        assert (newest["reason"], newest["detail"]) == ("unknown_bay", "gone")
        assert base64.b64decode(newest["payload_base64"]) == payload
        assert (first["reason"], first["bytes"]) == ("invalid_json", 9)
        page = (await service.get("/v1/rejections?limit=1", **key)).json()
        rest = (await service.get(f"/v1/rejections?cursor={page['next_cursor']}", **key)).json()
        assert [page["items"], rest["items"]] == [[newest], [first]]
        few = (await service.get("/v1/rejections?reason=invalid_json", **key)).json()
        assert few["items"] == [first]
        assert (await service.get("/v1/rejections")).status_code == 401


async def test_time_more_than_five_minutes_ahead_is_impossible(world: World) -> None:
    async with world.service() as service, world.wire("sign/#") as wire:
        await wire.observe("platz-1", occupied=True, at=utc_now() + timedelta(seconds=310))
        await wire.observe("platz-2", occupied=True, at=utc_now() + timedelta(seconds=290))
        await until(
            lambda: service.get("/v1/bays/platz-2"), lambda bay: bay.json()["state"] == "occupied"
        )
        rows = await service.fetch("select reason from parking.rejected")
        assert [row["reason"] for row in rows] == ["time_in_future"]
        assert (await service.get("/v1/bays/platz-1")).json()["state"] == "unknown"


def _rejected(reason: str) -> float:
    return REGISTRY.get_sample_value("stadttakt_parking_rejected_total", {"reason": reason}) or 0
