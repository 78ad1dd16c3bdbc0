# SPDX-License-Identifier: EUPL-1.2
"""What was sent while nobody listened is fetched from the server's storage, and stored once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.asking import Ask
from support.tts_storage import APPLICATION, KEY, Answer, StorageServer, storage_server, stored
from uplink_decoder.settings import UplinkSettings

SOURCES = """
sources:
  - {{source_id: cs, dialect: chirpstack, topics: ["{root}/application/+/device/+/event/+"]}}
  - source_id: tts
    dialect: tts
    topics: ["{root}/v3/+/devices/+/up"]
    storage: {{base_url: "{url}", application: {application}, api_key_variable: TEST_STORAGE_KEY,
      page_size: 50}}
"""
COUNT = "select count(*) as n from uplink where source_id = 'tts'"


@pytest.fixture
async def server() -> AsyncIterator[StorageServer]:
    async with storage_server() as running:
        yield running


@pytest.fixture
def settings(settings: UplinkSettings, server: StorageServer, monkeypatch: Any) -> UplinkSettings:
    monkeypatch.setenv("TEST_STORAGE_KEY", KEY)
    assert settings.city
    text = SOURCES.format(root=settings.topic_root, url=server.url, application=APPLICATION)
    (settings.city / "sources.yaml").write_text(text, encoding="utf-8")
    return settings.model_copy(update={"backfill_settle_s": 0.0, "backfill_rate": 100_000})


def now() -> datetime:
    return datetime.now(tz=UTC)


def keep_many(server: StorageServer, count: int, since: datetime) -> list[datetime]:
    times = [since + timedelta(seconds=number) for number in range(count)]
    for number, at in enumerate(times):
        server.keep(stored(number + 1, at))
    return times


async def fetch(ask: Ask, since: datetime, **body: Any) -> dict[str, Any]:
    wanted = {"source_id": "tts", "from": since.isoformat(), **body}
    answer = await ask("POST", "/v1/backfills", "replay", json=wanted)
    assert answer.status_code == 202, answer.text
    return await until(ask, answer.json()["backfill_id"], {"done", "failed"})


async def until(ask: Ask, backfill_id: str, states: set[str]) -> dict[str, Any]:
    for _ in range(400):
        found: dict[str, Any] = (await ask("GET", f"/v1/backfills/{backfill_id}", "replay")).json()
        if found["state"] in states:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(found)


async def test_request_stores_what_is_missing_with_its_own_time(
    running: Any, ask: Ask, server: StorageServer
) -> None:
    times = keep_many(server, 3, now() - timedelta(hours=2))
    done = await fetch(ask, times[0] - timedelta(minutes=1))
    assert (done["state"], done["progress"], done["detail"]) == ("done", 1.0, None)
    # The second page begins with the last message of the first.
    assert (done["fetched"], done["missing"], done["broken"]) == (4, 3, 0)
    rows = await running.rows("select observed_at, f_cnt, dev_eui from uplink order by f_cnt")
    assert [row["observed_at"] for row in rows] == times
    assert {row["dev_eui"] for row in rows} == {"0200000000000001"}
    events = [(await running.observation())[1] for _ in range(3)]
    assert [datetime.fromisoformat(event["time"]) for event in events] == times
    assert [event["data"]["occupied"] for event in events] == [True, False, True]


async def test_request_is_what_the_api_documents(
    running: Any, ask: Ask, server: StorageServer
) -> None:
    keep_many(server, 1, now() - timedelta(hours=1))
    await fetch(ask, now() - timedelta(hours=2))
    asked = server.asked[0]
    assert asked["path"] == f"/api/v3/as/applications/{APPLICATION}/packages/storage/uplink_message"
    assert (asked["accept"], asked["order"], asked["limit"]) == (
        "text/event-stream",
        "received_at",
        "50",
    )


async def test_answer_to_a_request_names_the_period_as_every_other_answer_does(
    running: Any, ask: Ask
) -> None:
    since, until_then = (now() - timedelta(hours=hours) for hours in (2, 1))
    wanted = {"source_id": "tts", "from": since.isoformat(), "to": until_then.isoformat()}
    made = (await ask("POST", "/v1/backfills", "replay", json=wanted)).json()
    read = (await ask("GET", f"/v1/backfills/{made['backfill_id']}", "replay")).json()
    assert datetime.fromisoformat(made["from"]) == since
    assert datetime.fromisoformat(made["to"]) == until_then
    assert made.keys() == read.keys()


async def test_what_came_live_is_not_stored_again(
    running: Any, ask: Ask, server: StorageServer
) -> None:
    at = now() - timedelta(seconds=30)
    live = stored(1, at)
    live["correlation_ids"] = ["as:up:01"]
    await running.send(f"v3/{APPLICATION}@t/devices/bay-1/up", live)
    await running.observation()
    server.keep(stored(1, at))
    server.keep(stored(2, at + timedelta(seconds=1)))
    done = await fetch(ask, at - timedelta(minutes=1))
    assert (done["missing"], await running.rows(COUNT)) == (1, [{"n": 2}])


async def test_without_session_key_the_servers_time_makes_live_and_stored_message_the_same(
    running: Any, ask: Ask, server: StorageServer
) -> None:
    live, kept = (stored(1, now() - timedelta(seconds=30)) for _ in range(2))
    kept["received_at"] = kept["uplink_message"]["received_at"] = live["received_at"]
    kept["uplink_message"]["received_at"] = live["uplink_message"]["received_at"]
    del live["uplink_message"]["session_key_id"], kept["uplink_message"]["session_key_id"]
    await running.send(f"v3/{APPLICATION}/devices/bay-1/up", {**live, "correlation_ids": ["x"]})
    await running.observation()
    server.keep(kept)
    await fetch(ask, now() - timedelta(hours=1))
    assert await running.rows(COUNT) == [{"n": 1}]


async def test_ledger_shows_what_came_as_backfill_and_is_balanced(
    running: Any, ask: Ask, server: StorageServer
) -> None:
    keep_many(server, 120, now() - timedelta(hours=2))
    await fetch(ask, now() - timedelta(hours=3))
    await running.decoder.pipeline.note_ledger()
    rows = await running.rows(
        "select topic_class, sum(received) as received, sum(stored) as stored,"
        " sum(in_flight) as held from ledger where source_id = 'tts' group by 1"
    )
    assert [(row["topic_class"], row["stored"], row["held"]) for row in rows] == [
        ("backfill/up", 120, 0)
    ]
    # Each page begins with the last message of the one before.
    assert 120 <= rows[0]["received"] <= 124


async def test_pages_are_followed_to_the_end_also_where_the_server_gives_fewer_than_asked_for(
    running: Any, ask: Ask, server: StorageServer
) -> None:
    server.most_at_once = 20
    keep_many(server, 90, now() - timedelta(hours=2))
    done = await fetch(ask, now() - timedelta(hours=3))
    assert (done["missing"], await running.rows(COUNT)) == (90, [{"n": 90}])
    assert len(server.asked) >= 5


async def test_gap_is_fetched_at_the_next_start(
    start: Any, server: StorageServer, settings: UplinkSettings
) -> None:
    async with start() as first:
        await first.until_rows("select 1 from backfill_position", 1)
        assert await first.rows("select 1 from backfill") == []
        await first.send(f"v3/{APPLICATION}/devices/bay-1/up", stored(1, now()))
        await first.observation()
        await asyncio.sleep(1.2)
    server.keep(stored(2, now()))
    async with start() as second:
        await second.until_rows("select 1 from uplink where f_cnt = 2", 1)
        (row,) = await second.until_rows(
            "select * from backfill where state = 'done' and reason = 'start'", 1
        )
    assert (row["source_id"], row["missing"], row["requested_by"]) == ("tts", 1, "decoder")
    assert now() - row["from_at"] < timedelta(minutes=7)


async def test_position_moves_with_live_messages_and_with_what_was_fetched(
    start: Any, server: StorageServer
) -> None:
    async with start() as running:
        await running.until_rows("select 1 from backfill_position", 1)
        (before,) = await running.rows("select received_at from backfill_position")
        await running.send(f"v3/{APPLICATION}/devices/bay-1/up", stored(1, now()))
        (after,) = await running.until_rows(
            "select received_at from backfill_position where received_at > $1",
            1,
            before["received_at"],
        )
    async with start() as running:
        await running.until_rows("select 1 from backfill where state = 'done'", 1)
        (at_last,) = await running.rows("select received_at from backfill_position")
    assert at_last["received_at"] > after["received_at"]


async def test_refusal_ends_the_fetch_says_why_and_raises_an_alert(
    running: Any, ask: Ask, server: StorageServer
) -> None:
    server.next_answers.append(Answer(403, body=b'{"message": "error:some_reason"}'))
    failed = await fetch(ask, now() - timedelta(hours=1))
    assert failed["state"] == "failed"
    assert "may not read" in failed["detail"]
    assert "some_reason" in failed["detail"]
    (alert,) = await running.rows("select kind, alert_id, cleared_at from alert")
    assert alert == {"kind": "backfill-failed", "alert_id": "tts", "cleared_at": None}
    await ask("POST", f"/v1/backfills/{failed['backfill_id']}:resume", "replay")
    assert (await until(ask, failed["backfill_id"], {"done"}))["detail"] is None
    assert await running.rows("select 1 from alert where cleared_at is null") == []


@pytest.mark.parametrize(
    "answer",
    [
        Answer(429, {"Retry-After": "1"}, b"slower"),
        Answer(cut_after=0),
        Answer(last_line=b'{"error": {"code": 14, "message": "transport is closing"}}'),
    ],
)
async def test_passing_trouble_is_waited_out(
    running: Any, ask: Ask, server: StorageServer, answer: Answer
) -> None:
    keep_many(server, 3, now() - timedelta(minutes=30))
    server.next_answers.append(answer)
    done = await fetch(ask, now() - timedelta(hours=1))
    assert (done["state"], await running.rows(COUNT)) == ("done", [{"n": 3}])
    assert len(server.asked) >= 2


async def test_waiting_fetch_says_since_when_and_why(
    running: Any, ask: Ask, server: StorageServer
) -> None:
    server.next_answers.append(Answer(429, {"Retry-After": "600"}, b"slower please"))
    body = {"source_id": "tts", "from": (now() - timedelta(hours=1)).isoformat()}
    answer = await ask("POST", "/v1/backfills", "replay", json=body)
    waiting = await until(ask, answer.json()["backfill_id"], {"waiting"})
    due = datetime.fromisoformat(waiting["next_attempt_at"])
    assert timedelta(minutes=9) < due - now() < timedelta(minutes=11)
    assert "slower please" in waiting["detail"]
    assert waiting["attempts"] == 1


async def test_answer_that_is_cut_off_again_and_again_is_continued_where_it_ended(
    running: Any, ask: Ask, server: StorageServer
) -> None:
    keep_many(server, 40, now() - timedelta(minutes=30))
    server.next_answers.extend(Answer(cut_after=15) for _ in range(3))
    done = await fetch(ask, now() - timedelta(hours=1))
    assert (done["state"], done["missing"]) == ("done", 40)
    assert server.asked[1]["after"] > server.asked[0]["after"]


async def test_broken_line_is_quarantined_and_the_rest_goes_on(
    running: Any, ask: Ask, server: StorageServer
) -> None:
    times = keep_many(server, 3, now() - timedelta(minutes=30))
    for seconds, line in enumerate((b'{"result": {"rec', b"\xff\x00", b'{"result": 7}', b"[]")):
        server.keep_line(times[0] + timedelta(seconds=0.1 + seconds / 10), line)
    done = await fetch(ask, times[0] - timedelta(minutes=1))
    assert (done["state"], done["broken"], done["missing"]) == ("done", 4, 3)
    held = await running.rows("select topic, reason, payload from quarantine order by payload")
    assert {row["topic"] for row in held} == {"backfill/tts/up"}
    assert {row["payload"] for row in held} == {
        b'{"result": {"rec',
        b"\xff\x00",
        b'{"result": 7}',
        b"[]",
    }


async def test_missing_key_is_told_and_the_fetch_can_be_taken_up_with_it(
    running: Any, ask: Ask, server: StorageServer, monkeypatch: Any
) -> None:
    monkeypatch.delenv("TEST_STORAGE_KEY")
    failed = await fetch(ask, now() - timedelta(hours=1))
    assert failed["detail"].startswith("there is no key")
    assert server.asked == []


async def test_some_devices_are_fetched_one_after_the_other_also_by_their_eui(
    running: Any, ask: Ask, server: StorageServer
) -> None:
    await running.send(f"v3/{APPLICATION}/devices/bay-1/up", stored(1, now()))
    await running.observation()
    since = now() - timedelta(minutes=30)
    for number, device in enumerate(("bay-1", "bay-2", "bay-3")):
        server.keep(stored(10 + number, since + timedelta(seconds=number), device))
    done = await fetch(
        ask, since - timedelta(minutes=1), devices=["0200000000000001", "bay-3", "bay-1"]
    )
    assert (done["devices"], done["missing"]) == (["bay-1", "bay-3"], 2)
    assert all("/devices/bay-" in asked["path"] for asked in server.asked)


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"source_id": "nobody"}, "source_id", "unknown_source"),
        ({"source_id": "cs"}, "source_id", "no_storage"),
        ({"from": "2020-01-01T00:00:00Z"}, "from", "not_kept"),
        ({"to": "2020-01-01T00:00:00Z"}, "from", "empty_period"),
        ({"devices": ["0200000000009999"]}, "devices", "unknown_device"),
        ({"devices": ["../admin"]}, "devices.0", "string_pattern_mismatch"),
        ({"from": "yesterday"}, "from", "datetime_from_date_parsing"),
        ({"from": None}, "from", "datetime_type"),
        ({"colour": "red"}, "colour", "extra_forbidden"),
    ],
)
async def test_what_cannot_be_fetched_is_refused(
    running: Any, ask: Ask, body: dict[str, Any], field: str, code: str
) -> None:
    wanted = {"source_id": "tts", "from": (now() - timedelta(hours=1)).isoformat(), **body}
    answer = await ask("POST", "/v1/backfills", "replay", json=wanted)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["code"]) == (422, field, code)
    assert await running.rows("select 1 from backfill") == []


async def test_fetch_is_cancelled_and_taken_up_where_it_was(
    running: Any, ask: Ask, server: StorageServer
) -> None:
    server.line_delay_s = 0.01
    keep_many(server, 400, now() - timedelta(hours=1))
    body = {"source_id": "tts", "from": (now() - timedelta(hours=2)).isoformat()}
    answer = await ask("POST", "/v1/backfills", "replay", json=body)
    path = f"/v1/backfills/{answer.json()['backfill_id']}"
    await running.until_rows("select 1 from backfill where fetched > 0", 1)
    cancelled = await ask("POST", f"{path}:cancel", "replay")
    assert cancelled.json()["state"] == "cancelled"
    await asyncio.sleep(1)
    stopped = (await ask("GET", path, "replay")).json()
    assert 0 < stopped["fetched"] < 400
    assert 0 < stopped["progress"] < 1
    assert (await ask("POST", f"{path}:cancel", "replay")).status_code == 409
    server.line_delay_s = 0
    await ask("POST", f"{path}:resume", "replay")
    done = await until(ask, stopped["backfill_id"], {"done"})
    assert (done["missing"], await running.rows(COUNT)) == (400, [{"n": 400}])


async def test_backfilled_message_does_not_make_a_silent_device_look_alive(
    running: Any, ask: Ask, server: StorageServer
) -> None:
    at = now() - timedelta(hours=20)
    server.keep(stored(1, at))
    await fetch(ask, at - timedelta(minutes=1))
    (row,) = await running.until_rows(
        "select last_seen from device where dev_eui = '0200000000000001' and last_seen notnull", 1
    )
    assert row["last_seen"] == at


async def test_list_is_paged_newest_first_and_needs_the_scope(running: Any, ask: Ask) -> None:
    ids = [(await fetch(ask, now() - timedelta(hours=1)))["backfill_id"] for _ in range(3)]
    first = (await ask("GET", "/v1/backfills?limit=2&source=tts", "replay")).json()
    cursor = first["next_cursor"]
    second = (await ask("GET", f"/v1/backfills?limit=2&cursor={cursor}", "replay")).json()
    listed = [item["backfill_id"] for page in (first, second) for item in page["items"]]
    assert listed == ids[::-1]
    assert second["next_cursor"] is None
    assert (await ask("GET", "/v1/backfills?state=failed", "replay")).json()["items"] == []
    assert (await ask("GET", "/v1/backfills", "devices:read")).status_code == 403
    unknown = "00000000-0000-0000-0000-000000000000"
    assert (await ask("GET", f"/v1/backfills/{unknown}", "replay")).status_code == 404


async def test_same_idempotency_key_makes_one_fetch(running: Any, ask: Ask) -> None:
    body = {"source_id": "tts", "from": (now() - timedelta(hours=1)).isoformat()}
    options = {"json": body, "headers": {"idempotency-key": "k"}}
    answers = [await ask("POST", "/v1/backfills", "replay", **options) for _ in range(2)]
    assert len({answer.json()["backfill_id"] for answer in answers}) == 1
    assert json.loads(answers[0].content)["requested_by"].startswith("api_key:")
