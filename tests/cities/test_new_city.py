# SPDX-License-Identifier: EUPL-1.2
"""A second city: made from the template, checked with clear errors, and nothing of the first one in it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from stadttakt_runtime.cli import build
from stadttakt_runtime.new_city import id_of
from stadttakt_simulators.city.simulation import load_simulation

CITIES = Path(__file__).parents[2] / "deploy/cities"
MUSTERSTADT = CITIES / "musterstadt"
PLACE = ["--at", "49.7482,10.2236", "--holidays", "DE-BY"]


def stadttakt(*arguments: str) -> Result:
    return CliRunner().invoke(build(), ["city", *arguments])


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def city(tmp_path: Path) -> Path:
    copy = tmp_path / "musterstadt"
    shutil.copytree(MUSTERSTADT, copy)
    return copy


def test_musterstadt_is_what_the_template_makes(tmp_path: Path) -> None:
    made = stadttakt("new", "Musterstadt", "--into", str(tmp_path), *PLACE)
    assert made.exit_code == 0, made.output
    assert files(tmp_path / "musterstadt") == files(MUSTERSTADT)
    assert "stadttakt city check" in made.output


@pytest.mark.parametrize("region", ["QQ", "DE-XX"])
def test_region_whose_holidays_nobody_knows_makes_no_city(tmp_path: Path, region: str) -> None:
    at = ["--at", "49.7482,10.2236", "--holidays", region]
    made = stadttakt("new", "Musterstadt", "--into", str(tmp_path), *at)
    assert (made.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert f"nobody knows the holidays of {region}" in " ".join(made.output.split())


@pytest.mark.parametrize("zone", ["Foo/Bar", "europe/berlin", "../etc/passwd", ""])
def test_time_zone_that_there_is_not_makes_no_city(tmp_path: Path, zone: str) -> None:
    at = ["--at", "49.7482,10.2236", "--timezone", zone]
    made = stadttakt("new", "Musterstadt", "--into", str(tmp_path), *at)
    assert (made.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert f"there is no time zone '{zone}'" in " ".join(made.output.split())


def test_new_city_passes_the_check_and_says_what_is_still_blank(city: Path) -> None:
    checked = stadttakt("check", str(city))
    assert checked.exit_code == 0, checked.output
    for service in ("uplink", "parking", "transit", "kpi", "opendata", "registry"):
        assert re.search(rf"^{service} ", checked.output, re.MULTILINE), checked.output
    assert "2 lots, 12 bays, 2 signs" in checked.output
    in_production = stadttakt("check", "--production", str(city))
    assert in_production.exit_code == 1
    assert "yet to fill in" in in_production.output


def test_shipped_cities_pass_the_check() -> None:
    for folder in CITIES.iterdir():
        checked = stadttakt("check", str(folder))
        assert checked.exit_code == 0, checked.output


def test_simulator_can_drive_the_new_city(city: Path) -> None:
    assert load_simulation(city / "simulation.yaml").transit is not None


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("parking/lots.yaml", "capacity: 12", "capazity: 12", "lots.yaml:4: capacity: is missing"),
        (
            "parking/lots.yaml",
            "capacity: 12",
            "capacity: 5",
            "lots.yaml:6: capacity 5, but bays.csv",
        ),
        ("devices.csv", "bay,markt-03", "bay,markt-33", "devices.csv:4: asset_id: there is no bay"),
        ("devices.csv", "pr-nord/zufahrt,300", "pr-nord/ost,300", "there is no gate of a lot"),
        ("devices.csv", "00010004", "0001000x", "devices.csv:5: dev_eui"),
        ("sources.yaml", "dialect: tts", "dialect: ttn", "sources.yaml: sources.1.dialect"),
        ("transit/vehicles.yaml", "bus-102, kind: solo", "bus-102, kind: duo", "there is no kind"),
        ("transit/timetable.yaml", "demo-gtfs", "gtfs.zip", "timetable.yaml: feed:"),
        ("kpi/framework.yaml", "formula: above-comfort", "formula: above", "framework.yaml:"),
        ("opendata/policy.yaml", "kind: lot", "kind: lod", "policy.yaml:"),
        ("registry/process.yaml", "target: abgelehnt", "target: weg", "process.yaml:"),
        ("city.yaml", "Europe/Berlin", "Europe/Berlim", "there is no time zone"),
        ("city.yaml", "city_id: musterstadt", "city_id: Neu Stadt", "city.yaml: city_id:"),
        ("broker.yaml", "control-centre", "uplink-decoder", "the login uplink-decoder is a"),
    ],
)
def test_error_in_a_folder_names_file_line_and_reason(
    city: Path, file: str, old: str, new: str, said: str
) -> None:
    text = (city / file).read_text(encoding="utf-8")
    assert old in text
    (city / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    checked = stadttakt("check", str(city))
    assert checked.exit_code == 1
    assert said in checked.output


def test_what_several_services_find_wrong_is_told_once(city: Path) -> None:
    file = city / "city.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("Europe/Berlin", "Europe/Berlim"), encoding="utf-8")
    checked = stadttakt("check", str(city))
    assert checked.output.count("Europe/Berlim") == 1
    assert checked.output.count("[see the error]") > 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Musterstadt", "--id", "Muster stadt"], "an id is made of"),
        (["Muster: stadt"], "a name is made of"),
        (["Musterstadt", "--at", "95,10"], "a place is LAT,LON"),
        (["Musterstadt", "--at", "here"], "a place is LAT,LON"),
    ],
)
def test_city_that_files_cannot_hold_is_refused(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    made = stadttakt("new", *PLACE, "--into", str(tmp_path), *arguments)
    assert made.exit_code != 0
    assert said in made.output
    assert not list(tmp_path.iterdir())


def test_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "musterstadt").mkdir()
    (tmp_path / "musterstadt/mine.txt").write_text("mine")
    made = stadttakt("new", "Musterstadt", "--into", str(tmp_path), *PLACE)
    assert made.exit_code == 1
    assert "there already" in made.output
    assert files(tmp_path / "musterstadt") == {"mine.txt": b"mine"}


@pytest.mark.parametrize(
    ("name", "city_id"), [("Groß Köris", "gross-koeris"), ("Frankfurt (Oder)", "frankfurt-oder")]
)
def test_id_is_made_of_the_name(name: str, city_id: str) -> None:
    assert id_of(name) == city_id
