# SPDX-License-Identifier: EUPL-1.2
"""Webhooks of both network servers: the answer comes when the message is stored, not before."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from stadttakt_runtime import plugins
from stadttakt_runtime.migrations.upgrade import migrate, select_targets
from support.stack import Stack, running_stack
from uplink_decoder.settings import UplinkSettings

CHIRPSTACK = {"X-Stadttakt-Secret": "secret-of-chirpstack"}
TTS = {"Authorization": "Bearer secret-of-tts"}
GIVES_UP_AFTER_S = 10
"""The Things Stack's patience with a webhook."""
DEVICE = "0200000000000001"
UPLINK = {
    "deduplicationId": "7b1c",
    "deviceInfo": {"devEui": DEVICE},
    "fCnt": 3,
    "fPort": 1,
    "data": base64.b64encode(b"\x01").decode(),
}
TTS_UPLINK = {
    "end_device_ids": {"device_id": "d", "dev_eui": DEVICE.upper()},
    "received_at": "2026-01-20T08:47:43Z",
    "uplink_message": {"session_key_id": "AZ", "f_port": 1, "f_cnt": 4, "frm_payload": "AQ=="},
}


async def test_chirpstack_uplink_is_stored_when_the_answer_comes(running: Any) -> None:
    answer = await running.http.post(
        "/v1/webhooks/chirpstack?event=up", json=UPLINK, headers=CHIRPSTACK
    )
    (row,) = await running.rows("select dev_eui, source_id, f_cnt, raw from uplink")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (row["dev_eui"], row["source_id"], row["f_cnt"]) == (DEVICE, "cs", 3)
    assert json.loads(row["raw"]) == UPLINK
    topic, event = await running.observation()
    assert topic == f"{running.root}/observation/bay-occupancy/lot-01"
    assert event["data"]["occupied"] is True


async def test_uplink_of_the_things_stack_is_stored_when_the_answer_comes(running: Any) -> None:
    answer = await running.http.post("/v1/webhooks/ttn", json=TTS_UPLINK, headers=TTS)
    (row,) = await running.rows("select dev_eui, source_id, f_cnt from uplink")
    assert answer.status_code == 204
    assert row == {"dev_eui": DEVICE, "source_id": "tts", "f_cnt": 4}


@pytest.mark.parametrize("scheme", ["Basic", "basic"])
async def test_secret_may_come_as_the_password_of_basic(running: Any, scheme: str) -> None:
    given = base64.b64encode(b"anybody:secret-of-tts").decode()
    headers = {"Authorization": f"{scheme} {given}"}
    answer = await running.http.post("/v1/webhooks/ttn", json=TTS_UPLINK, headers=headers)
    assert answer.status_code == 204
    assert len(await running.rows("select 1 from uplink")) == 1


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("join", "join"),
        ("down/queued", "downlink"),
        ("down/sent", "txack"),
        ("down/ack", "ack"),
        ("down/nack", "ack"),
        ("down/failed", "downlink"),
        ("service/data", "service"),
        ("location/solved", "location"),
    ],
)
async def test_path_that_the_things_stack_appends_says_what_it_is(
    running: Any, path: str, kind: str
) -> None:
    body = {"end_device_ids": TTS_UPLINK["end_device_ids"]}
    answer = await running.http.post(f"/v1/webhooks/ttn/{path}", json=body, headers=TTS)
    (row,) = await running.rows("select dev_eui, kind from device_event")
    assert answer.status_code == 204
    assert row == {"dev_eui": DEVICE, "kind": kind}


async def test_uplink_by_path_without_path_and_by_query_is_the_same(running: Any) -> None:
    for path in ("ttn/up", "ttn", "ttn?event=up"):
        answer = await running.http.post(f"/v1/webhooks/{path}", json=TTS_UPLINK, headers=TTS)
        assert answer.status_code == 204
    assert len(await running.rows("select 1 from uplink")) == 1


async def test_event_of_a_kind_that_is_no_uplink_is_kept(running: Any) -> None:
    join = {"deduplicationId": "j", "deviceInfo": {"devEui": DEVICE}, "devAddr": "01ffe479"}
    answer = await running.http.post(
        "/v1/webhooks/chirpstack?event=join", json=join, headers=CHIRPSTACK
    )
    (row,) = await running.rows("select dev_eui, kind from device_event")
    assert answer.status_code == 204
    assert row == {"dev_eui": DEVICE, "kind": "join"}


async def test_same_uplink_by_webhook_and_broker_is_stored_once(running: Any) -> None:
    await running.send(f"application/a/device/{DEVICE}/event/up", UPLINK)
    await running.observation()
    await running.http.post("/v1/webhooks/chirpstack?event=up", json=UPLINK, headers=CHIRPSTACK)
    assert len(await running.rows("select 1 from uplink")) == 1


async def test_many_at_once_are_all_stored(running: Any) -> None:
    bodies = [{**UPLINK, "deduplicationId": f"n{number}", "fCnt": number} for number in range(200)]
    answers = await asyncio.gather(
        *(
            running.http.post("/v1/webhooks/chirpstack?event=up", json=body, headers=CHIRPSTACK)
            for body in bodies
        )
    )
    assert {answer.status_code for answer in answers} == {204}
    stored = await running.rows("select f_cnt from uplink order by f_cnt")
    assert [row["f_cnt"] for row in stored] == list(range(200))


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("chirpstack?event=up", {}),
        ("chirpstack?event=up", {"X-Stadttakt-Secret": ""}),
        ("chirpstack?event=up", {"X-Stadttakt-Secret": "wrong"}),
        ("chirpstack?event=up", {"Authorization": "Basic secret-of-chirpstack"}),
        ("ttn", {"Authorization": "Basic c2VjcmV0LW9mLXR0czp3cm9uZw=="}),
        ("ttn", {"Authorization": "secret-of-tts"}),
        ("ttn/up", {}),
        ("chirpstack?event=up", TTS),
        ("ttn", CHIRPSTACK),
    ],
)
async def test_without_the_secret_of_the_source_nothing_is_taken(
    running: Any, path: str, headers: dict[str, str]
) -> None:
    answer = await running.http.post(f"/v1/webhooks/{path}", json=UPLINK, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer realm=")
    assert await running.rows("select 1 from uplink union all select 1 from quarantine") == []


async def test_body_above_the_limit_is_refused(running: Any) -> None:
    body = b'{"data": "' + b"A" * 1_048_576 + b'"}'
    answer = await post(running.http, body)
    assert (answer.status_code, answer.json()["code"]) == (413, "content_too_large")
    assert await running.rows("select 1 from quarantine") == []


async def test_another_media_type_is_refused(running: Any) -> None:
    answer = await post(running.http, b"\x0a\x00", content_type="application/x-protobuf")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert answer.headers["accept"] == "application/json"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
async def test_compressed_body_is_refused_and_not_stored_as_what_it_is_not(
    running: Any, encoding: str
) -> None:
    headers = {**CHIRPSTACK, "content-type": "application/json", "content-encoding": encoding}
    body = gzip.compress(json.dumps(UPLINK).encode())
    answer = await running.http.post(
        "/v1/webhooks/chirpstack?event=up", content=body, headers=headers
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert answer.headers["accept-encoding"] == "identity"
    assert await running.rows("select 1 from quarantine") == []


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("chirpstack?event=nonsense", CHIRPSTACK),
        ("chirpstack", CHIRPSTACK),
        ("ttn?event=nonsense", TTS),
        ("ttn/down/nonsense", TTS),
        ("ttn/", TTS),
    ],
)
async def test_unknown_event_is_refused(running: Any, path: str, headers: dict[str, str]) -> None:
    answer = await running.http.post(f"/v1/webhooks/{path}", json=UPLINK, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert await running.rows("select 1 from uplink") == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{not json", "invalid_json"),
        (b'{"deviceInfo": {"devEui": "\xff"}}', "invalid_utf8"),
        (b"[]", "wrong_type"),
        (b"", "invalid_json"),
    ],
)
async def test_what_is_no_json_object_is_refused_and_quarantined_all_the_same(
    running: Any, body: bytes, reason: str
) -> None:
    answer = await post(running.http, body)
    (held,) = await running.rows("select reason, payload from quarantine")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "invalid_json")
    assert held == {"reason": reason, "payload": body}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"fCnt": "seven"}', "wrong_type"),
        (b'{"data": "' + b"A" * 900_000 + b'"}', "too_large"),
        (b"{}", "no_dev_eui"),
    ],
)
async def test_what_cannot_be_read_is_quarantined_and_not_sent_again(
    running: Any, body: bytes, reason: str
) -> None:
    answer = await post(running.http, body)
    (held,) = await running.rows("select source_id, topic, reason, payload from quarantine")
    assert answer.status_code == 204
    assert held == {
        "source_id": "cs",
        "topic": "webhook/cs/up",
        "reason": reason,
        "payload": body,
    }


class TestSeveralSources:
    """Webhooks of several servers at once, each with a secret of its own, or none."""

    @pytest.fixture
    def settings(self, settings: UplinkSettings, monkeypatch: pytest.MonkeyPatch) -> UplinkSettings:
        monkeypatch.setenv("TEST_SECRET_ONE", "one")
        monkeypatch.setenv("TEST_SECRET_TWO", "two")
        monkeypatch.setenv("TEST_SECRET_EMPTY", "")
        assert settings.city
        lines = [
            f"  - {{source_id: {name}, dialect: chirpstack, topics: ['{name}/#']{secret}}}"
            for name, secret in (
                ("first", ", webhook_secret: TEST_SECRET_ONE"),
                ("second", ", webhook: {secret_variable: TEST_SECRET_TWO, user: partner}"),
                ("unset", ", webhook_secret: TEST_SECRET_UNSET"),
                ("empty", ", webhook_secret: TEST_SECRET_EMPTY"),
                ("without", ""),
            )
        ]
        text = "\n".join(["sources:", *lines])
        (settings.city / "sources.yaml").write_text(text, encoding="utf-8")
        return settings

    async def test_each_secret_is_its_sources_and_no_source_without_one_is_open(
        self, running: Any
    ) -> None:
        basic = base64.b64encode(b"partner:two").decode()
        given = {
            "first": {"X-Stadttakt-Secret": "one"},
            "second": {"Authorization": f"Basic {basic}"},
        }
        for number, headers in enumerate([*given.values(), {"X-Stadttakt-Secret": ""}, {}]):
            body = {**UPLINK, "deduplicationId": f"n{number}", "fCnt": number}
            answer = await running.http.post(
                "/v1/webhooks/chirpstack?event=up", json=body, headers=headers
            )
            assert answer.status_code == (204 if number < len(given) else 401)
        rows = await running.rows("select source_id, f_cnt from uplink order by f_cnt")
        assert [row["source_id"] for row in rows] == list(given)

    async def test_right_password_of_another_user_is_refused(self, running: Any) -> None:
        basic = base64.b64encode(b"somebody:two").decode()
        answer = await running.http.post(
            "/v1/webhooks/chirpstack?event=up",
            json=UPLINK,
            headers={"Authorization": f"Basic {basic}"},
        )
        assert answer.status_code == 401


class TestDatabaseAway:
    """On servers of its own, since one of them is killed."""

    @pytest.fixture
    def own_stack(self) -> Iterator[Stack]:
        with running_stack() as stack:
            migrate(stack.postgres.url, select_targets(plugins.load(plugins.MIGRATIONS), []))
            yield stack

    @pytest.fixture
    def database_url(self, own_stack: Stack) -> str:
        return own_stack.postgres.url

    @pytest.fixture
    def mqtt_url(self, own_stack: Stack) -> str:
        return own_stack.mosquitto.url

    async def test_sender_hears_503_in_time_and_repeats_itself(
        self, own_stack: Stack, running: Any
    ) -> None:
        own_stack.postgres.kill()
        began = time.monotonic()
        away = await post(running.http, json.dumps(UPLINK).encode())
        waited_s = time.monotonic() - began
        own_stack.postgres.start()
        own_stack.postgres.wait_ready()
        again = await post(running.http, json.dumps(UPLINK).encode())
        assert (away.status_code, away.json()["code"]) == (503, "unavailable")
        assert away.headers["retry-after"] == "5"
        assert waited_s < GIVES_UP_AFTER_S
        assert again.status_code == 204
        with psycopg.connect(own_stack.postgres.url) as connection:
            stored = connection.execute("select f_cnt from uplink.uplink").fetchall()
        assert stored == [(3,)]


async def post(
    http: httpx.AsyncClient, body: bytes, content_type: str = "application/json; charset=utf-8"
) -> httpx.Response:
    headers = {**CHIRPSTACK, "content-type": content_type}
    return await http.post("/v1/webhooks/chirpstack?event=up", content=body, headers=headers)
