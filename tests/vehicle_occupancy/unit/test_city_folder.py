# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from pathlib import Path

import pytest

from stadttakt_runtime.plugins import CityError
from vehicle_occupancy.city.folder import read_folder

HALLE = Path(__file__).parents[3] / "deploy/cities/halle"
KIND = "kinds:\n  - {kind: bus, name: Bus, mode: bus, seats: 30, standing: 40, doors: ['1', '2']}\n"
TWO_OF_ONE_SENSOR = """\
vehicles:
  - {vehicle_id: a, kind: bus, sensors: [x]}
  - {vehicle_id: b, kind: bus, sensors: [x]}
"""


def write(city: Path, vehicles: str, levels: str | None = None) -> Path:
    (city / "transit").mkdir()
    (city / "transit/vehicles.yaml").write_text(vehicles)
    if levels is not None:
        (city / "transit/levels.yaml").write_text(levels)
    return city


def test_a_vehicle_has_what_its_kind_has_unless_it_says_otherwise(tmp_path: Path) -> None:
    text = f"{KIND}vehicles:\n  - {{vehicle_id: a, kind: bus}}\n"
    text += "  - {vehicle_id: b, kind: bus, seats: 20, doors: ['1'], sensors: [x]}\n"
    first, second = read_folder(write(tmp_path, text)).vehicles
    assert (first["seats"], first["standing"], first["doors"]) == (30, 40, ("1", "2"))
    assert (second["seats"], second["standing"], second["doors"]) == (20, 40, ("1",))
    assert first["sensing"]["silent_after_s"] == 900


def test_levels_have_their_labels(tmp_path: Path) -> None:
    text = "levels: {medium_from: 0.4, labels: {low: {de: Platz, en: room}}}\n"
    rules = read_folder(write(tmp_path, KIND, text)).rules
    assert rules["levels"] == {"medium_from": 0.4, "high_from": 0.9, "margin": 0.02}
    assert [rules["labels"][level]["de"] for level in ("low", "medium", "high")] == [
        "Platz",
        "mittel",
        "stark",
    ]


@pytest.mark.parametrize(
    ("vehicles", "line", "message"),
    [
        ("vehicles:\n  - {vehicle_id: a, kind: tram}\n", 4, "there is no kind tram"),
        ("vehicles:\n  - {vehicle_id: a, kind: bus, wheels: 4}\n", 4, "wheels"),
        (
            "vehicles:\n  - {vehicle_id: a, kind: bus}\n  - {vehicle_id: a, kind: bus}\n",
            5,
            "a is given twice",
        ),
        (
            TWO_OF_ONE_SENSOR,
            5,
            "x is a sensor of a already",
        ),
        ("vehicles:\n  - {vehicle_id: a, kind: bus, seats: 0, standing: 0}\n", 4, "nobody"),
        ("ships: []\n", 3, "unknown key ships"),
        ("vehicles: 7\n", 3, "vehicles must be a list"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, vehicles: str, line: int, message: str
) -> None:
    with pytest.raises(CityError) as told:
        read_folder(write(tmp_path, KIND + vehicles))
    assert told.value.line == line
    assert message in told.value.message


def test_the_city_of_halle_is_whole() -> None:
    read = read_folder(HALLE)
    assert len({row["vehicle_id"] for row in read.vehicles}) == 120
    assert read.rules["labels"]["high"]["de"] == "stark"
    assert read.rules["timezone"] == "Europe/Berlin"
