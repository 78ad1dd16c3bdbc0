# SPDX-License-Identifier: EUPL-1.2
from datetime import timedelta
from pathlib import Path

import pytest

from open_data_publisher.city_apply import apply_city
from open_data_publisher.domain.disclosure import NEVER, Disclosure, is_withholdable
from open_data_publisher.domain.known_sources import SOURCES
from open_data_publisher.domain.policy import CLOSED
from open_data_publisher.domain.states import MODELS, Change, Entry
from open_data_publisher.policy_file import POLICY_FILE, read_policy
from stadttakt_runtime.plugins import CityError
from support.open_data import OPEN_POLICY, SINCE, lot, vehicle

HALLE = Path(__file__).parents[3] / "deploy/cities/halle"
TEXTS = """title: {de: t, en: t}
    description: {de: t, en: t}
    measured: {de: t, en: t}"""
LOTS = f"""origins:
  - {{origin: timetable, licence: odbl, attribution: OSM}}
datasets:
  - dataset_id: lots
    source: lot-history
    {TEXTS}
    fields: [lot_id, start, free_mean, simulated]
    aggregation: 15m
    licence: dl-zero-de/2.0
"""
STOPS = f"""origins:
  - {{origin: timetable, licence: odbl, attribution: OSM}}
datasets:
  - dataset_id: stops
    source: departure-level
    {TEXTS}
    fields: [day, trip_id, call, planned_departure, stop_name, level, simulated]
    licence: odbl
    attribution: Stadt; OSM
"""
STAYS = f"""datasets:
  - dataset_id: stays
    source: stay-day
    {TEXTS}
    fields: [lot_id, day, arrivals, simulated]
    protection: {{least: 5}}
    licence: dl-zero-de/2.0
"""
LICENCES_DIFFER = OPEN_POLICY.replace(
    "issued_at, valid_until, simulated]\n    licence: dl-zero-de/2.0",
    "issued_at, valid_until, simulated]\n    licence: dl-by-de/2.0\n    attribution: Stadt",
)


@pytest.fixture
def city(tmp_path: Path) -> Path:
    (tmp_path / "opendata").mkdir()
    return tmp_path


def written(city: Path, text: str) -> Path:
    (city / POLICY_FILE).write_text(text, encoding="utf-8")
    return city


def test_without_a_policy_nothing_is_public(city: Path) -> None:
    policy = read_policy(city)
    assert (dict(policy.states), dict(policy.datasets)) == ({}, {})
    assert Disclosure(policy).of("lot", lot()) is None


def test_what_was_reckoned_under_an_earlier_policy_is_told_as_the_present_one_allows(
    city: Path,
) -> None:
    known = Entry(lot(free=12), SINCE, SINCE, SINCE)
    changes = [Change("lot", "a", known, SINCE), Change("lot", "b", None, SINCE)]
    without_free = OPEN_POLICY.replace("capacity, free, free_min", "capacity, free_min")
    told, gone = Disclosure(read_policy(written(city, without_free))).of_changes(changes)
    assert told.entry is not None
    assert (told.entry.state.model_dump()["free"], gone.entry) == (None, None)
    (closed,) = Disclosure(CLOSED).of_changes(changes[:1])
    assert closed.entry is None


def test_what_a_policy_says_is_what_is_read(city: Path) -> None:
    dataset = read_policy(written(city, LOTS)).datasets["lots"]
    assert [column.name for column in dataset.columns] == [
        "lot_id",
        "start",
        "free_mean",
        "simulated",
    ]
    assert (dataset.width, dataset.delay) == (timedelta(minutes=15), timedelta())
    assert dataset.terms.licence.licence_id == "dl-zero-de/2.0"
    assert not dataset.has_position


@pytest.mark.parametrize(
    ("text", "on", "said"),
    [
        (LOTS.replace("free_mean", "free_main"), "fields:", "lot-history has no free_main"),
        (LOTS.replace(", simulated]", "]"), "fields:", "mean nothing without simulated"),
        (LOTS.replace("[lot_id, ", "["), "fields:", "mean nothing without lot_id"),
        (LOTS.replace("free_mean,", "free_mean, free_mean,"), "fields:", "given twice"),
        (LOTS.replace("source: lot-history", "source: lots"), "source:", "there is no source lots"),
        (LOTS.replace("aggregation: 15m", "aggregation: 2h"), "2h", "comes as 5m, 15m, 1h, 1d"),
        (LOTS.replace("    aggregation: 15m\n", ""), "dataset_id: lots", "comes as 5m"),
        (LOTS.replace("dl-zero-de/2.0", "mine"), "mine", "there is no licence mine"),
        (LOTS.replace("dl-zero-de/2.0", "dl-by-de/2.0"), "dl-by-de", "needs an attribution"),
        (LOTS + "    secret: yes\n", "secret", "secret"),
        (LOTS + "    chart: {value: lot_id}\n", "chart", "lot_id is no number"),
        (LOTS + "    chart: {value: free_max}\n", "chart", "no field of this dataset"),
        (LOTS + "    delay_min: -1\n", "delay_min", "delay_min"),
        (LOTS + "    protection: {least: 3}\n", "protection", "counts nothing"),
        (LOTS + LOTS.split("datasets:\n")[1], "dataset_id: lots", "lots is given twice"),
        (STAYS.replace("    protection: {least: 5}\n", ""), "dataset_id", "needs a protection"),
        (STAYS.replace("least: 5", "least: 2"), "protection", "needs at least 3"),
        (STAYS.replace("{least", "{of: turnover, least"), "protection", "protection.of"),
        (STOPS.replace("licence: odbl\n    a", "licence: cc-zero\n    a"), "cc-zero", "is under odbl"),
        (STOPS.replace("Stadt; OSM", "Stadt"), "attribution: Stadt", "demands to name: OSM"),
        (STOPS.replace("origin: timetable", "origin: x"), "fields:", "names no licence"),
        (OPEN_POLICY.replace("level,", "level, load,"), "load", "for the entitled"),
        (OPEN_POLICY.replace("[bay_id, ", "["), "fields:", "without bay_id no feed"),
        (OPEN_POLICY.replace("trend,", "trent,"), "trent", "a lot has no field trent"),
        (OPEN_POLICY + OPEN_POLICY.split("states:\n")[1], "kind: lot", "lot is given twice"),
        (LICENCES_DIFFER, "licence: dl-by", "vehicle and trip stand in the same feeds"),
        ("everything: []\n", "everything", "unknown key everything"),
        ("datasets: [", "datasets", "expected the node"),
    ],
)  # fmt: skip
def test_every_mistake_in_the_policy_is_told_with_file_line_and_reason(
    city: Path, text: str, on: str, said: str
) -> None:
    with pytest.raises(CityError) as caught:
        read_policy(written(city, text))
    assert caught.value.file.name == "policy.yaml"
    assert said in caught.value.message
    assert caught.value.line is not None
    assert on in text.splitlines()[caught.value.line - 1], caught.value


def test_a_state_loses_what_is_not_allowed_and_nothing_else(city: Path) -> None:
    text = OPEN_POLICY.replace("closed_reason, trend,", "").replace("by_group, ", "")
    told = Disclosure(read_policy(written(city, text))).of("lot", lot(closed_reason="secret"))
    kept = lot(closed_reason=None, trend=None, by_group={})
    assert told == kept


def test_numbers_of_passengers_are_withheld_whatever_a_state_says(city: Path) -> None:
    told = Disclosure(read_policy(written(city, OPEN_POLICY))).of("vehicle", vehicle(load=47))
    assert told is not None
    assert {name: getattr(told, name) for name in NEVER["vehicle"]} == dict.fromkeys(
        NEVER["vehicle"]
    )


def test_every_field_is_withholdable_or_needed() -> None:
    for kind, model in MODELS.items():
        needed = {name for name in model.model_fields if not is_withholdable(kind, name)}
        assert "simulated" in needed
        assert NEVER[kind].isdisjoint(needed)


def test_every_source_can_identify_and_place_its_rows() -> None:
    for source in SOURCES.values():
        names = set(source.by_name)
        assert source.must_be_told <= names
        assert {*source.counts, *source.sensitive, *(source.position or ())} <= names
        assert not source.least_protected or source.counts


def test_halle_says_what_it_publishes_and_apply_tells_it() -> None:
    lines = apply_city(HALLE, "")
    assert lines[0] == "live states: lot, bay, vehicle, trip"
    assert "parkplaetze" in lines[1]
    used = {dataset.source.source_id for dataset in read_policy(HALLE).datasets.values()}
    assert used == set(SOURCES)
