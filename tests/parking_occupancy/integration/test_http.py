# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import orjson

from parking_occupancy.city.apply import apply_city
from stadttakt_runtime.clock import utc_now
from support.http_app import served

from .harness import Running, World, until, write_city

SIGN_FIELDS = [
    "sign_id", "state", "free", "text", "control", "overridden", "simulated", "detection",
    "alternative", "alternative_name", "alternative_state", "alternative_free",
    "sequence", "measured_at", "computed_at", "valid_until", "signature",
]  # fmt: skip


async def test_sign_answers_json_and_text(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        for number in range(1, 5):
            await wire.observe(f"platz-{number}", number == 4)
        sign = await until(service.sign, lambda sign: sign["free"] == 3)
        assert list(sign) == SIGN_FIELDS
        assert (sign["state"], sign["control"], sign["overridden"]) == ("free", "auto", False)
        text = await service.get("/v1/signs/tor", accept="text/plain")
        assert (text.text, text.headers["content-type"]) == ("3\n", "text/plain; charset=utf-8")
        assert datetime.fromisoformat(text.headers["valid-until"]) > utc_now()
        both = await service.get("/v1/signs/tor", accept="text/plain;q=0.5, application/json")
        assert both.json()["free"] == 3


async def test_sign_answers_304_to_its_own_tag_until_it_changes(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        first = await service.get("/v1/signs/tor")
        text = await service.get("/v1/signs/tor", accept="text/plain")
        same = {"if-none-match": f'"other", {first.headers["etag"]}'}
        assert (await service.client.get("/v1/signs/tor", headers=same)).status_code == 304
        dated = {"if-modified-since": first.headers["last-modified"]}
        unchanged = await service.client.get("/v1/signs/tor", headers=dated)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["valid-until"] == first.headers["valid-until"]
        assert text.headers["etag"] != first.headers["etag"]
        for number in range(1, 5):
            await wire.observe(f"platz-{number}", occupied=False)
        await until(service.sign, lambda sign: sign["free"] == 4)
        assert (await service.client.get("/v1/signs/tor", headers=same)).status_code == 200


async def test_expired_answer_is_never_given_as_fresh(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        for number in range(1, 5):
            await wire.observe(f"platz-{number}", occupied=False)
        fresh = await until(lambda: service.get("/v1/signs/tor"), lambda a: a.json()["free"] == 4)
        screens = service.app.state.screens
        over = screens.get("tor", utc_now().timestamp() + 3600)
        body = orjson.loads(over.json.body)
        assert (body["state"], body["free"], body["text"]) == ("unknown", None, "P")
        assert over.text.body == b"P\n"
        assert body["sequence"] == fresh.json()["sequence"]
        assert over.json.etag.decode() != fresh.headers["etag"]


async def test_stream_begins_with_the_present_and_follows_the_sign(world: World) -> None:
    async with world.service() as service, world.wire() as wire, served(service.app) as client:
        async with asyncio.timeout(20), client.stream("GET", "/v1/signs/tor/stream") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            events = _events(stream)
            assert (await anext(events))["state"] == "unknown"
            for number in range(1, 5):
                await wire.observe(f"platz-{number}", occupied=False)
            async for event in events:
                if event["free"] == 4:
                    break
        assert (await client.get("/v1/signs/nowhere/stream")).status_code == 404


async def test_reader_that_comes_back_gets_what_it_has_not_seen_and_nothing_twice(
    world: World,
) -> None:
    async with world.service() as service, world.wire() as wire:
        first = await service.sign()
        screens, now = service.app.state.screens, utc_now().timestamp()
        assert screens.replay("tor", str(first["sequence"]), now) == []
        over = screens.replay("tor", str(first["sequence"]), now + 3600)
        assert [event.event_id for event in over] == [f"{first['sequence']}-withdrawn"]
        for number in range(1, 5):
            await wire.observe(f"platz-{number}", occupied=False)
        later = await until(service.sign, lambda sign: sign["free"] == 4)
        assert later["sequence"] > first["sequence"]
        missed = screens.replay("tor", str(first["sequence"]), utc_now().timestamp())
        assert [event.event_id for event in missed] == [str(later["sequence"])]


async def _events(stream: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    async for line in stream.aiter_lines():
        if line.startswith("data: "):
            yield orjson.loads(line.removeprefix("data: "))


async def test_changed_since_gives_what_changed_and_where_to_go_on(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        page = (await service.get("/v1/bays")).json()
        assert [bay["bay_id"] for bay in page["items"]] == [f"platz-{n}" for n in range(1, 5)]
        since = page["changes_cursor"]
        assert (await _changes(service, since))["items"] == []
        await wire.observe("platz-3", occupied=True)
        await wire.observe("platz-2", occupied=True)
        after = await until(lambda: _changes(service, since), lambda page: len(page["items"]) == 2)
        assert [bay["bay_id"] for bay in after["items"]] == ["platz-3", "platz-2"]
        assert (await _changes(service, after["next_cursor"]))["items"] == []
        first = (await service.get(f"/v1/bays?changed_since={since}&limit=1")).json()
        assert [bay["bay_id"] for bay in first["items"]] == ["platz-3"]
        rest = await _changes(service, first["next_cursor"])
        assert [bay["bay_id"] for bay in rest["items"]] == ["platz-2"]
        assert len((await service.get("/v1/signs?changed_since=")).json()["items"]) == 1
        wrong = await service.get("/v1/signs?changed_since=garbage")
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "changed_since")


async def _changes(service: Running, cursor: str) -> dict[str, Any]:
    page: dict[str, Any] = (await service.get(f"/v1/bays?changed_since={cursor}")).json()
    return page


async def test_bays_by_box_state_and_lot(world: World) -> None:
    async with world.service() as service, world.wire() as wire:
        await wire.observe("platz-2", occupied=True)
        await until(
            lambda: service.get("/v1/bays?state=occupied"),
            lambda answer: [b["bay_id"] for b in answer.json()["items"]] == ["platz-2"],
        )
        inside = (await service.get("/v1/bays?bbox=11.9,51.4,12,51.5&lot_id=platz")).json()
        assert len(inside["items"]) == 4
        assert (await service.get("/v1/bays?bbox=0,0,1,1")).json()["items"] == []
        for wrong in ("1,2,3", "a,b,c,d", "2,0,1,1", "0,0,999,1", "nan,0,1,1"):
            answer = await service.get(f"/v1/bays?bbox={wrong}")
            assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_lists_are_paged(world: World) -> None:
    async with world.service() as service:
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await service.get(f"/v1/bays?limit=3{cursor}")).json()
            seen += [bay["bay_id"] for bay in page["items"]]
            cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
        assert seen == [f"platz-{n}" for n in range(1, 5)]
        assert (await service.get("/v1/bays?cursor=rubbish")).status_code == 422


async def test_unknown_ids_are_404_problems(world: World) -> None:
    async with world.service() as service:
        for path in ("signs/x", "lots/x", "lots/x/bays", "bays/x"):
            answer = await service.get(f"/v1/{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_text_of_the_longest_kind_is_64_bytes_with_its_line_feed(
    bare_world: World, tmp_path: Path
) -> None:
    longest = "Ä" * 31 + "a"
    sign = f'    texts: {{unknown: "{longest}"}}\n'
    await asyncio.to_thread(apply_city, write_city(tmp_path, sign=sign), bare_world.database_url)
    async with bare_world.service() as service:
        answer = await service.get("/v1/signs/tor", accept="text/plain")
        assert answer.content == f"{longest}\n".encode()
        assert len(answer.content) == 64
