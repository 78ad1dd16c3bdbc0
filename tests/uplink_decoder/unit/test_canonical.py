# SPDX-License-Identifier: EUPL-1.2
"""What is accepted of a partner's own events, and under which reason the rest is refused."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stadttakt_messages.catalogue import BY_NAME
from stadttakt_messages.topics import Topics
from uplink_decoder.canonical import KINDS, Accepted, accept
from uplink_decoder.domain.readings import Asset
from uplink_decoder.domain.uplink import RejectedError
from uplink_decoder.sources import Grant, Source

NOW = datetime(2026, 11, 1, 8, 15, tzinfo=UTC)
PARTNER = Source(source_id="partner", dialect="canonical", rights="all")
TOPICS = Topics("takt/v1")
DATA: dict[str, dict[str, Any]] = {
    "bay-occupancy": {"occupied": True},
    "vehicle-count": {"mode": "delta", "in": 2, "out": 1},
    "passenger-count": {"mode": "delta", "counts": [{"class": "adult", "in": 2, "out": 0}]},
    "device-presence": {"wifi": 12, "ble": None},
    "axle-load": {"mass_kg": 41_200.0, "gross": True},
    "environment": {"quantities": [{"quantity": "air.temperature", "value": 4, "unit": "°C"}]},
}
SUBJECTS = {
    "bay-occupancy": "bay/lot-01",
    "vehicle-count": "lot/messe/gate/nord",
    "passenger-count": "vehicle/tram-1/door/2",
    "device-presence": "vehicle/tram-1",
    "axle-load": "vehicle/tram-1",
    "environment": "asset/markt",
}


def event(kind: str = "bay-occupancy", **changes: Any) -> dict[str, Any]:
    entry = BY_NAME[kind]
    return {
        "specversion": "1.0",
        "id": "17",
        "source": "urn:partner:detector",
        "type": entry.type,
        "subject": SUBJECTS[kind],
        "time": "2026-11-01T08:14:00Z",
        "datacontenttype": "application/json",
        "dataschema": entry.dataschema,
        "data": deepcopy(DATA[kind]),
        **changes,
    }


def taken(
    document: Any, source: Source = PARTNER, *, topic: str = "", historical: bool = False
) -> Accepted:
    payload = document if isinstance(document, bytes) else json.dumps(document).encode()
    return accept(payload, source, NOW, topic=topic, historical=historical)


def refusal(document: Any, source: Source = PARTNER, **options: Any) -> str:
    with pytest.raises(RejectedError) as caught:
        taken(document, source, **options)
    return caught.value.reason


@pytest.mark.parametrize(
    ("kind", "asset", "topic"),
    [
        ("bay-occupancy", Asset("bay", "lot-01"), "bay-occupancy/lot-01"),
        ("vehicle-count", Asset("lot_gate", "messe/nord"), "vehicle-count/messe/nord"),
        ("passenger-count", Asset("vehicle", "tram-1"), "passenger-count/tram-1/2"),
        ("device-presence", Asset("vehicle", "tram-1"), "device-presence/tram-1"),
        ("axle-load", Asset("vehicle", "tram-1"), "axle-load/tram-1"),
        ("environment", Asset("environment", "markt"), "environment/markt"),
    ],
)
def test_every_kind_of_observation_is_taken(kind: str, asset: Asset, topic: str) -> None:
    accepted = taken(event(kind))
    assert accepted.subject.asset == asset
    observation = accepted.observation(TOPICS)
    assert observation.topic == f"takt/v1/observation/{topic}"
    assert observation.subject == SUBJECTS[kind]
    assert observation.observed_at == datetime(2026, 11, 1, 8, 14, tzinfo=UTC)
    parsed = BY_NAME[kind].data.model_validate(observation.data)
    assert parsed == BY_NAME[kind].data.model_validate(DATA[kind])


def test_these_are_all_kinds_that_the_catalogue_has() -> None:
    named = {n for n, entry in BY_NAME.items() if entry.pattern.startswith("observation/")}
    assert named == KINDS


def test_examples_of_the_catalogue_are_taken_but_for_being_our_own() -> None:
    for kind in KINDS:
        example = dict(BY_NAME[kind].example)
        assert refusal(example, historical=True) == "own_event"
        assert taken({**example, "source": "urn:x"}, historical=True).subject.kind == kind


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": "city.stadttakt.bay-state.v1"}, "unknown_type"),
        ({"type": "city.stadttakt.bay-occupancy.v2"}, "unknown_type"),
        ({"type": 7}, "unknown_type"),
        ({"dataschema": "urn:stadttakt:schema:environment:v1"}, "unknown_type"),
        ({"specversion": "0.3"}, "wrong_form"),
        ({"id": ""}, "wrong_form"),
        ({"id": 17}, "wrong_form"),
        ({"id": "x" * 201}, "wrong_form"),
        ({"source": "x" * 301}, "wrong_form"),
        ({"time": "2026-11-01T08:14:00"}, "wrong_form"),
        ({"time": "yesterday"}, "wrong_form"),
        ({"data": {"occupied": "yes"}}, "wrong_form"),
        ({"data": {"occupied": 1}}, "wrong_form"),
        ({"data": {}}, "wrong_form"),
        ({"data": None}, "wrong_form"),
        ({"data": {"occupied": True, "previous_duration_s": -1}}, "wrong_form"),
        ({"subject": "lot-01"}, "wrong_subject"),
        ({"subject": "bay/"}, "wrong_subject"),
        ({"subject": "bay/a/b"}, "wrong_subject"),
        ({"subject": "bay/#"}, "wrong_subject"),
        ({"subject": "bay/a\x00"}, "wrong_subject"),
        ({"source": "/stadttakt/uplink-decoder/cs"}, "own_event"),
        ({"corrects": "16"}, "no_correction"),
        ({"time": "2026-11-01T08:20:01Z"}, "time_in_future"),
        ({"time": "2026-10-01T08:14:59Z"}, "time_too_old"),
    ],
)
def test_what_is_wrong_is_refused_under_its_reason(changes: dict[str, Any], reason: str) -> None:
    assert refusal(event(**changes)) == reason


@pytest.mark.parametrize("character", ["\x00", "\t", "\n", "\x1f", "\x7f", "\x85"])
def test_control_character_in_a_text_is_refused_by_the_name_of_its_field(character: str) -> None:
    unit = {"quantity": "air.temperature", "value": 4, "unit": f"°{character}C"}
    for document, field in (
        (event(id=f"1{character}7"), "id"),
        (event(source=f"urn:{character}x"), "source"),
        (event(data={"occupied": True, "codec_id": character}), "data.codec_id"),
        (event("environment", data={"quantities": [unit]}), "data.quantities.0.unit"),
    ):
        with pytest.raises(RejectedError, match=f"{field}: control character U") as caught:
            taken(document)
        assert caught.value.reason == "wrong_form"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"\xff", "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b"[]", "wrong_form"),
        (b"null", "wrong_form"),
        (b" " * 262_145, "too_large"),
    ],
)
def test_what_is_no_event_is_refused(payload: bytes, reason: str) -> None:
    assert refusal(payload) == reason


def test_historical_reading_may_be_old_but_not_of_1969() -> None:
    old = event(time="2019-01-01T00:00:00Z")
    assert taken(old, historical=True).observed_at.year == 2019
    assert refusal(event(time="1969-12-31T23:59:59Z"), historical=True) == "time_too_old"


def test_source_speaks_only_for_its_assets() -> None:
    grants = (
        Grant(kinds=("bay",), assets=("messe-*", "lot-01")),
        Grant(kinds=("lot_gate",), assets=("messe",)),
        Grant(kinds=("environment",)),
    )
    partner = Source(source_id="p", dialect="canonical", rights=grants)
    for kind, subject in [
        ("bay-occupancy", "bay/messe-7"),
        ("bay-occupancy", "bay/lot-01"),
        ("vehicle-count", "lot/messe/gate/west"),
        ("environment", "asset/anything"),
    ]:
        assert taken(event(kind, subject=subject), partner)
    for kind, subject in [
        ("bay-occupancy", "bay/lot-02"),
        ("bay-occupancy", "bay/MESSE-7"),
        ("vehicle-count", "lot/messe-2/gate/west"),
        ("device-presence", "vehicle/messe-7"),
    ]:
        assert refusal(event(kind, subject=subject), partner) == "no_right"


def test_topic_must_say_the_same_as_the_subject() -> None:
    assert taken(event(), topic="partner/x/observation/bay-occupancy/lot-01")
    assert taken(event(), topic="somewhere/else")
    wrong = "partner/x/observation/bay-occupancy/lot-02"
    assert refusal(event(), topic=wrong) == "wrong_topic"
    assert refusal(event(), topic="partner/observation") == "wrong_topic"


def test_same_event_is_the_same_whichever_way_it_comes() -> None:
    first = taken(event(), topic="a/observation/bay-occupancy/lot-01")
    assert taken(event(), historical=True).identity == first.identity
    assert taken(event(data={"occupied": False})).identity == first.identity
    assert taken(event(id="18")).identity != first.identity
    assert taken(event(source="urn:other")).identity != first.identity
    other = PARTNER.model_copy(update={"source_id": "other"})
    assert taken(event(), other).identity != first.identity


def test_simulated_mark_of_source_or_event_holds() -> None:
    simulated = PARTNER.model_copy(update={"simulated": True})
    assert not taken(event()).simulated
    assert taken(event(simulated=True)).simulated
    assert taken(event(simulated=False), simulated).simulated


def test_quantity_named_twice_counts_once() -> None:
    twice = [{"quantity": "x", "value": value, "unit": "1"} for value in (1.0, 2.0)]
    data = taken(event("environment", data={"quantities": twice})).data
    assert data["quantities"] == twice[:1]


@given(st.binary(max_size=400))
def test_no_bytes_do_anything_but_be_refused(payload: bytes) -> None:
    with pytest.raises(RejectedError):
        accept(payload, PARTNER, NOW, historical=False)


@given(
    st.sampled_from(sorted(event())),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    ),
)
def test_no_value_in_any_field_is_more_than_refused(name: str, value: Any) -> None:
    payload = json.dumps(event(**{name: value})).encode()
    try:
        accepted = accept(payload, PARTNER, NOW, historical=False)
    except RejectedError:
        return
    assert accepted.observation(TOPICS).topic.startswith("takt/v1/observation/")


@given(st.timedeltas(timedelta(days=-31), timedelta(minutes=5)))
def test_time_near_the_receipt_is_taken_as_it_is(offset: timedelta) -> None:
    time = NOW + offset
    assert taken(event(time=time.isoformat())).observed_at == time
