# SPDX-License-Identifier: EUPL-1.2
"""What is told of silence, loss and batteries, and that nothing flutters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stadttakt_runtime.alerts import Condition
from uplink_decoder.alerting import rules
from uplink_decoder.alerting.rules import Silence, When
from uplink_decoder.alerting.watch import thresholds_of
from uplink_decoder.domain.thresholds import Thresholds
from uplink_decoder.settings import UplinkSettings

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
THRESHOLDS = Thresholds()
Open = Mapping[tuple[str, str], Mapping[str, Any]]
NONE_OPEN: Open = {}


def real(_source: str | None) -> bool:
    return False


def told(conditions: Iterable[Condition]) -> list[tuple[str, str]]:
    return [(each.kind, each.alert_id) for each in conditions]


def opened(conditions: Iterable[Condition]) -> Open:
    return {(each.kind, each.alert_id): dict(each.details) for each in conditions}


def source(**fields: Any) -> dict[str, Any]:
    usual = {
        "source_id": "s",
        "devices": 100,
        "last_seen": NOW,
        "per_second": 100 / 3600,
        "back": 0,
    }
    return {**usual, **fields}


def device(number: int, **fields: Any) -> dict[str, Any]:
    usual = {
        "dev_eui": f"{number:016x}",
        "name": f"bay {number}",
        "source_id": "s",
        "last_seen": NOW - 3 * HOUR,
        "expected_interval_s": 3600,
        "limit_s": 7200.0,
    }
    return {**usual, **fields}


def silence(devices: list[Any], **fields: Any) -> Silence:
    found = Silence(devices, [source()], set(), [], When(NOW))
    return found._replace(**fields)


def of_devices(
    found: Silence, open_alerts: Open = NONE_OPEN, quiet: set[str] | None = None
) -> list[Condition]:
    return list(rules.silent_devices(found, open_alerts, quiet or set(), THRESHOLDS, real))


@pytest.mark.parametrize(
    ("minutes", "is_told"),
    [(4, False), (11, False), (13, True)],
)
def test_source_is_silent_when_twenty_messages_were_due(minutes: int, *, is_told: bool) -> None:
    row = source(last_seen=NOW - timedelta(minutes=minutes))
    found = list(rules.silent_sources([row], NONE_OPEN, When(NOW), real))
    assert bool(found) is is_told


def test_source_with_few_devices_is_silent_at_its_own_limit() -> None:
    row = source(devices=1, per_second=1 / 86_400, last_seen=NOW - 2 * HOUR)
    assert not list(rules.silent_sources([row], NONE_OPEN, When(NOW), real))
    limited = When(NOW, limits_s={"s": 3600})
    assert told(rules.silent_sources([row], NONE_OPEN, limited, real)) == [("source-silent", "s")]


def test_source_is_back_when_some_of_its_devices_are() -> None:
    quiet = list(rules.silent_sources([source(last_seen=NOW - HOUR)], NONE_OPEN, When(NOW), real))
    first = list(rules.silent_sources([source(back=1)], opened(quiet), When(NOW), real))
    assert first == quiet
    assert not list(rules.silent_sources([source(back=5)], opened(quiet), When(NOW), real))


def test_time_in_which_nobody_watched_is_no_silence() -> None:
    row = source(last_seen=NOW - HOUR)
    away = When(NOW, (NOW - HOUR, NOW))
    assert not list(rules.silent_sources([row], NONE_OPEN, away, real))
    assert not of_devices(silence([device(1)], when=When(NOW, (NOW - 2 * HOUR, NOW))))


def test_devices_of_a_silent_source_or_gateway_are_not_told_one_by_one() -> None:
    devices = [device(1), device(2)]
    assert told(of_devices(silence(devices))) == [
        ("device-silent", "0000000000000001"),
        ("device-silent", "0000000000000002"),
    ]
    assert not of_devices(silence(devices), quiet={"s"})
    by_gateway = silence(devices, only_heard_by_silent={devices[0]["dev_eui"]})
    assert told(of_devices(by_gateway)) == [("device-silent", "0000000000000002")]


def test_device_that_was_told_before_stays_told_under_a_silent_source() -> None:
    before = opened(of_devices(silence([device(1)])))
    assert told(of_devices(silence([device(1), device(2)]), before, {"s"})) == [
        ("device-silent", "0000000000000001")
    ]


def test_after_an_outage_devices_get_the_time_that_it_took() -> None:
    outage = {"source_id": "s", "begin_at": NOW - 3 * HOUR, "end_at": NOW - HOUR}
    assert not of_devices(silence([device(1)], outages=[outage]))
    later = When(NOW + 2 * HOUR)
    assert of_devices(silence([device(1)], outages=[outage], when=later))


def test_after_a_gateway_is_back_its_devices_get_the_time_that_it_was_away() -> None:
    gap = (NOW - 3 * HOUR, NOW - HOUR)
    found = silence([device(1), device(2)], gateway_outages=[gap])
    under = found._replace(only_heard_by_returned={f"{1:016x}"})
    assert told(of_devices(under)) == [("device-silent", "0000000000000002")]


def test_time_that_two_outages_share_counts_once() -> None:
    when = When(NOW, (NOW - 2 * HOUR, NOW - HOUR))
    gaps = [(NOW - 3 * HOUR, NOW - 1.5 * HOUR), (NOW - 9 * HOUR, NOW - 2.5 * HOUR)]
    assert when.quiet(NOW - 4 * HOUR, gaps) == HOUR
    assert when.quiet(NOW - HOUR, gaps) == HOUR


def test_many_silent_devices_are_one_alert_with_a_number_that_stays() -> None:
    many = of_devices(silence([device(number) for number in range(60)]))
    assert told(many) == [("devices-silent", "s")]
    assert many[0].details["devices_at_least"] == 50
    for count in (40, 55, 90):
        again = of_devices(silence([device(n) for n in range(count)]), opened(many))
        assert again == many
    few = of_devices(silence([device(number) for number in range(20)]), opened(many))
    assert {each.kind for each in few} == {"device-silent"}
    assert len(few) == 20


def test_a_city_of_5000_silent_devices_is_one_alert() -> None:
    devices = [device(number) for number in range(5000)]
    found = of_devices(silence(devices, sources=[source(devices=5000)]))
    assert len(found) == 1
    assert found[0].details == {"source": "s", "devices_at_least": 5000}


def gateway(**fields: Any) -> dict[str, Any]:
    usual = {
        "gateway_id": "g",
        "source_id": "s",
        "simulated": False,
        "first_seen": NOW - 48 * HOUR,
        "last_seen": NOW - HOUR,
        "frames": 24 * 30,
        "devices": 7,
    }
    return {**usual, **fields}


def test_gateway_is_silent_when_twenty_frames_were_due_and_its_source_is_not() -> None:
    when = When(NOW)
    assert told(rules.silent_gateways([gateway()], NONE_OPEN, when, set())) == [
        ("gateway-silent", "g")
    ]
    assert not list(rules.silent_gateways([gateway(frames=24)], NONE_OPEN, when, set()))
    assert not list(rules.silent_gateways([gateway()], NONE_OPEN, when, {"s"}))


def test_loss_is_told_in_tens_and_over_below_half_the_limit() -> None:
    def lossy(scattered: int, open_alerts: Open = NONE_OPEN) -> list[Condition]:
        row = {**device(1), "frames": 100 - scattered, "scattered": scattered}
        return list(rules.lossy_devices([row], open_alerts, THRESHOLDS, real))

    assert not lossy(19)
    first = lossy(24)
    assert first[0].details["percent_at_least"] == 20
    for scattered in (11, 19, 39):
        assert lossy(scattered, opened(first)) == first
    assert lossy(55, opened(first))[0].details["percent_at_least"] == 50
    assert not lossy(9, opened(first))


def test_codec_is_told_once_for_all_its_devices() -> None:
    def failing(count: int, still: int, open_alerts: Open = NONE_OPEN) -> list[Condition]:
        row = {
            "codec_id": "c",
            "failing": count,
            "still_failing": still,
            "example": f"{count}",
            "sources": ["s"],
        }
        return list(rules.failing_codecs([row], open_alerts, real))

    first = failing(120, 130)
    assert told(first) == [("codec-errors", "c")]
    assert failing(150, 160, opened(first)) == first
    assert failing(0, 3, opened(first))
    assert not failing(0, 3)


def test_battery_is_low_by_percentage_or_else_by_voltage() -> None:
    def battery(open_alerts: Open = NONE_OPEN, **fields: Any) -> list[str]:
        usual = {"tags": "{}", "battery_mv": None, "battery_percent": None, "battery_ends_at": None}
        rows = [{**device(1), **usual, **fields}]
        found = rules.weak_batteries(rows, open_alerts, THRESHOLDS, NOW, real)
        return [kind for kind, _ in told(found)]

    low: Open = {("battery-low", "0000000000000001"): {}}
    soon: Open = {("battery-ends-soon", "0000000000000001"): {"ends_in": "2026-12"}}
    assert battery(battery_percent=20.0) == ["battery-low"]
    assert battery(battery_percent=21.0) == []
    assert battery(low, battery_percent=25.0) == ["battery-low"]
    assert battery(low, battery_percent=26.0) == []
    assert battery(battery_mv=2700) == ["battery-low"]
    assert battery(battery_mv=2700, battery_percent=80.0) == []
    assert battery(battery_mv=3000, tags='{"battery_low_mv": "3100"}') == ["battery-low"]
    assert battery(battery_mv=2800, tags='{"battery_low_mv": "x"}') == []
    ends = NOW + timedelta(days=50)
    assert battery(battery_percent=40.0, battery_ends_at=ends) == ["battery-ends-soon"]
    assert battery(battery_percent=10.0, battery_ends_at=ends) == ["battery-low"]
    later = NOW + timedelta(days=80)
    assert battery(battery_ends_at=later) == []
    assert battery(soon, battery_ends_at=later) == ["battery-ends-soon"]


def test_thresholds_are_those_that_are_set() -> None:
    strict = replace(THRESHOLDS, mass_silence=2)
    found = silence([device(number) for number in range(25)])
    conditions = rules.silent_devices(found, NONE_OPEN, set(), strict, real)
    assert told(conditions) == [("devices-silent", "s")]


@given(st.integers(1, 10**9))
def test_number_told_is_reached_and_not_far_below(count: int) -> None:
    shown = rules.at_least(count)
    assert shown <= count < shown * 2.5
    assert str(shown).rstrip("0") in {"1", "2", "5"}


def test_operator_sets_every_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "RADIO_LOSS_PERCENT": "30",
        "CODEC_ERRORS_DAY": "7",
        "BATTERY_LOW_PERCENT": "15",
        "BATTERY_LOW_MV": "3100",
        "BATTERY_EMPTY_MV": "2900",
        "BATTERY_ENDS_DAYS": "90",
        "MASS_SILENCE": "10",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"STADTTAKT_UPLINK_{name}", value)
    assert thresholds_of(UplinkSettings()) == Thresholds(30, 7, 15, 3100, 2900, 90, 10)
