# SPDX-License-Identifier: EUPL-1.2
"""One batch: what is written, what is published, and how each message is counted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from stadttakt_messages.topics import Topics
from uplink_decoder import decode
from uplink_decoder.batch import Batch, assemble, identified, observation_row, outgoing
from uplink_decoder.codecs.model import Decoded, Frame
from uplink_decoder.codecs.registry import NATIVE_CODECS
from uplink_decoder.decode import (
    DecodedUplink,
    Inbound,
    Outcome,
    ReadEvent,
    Rejected,
    ScriptTask,
    prepare,
)
from uplink_decoder.devices import Device, DeviceBook
from uplink_decoder.domain.periods import Period
from uplink_decoder.domain.readings import Asset
from uplink_decoder.domain.uplink import Uplink
from uplink_decoder.sources import Origin, Source

NOW = datetime(2026, 11, 1, 8, 15, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = Source(source_id="cs", dialect="chirpstack")
SIMULATED = Source(source_id="sim", dialect="chirpstack", simulated=True)
BAY, OTHER, BARE, STRANGER = (f"020000000000000{n}" for n in (1, 2, 3, 9))
TOPICS = Topics("takt/v1")


def device(dev_eui: str, codec_id: str | None, *assignments: Period) -> Device:
    return Device(dev_eui, codec_id, assignments)


DEVICES = DeviceBook(
    {
        BAY: device(BAY, "bosch-tps110", Period(Asset("bay", "lot-01"), LONG_AGO, None)),
        OTHER: device(OTHER, "bosch-tps110", Period(Asset("vehicle", "tram-1"), LONG_AGO, None)),
        BARE: device(BARE, "bosch-tps110"),
        "0200000000000004": device("0200000000000004", None),
        "0200000000000005": device("0200000000000005", "gone-codec"),
    }
)


def up(
    dev_eui: str = BAY,
    *,
    f_cnt: int = 1,
    data: str = "AQ==",
    event: str = "up",
    source: Source = SOURCE,
    received_s: float = 0,
    **fields: Any,
) -> Outcome:
    message = {
        "deduplicationId": f"{dev_eui}-{f_cnt}",
        "time": (NOW - timedelta(seconds=1)).isoformat(),
        "deviceInfo": {"devEui": dev_eui},
        "fCnt": f_cnt,
        "fPort": 1,
        "data": data,
        **fields,
    }
    return raw(json.dumps(message).encode(), event, source, received_s)


def raw(
    payload: bytes, event: str = "up", source: Source = SOURCE, received_s: float = 0
) -> Outcome:
    received_at = NOW + timedelta(seconds=received_s)
    inbound = Inbound(Origin(source, None, None, event), f"t/{event}", payload, received_at)
    found = prepare(inbound, DEVICES, NATIVE_CODECS)
    assert not isinstance(found, ScriptTask)
    return found


def batch_of(*outcomes: Outcome, known: Mapping[UUID, datetime | None] | None = None) -> Batch:
    return assemble(outcomes, known or {}, DEVICES, TOPICS)


def key_of(outcome: Outcome) -> UUID:
    (key,) = identified([outcome])
    return key


def published(batch: Batch) -> list[dict[str, Any]]:
    messages = [*(outgoing(found) for found in batch.observations), *batch.republish]
    return [{"topic": message.topic, **json.loads(message.payload)} for message in messages]


def flags_of(row: Sequence[Any]) -> set[str]:
    return {str(flag) for flag in row[10]}


def test_message_at_which_the_reader_has_a_fault_is_quarantined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def faulty(*_: object) -> Uplink:
        raise TypeError("nobody foresaw this")

    monkeypatch.setattr(decode, "read_chirpstack", faulty)
    outcome = up()
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, outcome.detail) == ("reader_failed", "TypeError: nobody foresaw this")


def test_uplink_at_which_a_native_codec_has_a_fault_is_kept_with_what_happened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def faulty(frame: Frame) -> Decoded:
        raise TypeError("nobody foresaw this")

    bad = replace(NATIVE_CODECS["bosch-tps110"], decode=faulty)
    monkeypatch.setitem(globals(), "NATIVE_CODECS", {**NATIVE_CODECS, bad.codec_id: bad})
    batch = batch_of(up())
    (row,) = batch.uplinks
    assert "codec_error" in flags_of(row)
    assert published(batch) == []


def test_uplink_of_a_known_device_is_a_row_an_observation_and_an_event() -> None:
    outcome = up()
    batch = batch_of(outcome)
    assert batch.counts == {("cs", "stored"): 1}
    (row,) = batch.uplinks
    assert (row[0], row[1], row[3]) == (NOW - timedelta(seconds=1), key_of(outcome), BAY)
    assert row[9] == outcome.inbound.payload
    (event,) = published(batch)
    assert event["topic"] == "takt/v1/observation/bay-occupancy/lot-01"
    assert event["id"] == f"{key_of(outcome)}:0"
    assert event["data"]["occupied"] is True
    assert batch.quarantine == []
    assert batch.seen.keys() == {BAY}


def test_same_uplink_twice_in_a_batch_is_stored_and_published_once() -> None:
    batch = batch_of(up(), up(received_s=1), up(f_cnt=2))
    assert batch.counts == {("cs", "stored"): 2, ("cs", "duplicate"): 1}
    assert len(batch.uplinks) == len(batch.observations) == 2
    assert batch.republish == []


def test_known_duplicate_writes_nothing_and_publishes_the_same_event_again() -> None:
    first = up()
    before = published(batch_of(first))
    late = up(received_s=86_400)
    again = batch_of(late, known={key_of(first): NOW})
    assert again.counts == {("cs", "duplicate"): 1}
    assert (again.uplinks, again.observations, again.events, again.seen) == ([], [], [], {})
    assert published(again) == before


def test_known_duplicate_without_any_time_repeats_the_time_of_its_first_receipt() -> None:
    first = up(time=None)
    before = published(batch_of(first))
    again = batch_of(up(time=None, received_s=3600), known={key_of(first): NOW})
    assert published(again) == before
    assert before[0]["time"] == "2026-11-01T08:15:00Z"


def test_identity_is_taken_with_its_first_receipt_of_the_batch() -> None:
    assert identified([up(received_s=1), up(received_s=2)]) == {
        key_of(up()): NOW + timedelta(seconds=1)
    }


def test_same_identity_of_two_devices_or_sources_is_no_duplicate() -> None:
    batch = batch_of(
        up(deduplicationId="x"),
        up(BARE, deduplicationId="x"),
        up(deduplicationId="x", source=SIMULATED),
    )
    assert batch.counts == {("cs", "stored"): 2, ("sim", "stored"): 1}


def test_event_is_stored_and_publishes_nothing() -> None:
    outcome = up(event="join")
    batch = batch_of(outcome)
    assert isinstance(outcome, ReadEvent)
    assert batch.counts == {("cs", "stored"): 1}
    assert [row[3] for row in batch.events] == [BAY]
    assert published(batch) == []
    assert batch.uplinks == []


def test_known_event_is_a_duplicate() -> None:
    outcome = up(event="join")
    batch = batch_of(outcome, outcome, known={key_of(outcome): NOW})
    assert batch.counts == {("cs", "duplicate"): 2}
    assert batch.events == []


def test_status_with_the_deduplication_of_an_uplink_does_not_hide_it() -> None:
    batch = batch_of(up(event="status"), up())
    assert batch.counts == {("cs", "stored"): 2}
    assert (len(batch.events), len(batch.uplinks)) == (1, 1)


def test_rejected_message_is_quarantined_with_its_bytes_and_reason() -> None:
    outcome = raw(b"\xffbroken")
    batch = batch_of(outcome, up())
    assert isinstance(outcome, Rejected)
    assert batch.counts == {("cs", "quarantined"): 1, ("cs", "stored"): 1}
    (row,) = batch.quarantine
    assert (row[2], row[4], row[5]) == ("cs", b"\xffbroken", "invalid_utf8")
    assert row[6]


def test_same_broken_bytes_have_the_same_quarantine_id_and_others_another() -> None:
    rows = batch_of(raw(b"{"), raw(b"{"), raw(b"["), raw(b"{", source=SIMULATED)).quarantine
    ids = [row[0] for row in rows]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_nul_in_topic_or_reason_can_be_stored_as_text() -> None:
    inbound = Inbound(Origin(SOURCE, None, None, "up"), "a\0b", b"{", NOW)
    (row,) = batch_of(Rejected(inbound, "reason", "c\0d" + "x" * 3000)).quarantine
    assert (row[3], row[6][:3]) == ("a\ufffdb", "c\ufffdd")
    assert len(row[6]) == 2000


def test_payload_that_the_codec_refuses_is_stored_and_quarantined() -> None:
    batch = batch_of(up(fPort=77))
    assert batch.counts == {("cs", "quarantined"): 1}
    assert flags_of(batch.uplinks[0]) == {"codec_error"}
    (row,) = batch.quarantine
    assert (row[5], row[7], row[8], row[9]) == (
        "codec_error",
        BAY,
        batch.uplinks[0][1],
        "bosch-tps110",
    )
    assert published(batch) == []


def test_reading_that_does_not_fit_its_asset_is_stored_and_quarantined() -> None:
    batch = batch_of(up(OTHER))
    assert batch.counts == {("cs", "quarantined"): 1}
    assert flags_of(batch.uplinks[0]) == {"codec_error"}
    assert "tram-1" in batch.quarantine[0][6]


def test_unknown_device_is_stored_and_listed_once() -> None:
    batch = batch_of(up(STRANGER), up(STRANGER, f_cnt=2, received_s=1))
    assert batch.counts == {("cs", "stored"): 2}
    assert batch.unknown == {STRANGER: (STRANGER, NOW, "cs")}
    assert flags_of(batch.uplinks[0]) == {"unknown_device"}
    assert published(batch) == []


def test_device_without_codec_codec_or_asset_is_stored_and_flagged() -> None:
    for dev_eui, flag in (
        ("0200000000000004", "no_codec"),
        ("0200000000000005", "unknown_codec"),
        (BARE, "no_asset"),
    ):
        batch = batch_of(up(dev_eui))
        assert batch.counts == {("cs", "stored"): 1}
        assert flags_of(batch.uplinks[0]) == {flag}
        assert published(batch) == []


def test_what_must_not_be_decoded_is_stored_without_readings() -> None:
    for fields, flag in (
        ({"fPort": 0}, "mac_only"),
        ({"data": ""}, "empty"),
        ({"joinServerContext": {}}, "encrypted"),
    ):
        batch = batch_of(up(**fields))  # type: ignore[arg-type]
        assert flags_of(batch.uplinks[0]) == {flag}
        assert published(batch) == []


def test_asset_is_the_one_of_the_observation_time_not_of_now() -> None:
    swapped = NOW - timedelta(seconds=10)
    book = DeviceBook(
        {
            BAY: device(
                BAY,
                "bosch-tps110",
                Period(Asset("bay", "new"), swapped, None),
                Period(Asset("bay", "old"), LONG_AGO, swapped),
            )
        }
    )
    times = [(swapped - timedelta(seconds=1), "old"), (swapped, "new")]
    for number, (time, asset_id) in enumerate(times):
        batch = assemble([up(f_cnt=number, time=time.isoformat())], {}, book, TOPICS)
        assert [found.observation.asset_id for found in batch.observations] == [asset_id]
    before = assemble([up(time=(LONG_AGO - timedelta(1)).isoformat())], {}, DeviceBook(), TOPICS)
    assert before.observations == []


def test_implausible_time_is_replaced_and_flagged_on_the_row() -> None:
    batch = batch_of(up(time=(NOW + timedelta(hours=1)).isoformat()))
    (row,) = batch.uplinks
    assert (row[0], row[5]) == (NOW, "received")
    assert flags_of(row) == {"future_time"}


def test_simulated_source_marks_row_and_event() -> None:
    batch = batch_of(up(source=SIMULATED))
    assert batch.uplinks[0][11] is True
    assert published(batch)[0]["simulated"] is True
    (found,) = batch.observations
    assert observation_row(found, 7, "w")[11] is True


def test_every_message_is_counted_exactly_once() -> None:
    outcomes = [
        up(),
        up(),
        raw(b"{"),
        up(STRANGER),
        up(event="log"),
        up(fPort=77, f_cnt=9),
    ]
    batch = batch_of(*outcomes)
    assert sum(batch.counts.values()) == len(outcomes)
    assert all(isinstance(o, DecodedUplink | ReadEvent | Rejected) for o in outcomes)
