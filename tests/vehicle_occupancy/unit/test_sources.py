# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from pathlib import Path

import pytest

from stadttakt_runtime.plugins import CityError
from vehicle_occupancy.sources import read_sources

HALLE = Path(__file__).parents[3] / "deploy/cities/halle"


def write(city: Path, text: str) -> Path:
    (city / "transit").mkdir()
    (city / "transit/sources.yaml").write_text(f"sources:\n{text}")
    return city


def test_a_topic_says_which_vehicle_and_door(tmp_path: Path) -> None:
    text = "  - {source_id: a, dialect: itxpt, topics: ['bus/{vehicle}/+/{door}/#']}\n"
    (route,) = read_sources(write(tmp_path, text))
    assert route.filter == "bus/+/+/+/#"
    assert route.match(["bus", "301", "apc", "2", "counts"]) == ("301", "2")
    assert route.match(["tram", "301", "apc", "2", "counts"]) is None
    assert route.match(["bus", "301"]) is None


def test_a_city_without_the_file_has_no_sources(tmp_path: Path) -> None:
    assert read_sources(tmp_path) == ()
    assert read_sources(None) == ()


def test_the_sources_of_halle_can_be_read() -> None:
    assert {route.dialect for route in read_sources(HALLE)} == {
        "vdv301",
        "itxpt",
        "waltti-apc",
        "paxcounter",
    }


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{source_id: a, dialect: vdv301, topics: ['x/+']}", "{vehicle}"),
        ("{source_id: a, dialect: vdv301, topics: ['x/#/{vehicle}']}", "no topic"),
        ("{source_id: a, dialect: waltti-apc, topics: ['#']}", "no topic"),
        ("{source_id: a, dialect: morse, topics: [x]}", "dialect"),
        ("{source_id: a, dialect: itxpt, topics: ['x/{vehicle}/{vehicle}']}", "twice"),
        ("{source_id: a, dialect: itxpt, topics: ['x/{vehicle}'], timezone: Mars}", "time zone"),
    ],
)
def test_what_is_wrong_with_a_source_is_told(tmp_path: Path, entry: str, message: str) -> None:
    with pytest.raises(CityError) as told:
        read_sources(write(tmp_path, f"  - {entry}\n"))
    assert message in told.value.message
