# SPDX-License-Identifier: EUPL-1.2
import csv
from collections import Counter
from typing import Any

import yaml

from simulators.simulated_city import HALLE, MONDAY, halle, simulate
from stadttakt_simulators.clock import later
from stadttakt_simulators.lorawan.encoders import BAY_ENCODERS
from stadttakt_simulators.lorawan.radio import Place, distance_m
from uplink_decoder.city import read_devices
from uplink_decoder.sources import SourceTable, read_sources


def lots() -> dict[str, Any]:
    document = yaml.safe_load((HALLE / "parking" / "lots.yaml").read_text("utf-8"))
    return {lot["lot_id"]: lot for lot in document["lots"]}


def bays() -> list[dict[str, str]]:
    with (HALLE / "parking" / "bays.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def lots_by(detection: str) -> dict[str, Any]:
    return {lot_id: lot for lot_id, lot in lots().items() if lot["detection"] == detection}


def test_capacity_of_a_lot_sensed_bay_by_bay_is_the_number_of_its_bays():
    sensed = Counter(bay["lot_id"] for bay in bays())
    found = lots_by("single_bay")
    assert {lot_id: lot["capacity"] for lot_id, lot in found.items()} == {
        lot_id: sensed[lot_id] for lot_id in found
    }
    assert found


def test_mixed_lot_has_gates_and_fewer_sensors_than_places():
    sensed = Counter(bay["lot_id"] for bay in bays())
    mixed = lots_by("mixed")
    for lot_id, lot in mixed.items():
        assert 0 < sensed[lot_id] < lot["capacity"]
        assert lot["balancing"]["gates"]
    assert {lot_id: sensed[lot_id] for lot_id in mixed} == {"friedemann-bach-platz-kameras": 12}


def test_lots_are_single_bay_or_mixed_and_only_mixed_ones_have_gates():
    assert lots_by("single_bay").keys() | lots_by("mixed").keys() == lots().keys()
    assert not any("balancing" in lot for lot in lots_by("single_bay").values())


def test_gates_are_watched_by_devices_and_known_to_their_lot():
    city, _ = halle()
    watched = {device.asset_id for device in city.devices if device.asset_kind == "lot_gate"}
    assert watched == {f"{lot.lot_id}/{gate}" for lot in city.lots.values() for gate in lot.gates}
    assert len(watched) == 4


def test_friedemann_bach_platz_has_48_bays_and_the_city_about_400():
    assert lots()["friedemann-bach-platz"]["capacity"] == 48
    assert 380 <= len(bays()) <= 420


def test_alternatives_and_signs_name_lots_that_exist():
    signs = yaml.safe_load((HALLE / "parking" / "signs.yaml").read_text("utf-8"))["signs"]
    assert {lot["alternative"] for lot in lots().values()} - {None} <= set(lots())
    assert {sign["lot_id"] for sign in signs} == set(lots())
    assert len({sign["sign_id"] for sign in signs}) == len(signs)


def test_bays_lie_apart_and_near_their_lot():
    places = [Place(float(bay["lat"]), float(bay["lon"])) for bay in bays()]
    for bay, place in zip(bays(), places, strict=True):
        lot = lots()[bay["lot_id"]]
        assert distance_m(place, Place(lot["lat"], lot["lon"])) < 60
    nearest = min(
        distance_m(a, b) for index, a in enumerate(places) for b in places[index + 1 : index + 80]
    )
    assert nearest > 2.2


def test_every_bay_has_a_sensor_with_a_made_up_eui_and_eight_of_one_lot_have_two():
    city, _ = halle()
    watched = Counter(device.asset_id for device in city.devices if device.asset_kind == "bay")
    assert watched.keys() == {bay["bay_id"] for bay in bays()}
    twice = {bay_id for bay_id, sensors in watched.items() if sensors > 1}
    assert twice == {f"holzplatz-{number:02}" for number in range(5, 13)}
    assert max(watched.values()) == 2
    assert all(device.dev_eui.startswith("02") for device in city.devices)


def test_both_sensors_of_a_bay_tell_of_the_same_vehicles():
    simulation = simulate()
    for step in range(1, 400):
        simulation.step(later(MONDAY, step * 0.5))
    both = [
        [watch for _, watch in watches]
        for watches in simulation.population.by_bay.values()
        if len(watches) > 1
    ]
    assert len(both) == 8
    assert all(first.occupied is second.occupied for first, second in both)
    assert any(first.occupied for first, _ in both)


def test_all_parking_codecs_are_on_both_networks():
    city, _ = halle()
    used = {
        (device.codec_id, device.tags["network"])
        for device in city.devices
        if device.asset_kind == "bay"
    }
    assert used == {(codec, network) for codec in BAY_ENCODERS for network in ("chirpstack", "tts")}


def test_the_decoder_accepts_devices_and_sources():
    assert len(read_devices(HALLE)) == len(halle()[0].devices)
    assert [source.simulated for source in read_sources(HALLE)] == [True, True, False, False]


def test_simulated_messages_belong_to_simulated_sources():
    table = SourceTable(read_sources(HALLE))
    simulation = simulate()
    messages = [m for step in range(1, 40) for m in simulation.step(later(MONDAY, step * 0.2))]
    assert messages
    for message in messages:
        origin = table.of_topic(message.topic)
        assert origin is not None
        assert origin.source.simulated


def test_special_kinds_are_there():
    kinds = Counter(bay["kind"] for bay in bays())
    assert {"disabled", "disabled_assigned", "family", "charging"} <= set(kinds)
    assert kinds["general"] > 300
