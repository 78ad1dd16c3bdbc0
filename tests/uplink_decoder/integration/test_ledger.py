# SPDX-License-Identifier: EUPL-1.2
"""The ledger balances whatever happens to messages, and shows those that are dropped."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from stadttakt_runtime.auth import storage as keys
from stadttakt_runtime.auth.api_key import mint
from stadttakt_runtime.database import Database
from uplink_decoder import decoding, storing
from uplink_decoder.batch import Batch
from uplink_decoder.storage import ledger as storage

OCCUPIED = base64.b64encode(b"\x01").decode()
DEVICE = "0200000000000001"
START_OF_TIME = datetime(2020, 1, 1, tzinfo=UTC)

SUMS = """
select topic_class, sum(received)::int as received, sum(stored)::int as stored,
    sum(duplicate)::int as duplicate, sum(quarantined)::int as quarantined,
    sum(in_flight)::int as in_flight
from ledger group by 1 order by 1
"""
CLAIMED_HERE = """
select count(*)::int from uplink_identity where xmin = pg_current_xact_id_if_assigned()::xid
"""
"""How many identities the transaction claimed that asks."""


async def sums(running: Any) -> dict[str, tuple[int, ...]]:
    await running.decoder.pipeline.note_ledger()
    rows = await running.rows(SUMS)
    return {row.pop("topic_class"): tuple(row.values()) for row in rows}


async def ask(running: Any, **query: str) -> httpx.Response:
    key = mint()
    await keys.insert_key(
        running.connection,
        key,
        scopes={"uplinks:read"},
        label="test",
        created_at=datetime.now(tz=UTC),
        expires_at=None,
    )
    headers = {"authorization": f"Bearer {key}"}
    answer: httpx.Response = await running.http.get("/v1/ledger", params=query, headers=headers)
    return answer


async def test_every_message_stands_in_the_ledger_under_what_became_of_it(running: Any) -> None:
    await running.send_up(DEVICE, 1, OCCUPIED)
    await running.until_rows("select 1 from uplink", 1)
    await running.send_up(DEVICE, 1, OCCUPIED)
    await running.send_up(DEVICE, 2, OCCUPIED, fPort=3)
    await running.send(f"application/a/device/{DEVICE}/event/up", b"{")
    await running.send(f"application/a/device/{DEVICE}/event/join", {"devAddr": "1"})
    await running.http.post(
        "/v1/webhooks/chirpstack?event=up",
        json={"deduplicationId": "w", "deviceInfo": {"devEui": DEVICE}, "fPort": 0},
        headers={"x-stadttakt-secret": "secret-of-chirpstack"},
    )
    await running.until_rows("select 1 from device_event", 1)
    assert await sums(running) == {
        "join": (1, 1, 0, 0, 0),
        "up": (4, 1, 1, 2, 0),
        "webhook/up": (1, 1, 0, 0, 0),
    }
    answer = await ask(running)
    assert answer.json()["balanced"] is True
    (item,) = answer.json()["items"]
    hour = datetime.fromisoformat(item.pop("hour"))
    assert (hour.minute, hour.second) == (0, 0)
    assert item == {
        "source": "cs",
        "topic_class": None,
        "received": 6,
        "stored": 3,
        "duplicate": 1,
        "quarantined": 2,
        "in_flight": 0,
        "gap": 0,
        "returned": 0,
    }


async def test_uplink_whose_commit_was_not_answered_is_stored_and_no_duplicate(
    running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, unanswered = Database.transaction, []

    @asynccontextmanager
    async def transaction(self: Database) -> AsyncIterator[Any]:
        async with whole(self) as connection:
            yield connection
            wrote = not unanswered and await connection.fetchval(CLAIMED_HERE)
        if wrote:
            unanswered.append(wrote)
            raise ConnectionResetError("committed, and nobody was told")

    monkeypatch.setattr(Database, "transaction", transaction)
    await running.send_up(DEVICE, 1, OCCUPIED)
    await running.until_rows("select 1 from uplink", 1)
    assert await sums(running) == {"up": (1, 1, 0, 0, 0)}
    assert unanswered == [1]
    await running.send_up(DEVICE, 1, OCCUPIED)
    await running.until_rows("select 1 from ledger where duplicate = 1", 1)
    assert await sums(running) == {"up": (2, 1, 1, 0, 0)}


async def test_ledger_goes_on_over_a_restart(start: Callable[[], Any]) -> None:
    for f_cnt in (1, 2):
        async with start() as running:
            await running.send_up(DEVICE, f_cnt, OCCUPIED)
            await running.until_rows("select 1 from uplink", f_cnt)
    async with start() as running:
        assert await sums(running) == {"up": (2, 2, 0, 0, 0)}
        assert len(await running.rows("select 1 from ledger")) == 2


async def test_message_dropped_by_a_faulty_pipeline_is_a_gap(
    running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = decoding.prepare

    def faulty(*arguments: Any) -> Any:
        outcome = whole(*arguments)
        return None if outcome.inbound.payload == b"lost" else outcome

    def assemble(outcomes: Any, *arguments: Any) -> Batch:
        return sound([outcome for outcome in outcomes if outcome], *arguments)

    def identified(outcomes: Any) -> Any:
        return known([outcome for outcome in outcomes if outcome])

    sound, known = storing.assemble, storing.identified
    monkeypatch.setattr(decoding, "prepare", faulty)
    monkeypatch.setattr(storing, "assemble", assemble)
    monkeypatch.setattr(storing, "identified", identified)
    await running.send(f"application/a/device/{DEVICE}/event/up", b"lost")
    await running.send_up(DEVICE, 1, OCCUPIED)
    await running.until_rows("select 1 from uplink", 1)
    assert await sums(running) == {"up": (2, 1, 0, 0, 0)}
    assert await storage.gaps(running.connection, START_OF_TIME) == {"cs": 1}
    body = (await ask(running)).json()
    assert body["balanced"] is False
    assert [item["gap"] for item in body["items"]] == [1]


async def test_message_held_while_the_database_refuses_to_commit_is_in_flight(
    running: Any,
) -> None:
    async with running.connection.transaction():
        await running.connection.execute("lock table uplink in share mode")
        await running.send_up(DEVICE, 1, OCCUPIED)
        while not running.decoder.pipeline.ledger.in_flight():  # noqa: ASYNC110 (books tell nobody)
            await asyncio.sleep(0.01)
        held = running.decoder.pipeline.ledger.in_flight()
        assert [(key.account.topic_class, count) for key, count in held.items()] == [("up", 1)]
    await running.until_rows("select 1 from uplink", 1)
    assert await sums(running) == {"up": (1, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"from": "2026-11-01T00:00:00Z", "to": "2026-11-02T00:00:00Z", "source": "cs"}, 200),
        ({"from": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z"}, 422),
        ({"from": "2026-01-01T00:00:00Z", "to": "2026-11-01T00:00:00Z"}, 422),
        ({"to": "0001-01-01T00:00:00Z"}, 422),
        ({"to": "9999-12-31T23:59:59Z"}, 200),
        ({"from": "2026-11-01T00:00:00"}, 422),
        ({"from": "\0"}, 422),
        ({"source": "NO \0"}, 422),
        ({"by_class": "perhaps"}, 422),
    ],
)
async def test_ledger_answers_any_question_with_a_list_or_a_problem(
    running: Any, query: dict[str, str], status: int
) -> None:
    answer = await ask(running, **query)
    assert answer.status_code == status
    if status == 422:
        assert answer.headers["content-type"] == "application/problem+json"
