# SPDX-License-Identifier: EUPL-1.2
"""The quarantine over HTTP: looked into, filtered, given up with author and reason, forgotten."""

from __future__ import annotations

import base64
import uuid
from datetime import timedelta
from typing import Any

import pytest

from stadttakt_runtime.clock import utc_now
from support.asking import Ask
from uplink_decoder.storage import retention

from .conftest import Running

DEVICE, OTHER = "0200000000000001", "0200000000000002"
WHY = {"author_role": "operator", "reason": "sent by a test rig"}


@pytest.fixture
async def messages(running: Running) -> list[dict[str, Any]]:
    """Three messages that cannot be read: no JSON, wrong JSON, and bytes that are no text."""
    await running.send(f"application/a/device/{DEVICE}/event/up", b"{broken")
    await running.send(f"application/a/device/{OTHER}/event/up", b"[1]")
    await running.send(f"application/a/device/{OTHER}/event/up", b"\xff\x00\x01")
    query = "select * from quarantine order by received_at, quarantine_id"
    return await running.until_rows(query, 3)


async def listed(ask: Ask, query: str = "") -> list[dict[str, Any]]:
    answer = await ask("GET", f"/v1/quarantine?{query}", "quarantine")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_list_is_filtered_and_paged(
    running: Running, ask: Ask, messages: list[dict[str, Any]]
) -> None:
    assert {each["dev_eui"] for each in await listed(ask, f"dev_eui={OTHER.upper()}")} == {OTHER}
    reason = messages[0]["reason"]
    of_reason = await listed(ask, f"reason={reason}&source=cs&state=open")
    assert {each["quarantine_id"] for each in of_reason} == {
        str(each["quarantine_id"]) for each in messages if each["reason"] == reason
    }
    assert await listed(ask, "source=tts") == []
    assert await listed(ask, "codec_id=bosch-tps110") == []
    assert await listed(ask, "state=discarded") == []
    now = utc_now().strftime("%Y-%m-%dT%H:%M:%SZ")
    tomorrow = (utc_now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert len(await listed(ask, f"to={tomorrow}")) == 3
    assert await listed(ask, f"from={tomorrow}") == []
    backwards = await ask("GET", f"/v1/quarantine?from={tomorrow}&to={now}", "quarantine")
    assert (backwards.status_code, backwards.json()["code"]) == (422, "validation_failed")
    seen = []
    cursor = ""
    while True:
        page = (await ask("GET", f"/v1/quarantine?limit=1{cursor}", "quarantine")).json()
        seen += [each["quarantine_id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == len(set(seen)) == 3


async def test_one_message_is_shown_with_its_bytes_and_text_where_it_is_one(
    running: Running, ask: Ask, messages: list[dict[str, Any]]
) -> None:
    shown = {}
    for row in messages:
        answer = await ask("GET", f"/v1/quarantine/{row['quarantine_id']}", "quarantine")
        found = answer.json()
        assert bytes.fromhex(found["payload_hex"]) == base64.b64decode(found["payload_base64"])
        assert (found["state"], found["retries"], found["history"]) == ("open", 0, [])
        assert found["topic"].endswith(f"/device/{row['dev_eui']}/event/up")
        shown[bytes.fromhex(found["payload_hex"])] = found["text"]
    assert shown == {b"{broken": "{broken", b"[1]": "[1]", b"\xff\x00\x01": None}


async def test_summary_counts_by_reason(
    running: Running, ask: Ask, messages: list[dict[str, Any]]
) -> None:
    answer = await ask("GET", "/v1/quarantine/summary", "quarantine")
    counts = {each["reason"]: each["open"] for each in answer.json()["items"]}
    expected = {row["reason"]: 0 for row in messages}
    for row in messages:
        expected[row["reason"]] += 1
    assert counts == expected


async def test_discarding_needs_author_and_reason_and_is_on_record(
    running: Running, ask: Ask, messages: list[dict[str, Any]]
) -> None:
    path = f"/v1/quarantine/{messages[0]['quarantine_id']}"
    for body in (None, {}, {"author_role": "operator"}, {**WHY, "reason": "  "}, {**WHY, "x": 1}):
        answer = await ask("POST", f"{path}:discard", "quarantine", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), body
    assert (await ask("POST", f"{path}:discard", "quarantine", json=WHY)).json() == {"discarded": 1}
    shown = (await ask("GET", path, "quarantine")).json()
    assert (shown["state"], shown["payload_bytes"]) == ("discarded", len(messages[0]["payload"]))
    (step,) = shown["history"]
    assert (step["action"], step["author_role"], step["note"]) == (
        "discarded",
        "operator",
        "sent by a test rig",
    )
    assert step["author"].startswith("api_key:")
    for action in ("discard", "retry"):
        answer = await ask(
            "POST", f"{path}:{action}", "quarantine", json=WHY if action == "discard" else None
        )
        assert (answer.status_code, answer.json()["state"]) == (409, "discarded")


async def test_many_are_discarded_by_a_filter_that_must_name_something(
    running: Running, ask: Ask, messages: list[dict[str, Any]]
) -> None:
    empty = await ask("POST", "/v1/quarantine:discard", "quarantine", json={**WHY, "filter": {}})
    assert (empty.status_code, empty.json()["code"]) == (422, "validation_failed")
    body = {**WHY, "filter": {"dev_euis": [OTHER]}}
    answer = await ask("POST", "/v1/quarantine:discard", "quarantine", json=body)
    assert answer.json() == {"discarded": 2}
    assert len(await listed(ask, "state=open")) == 1
    again = await ask("POST", "/v1/quarantine:discard", "quarantine", json=body)
    assert again.json() == {"discarded": 0}


async def test_unknown_messages_and_wrong_bodies_are_told(running: Running, ask: Ask) -> None:
    absent = uuid.uuid4()
    for method, path, body in (
        ("GET", f"/v1/quarantine/{absent}", None),
        ("POST", f"/v1/quarantine/{absent}:retry", {}),
        ("POST", f"/v1/quarantine/{absent}:discard", WHY),
    ):
        answer = await ask(method, path, "quarantine", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    for path, wrong in (
        ("/no-uuid:retry", {}),
        (":retry", None),
        (":retry", {"filter": {"from": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z"}}),
        (":retry", {"filter": {"reason": "a\x00b"}}),
        (":retry", {"filter": {"quarantine_ids": ["x"]}}),
        (":retry", {"filter": {"state": "open"}}),
    ):
        answer = await ask("POST", f"/v1/quarantine{path}", "quarantine", json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), path
    refused = await ask("GET", "/v1/quarantine", "replay")
    assert refused.status_code == 403


async def test_bytes_are_erased_with_age_and_who_decided_stays_on_record(
    running: Running, ask: Ask, messages: list[dict[str, Any]]
) -> None:
    first = messages[0]["quarantine_id"]
    await ask("POST", f"/v1/quarantine/{first}:discard", "quarantine", json=WHY)
    database = running.decoder._database
    soon = utc_now() + timedelta(minutes=1)
    assert await database.persist(lambda c: retention.erase_quarantined(c, soon)) == 3
    assert await database.persist(lambda c: retention.erase_quarantined(c, soon)) == 0
    shown = (await ask("GET", f"/v1/quarantine/{first}", "quarantine")).json()
    assert (shown["state"], shown["payload_hex"]) == ("discarded", "")
    assert shown["payload_bytes"] == len(messages[0]["payload"])
    assert [step["action"] for step in shown["history"]] == ["discarded", "erased"]
    other = messages[1]["quarantine_id"]
    assert (await ask("GET", f"/v1/quarantine/{other}", "quarantine")).json()["state"] == "expired"
    answer = await ask("POST", f"/v1/quarantine/{other}:retry", "quarantine")
    assert (answer.status_code, answer.json()["state"]) == (409, "expired")
    # The same bytes again are there again.
    await running.send(f"application/a/device/{OTHER}/event/up", messages[1]["payload"])
    reopened = "select payload from quarantine where quarantine_id = $1 and state = 'open'"
    (row,) = await running.until_rows(reopened, 1, other)
    assert row["payload"] == messages[1]["payload"]
    later = utc_now() + timedelta(minutes=2)
    assert await database.persist(lambda c: retention.purge_quarantine(c, later)) == 2
    assert (
        await running.rows("select 1 from quarantine_event where quarantine_id = $1", first) == []
    )


async def test_same_key_asks_for_one_retry_only(
    running: Running, ask: Ask, messages: list[dict[str, Any]]
) -> None:
    body = {"filter": {"source": "cs"}, "note": "after the release"}
    headers = {"idempotency-key": "k1"}
    answers = [
        await ask("POST", "/v1/quarantine:retry", "quarantine", json=body, headers=headers)
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    await running.until_rows("select 1 from replay where state = 'done'", 1)
    assert len(await running.rows("select 1 from replay")) == 1
    (row,) = await running.rows("select distinct retries from quarantine")
    assert row["retries"] == 1
