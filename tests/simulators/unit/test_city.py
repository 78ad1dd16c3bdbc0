# SPDX-License-Identifier: EUPL-1.2
import shutil
from pathlib import Path

import pytest

from simulators.simulated_city import HALLE
from stadttakt_simulators.city.places import load_city
from stadttakt_simulators.city.section import CityError
from stadttakt_simulators.city.simulation import load_simulation
from stadttakt_simulators.lorawan.radio import (
    Gateway,
    Place,
    airtime_s,
    distance_m,
    silence_after_s,
    spreading_factor,
)
from stadttakt_simulators.publisher import Broker


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("speed: 60", "speed: fast", r":3: 'speed' must be a number"),
        ("speed: 60", "spede: 60", r"'speed' is missing"),
        ("seed: 2026", "seed: 2026\nextra: 1", r":3: unknown key 'extra'"),
        ('start: "07:00"', 'start: "25:00"', r"time of day"),
        ("profile: evening", "profile: lunch", r"profiles are commuter"),
        ("duplicate: {probability: 0.01}", "duplicate: {probability: 7}", r"not a probability"),
        ("wrong_json:", "wrong_xml:", r"faults are duplicate"),
        ("gps: true", "gps: yes please", r"true or false"),
    ],
)
def test_a_mistake_in_simulation_yaml_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, reason: str
):
    text = (HALLE / "simulation.yaml").read_text("utf-8")
    assert old in text
    (tmp_path / "simulation.yaml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(CityError, match=reason):
        load_simulation(tmp_path / "simulation.yaml")


def test_yaml_that_is_none_is_refused(tmp_path: Path):
    (tmp_path / "simulation.yaml").write_text("seed: [", "utf-8")
    with pytest.raises(CityError):
        load_simulation(tmp_path / "simulation.yaml")
    with pytest.raises(CityError):
        load_simulation(tmp_path / "absent.yaml")


def test_a_device_at_an_unknown_bay_is_named_with_its_line(tmp_path: Path):
    shutil.copytree(HALLE, tmp_path / "city")
    devices = tmp_path / "city" / "devices.csv"
    devices.write_text(
        devices.read_text("utf-8").replace("bay,ratshof-01,", "bay,ratshof-99,"), "utf-8"
    )
    with pytest.raises(CityError, match=r"devices.csv:\d+: bay 'ratshof-99'"):
        load_city(tmp_path / "city")


def test_a_broker_url_may_carry_credentials_and_tls():
    assert Broker.parse("mqtt://127.0.0.1:1893") == Broker("127.0.0.1", 1893, None, None, tls=False)
    assert Broker.parse("mqtts://me:s%40crt@broker") == Broker(
        "broker", 8883, "me", "s@crt", tls=True
    )
    with pytest.raises(ValueError, match="mqtt://"):
        Broker.parse("http://broker")


def test_the_spreading_factor_rises_with_distance():
    gateway = Gateway("g", "0" * 16, Place(51.48, 11.97), 100, frozenset({"tts"}), gps=True)
    factors = [spreading_factor(Place(51.48 + step * 0.01, 11.97), [gateway]) for step in range(8)]
    assert factors == sorted(factors)
    assert factors[0] == 7
    assert factors[-1] == 12
    assert distance_m(Place(51.48, 11.97), Place(51.49, 11.97)) == pytest.approx(1113, rel=0.01)


@pytest.mark.parametrize(
    ("factor", "payload_bytes", "seconds"), [(7, 10, 0.0617), (12, 10, 1.4828), (9, 1, 0.1649)]
)
def test_time_on_air_is_that_of_the_data_sheet(factor: int, payload_bytes: int, seconds: float):
    assert airtime_s(factor, payload_bytes) == pytest.approx(seconds, abs=0.0005)
    assert silence_after_s(seconds) == pytest.approx(99 * seconds)
