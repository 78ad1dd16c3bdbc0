# SPDX-License-Identifier: EUPL-1.2
"""Topics: no id can leave its level, and every topic of the contract is in the catalogue."""

from collections.abc import Callable
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stadttakt_messages.catalogue import TOPICS, TopicEntry
from stadttakt_messages.topics import Topics

ids = st.text(min_size=1, max_size=40)
topics = Topics("takt/v1")

BUILDERS: dict[str, Callable[[str, str], str]] = {
    "bay-occupancy": lambda one, _: topics.bay_occupancy(one),
    "vehicle-count": topics.vehicle_count,
    "passenger-count": topics.passenger_count,
    "device-presence": lambda one, _: topics.device_presence(one),
    "axle-load": lambda one, _: topics.axle_load(one),
    "environment": lambda one, _: topics.environment(one),
    "vehicle-position": lambda one, _: topics.vehicle_position(one),
    "trip-assignment": lambda one, _: topics.trip_assignment(one),
    "bay-state": lambda one, _: topics.state("bay", one),
    "lot-state": lambda one, _: topics.state("lot", one),
    "sign-state": lambda one, _: topics.state("sign", one),
    "vehicle-state": lambda one, _: topics.state("vehicle", one),
    "trip-state": lambda one, _: topics.state("trip", one),
    "vehicle-load": lambda one, _: topics.vehicle_load(one),
    "alert": topics.alert,
    "registry-event": topics.registry_event,
    "indicator-value": lambda one, _: topics.indicator_value(one),
}

CONTRACT = {
    "observation/bay-occupancy/+": False,
    "observation/vehicle-count/+/+": False,
    "observation/passenger-count/+/+": False,
    "observation/device-presence/+": False,
    "observation/axle-load/+": False,
    "observation/environment/+": False,
    "input/vehicle-position/+": False,
    "input/trip-assignment/+": False,
    "state/bay/+": True,
    "state/lot/+": True,
    "state/sign/+": True,
    "state/vehicle/+": True,
    "state/trip/+": True,
    "restricted/vehicle-load/+": True,
    "alert/+/+": True,
    "event/registry/+/+": False,
    "event/kpi/+": False,
}
"""The platform's topics below the root, those of the contract and ours, and whether they are retained."""


def matches(topic_filter: str, topic: str) -> bool:
    pattern, levels = topic_filter.split("/"), topic.split("/")
    return len(pattern) == len(levels) and all(
        part in {"+", level} for part, level in zip(pattern, levels, strict=True)
    )


def test_catalogue_has_every_topic_of_the_contract_and_no_other() -> None:
    catalogue = {topics.all_of(entry.pattern): entry.retained for entry in TOPICS}
    assert catalogue == {f"takt/v1/{name}": retained for name, retained in CONTRACT.items()}


@pytest.mark.parametrize("entry", TOPICS, ids=lambda entry: entry.name)
def test_every_topic_has_producers_consumers_and_a_sentence(entry: TopicEntry) -> None:
    assert entry.producers
    assert entry.consumers
    assert entry.description.endswith(".")


@pytest.mark.parametrize("entry", TOPICS, ids=lambda entry: entry.name)
@given(one=ids, two=ids)
def test_built_topic_is_matched_by_its_filter_and_no_other(
    entry: TopicEntry, one: str, two: str
) -> None:
    topic = BUILDERS[entry.name](one, two)
    owners = [other.name for other in TOPICS if matches(topics.all_of(other.pattern), topic)]
    assert owners == [entry.name]
    assert not {"+", "#", "\x00"} & set(topic)


@given(one=ids, two=ids)
def test_id_is_read_back_from_its_level(one: str, two: str) -> None:
    *_, lot, gate = topics.vehicle_count(one, two).split("/")
    assert (unquote(lot), unquote(gate)) == (one, two)


@given(one=ids, other=ids)
def test_two_ids_never_share_a_topic(one: str, other: str) -> None:
    same = topics.bay_occupancy(one) == topics.bay_occupancy(other)
    assert same == (one == other)


@pytest.mark.parametrize("plain", ["lot-01", "a.b_c", "a:b", "tram~614", "a@b", "a,b;c=d"])
def test_plain_id_stays_readable(plain: str) -> None:
    assert topics.bay_occupancy(plain).endswith(f"/{plain}")


@pytest.mark.parametrize("builder", BUILDERS.values(), ids=BUILDERS.keys())
def test_empty_id_is_refused(builder: Callable[[str, str], str]) -> None:
    with pytest.raises(ValueError, match="empty"):
        builder("", "")


def test_root_is_configurable() -> None:
    assert Topics("x").state("lot", "a") == "x/state/lot/a"
