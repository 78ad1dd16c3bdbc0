# SPDX-License-Identifier: EUPL-1.2
"""Errors of the storage come to two kinds: tried again later, or somebody has to change something."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.stack import free_ports
from support.tts_storage import APPLICATION, KEY, Answer, StorageServer, storage_server, stored
from uplink_decoder.backfill.client import (
    Period,
    StorageAwayError,
    StorageRefusedError,
    opened,
    stored_lines,
)
from uplink_decoder.backfill.lines import Line
from uplink_decoder.sources.storage import SourceStorage

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = Period(None, NOW - timedelta(hours=1), NOW)


@pytest.fixture
async def server(monkeypatch: Any) -> AsyncIterator[StorageServer]:
    monkeypatch.setenv("TEST_STORAGE_KEY", KEY)
    async with storage_server() as running:
        yield running


async def fetch(url: str, period: Period = HOUR, application: str = APPLICATION) -> list[Line]:
    storage = SourceStorage(
        base_url=url, application=application, api_key_variable="TEST_STORAGE_KEY"
    )
    async with opened(storage) as client:
        return [line async for line in stored_lines(client, storage, period)]


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (400, "does not understand"),
        (403, "may not read"),
        (404, "no such application"),
        (412, "not enabled"),
        (501, "no Storage Integration"),
        (302, "the storage answered (HTTP 302)"),
        (410, "the storage answered (HTTP 410)"),
    ],
)
async def test_refusal_is_told_in_words_with_what_the_server_says(
    server: StorageServer, status: int, told: str
) -> None:
    server.next_answers.append(Answer(status, {"location": "/"}, b'{"message":\n "some_reason"}'))
    with pytest.raises(StorageRefusedError) as refused:
        await fetch(server.url)
    assert told in str(refused.value)
    assert "some_reason" in str(refused.value)


async def test_wrong_key_and_wrong_application_are_told_apart(
    server: StorageServer, monkeypatch: Any
) -> None:
    with pytest.raises(StorageRefusedError, match="no such application"):
        await fetch(server.url, application="another")
    monkeypatch.setenv("TEST_STORAGE_KEY", "wrong")
    with pytest.raises(StorageRefusedError, match="does not know the key"):
        await fetch(server.url)


@pytest.mark.parametrize(
    ("answer", "wait_s"),
    [
        (Answer(429, {"Retry-After": "7"}), 7),
        (Answer(429, {"x-rate-limit-retry": "3", "x-rate-limit-reset": "60"}), 3),
        (Answer(429, {"Retry-After": "999999999999"}), 3600),
        (Answer(429, {"Retry-After": "9" * 5000}), 3600),
        (Answer(429, {"Retry-After": "soon"}), None),
        (Answer(500), None),
        (Answer(503, {"Retry-After": "30"}), 30),
        (Answer(cut_after=0), None),
        (Answer(last_line=b'{"error": {"code": 14, "message": "closing"}}'), None),
    ],
)
async def test_what_may_pass_is_to_be_tried_later_when_the_server_says(
    server: StorageServer, answer: Answer, wait_s: float | None
) -> None:
    server.next_answers.append(answer)
    with pytest.raises(StorageAwayError) as away:
        await fetch(server.url)
    assert away.value.wait_s == wait_s


async def test_stream_that_ends_for_want_of_rights_is_a_refusal(server: StorageServer) -> None:
    server.next_answers.append(Answer(last_line=b'{"error": {"code": 7, "message": "no rights"}}'))
    with pytest.raises(StorageRefusedError, match="no rights"):
        await fetch(server.url)


async def test_server_that_cannot_be_reached_may_be_back_later(server: StorageServer) -> None:
    with pytest.raises(StorageAwayError, match="ConnectError"):
        await fetch(f"http://127.0.0.1:{free_ports(1)[0]}")


async def test_error_text_of_any_length_is_cut(server: StorageServer) -> None:
    server.next_answers.append(Answer(403, body=b"x" * 1_000_000))
    with pytest.raises(StorageRefusedError) as refused:
        await fetch(server.url)
    assert len(str(refused.value)) < 400


async def test_lines_come_in_the_order_of_receipt_of_one_device(server: StorageServer) -> None:
    for number in (3, 1, 2):
        device = "bay-1" if number < 3 else "bay-2"
        server.keep(stored(number, NOW - timedelta(minutes=number), device))
    lines = await fetch(server.url, HOUR._replace(device="bay-1"))
    times = [NOW - timedelta(minutes=number) for number in (2, 1)]
    assert [line.received_at for line in lines] == times
