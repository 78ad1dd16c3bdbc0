# SPDX-License-Identifier: EUPL-1.2
"""What a city says of its portal: read, checked, and its blanks counted."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from open_data_publisher.city import read_names, read_publication
from open_data_publisher.city_portal import read_portal, refuse_unfinished
from open_data_publisher.domain.portal import Blank, PortalCity
from stadttakt_runtime.plugins import CityError

HALLE = Path(__file__).parents[3] / "deploy/cities/halle"
WHOLE = """
responsible: {name: A, represented_by: B, address: C, phone: D, email: E, editor: F, supervision: G}
privacy: {officer: A, authority: B, legal_basis: C, server_log_days: 0}
accessibility: {conformance: full, prepared_on: 2026-11-26, method: self, email: E, phone: P, enforcement: X}
"""


def portal_of(folder: Path) -> PortalCity:
    return read_portal(folder, read_names(folder))


def city(folder: Path, portal: str | None) -> Path:
    (folder / "opendata").mkdir()
    (folder / "city.yaml").write_text(
        "city_id: musterstadt\nname: Musterstadt\ntimezone: Europe/Berlin\n"
    )
    if portal is not None:
        (folder / "opendata/portal.yaml").write_text(portal)
    return folder


def test_a_city_that_says_nothing_has_blanks_everywhere(tmp_path: Path) -> None:
    read = portal_of(city(tmp_path, None))
    assert (read.city_name, read.timezone) == ("Musterstadt", "Europe/Berlin")
    assert {"responsible.name", "privacy.server_log_days", "accessibility.enforcement"} <= set(
        read.blanks()
    )


def test_a_city_that_says_everything_has_none(tmp_path: Path) -> None:
    read = portal_of(city(tmp_path, WHOLE))
    assert read.blanks() == []
    assert read.accessibility.prepared_on == date(2026, 11, 26)
    assert read.privacy.server_log_days == 0


def test_the_demonstration_has_blanks_with_a_word_for_each() -> None:
    read = portal_of(HALLE)
    assert "privacy.officer" in read.blanks()
    assert isinstance(read.privacy.officer, Blank)
    assert "Datenschutzbeauftragte" in read.privacy.officer.prompt


@pytest.mark.parametrize(
    ("portal", "said"),
    [
        ("responsibel: {}", "responsibel: is no known key"),
        ("privacy: {server_log_days: -1}", "privacy.server_log_days"),
        ("accessibility: {conformance: mostly}", "accessibility.conformance"),
        ("responsible: {name: ''}", "responsible.name"),
        ("base_map: {geojson: [../city.yaml]}", "base_map.geojson"),
        ("base_map: {geojson: [none.geojson]}", "cannot be read"),
        ("base_map: {credits: [{text: A, url: 'javascript:alert(1)'}]}", "base_map.credits"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, portal: str, said: str) -> None:
    with pytest.raises(CityError, match=said.replace(".", r"\.")):
        portal_of(city(tmp_path, portal))


@pytest.mark.parametrize(
    "path",
    ["https://tiles.example/{z}/{x}/{y}.png", "//tiles.example/{z}/{x}/{y}", "/tiles/{z}/{x}.png"],
)
def test_tiles_of_another_server_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(CityError, match=r"base_map\.tiles\.path"):
        portal_of(city(tmp_path, f"base_map: {{tiles: {{path: '{path}'}}}}"))


def test_files_of_a_base_map_become_one_and_stay_apart_in_the_folder(tmp_path: Path) -> None:
    folder = city(tmp_path, "base_map: {geojson: [a.geojson, b.geojson]}")
    for name in "ab":
        point = {"type": "Feature", "properties": {"name": name}, "geometry": None}
        collection = {"type": "FeatureCollection", "licence": "x", "features": [point]}
        (folder / f"opendata/{name}.geojson").write_text(json.dumps(collection))
    geojson = portal_of(folder).base_map.geojson
    assert geojson is not None
    assert [each["properties"]["name"] for each in json.loads(geojson)["features"]] == ["a", "b"]
    (folder / "opendata/a.geojson").write_text("[]")
    with pytest.raises(CityError, match="is no FeatureCollection"):
        portal_of(folder)


def test_the_demonstrations_map_names_the_licence_of_every_file() -> None:
    told = " ".join(each.text for each in portal_of(HALLE).base_map.credits)
    for words in ("GeoBasis-DE / BKG 2021 (Daten verändert)", "CC BY 4.0", "ODbL"):
        assert words in told
    for file in (HALLE / "opendata").glob("*.geojson"):
        assert json.loads(file.read_text())["licence"]


PUBLISHED = "country: de\nnational_identifier: DE-Muster\nbase_url: https://daten.halle.de\n"
CATALOGUE = """
catalogue:
  title: {de: Offene Daten, en: Open data}
  description: {de: Alles, en: Everything}
  publisher: {name: Stadt Halle, url: "https://halle.de/"}
  contact: {name: Stabsstelle, email: daten@halle.de}
  contributor_id: http://dcat-ap.de/def/contributors/landSachsenAnhalt
  municipality_key: "15002000"
"""


def check(folder: Path, right: str, wrong: str) -> None:
    """Check a city that publishes properly but for one thing."""
    city(folder, WHOLE.replace(right, wrong))
    (folder / "opendata/publication.yaml").write_text(PUBLISHED.replace(right, wrong))
    (folder / "opendata/catalogue.yaml").write_text(CATALOGUE.replace(right, wrong))
    publication = read_publication(folder, read_names(folder))
    refuse_unfinished(folder, portal_of(folder), publication)


@pytest.mark.parametrize(
    ("right", "wrong", "file"),
    [
        ("https://daten.halle.de", "http://daten.halle.de", "publication.yaml"),
        ("https://daten.halle.de", "https://127.0.0.1:8105", "publication.yaml"),
        ("https://daten.halle.de", "https://[::1]:8105", "publication.yaml"),
        ("https://daten.halle.de", "https://localhost", "publication.yaml"),
        ("https://daten.halle.de", "https://daten.halle.example/offen", "publication.yaml"),
        ("daten@halle.de", "daten@halle.example", "catalogue.yaml"),
        ("https://halle.de/", "https://halle.Example/", "catalogue.yaml"),
        ("15002000", "00000000", "catalogue.yaml"),
        ("email: E, editor", "email: stadt@halle.example, editor", "portal.yaml"),
        ("email: E, phone", "email: stadt@halle.example, phone", "portal.yaml"),
    ],
)
def test_what_only_an_example_has_is_refused_with_its_file(
    tmp_path: Path, right: str, wrong: str, file: str
) -> None:
    with pytest.raises(CityError, match=file):
        check(tmp_path, right, wrong)


def test_a_city_that_publishes_under_its_own_addresses_is_not_refused(tmp_path: Path) -> None:
    check(tmp_path, "", "")


def test_shipped_cities_are_refused_in_production() -> None:
    publication = read_publication(HALLE, read_names(HALLE))
    with pytest.raises(CityError, match=r"(?s)yet to fill in .*base_url http://127\.0\.0\.1:8105"):
        refuse_unfinished(HALLE, portal_of(HALLE), publication)
