# SPDX-License-Identifier: EUPL-1.2
"""Rows that are brought to a broker which takes longer than a turn lasts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest

from runtime.integration.relay import relayed
from runtime.integration.sessions import options_for, payloads, running, take, until
from stadttakt_runtime.database import Database
from stadttakt_runtime.mqtt import MqttConnection, Outgoing
from stadttakt_runtime.outbox import Outbox, Table

ROWS = ["1", "2", "3"]


def outbox(database: Database, mqtt: MqttConnection, topic: str, told: list[str]) -> Outbox[str]:
    """Return an outbox of some rows; those that were told are noted in a list."""

    async def untold(_connection: Any, most: int) -> Sequence[str]:
        return [each for each in ROWS if each not in told][:most]

    async def mark_told(_connection: Any, rows: Sequence[str]) -> None:
        told.extend(rows)

    return Outbox(
        database, mqtt, Table(untold, lambda row: Outgoing(topic, row.encode()), mark_told)
    )


async def test_a_broker_that_is_slow_has_no_transaction_wait_for_it(
    database_url: str, mqtt_url: str, topic_root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stadttakt_runtime.turns.TURN_S", 0.05)
    told: list[str] = []
    by_others: list[str] = []
    listens = options_for(mqtt_url, f"{topic_root}/hears", f"{topic_root}/#")
    async with (
        Database.open(database_url, schema="registry", size=2) as database,
        relayed(urlsplit(mqtt_url).port or 1883) as relay,
        running(listens) as hears,
        running(options_for(f"mqtt://127.0.0.1:{relay.port}", f"{topic_root}/far")) as far,
        running(options_for(mqtt_url, f"{topic_root}/near")) as near,
    ):
        slow = outbox(database, far, f"{topic_root}/slow", told)
        other = outbox(database, near, f"{topic_root}/other", by_others)
        relay.hold()
        async with asyncio.timeout(30):
            assert not await slow.tell_some()
            # What is on its way is not handed over once more, however often it is looked at.
            assert not await slow.tell_some()
        assert far._publishing.pending == len(ROWS)
        assert told == []
        monkeypatch.setattr("stadttakt_runtime.turns.TURN_S", 30)
        await other.tell_some()
        assert by_others == ROWS, "another process has the turn meanwhile"
        relay.release()
        await until(lambda: not far._publishing.pending)
        await slow.tell_some()
        assert told == ROWS
        assert sorted(payloads(await take(hears, 9))) == sorted(3 * [b"1", b"2", b"3"])
