# SPDX-License-Identifier: EUPL-1.2
"""Quarantined messages tried again: once in, never twice, and none of them kills the process."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from stadttakt_runtime.clock import utc_now
from support.asking import Ask
from uplink_decoder.codecs.model import AnyCodec, BayReading, Codec, CodecError, Decoded, Frame
from uplink_decoder.codecs.registry import NATIVE_CODECS
from uplink_decoder.decode import Inbound

from .conftest import Running, uplink

DEVICE, OTHER = "0200000000000001", "0200000000000002"
OCCUPIED = base64.b64encode(b"\x01").decode()
DEADLY = base64.b64encode(b"\xde").decode()
LEDGER = """
select sum(received)::int as received, sum(stored)::int as stored,
    sum(duplicate)::int as duplicate, sum(quarantined)::int as quarantined from ledger
"""
GAPS = "select * from ledger where received <> stored + duplicate + quarantined + in_flight"
Use = Callable[[Callable[[Frame], Decoded]], None]


@pytest.fixture
def use(running: Running, monkeypatch: pytest.MonkeyPatch) -> Use:
    """Put another version in place of the Bosch codec, everywhere."""

    def used(decode: Callable[[Frame], Decoded]) -> None:
        codec = Codec("bosch-tps110", 9, "Bosch", "TPS110", decode)
        codecs: Mapping[str, AnyCodec] = {**NATIVE_CODECS, codec.codec_id: codec}
        replayer = running.decoder._replayer
        monkeypatch.setattr(running.decoder.pipeline._decoding, "_codecs", codecs)
        for part in (replayer._windows, replayer._retries):
            monkeypatch.setattr(part, "_codecs", codecs)

    return used


def takes(frame: Frame) -> Decoded:
    return Decoded({"occupied": True}, (BayReading(occupied=bool(frame.payload[0] & 1)),))


def refuses(_: Frame) -> Decoded:
    raise CodecError("not in this version")


def kills(frame: Frame) -> Decoded:
    if frame.payload == b"\xde":
        os._exit(66)
    return takes(frame)


def spoils(frame: Frame) -> Decoded:
    return Decoded({"text": "\x00"}, takes(frame).readings)


async def retried(running: Running, ask: Ask, path: str, **body: Any) -> dict[str, Any]:
    answer = await ask("POST", f"/v1/quarantine{path}:retry", "quarantine", json=body)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/replays/{answer.json()['replay_id']}"
    id_ = answer.json()["replay_id"]
    await running.until_rows("select 1 from replay where replay_id = $1 and state = 'done'", 1, id_)
    done: dict[str, Any] = (await ask("GET", f"/v1/replays/{id_}", "replay")).json()
    return done


async def shown(ask: Ask, quarantine_id: Any) -> dict[str, Any]:
    answer = await ask("GET", f"/v1/quarantine/{quarantine_id}", "quarantine")
    found: dict[str, Any] = answer.json()
    return found


async def held(running: Running, count: int = 1) -> list[dict[str, Any]]:
    return await running.until_rows("select * from quarantine order by received_at", count)


async def ledger(running: Running) -> dict[str, Any]:
    await running.decoder.pipeline.note_ledger()
    assert await running.rows(GAPS) == []
    (sums,) = await running.rows(LEDGER)
    return sums


async def reject(running: Running, *messages: tuple[str, dict[str, Any]]) -> None:
    """Quarantine messages unread, as the consumer does with what was in flight at three deaths."""
    pipeline = running.decoder.pipeline
    for dev_eui, body in messages:
        topic = f"{running.root}/application/a/device/{dev_eui}/event/up"
        origin = running.decoder.feeds.platform.sources.of_topic(topic)
        assert origin is not None
        inbound = Inbound(origin, topic, json.dumps(body).encode(), utc_now())
        pipeline.ledger.enter([inbound])
        await pipeline.reject(inbound, "poison", "in flight at 3 deaths", lambda _: None)
    await held(running, len(messages))


async def test_uplink_that_its_codec_refused_is_taken_once_the_codec_is_mended(
    running: Running, ask: Ask, use: Use
) -> None:
    use(refuses)
    await running.send_up(DEVICE, 1, OCCUPIED)
    (row,) = await held(running)
    sums = await ledger(running)
    assert (sums["stored"], sums["quarantined"]) == (0, 1)
    use(takes)
    done = await retried(running, ask, f"/{row['quarantine_id']}", author_role="operator")
    assert (done["kind"], done["total"], done["progress"]) == ("quarantine", 1, 1.0)
    assert (done["counts"]["messages"], done["counts"]["resolved"]) == (1, 1)
    _, event = await running.observation()
    assert event["data"]["occupied"] is True
    (stored,) = await running.rows("select errors, flags, codec_version from uplink")
    assert stored == {"errors": None, "flags": None, "codec_version": 9}
    found = await shown(ask, row["quarantine_id"])
    assert (found["state"], found["retries"]) == ("resolved", 1)
    (step,) = found["history"]
    assert (step["action"], step["author_role"]) == ("resolved", "operator")
    assert step["author"].startswith("api_key:")
    assert await ledger(running) == {"received": 1, "stored": 1, "duplicate": 0, "quarantined": 0}
    again = await ask("POST", f"/v1/quarantine/{row['quarantine_id']}:retry", "quarantine")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert again.json()["state"] == "resolved"


async def test_message_that_was_never_stored_becomes_an_ordinary_uplink_exactly_once(
    running: Running, ask: Ask
) -> None:
    body = uplink(DEVICE, 1, OCCUPIED)
    await reject(running, (DEVICE, body))
    done = await retried(running, ask, "", filter={"reason": "poison"})
    assert (done["counts"]["resolved"], done["counts"]["still_failing"]) == (1, 0)
    _, event = await running.observation()
    (stored,) = await running.rows("select * from uplink")
    (observed,) = await running.rows("select * from observation")
    assert event["id"] == observed["event_id"] == f"{stored['uplink_id']}:0"
    (row,) = await held(running)
    assert stored["received_at"] == row["received_at"]
    # The broker brings it once more: a duplicate like any other.
    await running.send(f"application/a/device/{DEVICE}/event/up", body)
    _, repeated = await running.observation()
    assert repeated == event
    # And two people retry it at once: the second finds nothing left to do.
    again = await retried(running, ask, "", filter={"reason": "poison"})
    assert (again["total"], again["counts"]["messages"]) == (0, 0)
    assert len(await running.rows("select 1 from uplink")) == 1
    assert await ledger(running) == {"received": 2, "stored": 1, "duplicate": 1, "quarantined": 0}


async def test_message_that_came_otherwise_meanwhile_is_a_duplicate(
    running: Running, ask: Ask
) -> None:
    body = uplink(DEVICE, 1, OCCUPIED)
    await reject(running, (DEVICE, body))
    await running.send(f"application/a/device/{DEVICE}/event/up", body)
    await running.observation()
    done = await retried(running, ask, "", filter={"source": "cs"})
    assert done["counts"]["resolved"] == 1
    assert len(await running.rows("select 1 from observation")) == 1
    assert await ledger(running) == {"received": 2, "stored": 1, "duplicate": 1, "quarantined": 0}


async def test_poison_is_tried_apart_and_its_neighbours_are_taken(
    running: Running, ask: Ask, use: Use
) -> None:
    use(kills)
    messages = [(DEVICE, uplink(DEVICE, number, OCCUPIED)) for number in range(5)]
    messages.insert(2, (DEVICE, uplink(DEVICE, 99, DEADLY)))
    await reject(running, *messages)
    done = await retried(running, ask, "", filter={})
    assert (done["counts"]["resolved"], done["counts"]["still_failing"]) == (5, 1)
    (left,) = await running.rows("select * from quarantine where state = 'open'")
    assert (left["reason"], left["detail"], left["retries"]) == (
        "poison",
        "a process that tried it died",
        1,
    )
    assert len(await running.rows("select 1 from uplink")) == 5
    sums = await ledger(running)
    assert (sums["stored"], sums["quarantined"]) == (5, 1)
    # Mended, it is taken like any other.
    use(takes)
    assert (await retried(running, ask, f"/{left['quarantine_id']}"))["counts"]["resolved"] == 1


async def test_what_fails_again_stays_with_its_new_reason_and_the_number_of_attempts(
    running: Running, ask: Ask, use: Use
) -> None:
    use(refuses)
    await reject(running, (DEVICE, uplink(DEVICE, 1, OCCUPIED)))
    (row,) = await held(running)
    for attempt in (1, 2):
        done = await retried(running, ask, f"/{row['quarantine_id']}")
        assert done["counts"]["still_failing"] == 1
        found = await shown(ask, row["quarantine_id"])
        assert (found["state"], found["reason"], found["retries"]) == (
            "open",
            "codec_error",
            attempt,
        )
    # It is an uplink by now, as any that its codec refuses.
    (stored,) = await running.rows("select * from uplink")
    assert found["uplink_id"] == str(stored["uplink_id"])
    assert (found["codec_id"], found["codec_version"]) == ("bosch-tps110", 9)
    assert [step["action"] for step in found["history"]] == ["failed", "failed"]
    assert len(await held(running)) == 1
    sums = await ledger(running)
    assert (sums["stored"], sums["quarantined"]) == (0, 1)
    use(takes)
    assert (await retried(running, ask, "", filter={"codec_id": "bosch-tps110"}))["counts"][
        "resolved"
    ] == 1
    await running.observation()
    assert await ledger(running) == {"received": 1, "stored": 1, "duplicate": 0, "quarantined": 0}


async def test_message_that_the_database_refuses_holds_up_no_other_one(
    running: Running, ask: Ask, use: Use
) -> None:
    use(spoils)
    await running.send_up(DEVICE, 1, OCCUPIED)
    (row,) = await held(running)
    assert row["reason"] == "refused_by_database"
    await reject(running, (OTHER, uplink(OTHER, 1, OCCUPIED)))
    done = await retried(running, ask, "", filter={})
    assert (done["counts"]["resolved"], done["counts"]["still_failing"]) == (1, 1)
    (left,) = await running.rows("select * from quarantine where state = 'open'")
    assert (left["quarantine_id"], left["reason"]) == (row["quarantine_id"], "refused_by_database")
    use(takes)
    assert (await retried(running, ask, "", filter={"dev_euis": [DEVICE]}))["counts"][
        "resolved"
    ] == 1
    sums = await ledger(running)
    assert (sums["stored"], sums["quarantined"]) == (2, 0)


async def test_replay_that_mends_an_uplink_closes_its_quarantine_and_shifts_the_ledger(
    running: Running, ask: Ask, use: Use
) -> None:
    use(refuses)
    await running.send_up(DEVICE, 1, OCCUPIED)
    (row,) = await held(running)
    use(takes)
    answer = await ask("POST", "/v1/replays", "replay", json={"everything": True})
    closed = "select 1 from quarantine where state = 'resolved'"
    await running.until_rows(closed, 1)
    (step,) = (await shown(ask, row["quarantine_id"]))["history"]
    assert (step["action"], step["author"]) == ("resolved", f"replay {answer.json()['replay_id']}")
    assert await ledger(running) == {"received": 1, "stored": 1, "duplicate": 0, "quarantined": 0}
    # And a replay with a codec that refuses it opens it again, without inventing a message.
    use(refuses)
    await ask("POST", "/v1/replays", "replay", json={"everything": True})
    await running.until_rows("select 1 from quarantine where state = 'open'", 1)
    assert await ledger(running) == {"received": 1, "stored": 1, "duplicate": 0, "quarantined": 0}
