# SPDX-License-Identifier: EUPL-1.2
"""The decoder writes its events by hand, for speed; they are what models and schemas say."""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator

from stadttakt_messages.catalogue import BY_NAME, DECODER, TOPICS
from stadttakt_messages.topics import Topics
from uplink_decoder.codecs.model import (
    BayReading,
    Codec,
    CountReading,
    Decoded,
    EnvironmentReading,
    Measured,
    PresenceReading,
    Reading,
)
from uplink_decoder.domain.events import encode_event, event_id
from uplink_decoder.domain.readings import Asset, Observation, observations
from uplink_decoder.domain.uplink import Times

MESSAGES = Path(__file__).parents[2] / "schemas" / "messages"
AT = datetime(2026, 11, 1, 8, 15, 0, 123456, tzinfo=UTC)
UPLINK = uuid.UUID("0af76519-16cd-43dd-8448-eb211c80319c")
CODEC = Codec("bosch-tps110", 3, "Bosch", "TPS110", lambda _: Decoded({}))


class Case(NamedTuple):
    kind: str
    asset: Asset
    reading: Reading
    data: Mapping[str, Any]


CASES = (
    Case(
        "bay-occupancy",
        Asset("bay", "lot-01"),
        BayReading(occupied=True),
        {"occupied": True, "previous_duration_s": None, "battery_mv": None, "quality": "good"},
    ),
    Case(
        "bay-occupancy",
        Asset("bay", "lot-01"),
        BayReading(occupied=False, previous_duration_s=2700, suspect=True),
        {"occupied": False, "previous_duration_s": 2700, "battery_mv": None, "quality": "suspect"},
    ),
    Case(
        "vehicle-count",
        Asset("lot_gate", "holzplatz/nord"),
        CountReading("1", "delta", 3, 1),
        {"mode": "delta", "in": 3, "out": 1, "inside": None},
    ),
    Case(
        "passenger-count",
        Asset("vehicle", "tram-614"),
        CountReading("2", "cumulative", 4_294_967_295, 0),
        {
            "mode": "cumulative",
            "counts": [{"class": "adult", "in": 4_294_967_295, "out": 0}],
            "quality": "regular",
        },
    ),
    Case(
        "device-presence",
        Asset("vehicle", "tram-614"),
        PresenceReading(wifi=23, ble=None),
        {"wifi": 23, "ble": None},
    ),
    Case(
        "environment",
        Asset("environment", "klima-markt"),
        EnvironmentReading((Measured("air.relativeHumidity", 81.5, "%"),)),
        {"quantities": [{"quantity": "air.relativeHumidity", "value": 81.5, "unit": "%"}]},
    ),
)

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)


def observe(case: Case) -> Observation:
    times = Times(AT, AT, "gateway")
    (observation,) = observations(
        Decoded({}, (case.reading,)), case.asset, CODEC, times, Topics("takt/v1")
    )
    return observation


def encode(observation: Observation, *, simulated: bool = False) -> bytes:
    return encode_event(
        kind=observation.kind,
        event_id=event_id(UPLINK, 0),
        source_id="cs",
        subject=observation.subject,
        observed_at=observation.observed_at,
        data=observation.data,
        simulated=simulated,
        sensor="0004a30b001c0530",
    )


@each_case
@pytest.mark.parametrize("simulated", [False, True])
def test_event_is_read_by_its_model_without_loss(case: Case, *, simulated: bool) -> None:
    sent = encode(observe(case), simulated=simulated)
    event = BY_NAME[case.kind].event.model_validate_json(sent)
    assert (event.id, event.source, event.time) == (
        f"{UPLINK}:0",
        "/stadttakt/uplink-decoder/cs",
        AT,
    )
    assert event.simulated is simulated
    assert event.type == BY_NAME[case.kind].type
    assert event.dataschema == BY_NAME[case.kind].dataschema
    stamp = {"codec_id": "bosch-tps110", "codec_version": 3}
    assert event.data.model_dump(mode="json") == {**case.data, **stamp}
    assert event.traceparent == "00-0af7651916cd43dd8448eb211c80319c-0af7651916cd43dd-01"


@each_case
def test_event_is_what_the_model_would_write(case: Case) -> None:
    sent = encode(observe(case))
    written = BY_NAME[case.kind].event.model_validate_json(sent).to_bytes()
    assert json.loads(written) == json.loads(sent)


@each_case
def test_event_is_valid_by_its_checked_in_schema(case: Case) -> None:
    schema = json.loads((MESSAGES / f"{case.kind}.v1.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(
        json.loads(encode(observe(case)))
    )


@each_case
def test_event_goes_to_the_topic_of_its_kind(case: Case) -> None:
    topic_filter = Topics("takt/v1").all_of(BY_NAME[case.kind].pattern).split("/")
    levels = observe(case).topic.split("/")
    assert all(part in {"+", level} for part, level in zip(topic_filter, levels, strict=True))


def test_every_kind_that_the_decoder_produces_is_here() -> None:
    produced = {entry.name for entry in TOPICS if DECODER in entry.producers} - {"alert"}
    assert {case.kind for case in CASES} == produced
